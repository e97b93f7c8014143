// Sockets that are used again: what one probe left behind must not show in the next.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createProbe } from '../../../src/system/probe/probe.js';
import { FULL } from '../../support/full.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listen(handle: (socket: Socket) => void): Promise<number> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket.on('error', () => {}));
    handle(socket);
  });
  closers.push(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

const http = (more = {}) => ({
  kind: 'http' as const,
  method: 'GET',
  path: '/',
  host: 'x',
  headers: {},
  status: [{ from: 200, to: 299 }],
  redirects: 0,
  ...more,
});

/** each with another order of answers: a socket that is used again gets one of another kind */
const ROUNDS = FULL ? 12 : 7;

test('hundreds of probes of every outcome, one after the other and together', async () => {
  const { probe, end } = createProbe();
  const answers = [
    (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    (socket: Socket) => socket.write('HTTP/1.1 500 no\r\n\r\n'),
    (socket: Socket) => socket.end(),
    (socket: Socket) => socket.resetAndDestroy(),
    (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'),
    (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(20_000)}`),
    () => {}, // silence
  ];
  const expected = [
    /^$/,
    /^status 500$/,
    /^closed without an answer$|reset/,
    /reset|closed/,
    /broke off/,
    /^no (?:end of the body|answer) within/,
    /^no answer within/,
  ];
  const ports = await Promise.all(
    answers.map((answer) => listen((socket) => void socket.once('data', () => answer(socket)))),
  );
  for (let round = 0; round < ROUNDS; round++) {
    const results = await Promise.all(
      Array.from({ length: FULL ? 84 : 42 }, async (_, i) => {
        const which = (i * 5 + round) % answers.length;
        // those that never end, and those that do, on a busy machine
        const timeoutMs = which >= 5 ? 100 : 5000;
        const target = { address: '127.0.0.1', port: ports[which] ?? 0, timeoutMs };
        const outcome = await probe(http({ body: 'ok|x{9}' }), target);
        return [which, outcome.outcome === 'pass' ? '' : outcome.reason] as const;
      }),
    );
    for (const [which, reason] of results)
      expect(reason, `${which}`).toMatch(expected[which] ?? /x/);
  }
  end();
});

test('a request that is on its way when its time is over is not sent by the next probe', async () => {
  const { probe, end } = createProbe();
  const seen: string[] = [];
  const deaf = await listen((socket) => void socket.pause());
  const good = await listen((socket) =>
    socket.once('data', (text) => {
      seen.push(text.toString('latin1'));
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
    }),
  );
  const large = http({ method: 'POST', data: 'x'.repeat(8 * 1024 * 1024) });
  const late = await probe(large, { address: '127.0.0.1', port: deaf, timeoutMs: 100 });
  expect(late).toEqual({ outcome: 'fail', reason: 'no answer within 0.1 s' });
  for (let i = 0; i < 3; i++)
    expect(
      await probe(http({ path: `/${i}` }), { address: '127.0.0.1', port: good, timeoutMs: 1000 }),
    ).toEqual({ outcome: 'pass' });
  expect(seen.map((text) => text.split(' ', 2).join(' '))).toEqual(['GET /0', 'GET /1', 'GET /2']);
  end();
});

test('accepted connections are closed one by one, and each is a new one', async () => {
  const { probe, end } = createProbe();
  const ports: (number | undefined)[] = [];
  let closed = 0;
  const port = await listen((socket) => {
    ports.push(socket.remotePort);
    socket.resume().on('close', () => closed++);
  });
  for (let i = 0; i < 20; i++)
    expect(await probe({ kind: 'tcp' }, { address: '127.0.0.1', port, timeoutMs: 1000 })).toEqual({
      outcome: 'pass',
    });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(new Set(ports).size).toBe(20);
  expect(closed).toBe(20);
  end();
});
