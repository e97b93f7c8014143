// Sending and expecting over TCP and TLS: what is used up, what ends it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, createServer as createTls, TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createProbe } from '../../../src/system/probe/probe.js';
import type { ProbeSpecOf } from '../../../src/system/probe/spec.js';

const { probe, end } = createProbe();
afterAll(end);
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
const PASS = { outcome: 'pass' };
const failed = (reason: unknown) => ({ outcome: 'fail', reason });

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
type Steps = ProbeSpecOf<'send_expect'>['steps'];
const on = (talk: (socket: Socket) => void) => listen(createServer(talk));
const hex = (text: string) => Buffer.from(text).toString('hex');
async function run(port: Promise<number>, steps: Steps, timeoutMs = 300) {
  return probe(
    { kind: 'send_expect', steps },
    { address: '127.0.0.1', port: await port, timeoutMs },
  );
}

test('several steps are answered by one piece, and by many', async () => {
  const steps = [{ expect: 'a+b' }, { expect: '^c' }, { expectHex: '00ff' }];
  const bytes = Buffer.concat([Buffer.from('xaabc'), Buffer.from([0x41, 0, 0xff])]);
  expect(
    await run(
      on((socket) => void socket.write(bytes)),
      steps,
    ),
  ).toEqual(PASS);
  const drip = (socket: Socket) => {
    let at = 0;
    const timer = setInterval(() => socket.write(bytes.subarray(at, ++at)), 2);
    socket.on('close', () => clearInterval(timer));
  };
  expect(await run(on(drip), steps, 3000)).toEqual(PASS);
});

test('what a step used up is not there for the next', async () =>
  expect(
    await run(
      on((socket) => void socket.write('ab')),
      [{ expect: 'ab' }, { expect: 'b' }],
    ),
  ).toEqual(failed('no answer as expected in step 2 within 0.3 s')));

test('bytes are sent as they are', async () => {
  const got: Buffer[] = [];
  const port = on((socket) => {
    socket.on('data', (bytes: Buffer) => {
      got.push(bytes);
      socket.write('ok');
    });
  });
  expect(await run(port, [{ send: 'ff00c3' }, { expect: 'ok' }])).toEqual(PASS);
  expect(Buffer.concat(got)).toEqual(Buffer.from([0xff, 0, 0xc3]));
});

test('text in UTF-8, whose letters come in halves', async () => {
  const [first, second] = [Buffer.from('欢迎').subarray(0, 4), Buffer.from('欢迎').subarray(4)];
  const port = on((socket) => {
    socket.write(first);
    setTimeout(() => socket.write(second), 20);
  });
  expect(await run(port, [{ expect: '^欢迎$' }])).toEqual(PASS);
});

test('the server closes', async () => {
  const port = on((socket) => socket.end('-ERR busy\r\nmore'));
  expect(await run(port, [{ expect: '^\\+OK' }])).toEqual(
    failed("closed: no answer as expected in step 1, but `-ERR busy'"),
  );
});

test('the server is refused after 32 KiB, and never holds the loop', async () => {
  const port = on((socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write('x'.repeat(65_536)));
    };
    socket.on('drain', more);
    more();
  });
  expect(await run(port, [{ expect: '(x+x+)+y' }], 5000)).toEqual(
    failed('step 1: more than 32 KiB came'),
  );
});

test('nothing listens', async () => {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  expect(await run(Promise.resolve(port), [{ send: hex('x') }])).toEqual(
    failed('connection refused'),
  );
});

test('a probe that only sends waits for the connection', async () => {
  const got: string[] = [];
  const port = on((socket) => void socket.on('data', (text) => got.push(String(text))));
  expect(await run(port, [{ send: hex('x') }])).toEqual(PASS);
});

describe('with TLS', () => {
  let directory = '';
  const file = (name: string) => join(directory, name);
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tls-'));
    for (const [name, subject] of [
      ['server', '/CN=mail.example'],
      ['client', '/CN=director'],
    ]) {
      // biome-ignore format: a table
      const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
        '-subj', subject ?? '', '-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
      execFileSync('/usr/bin/openssl', args, { stdio: 'ignore' });
    }
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const pem = (name: string) => readFileSync(file(name), 'utf8');
  const secure = (talk: (socket: TLSSocket) => void, more = {}) =>
    listen(createTls({ key: pem('server.key'), cert: pem('server.crt'), ...more }, talk));
  const runTls = async (port: Promise<number>, tls: ProbeSpecOf<'send_expect'>['tls']) =>
    probe(
      {
        kind: 'send_expect',
        steps: [{ send: hex('hi') }, { expect: '^hi$' }],
        ...(tls ? { tls } : {}),
      },
      { address: '127.0.0.1', port: await port, timeoutMs: 2000 },
    );
  const echo = (socket: TLSSocket) => void socket.on('error', () => {}).pipe(socket);

  test('the certificate is verified, with its name', async () => {
    const ca = file('server.crt');
    expect(await runTls(secure(echo), { verify: true, ca, name: 'mail.example' })).toEqual(PASS);
    expect(await runTls(secure(echo), { verify: false, name: '192.0.2.1' })).toEqual(PASS);
    expect(await runTls(secure(echo), { verify: true, ca, name: 'other.example' })).toEqual(
      failed(expect.stringMatching(/other\.example/)),
    );
    expect(await runTls(secure(echo), { verify: true, name: 'mail.example' })).toEqual(
      failed(expect.stringMatching(/self.signed/)),
    );
  });
  test('a client certificate is shown', async () => {
    const ask = { requestCert: true, rejectUnauthorized: true, ca: pem('client.crt') };
    const shown = { cert: file('client.crt'), key: file('client.key') };
    const tls = { verify: false, name: 'mail.example' };
    expect(await runTls(secure(echo, ask), { ...tls, ...shown })).toEqual(PASS);
    expect(await runTls(secure(echo, ask), tls)).toMatchObject({ outcome: 'fail' });
  });

  describe('smtp with STARTTLS', () => {
    /** Answers lines, and begins TLS behind the answer to STARTTLS. */
    const mail = (answers: Readonly<Record<string, string>>, over = '250 secure\r\n') =>
      on((socket) => {
        socket.write('220-hello\r\n220 ready\r\n');
        socket.on('data', (line) => {
          socket.write(answers[String(line)] ?? '500 what?\r\n');
          if (
            String(line) !== 'STARTTLS\r\n' ||
            answers['STARTTLS\r\n']?.startsWith('220') !== true
          )
            return;
          socket.removeAllListeners('data');
          const context = createSecureContext({ key: pem('server.key'), cert: pem('server.crt') });
          const secured = new TLSSocket(socket, { isServer: true, secureContext: context });
          secured.on('error', () => {}).on('data', () => secured.write(over));
        });
      });
    const GOOD = { 'EHLO me\r\n': '250-hi\r\n250 STARTTLS\r\n', 'STARTTLS\r\n': '220 go\r\n' };
    const runMail = async (port: Promise<number>, verify = false) =>
      probe(
        { kind: 'smtp', helo: 'me', tls: { verify, name: 'mail.example' } },
        { address: '127.0.0.1', port: await port, timeoutMs: 2000 },
      );
    test('passes when EHLO is answered over TLS', async () =>
      expect(await runMail(mail(GOOD))).toEqual(PASS));
    test('the certificate is verified', async () =>
      expect(await runMail(mail(GOOD), true)).toEqual(
        failed(expect.stringMatching(/self.signed/)),
      ));
    test('a file of certificates that is gone fails the check alone', async () => {
      const tls = { verify: true, ca: file('none'), name: 'mail.example' };
      const target = { address: '127.0.0.1', port: await mail(GOOD), timeoutMs: 2000 };
      expect(await probe({ kind: 'smtp', helo: 'me', tls }, target)).toEqual(
        failed(`${file('none')}: no such file`),
      );
    });
    test('it is refused', async () =>
      expect(await runMail(mail({ ...GOOD, 'STARTTLS\r\n': '454 not now\r\n' }))).toEqual(
        failed('answer to STARTTLS: 454 not now'),
      ));
    test('what comes over TLS counts', async () =>
      expect(await runMail(mail(GOOD, '550 no\r\n'))).toEqual(
        failed('answer to EHLO over TLS: 550 no'),
      ));
  });
});
