// Probes against servers on loopback that behave and misbehave.
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { blockFor } from '../../../src/system/blockfor.js';
import type { ProbeTarget } from '../../../src/system/probe/outcome.js';
import { createProbe } from '../../../src/system/probe/probe.js';
import type { ProbeSpec, ProbeSpecOf } from '../../../src/system/probe/spec.js';
import { FULL } from '../../support/full.js';

/** A probe by kind, whose outcome is undefined for a pass, the reason of a failure, or an error. */
function withVerdicts({ probe, end }: ReturnType<typeof createProbe>) {
  const verdict = async (spec: ProbeSpec, target: ProbeTarget) => {
    const outcome = await probe(spec, target);
    if (outcome.outcome === 'pass') return outcome.weight;
    return outcome.outcome === 'fail' ? outcome.reason : { error: outcome.reason };
  };
  type Asked = Omit<ProbeSpecOf<'http'>, 'kind' | 'tls' | 'body'> & {
    readonly tls: { verify: boolean; name: string; ca: string | undefined } | undefined;
    readonly body: { readonly source: string } | undefined;
  };
  return {
    end,
    probes: {
      tcp: (target: ProbeTarget) => verdict({ kind: 'tcp' }, target),
      http(target: ProbeTarget, { tls, body, ...rest }: Asked) {
        const withTls = tls && { ...tls, ...(tls.ca === undefined ? {} : { ca: tls.ca }) };
        const spec = { kind: 'http', ...rest, tls: withTls, body: body?.source };
        // what is undefined is absent, as after JSON
        return verdict(JSON.parse(JSON.stringify(spec)), target);
      },
      dns: (target: ProbeTarget, spec: Omit<ProbeSpecOf<'dns'>, 'kind'>) =>
        verdict({ kind: 'dns', ...spec }, target),
      udp: (target: ProbeTarget, spec: Omit<ProbeSpecOf<'udp'>, 'kind'>) =>
        verdict({ kind: 'udp', ...spec }, target),
      smtp: (target: ProbeTarget, helo: string) => verdict({ kind: 'smtp', helo }, target),
      exec: (command: readonly string[], environment: Record<string, string>, timeoutMs: number) =>
        verdict({ kind: 'exec', command, environment }, { address: '', port: 0, timeoutMs }),
    },
  };
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
const { probes } = withVerdicts(createProbe());
const LIMIT = 300;

function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
}
const target = (port: number, more = {}) => ({
  address: '127.0.0.1',
  port,
  timeoutMs: LIMIT,
  ...more,
});
/** A server that says this to everybody. */
const says = (...args: string[]) =>
  listen(createServer((socket) => void socket.on('data', () => {}).write(args.join(''))));
/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('tcp', () => {
  test('passes when the connection is accepted', async () =>
    expect(await probes.tcp(target(await says()))).toBeUndefined());
  test('nobody listens', async () =>
    expect(await probes.tcp(target(await closedPort()))).toBe('connection refused'));
  test('from the source that is asked for', async () => {
    let from: string | undefined;
    const port = await listen(
      createServer((socket) => {
        from = socket.remoteAddress;
      }),
    );
    expect(await probes.tcp(target(port, { source: '127.0.0.9' }))).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(from).toBe('127.0.0.9');
  });
  test('a connection under way leaves nothing open, also from a port of ours', async () => {
    // nobody accepts, and the third connection hears nothing
    const script = `const s = require('net').createServer().listen(0, '127.0.0.1', 1, () => { console.log(s.address().port); process.kill(process.pid, 'SIGSTOP'); });`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    closers.push(() => child.kill('SIGKILL'));
    const port = await new Promise<number>((resolve) =>
      child.stdout.once('data', (text) => resolve(Number(text))),
    );
    for (let i = 0; i < 2; i++) await probes.tcp(target(port));
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    const limits = { timeoutMs: 50, localPort: 23_457 };
    for (let i = 0; i < 3; i++)
      expect(await probes.tcp(target(port, limits))).toBe('no connection within 0.05 s');
    expect(open()).toBeLessThanOrEqual(before);
  });
  test('a server is not blamed for the time in which the monitor did something else', async () => {
    const verdict = probes.tcp(target(await says()));
    blockFor(LIMIT + 100);
    expect(await verdict).toBeUndefined();
  });
  test('from a source that is not ours', async () =>
    expect(await probes.tcp(target(await says(), { source: '192.0.2.77' }))).toEqual({
      error: expect.stringMatching(/^the source address/),
    }));
});

describe('http', () => {
  const question = {
    tls: undefined,
    method: 'GET',
    path: '/health?x=1',
    host: 'www.example',
    headers: { 'X-Probe': 'yes' },
    status: [{ from: 200, to: 299 }],
    body: undefined,
    redirects: 0,
  };
  const web = (listener: RequestListener) => listen(createHttp(listener));
  const ask = async (port: Promise<number>, more = {}) =>
    probes.http(target(await port), { ...question, ...more });

  test('asks what it is told', async () => {
    const asked: unknown[] = [];
    const port = web(({ method, url, headers }, response) => {
      asked.push([method, url, headers.host, headers['x-probe']]);
      response.end();
    });
    expect(await ask(port, { method: 'HEAD' })).toBeUndefined();
    expect(asked).toEqual([['HEAD', '/health?x=1', 'www.example', 'yes']]);
  });
  test.each([
    [200, [{ from: 200, to: 299 }], undefined],
    [299, [{ from: 200, to: 299 }], undefined],
    [500, [{ from: 200, to: 299 }], 'status 500'],
    [302, [{ from: 200, to: 299 }], 'status 302'],
    [404, [{ from: 404, to: 404 }], undefined],
    [
      404,
      [
        { from: 200, to: 200 },
        { from: 400, to: 404 },
      ],
      undefined,
    ],
    [
      405,
      [
        { from: 200, to: 200 },
        { from: 400, to: 404 },
      ],
      'status 405',
    ],
  ])('status %i where %j passes', async (code, status, verdict) =>
    expect(
      await ask(
        web((_, response) => response.writeHead(code, { location: '/' }).end()),
        { status },
      ),
    ).toBe(verdict),
  );
  test.each([
    [/all (is )?well/u, undefined],
    [/all is ill/u, 'the body does not match'],
  ])('body %s', async (body, verdict) =>
    expect(
      await ask(
        web((_, response) => {
          response.write('all is ');
          setTimeout(() => response.end('well'), 20);
        }),
        { body },
      ),
    ).toBe(verdict),
  );
  test('a body without end is read as far as it may', async () => {
    const endless: RequestListener = (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65536)));
      };
      response.on('drain', more);
      more();
    };
    expect(await ask(web(endless), { body: /y/u })).toBe('the body does not match');
  });
  test('a body that breaks off', async () =>
    expect(
      await ask(
        web((_, response) => {
          response.writeHead(200, { 'content-length': 100 }).write('half');
          setTimeout(() => response.destroy(), 20);
        }),
        { body: /whole/u },
      ),
    ).toMatch(/aborted|broke off|reset/));
  test.each([
    ['.*OK', 'x'.repeat(200_000)],
    ['^(\\w+\\s?)*$', `${'a'.repeat(60)}!`],
    ['(x+x+)+y', 'x'.repeat(60_000)],
  ])('the pattern %j takes no time worth speaking of', async (source, text) => {
    const began = performance.now();
    expect(
      await ask(
        web((_, response) => response.end(text)),
        { body: { source } },
      ),
    ).toBe('the body does not match');
    expect(performance.now() - began).toBeLessThan(LIMIT);
  });
  test('the body is looked at up to its limit, and not beyond', async () => {
    const body = (size: number) => web((_, response) => response.end(`${'x'.repeat(size)}OK`));
    expect(await ask(body(256 * 1024 - 2), { body: /OK/ })).toBeUndefined();
    expect(await ask(body(256 * 1024 - 1), { body: /OK/ })).toBe('the body does not match');
  });
  test('a protocol that is switched to', async () => {
    const server = createHttp().on('upgrade', (_, socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
    );
    const upgrade = { headers: { Upgrade: 'x' } };
    expect(
      await ask(listen(server), { ...upgrade, status: [{ from: 101, to: 101 }] }),
    ).toBeUndefined();
    expect(
      await ask(
        listen(
          createHttp().on('upgrade', (_, socket) =>
            socket.end('HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
          ),
        ),
        upgrade,
      ),
    ).toBe('status 101');
  });
  test('accepts and never answers', async () =>
    expect(await ask(web(() => {}))).toBe('no answer within 0.3 s'));
  test('drips its headers', async () => {
    const port = listen(
      createServer((socket) => {
        const timer = setInterval(() => socket.write('H'), 50);
        socket.on('close', () => clearInterval(timer));
      }),
    );
    expect(await ask(port)).toMatch(/within 0\.3 s|is not HTTP/);
  });
  test('closes at once', async () =>
    expect(await ask(listen(createServer((socket) => socket.end())))).toMatch(
      /closed without an answer|reset/,
    ));
  test('is no web server', async () =>
    expect(await ask(says('220 mail ready\r\n'))).toBe('the answer is not HTTP'));
  test('nobody listens', async () => expect(await ask(closedPort())).toBe('connection refused'));

  describe('redirects', () => {
    const site: RequestListener = ({ url, headers }, response) => {
      if (url === '/health?x=1') response.writeHead(301, { location: '/two' }).end();
      else if (url === '/two')
        response.writeHead(302, { location: 'http://other.example/three' }).end();
      else if (url === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else response.writeHead(headers.host === 'other.example' ? 200 : 500).end();
    };
    test('are not followed unless the file says so', async () =>
      expect(await ask(web(site))).toBe('status 301'));
    test('as many as allowed', async () =>
      expect(await ask(web(site), { redirects: 1 })).toBe(
        'status 302 (redirected to http://www.example/two)',
      ));
    test('in a circle', async () =>
      expect(await ask(web(site), { redirects: 20, path: '/loop' })).toBe(
        'status 302 (redirected to http://www.example/loop)',
      ));
    test('to another port of the same server', async () => {
      const there = await web((_, response) => response.end('here'));
      const port = web((_, response) =>
        response.writeHead(302, { location: `http://www.example:${there}/` }).end(),
      );
      expect(await ask(port, { redirects: 1, body: /here/u })).toBeUndefined();
    });
    test('from a port of ours, time and again', async () => {
      const port = await web(({ url }, response) =>
        url === '/end' ? response.end('end') : response.writeHead(302, { location: '/end' }).end(),
      );
      for (let i = 0; i < 40; i++) {
        const verdict = await probes.http(target(port, { localPort: 23_500 + (i % 4) }), {
          ...question,
          redirects: 1,
          body: /end/,
        });
        expect(verdict).toBeUndefined();
      }
    });
    test.each([
      ['POST', 302, 'GET'],
      ['POST', 303, 'GET'],
      ['POST', 307, 'POST'],
      ['OPTIONS', 302, 'OPTIONS'],
    ])('%s after %i is %s', async (method, code, then) => {
      let last: string | undefined;
      const port = web((request, response) => {
        last = request.method;
        if (request.url === '/end') response.end();
        else response.writeHead(code, { location: '/end' }).end();
      });
      expect(await ask(port, { method, redirects: 1 })).toBeUndefined();
      expect(last).toBe(then);
    });
    test('where nobody answers it is told where that is', async () => {
      const gone = await closedPort();
      const port = web((_, response) =>
        response.writeHead(302, { location: `http://www.example:${gone}/x` }).end(),
      );
      expect(await ask(port, { redirects: 1 })).toBe(
        `connection refused (redirected to http://www.example:${gone}/x)`,
      );
    });
    test('to nowhere', async () =>
      expect(
        await ask(
          web((_, response) => response.writeHead(302, { location: 'ftp://x/' }).end()),
          { redirects: 1 },
        ),
      ).toMatch(/^redirected to/));
  });

  describe('with TLS', () => {
    let directory = '';
    let key = '';
    let cert = '';
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'probe-'));
      const [keyFile, certFile] = [join(directory, 'key'), join(directory, 'cert')];
      const args = [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-pkeyopt',
        'rsa_keygen_primes:3', // made in a third of the time
        '-nodes',
        '-keyout',
        keyFile,
        '-out',
        certFile,
        '-days',
        '2',
        '-subj',
        '/CN=www.example',
      ];
      execFileSync('/usr/bin/openssl', args, { stdio: 'ignore' });
      [key, cert] = [readFileSync(keyFile, 'utf8'), readFileSync(certFile, 'utf8')];
    });
    afterAll(() => rmSync(directory, { recursive: true, force: true }));
    const web = (names: (string | false)[] = []) => {
      const SNICallback = (name: string, done: (error: null) => void) => {
        names.push(name);
        done(null);
      };
      const server = createHttps({ key, cert, SNICallback }, (_, response) => response.end('ok'));
      return listen(server);
    };
    const tls = (verify: boolean, name = 'www.example', ca?: string) => ({
      tls: { verify, ca, name },
    });
    test('a certificate that nobody signed', async () =>
      expect(await ask(web(), tls(true))).toMatch(/self.signed/));
    test('which may be so', async () => {
      const names: string[] = [];
      expect(await ask(web(names), tls(false))).toBeUndefined();
      expect(names).toEqual(['www.example']);
    });
    test('or by whom it is told to trust, as long as the name is right', async () => {
      const ca = join(directory, 'cert');
      expect(await ask(web(), tls(true, 'www.example', ca))).toBeUndefined();
      expect(await ask(web(), tls(true, 'other.example', ca))).toMatch(/other\.example/);
      expect(await ask(web(), tls(true, 'www.example', join(directory, 'none')))).toBe(
        `${join(directory, 'none')}: no such file`,
      );
    });
    test('no name is sent for an address', async () => {
      const names: string[] = [];
      expect(await ask(web(names), tls(false, '192.0.2.1'))).toBeUndefined();
      expect(names).toEqual([]);
    });
    test.each([
      ['DHE', { dhparam: 'auto', ciphers: 'DHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }],
      ['ffdhe8192', { ecdhCurve: 'ffdhe8192' }],
    ] as const)('key exchange over finite fields (%s) is not taken part in', async (_, more) => {
      const server = createHttps({ key, cert, ...more }, (_request, response) => response.end());
      expect(await ask(listen(server), tls(false))).toMatch(/^TLS: .*handshake failure$/);
    });
    test('key exchange by RSA alone', async () => {
      const rsa = { ciphers: 'AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;
      const server = createHttps({ key, cert, ...rsa }, (_request, response) => response.end());
      expect(await ask(listen(server), tls(false))).toBeUndefined();
    });
    test('a server that does not speak TLS', async () =>
      expect(await ask(says('hello'), tls(false))).toMatch(
        /^TLS: (?:wrong version number|packet length)/,
      ));
    test('servers that close without an answer leave the next checks alone', async () => {
      // a parser of Node's that was given back twice served two later connections, and threw
      const closing = listen(createHttps({ key, cert }, ({ socket }) => socket.end()));
      const closed = await Promise.all(Array.from({ length: 5 }, () => ask(closing, tls(false))));
      expect(new Set(closed)).toEqual(new Set(['closed without an answer']));
      const slow = listen(
        createServer((socket) => {
          socket.write('HTTP/1.1 200 OK\r\n');
          setTimeout(() => socket.end('\r\n'), 50);
        }),
      );
      const next = await Promise.all(Array.from({ length: 20 }, () => ask(slow)));
      expect(new Set(next)).toEqual(new Set([undefined]));
    });
    test('a server that never shakes hands', async () =>
      expect(await ask(says(), tls(false))).toBe('no TLS handshake within 0.3 s'));
  });
});

describe('dns', () => {
  /** Answers every query with these records, or with a code of failure. */
  async function nameServer(
    records: readonly { type: number; data: Buffer }[],
    code = 0,
  ): Promise<number> {
    const socket = createSocket('udp4');
    closers.push(() => socket.close());
    socket.on('message', (query, from) => {
      const head = Buffer.from(query.subarray(0, 12));
      head.writeUInt16BE(0x8180 | code, 2);
      head.writeUInt16BE(records.length, 6);
      head.writeUInt32BE(0, 8);
      const end = query.indexOf(0, 12) + 5;
      const answers = records.map(({ type, data }) => {
        const record = Buffer.alloc(12);
        record.writeUInt16BE(0xc00c, 0);
        record.writeUInt16BE(type, 2);
        record.writeUInt16BE(1, 4);
        record.writeUInt32BE(60, 6);
        record.writeUInt16BE(data.length, 10);
        return Buffer.concat([record, data]);
      });
      socket.send(
        Buffer.concat([head, query.subarray(12, end), ...answers]),
        from.port,
        from.address,
      );
    });
    return new Promise((resolve) =>
      socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)),
    );
  }
  const A = { type: 1, data: Buffer.from([10, 0, 0, 1]) };
  const MX = {
    type: 15,
    data: Buffer.concat([Buffer.from([0, 10, 4]), Buffer.from('mail'), Buffer.from([0])]),
  };
  const TXT = {
    type: 16,
    data: Buffer.concat([Buffer.from([2]), Buffer.from('ab'), Buffer.from([1]), Buffer.from('c')]),
  };
  const question = (type: string, ...expected: string[]) => ({
    name: 'www.example.com',
    type,
    expected,
  });

  test.each([
    ['A', [A], [], undefined],
    ['A', [A], ['10.0.0.9', '10.0.0.1'], undefined],
    ['A', [A], ['10.0.0.9'], 'answered 10.0.0.1'],
    ['MX', [MX], ['MAIL.'], undefined],
    ['MX', [MX], ['10 mail'], undefined],
    ['TXT', [TXT], ['abc'], undefined],
    ['A', [], [], 'no such record'],
    ['A', [A], ['::ffff:10.0.0.1'], undefined],
    ['A', Array(1000).fill(A), ['10.0.0.1'], undefined],
    ['A', Array(1001).fill(A), ['10.0.0.1'], 'answered more than 1000 records'],
  ] as const)('%s', async (type, records, expected, verdict) =>
    expect(await probes.dns(target(await nameServer(records)), question(type, ...expected))).toBe(
      verdict,
    ),
  );
  test('addresses are compared as such, and texts as texts', async () => {
    const AAAA = { type: 28, data: Buffer.from('20010db8000000000000000000000001', 'hex') };
    const port = await nameServer([AAAA]);
    for (const one of ['2001:db8::1', '2001:0DB8:0:0::1'])
      expect(await probes.dns(target(port), question('AAAA', one))).toBeUndefined();
    expect(await probes.dns(target(port), question('AAAA', '2001:db8::2'))).toBe(
      'answered 2001:db8::1',
    );
    expect(await probes.dns(target(await nameServer([TXT])), question('TXT', 'ABC'))).toBe(
      'answered abc',
    );
  });
  // the resolver gives up after 5 s
  test.runIf(FULL)(
    'its own limit counts, not that of the resolver',
    { timeout: 10_000 },
    async () => {
      const socket = createSocket('udp4');
      closers.push(() => socket.close());
      const port = await new Promise<number>((resolve) =>
        socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)),
      );
      expect(await probes.dns(target(port, { timeoutMs: 5600 }), question('A'))).toBe(
        'no answer within 5.6 s',
      );
    },
  );
  test('an answer without records passes where it may be empty; a name that is not there fails', async () => {
    const asked = { ...question('A'), empty: true };
    expect(await probes.dns(target(await nameServer([])), asked)).toBeUndefined();
    expect(await probes.dns(target(await nameServer([A])), asked)).toBeUndefined();
    expect(await probes.dns(target(await nameServer([], 3)), asked)).toBe('no such name');
  });

  test('no such name', async () =>
    expect(await probes.dns(target(await nameServer([], 3)), question('A'))).toBe('no such name'));
  test('the server failed', async () =>
    expect(await probes.dns(target(await nameServer([], 2)), question('A'))).toBe(
      'the server failed',
    ));
  test('nobody listens', async () =>
    expect(await probes.dns(target(await closedPort()), question('A'))).toMatch(
      /refused|no answer/,
    ));
  test('silence', async () => {
    const socket = createSocket('udp4');
    closers.push(() => socket.close());
    const port = await new Promise<number>((resolve) =>
      socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)),
    );
    expect(await probes.dns(target(port), question('A'))).toBe('no answer within 0.3 s');
  });
});

describe('udp', () => {
  const quiet = { hex: '', reply: false };
  const bound = (answer: string | undefined) => {
    const socket = createSocket('udp4');
    closers.push(() => socket.close());
    if (answer !== undefined)
      socket.on('message', (text, from) =>
        socket.send(`${answer} ${text}`, from.port, from.address),
      );
    return new Promise<number>((resolve) =>
      socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)),
    );
  };
  test('an answer passes at once', async () => {
    const began = performance.now();
    expect(
      await probes.udp(target(await bound('hello'), { timeoutMs: 5000 }), {
        hex: '6869',
        reply: true,
      }),
    ).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(4000);
  });
  test('silence passes', async () =>
    expect(await probes.udp(target(await bound(undefined)), quiet)).toBeUndefined());
  test('unless an answer is asked for', async () => {
    const asked = { hex: '', reply: true };
    expect(await probes.udp(target(await bound(undefined)), asked)).toBe('no answer within 0.3 s');
    expect(await probes.udp(target(await bound('hello')), asked)).toBeUndefined();
  });
  test('bytes are sent as they are', async () => {
    const got: Buffer[] = [];
    const socket = createSocket('udp4');
    closers.push(() => socket.close());
    socket.on('message', (bytes, from) => {
      got.push(bytes);
      socket.send('x', from.port, from.address);
    });
    const port = await new Promise<number>((resolve) =>
      socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)),
    );
    expect(await probes.udp(target(port), { hex: 'ff00c3', reply: true })).toBeUndefined();
    expect(Buffer.concat(got)).toEqual(Buffer.from([0xff, 0, 0xc3]));
  });
  test('what cannot be sent fails, with and without an answer', async () => {
    // without leave to broadcast the kernel refuses the address
    for (const reply of [true, false]) {
      expect(
        await probes.udp({ ...target(9), address: '255.255.255.255' }, { hex: '', reply }),
      ).toMatch(/not permitted|network unreachable/);
      expect(
        await probes.udp(target(await bound('x')), { hex: 'ff'.repeat(70_000), reply }),
      ).toMatch(/EMSGSIZE|too long/);
    }
  });
  test('nobody listens', async () =>
    expect(await probes.udp(target(await closedPort()), quiet)).toBe('port unreachable'));
});

describe('smtp', () => {
  const mail = (...answers: string[]) =>
    listen(
      createServer((socket) => {
        socket.write(answers[0] ?? '');
        let at = 1;
        socket.on('data', () => {
          const next = answers[at++];
          if (next !== undefined) socket.write(next);
        });
      }),
    );
  test.each([
    [['220 ready\r\n', '250 hello\r\n'], undefined],
    [
      ['220-first\r\n220 last\r\n', '250-hello\r\n250-SIZE\r\n250 OK\r\n', '221 bye\r\n'],
      undefined,
    ],
    [['220\r\n', '250\r\n'], undefined],
    [['554 go away\r\n'], 'greeting: 554 go away'],
    [['220 ready\r\n', '502 what?\r\n'], 'answer to EHLO: 502 what?'],
    [['HTTP/1.1 400 Bad Request\r\n'], 'greeting: not SMTP'],
    [[''], 'no greeting within 0.3 s'],
    [['220 ready\r\n'], 'no answer to EHLO within 0.3 s'],
    [['220-ready\r\n'], 'no greeting within 0.3 s'],
    [['22'], 'no greeting within 0.3 s'],
    [['22 ready\r\n'], 'greeting: not SMTP'],
    [['22\r\n'], 'greeting: not SMTP'],
    [['220-first\r\nsecond\r\n220 last\r\n'], 'greeting: not SMTP'],
    [['554-go\r\n554 away\r\n'], 'greeting: 554 away'],
    [[`554 ${' '.repeat(63_000)}x\r\n`], 'greeting: 554'],
    [
      ['220 ready\r\n', `250-${'x'.repeat(70_000)}\r\n250 ok\r\n`],
      'answer to EHLO: more than 64 KiB',
    ],
    [[`220-${'\r\n220-'.repeat(1001)}`], 'greeting: more than 1000 lines'],
  ] as const)('%j', async (answers, verdict) =>
    expect(await probes.smtp(target(await mail(...answers)), 'me.example')).toBe(verdict),
  );
  test('what a server says is told as far as it fits a line', async () => {
    const verdict = await probes.smtp(
      target(await mail(`554 ${'go away\t'.repeat(5000)}\r\n`)),
      'me',
    );
    expect(verdict).toMatch(/^greeting: 554 go away go away .*…$/);
    expect(verdict).toHaveLength(200);
  });
  test('closes at once', async () =>
    expect(
      await probes.smtp(target(await listen(createServer((socket) => socket.end()))), 'me'),
    ).toBe('closed before its greeting'));
});

describe('exec', () => {
  const sh = (script: string, ...args: string[]) => ['/bin/sh', '-c', script, 'sh', ...args];
  test.each([
    ['exit 0', undefined],
    ['echo fine; exit 0', undefined],
    ['echo first; echo "disk full" >&2; exit 3', 'status 3: disk full'],
    ['exit 1', 'status 1'],
    ['kill -9 $$', 'ended by SIGKILL'],
    ['sleep 60', 'no end of the program within 0.3 s'],
    ['sleep 60 & exit 0', undefined],
    ['yes | head -c 1000000; exit 4', 'status 4: y'],
    ['yes', 'printed more than 1024 KiB'],
    ['printf "a\\033[2J\\233b"; exit 3', 'status 3: a [2J\ufffdb'],
  ])('%s', async (script, verdict) =>
    expect(await probes.exec(sh(script), {}, LIMIT * (script.includes('yes') ? 20 : 1))).toBe(
      verdict,
    ),
  );
  test('words are words, and the environment is what it was given', async () => {
    const script = 'echo "$1 $LVS_RIP [$HOME]"; exit 9';
    expect(await probes.exec(sh(script, 'a  b; id'), { LVS_RIP: '10.0.0.1' }, 5000)).toBe(
      'status 9: a  b; id 10.0.0.1 []',
    );
  });
  test('no such program', async () =>
    expect(await probes.exec(['/no/such'], {}, 5000)).toEqual({ error: 'no such program' }));
  test('what it left behind is ended', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'exec-'));
    expect(await probes.exec(sh(`(sleep 1; touch ${directory}/late) & sleep 60`), {}, 200)).toMatch(
      /^no end/,
    );
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(existsSync(join(directory, 'late'))).toBe(false);
    rmSync(directory, { recursive: true });
  });
});

test('an end to all of them at once, and none begins afterwards', async () => {
  const { probes: own, end } = withVerdicts(createProbe());
  const far = target(await says(), { timeoutMs: 60_000 });
  const many = [
    own.smtp(far, 'me'),
    own.exec(['/bin/sleep', '60'], {}, 60_000),
    ...Array.from({ length: 80 }, () => own.exec(['/bin/sleep', '60'], {}, 60_000)),
  ];
  await new Promise((resolve) => setTimeout(resolve, 100));
  end();
  expect(new Set(await Promise.all(many))).toEqual(new Set(['the check was ended']));
});
