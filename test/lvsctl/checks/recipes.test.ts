// The recipes of docs/guide/checks.md against small servers that work, and that do not.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { probeOf } from '../../../src/lvsctl/monitor/checks/spec.js';
import type { ProbeOutcome } from '../../../src/system/probe/outcome.js';
import { createProbe } from '../../../src/system/probe/probe.js';

const page = readFileSync(new URL('../../../docs/guide/checks.md', import.meta.url), 'utf8');
interface Entry {
  readonly [key: string]: unknown;
  readonly port?: number;
  readonly path?: string;
}
const entries = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].flatMap(
  ([, block]) => parse(block ?? '') as Entry[],
);
const { probe, end } = createProbe();
afterAll(end);
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function checkOf(entry: Record<string, unknown>) {
  const file = {
    vips: [{ address: '192.0.2.1', interface: 'eth0' }],
    services: [
      {
        name: 'web',
        address: '192.0.2.1',
        port: 80,
        mode: 'nat',
        servers: [{ address: '10.0.0.11' }],
        checks: [entry],
      },
    ],
  };
  const [desired] = desiredServices(readConfig(JSON.stringify(file), 'f'));
  const [server] = desired?.destinations ?? [];
  const [check] = desired?.source.checks ?? [];
  if (!desired || !server || !check) throw new Error('no check');
  return probeOf({ check, service: desired.source, server, route: undefined });
}

function listen(server: Server): Promise<number> {
  closers.push(() => server.close());
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
}

/** A server that greets, and answers lines. */
function talks(greeting: string | Buffer, answers: Readonly<Record<string, string>> = {}) {
  return listen(
    createServer((socket) => {
      socket.on('error', () => {});
      socket.write(greeting);
      socket.on('data', (text) => socket.write(answers[text.toString()] ?? ''));
      closers.push(() => socket.destroy());
    }),
  );
}

async function run(entry: Record<string, unknown>, port: number): Promise<ProbeOutcome> {
  return probe(checkOf(entry).spec, { address: '127.0.0.1', port, timeoutMs: 300 });
}

const greetingOfMysql = (text: string) =>
  Buffer.concat([Buffer.from('4a0000000a', 'hex'), Buffer.from(`${text}\0\x09\0\0\0salt\xff`)]);
const ERROR_OF_MYSQL = Buffer.concat([
  Buffer.from('45000000ff6904', 'hex'),
  Buffer.from("Host '10.0.0.1' is blocked because of many connection errors"),
]);

test('every entry of the page is a check', () => {
  expect(entries.length).toBeGreaterThan(14);
  for (const entry of entries) expect(checkOf(entry).spec.kind).toBeDefined();
});

// biome-ignore-start format: a table
describe.each<
  [string, { port: number }, number, () => Promise<number>, () => Promise<number>, string]
>([
  [
    'redis',
    { port: 6379 },
    0,
    () => talks('', { 'PING\r\n': '+PONG\r\n' }),
    () => talks('', { 'PING\r\n': '-LOADING data\r\n' }),
    "no answer as expected in step 2, but `-LOADING data' within 0.3 s",
  ],
  [
    'redis master',
    { port: 6379 },
    1,
    () => talks('', { 'INFO replication\r\n': '$90\r\n# Replication\r\nrole:master\r\n' }),
    () => talks('', { 'INFO replication\r\n': '$90\r\nrole:slave\r\n' }),
    "no answer as expected in step 2, but `$90' within 0.3 s",
  ],
  [
    'imap',
    { port: 143 },
    0,
    () => talks('* OK ready\r\n', { 'a LOGOUT\r\n': '* BYE\r\na OK done\r\n' }),
    () => talks('* BYE too many\r\n'),
    "no answer as expected in step 1, but `* BYE too many' within 0.3 s",
  ],
  [
    'pop3',
    { port: 110 },
    0,
    () => talks('+OK ready\r\n', { 'QUIT\r\n': '+OK bye\r\n' }),
    () => talks('+OK ready\r\n', { 'QUIT\r\n': '-ERR no\r\n' }),
    "no answer as expected in step 3, but `-ERR no' within 0.3 s",
  ],
  [
    'ftp',
    { port: 21 },
    0,
    () => talks('220-hello\r\n220 ready\r\n', { 'QUIT\r\n': '221 bye\r\n' }),
    () => talks('421 too many\r\n'),
    "no answer as expected in step 1, but `421 too many' within 0.3 s",
  ],
  [
    'nntp',
    { port: 119 },
    0,
    () => talks('200 ready\r\n', { 'DATE\r\n': '111 20261126203000\r\n' }),
    () => talks('400 closed\r\n'),
    "no answer as expected in step 1, but `400 closed' within 0.3 s",
  ],
  [
    'mysql',
    { port: 3306 },
    0,
    () => talks(greetingOfMysql('8.0.36')),
    () => talks(ERROR_OF_MYSQL),
    'no answer as expected in step 1',
  ],
  [
    'mariadb',
    { port: 3306 },
    0,
    () => talks(greetingOfMysql('5.5.5-10.11.6-MariaDB')),
    () => talks(''),
    'no answer as expected in step 1 within 0.3 s',
  ],
])('%s', (_, keys, nth, works, broken, reason) => {
  // biome-ignore-end format: a table
  const entry = () => entries.filter((one) => one.port === keys.port)[nth] ?? {};
  test('a server that works passes', async () =>
    expect(await run(entry(), await works())).toEqual({ outcome: 'pass' }));
  test('one that does not fails', async () => {
    const outcome = await run(entry(), await broken());
    expect(outcome).toMatchObject({ outcome: 'fail' });
    expect(outcome).toMatchObject({ reason: expect.stringContaining(reason) });
  });
});

describe('http', () => {
  const answers = (body: string | ((sent: string, type: string | undefined) => string)) =>
    listen(
      createHttp((request, response) => {
        let sent = '';
        request.on('data', (piece) => {
          sent += piece;
        });
        request.on('end', () =>
          response.end(
            typeof body === 'string' ? body : body(sent, request.headers['content-type']),
          ),
        );
      }),
    );
  const at = (path: string) => entries.find((one) => one.path === path) ?? {};
  const failed = (reason: string) => ({ outcome: 'fail', reason });

  // biome-ignore format: a table
  test.each<[string, string, ProbeOutcome]>([
    ['/', 'Welcome', { outcome: 'pass' }],
    ['/', 'Welcome to our maintenance', { outcome: 'fail', reason: 'the body matches not_body' }],
    ['/', 'Hello', { outcome: 'fail', reason: 'the body does not match' }],
    ['/version', 'hello', { outcome: 'pass' }],
    ['/version', 'hallo', { outcome: 'fail', reason: 'the md5 digest is 598d4c200461b81522a3328565c25f7c' }],
    ['/load', 'load=3 weight=40', { outcome: 'pass', weight: 40 }],
    ['/load', 'weight=0', { outcome: 'pass', weight: 0 }],
    ['/load', 'weight=65536', { outcome: 'fail', reason: "`65536' is no weight from 0 to 65535" }],
    ['/load', 'load=3', { outcome: 'fail', reason: 'no weight in the answer' }],
  ])('%s answers %s', async (path, body, outcome) =>
    expect(await run(at(path), await answers(body))).toEqual(outcome),
  );
  test('data is sent, with its type', async () => {
    const seen: unknown[] = [];
    const port = await answers((...request) => {
      seen.push(request);
      return '"pong"';
    });
    expect(await run(at('/rpc'), port)).toEqual({ outcome: 'pass' });
    const form = { kind: 'http', method: 'POST', data: 'a=b' };
    expect(await run(form, port)).toEqual({ outcome: 'pass' });
    expect(seen).toEqual([
      ['{"method": "ping"}', 'application/json'],
      ['a=b', 'application/x-www-form-urlencoded'],
    ]);
  });
  test('a digest is of the whole body, and of SHA-256 as well', async () => {
    const body = 'x'.repeat(500_000);
    const actual = createHash('sha256').update(body).digest('hex');
    expect(await run({ kind: 'http', digest: actual }, await answers(body))).toEqual({
      outcome: 'pass',
    });
    expect(await run({ kind: 'http', digest: actual }, await answers(`${body}x`))).toMatchObject(
      failed(expect.stringContaining('the sha256 digest is')),
    );
  });
});

test('connect_to is where the check goes', () => {
  const to = (connect_to: unknown) => checkOf({ kind: 'tcp', connect_to }).target.address;
  expect(to({ '10.0.0.11': '192.168.9.11' })).toBe('192.168.9.11');
  expect(to('192.168.9.1')).toBe('192.168.9.1');
  expect(() => to({ '10.0.0.12': '192.168.9.11' })).toThrow(/10\.0\.0\.12 is no server of web/);
});

describe('keys that contradict each other', () => {
  // biome-ignore format: a table
  test.each<[Record<string, unknown>, RegExp]>([
    [{ kind: 'http', data: 'x' }, /checks\[0\]\.data: `data' needs `method: POST'/],
    [{ kind: 'http', method: 'HEAD', not_body: 'x' }, /not_body: an answer to HEAD has no body/],
    [{ kind: 'http', method: 'HEAD', digest: '5d41402abc4b2a76b9719d911017c592' }, /digest: an answer to HEAD/],
    [{ kind: 'http', digest: 'abc' }, /digest: `abc' is not an MD5 \(32\) or SHA-256/],
    [{ kind: 'https', cert: '/x' }, /cert: `cert' needs `key'/],
    [{ kind: 'https', key: '/x' }, /key: `key' needs `cert'/],
    [{ kind: 'send_expect', steps: [] }, /steps: expected at least 1 element/],
    [{ kind: 'send_expect', steps: [{}] }, /steps\[0\]: a step is one of send, .* this one has none/],
    [{ kind: 'send_expect', steps: [{ send: 'a', expect: 'b' }] }, /steps\[0\]: .* has send, expect/],
    [{ kind: 'send_expect', steps: [{ expect: '(' }] }, /steps\[0\]\.expect: `\(' is not a regular expression/],
    [{ kind: 'send_expect', steps: [{ send: 'a' }], ca: '/x' }, /ca: `ca' needs `tls: true'/],
    [{ kind: 'smtp', sni: 'x' }, /sni: `sni' needs `starttls: true'/],
    [{ kind: 'udp', expect: 'x' }, /expect: `expect' needs `reply: true'/],
    [{ kind: 'udp', reply: true, min_length: 9, max_length: 8 }, /min_length: it is more than max_length, 8/],
    [{ kind: 'exec', command: ['/bin/x'], user: 'a b' }, /user: `a b' is not the name of a user/],
  ])('%j', (entry, message) => expect(() => checkOf(entry)).toThrow(message));
});

test('the Chinese page has the same recipes', () => {
  const chinese = new URL('../../../docs/guide/zh/checks.md', import.meta.url);
  const recipes = (text: string) => text.match(/^```yaml\n.*?^```$/gms);
  expect(recipes(readFileSync(chinese, 'utf8'))).toEqual(recipes(page));
});
