// HTTP on addresses and sockets: many clients, slow ones, wrong ones, TLS, sockets of systemd.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HttpHandler } from '../../src/system/connections.js';
import { createWeb, type ListenAt } from '../../src/system/web.js';
import { FULL } from '../support/full.js';

const LIMITS = { clients: 20, streams: 3, requestMs: 400, answerMs: 2000, backlog: 100_000 };
const FINE: HttpHandler = async ({ url }) => ({ status: 200, body: `you asked ${url}` });
const LOCAL: ListenAt = { kind: 'tcp', host: '127.0.0.1', port: 0 };

let directory = '';
const ends: (() => void)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'web-'));
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
  rmSync(directory, { recursive: true, force: true });
});

async function listen(handle = FINE, place = LOCAL, tls?: { cert: string; key: string }) {
  const listener = await createWeb({}, LIMITS).listen(place, tls, handle);
  ends.push(listener.close);
  return { ...listener, url: listener.urls[0] ?? '' };
}
const portOf = (url: string) => Number(new URL(url).port);

function open(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', () => {});
    ends.push(() => socket.destroy());
  });
}
/** All that comes until the other end closes. */
function rest(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
    socket.on('close', () => resolve(text));
  });
}

/** with a limit of 20 */
const SILENT = FULL ? 1000 : 200;

test(`${SILENT} connections that send nothing do not keep another client out`, async () => {
  const { url } = await listen();
  const port = portOf(url);
  for (let i = 0; i < SILENT; i++) void open(port);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const answers = await Promise.all(
    Array.from({ length: 10 }, async (_, i) => (await fetch(`${url}${i}`)).text()),
  );
  expect(answers).toEqual(Array.from({ length: 10 }, (_, i) => `you asked /${i}`));
});

test('a request that never ends is given up', async () => {
  const { url } = await listen();
  const socket = await open(portOf(url));
  const began = performance.now();
  const timer = setInterval(() => socket.write('x'), 50);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX: ');
  expect(await rest(socket)).toBe('');
  clearInterval(timer);
  expect(performance.now() - began).toBeLessThan(2000);
});

test.each([
  ['huge headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`, ' 431 '],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', ' 400 '],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00', ' 400 '],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    ' 400 ',
  ],
  [
    'length and chunks',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ' 400 ',
  ],
  [
    'a huge body',
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${'y'.repeat(100_000)}`,
    ' 413 ',
  ],
])('%s: a refusal', async (_, request, status) => {
  const { url } = await listen();
  const socket = await open(portOf(url));
  socket.write(request);
  expect((await rest(socket)).split('\r\n')[0]).toContain(status);
  expect(await (await fetch(url)).text()).toBe('you asked /');
});

test('followers: some at a time, and none that does not read', async () => {
  const writes = new Set<(text: string) => void>();
  const handle: HttpHandler = async ({ url }) =>
    url === '/'
      ? { status: 200, body: 'fine' }
      : {
          ...{ status: 200, body: '' },
          stream(write) {
            writes.add(write);
            return () => void writes.delete(write);
          },
        };
  const { url } = await listen(handle);
  const followers = await Promise.all(Array.from({ length: 3 }, () => open(portOf(url))));
  for (const socket of followers) socket.pause().write('GET /s HTTP/1.1\r\nHost: x\r\n\r\n');
  while (writes.size < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await fetch(`${url}s`)).status).toBe(503);
  for (let i = 0; i < 200 && writes.size > 0; i++) {
    for (const write of [...writes]) write('x'.repeat(100_000));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(writes.size).toBe(0);
  expect(await (await fetch(url)).text()).toBe('fine');
});

test('TLS, with another certificate after a reload', async () => {
  const make = (name: string) => {
    const [cert, key] = [join(directory, `${name}.pem`), join(directory, `${name}.key`)];
    const what = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const where = ['-subj', `/CN=${name}`, '-days', '2', '-out', cert, '-keyout', key];
    execFileSync('openssl', [...what, ...where], { stdio: 'ignore' });
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  };
  const { url, setTls } = await listen(FINE, LOCAL, make('one'));
  expect(url).toMatch(/^https:/);
  const ask = () =>
    new Promise<string>((resolve, reject) => {
      const options = { rejectUnauthorized: false, agent: false as const };
      httpsGet(url, options, (response) => {
        const { subject } = (response.socket as import('node:tls').TLSSocket).getPeerCertificate();
        response.resume().on('end', () => resolve(String(subject.CN)));
      }).on('error', reject);
    });
  expect(await ask()).toBe('one');
  setTls(make('two'));
  expect(await ask()).toBe('two');
  expect(() => setTls({ cert: 'no', key: 'pem' })).toThrow();
  // plain HTTP ends, and so does a client that never begins the handshake
  const plain = await open(portOf(url));
  plain.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await rest(plain)).not.toContain('you asked');
  expect(await rest(await open(portOf(url)))).toBe('');
});

test('a unix socket, for its owner alone', async () => {
  const path = join(directory, 'serve.sock');
  const { url } = await listen(FINE, { kind: 'unix', path });
  expect(url).toBe(`unix:${path}`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const text = await new Promise<string>((resolve) => {
    httpGet({ socketPath: path, path: '/x' }, (response) => {
      response.setEncoding('utf8').on('data', resolve);
    });
  });
  expect(text).toBe('you asked /x');
});

test('an address that is taken is a system error', async () => {
  const { url } = await listen();
  const place: ListenAt = { kind: 'tcp', host: '127.0.0.1', port: portOf(url) };
  await expect(listen(FINE, place)).rejects.toMatchObject({
    code: 'EADDRINUSE',
    syscall: 'listen',
  });
});

test('without sockets of systemd it does not begin', async () => {
  const place = { kind: 'systemd' } as const;
  await expect(listen(FINE, place)).rejects.toThrow(/LISTEN_FDS/);
  const others = createWeb({ LISTEN_FDS: '1', LISTEN_PID: '1' }, LIMITS);
  await expect(others.listen(place, undefined, FINE)).rejects.toThrow(/LISTEN_FDS/);
});

test('the built command answers on sockets of systemd', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const { _handle } = server as unknown as { _handle: { fd: number } };
  // the shell's process becomes lvsctl, as that of systemd does
  const script = `LISTEN_PID=$$ LISTEN_FDS=1 LVS_BACKEND=memory exec ${process.execPath} bin/lvsctl serve --listen systemd`;
  const child = spawn('/bin/sh', ['-c', script], {
    stdio: ['ignore', 'ignore', 'ignore', _handle.fd],
  });
  ends.push(() => child.kill('SIGKILL'));
  server.close(); // the child has it now
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
  expect(await answer.text()).toBe('ok\n');
});
