// The socket that answers HTTP.
import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SocketEvent, serveSocket } from '../../src/system/socket.js';
import { askSocket, followSocket } from '../../src/system/socketclient.js';
import { FULL } from '../support/full.js';

/** Answers each body with a text. */
const serveLines = (
  path: string,
  answer: (line: string) => Promise<string>,
  report?: (event: SocketEvent) => void,
  lookMs?: number,
) =>
  serveSocket(
    path,
    async ({ body }) => ({ status: 200, body: await answer(body) }),
    report,
    lookMs,
  );
const askLine = async (path: string, body: string) =>
  (await askSocket(path, { method: 'POST', url: '/', body })).body;

let directory = '';
let path = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'socket-'));
  path = join(directory, 'own', 's');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('answers many at once, each its own line, for its owner alone', async () => {
  const server = await serveLines(path, async (line) => `you said ${line}`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'own')).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(directory, 'own'))).toEqual(['s']);
  const said = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  expect(await Promise.all(said.map((line) => askLine(path, line)))).toEqual(
    said.map((line) => `you said ${line}`),
  );
  server.close();
  await expect(askLine(path, 'x')).rejects.toMatchObject({ code: 'ENOENT' });
  expect(readdirSync(join(directory, 'own'))).toEqual([]);
});

test('a second one is refused, and the first stays', async () => {
  const server = await serveLines(path, async () => 'first');
  await expect(serveLines(path, async () => 'second')).rejects.toThrow(
    'another process listens there',
  );
  expect(await askLine(path, '')).toBe('first');
  server.close();
});

test('what a dead process left is replaced', async () => {
  await serveLines(path, async () => '').then((server) => server.close());
  const script = `require('net').createServer().listen('${path}', () => process.kill(process.pid, 'SIGKILL'))`;
  expect(spawnSync(process.execPath, ['-e', script]).signal).toBe('SIGKILL');
  expect(statSync(path).isSocket()).toBe(true);
  const server = await serveLines(path, async () => 'new');
  expect(await askLine(path, '')).toBe('new');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  server.close();
});

test('of many that begin at the same time one gets it, also where a dead one is', async () => {
  for (let round = 0; round < (FULL ? 5 : 2); round++) {
    const script = `require('net').createServer().listen('${path}', () => process.kill(process.pid, 'SIGKILL'))`;
    if (round > 0) spawnSync(process.execPath, ['-e', script]);
    const all = await Promise.allSettled(
      Array.from({ length: FULL ? 8 : 4 }, (_, i) => serveLines(path, async () => String(i))),
    );
    const winners = all.flatMap((one, i) =>
      one.status === 'fulfilled' ? [[i, one.value] as const] : [],
    );
    expect(winners).toHaveLength(1);
    for (const [i, server] of winners) {
      expect(await askLine(path, '')).toBe(String(i));
      server.close();
    }
    expect(readdirSync(join(directory, 'own'))).toEqual([]);
  }
});

test('letters that come in pieces', async () => {
  const server = await serveLines(path, async (line) => line);
  const text = 'ein 服务器 für ÄÖÜ';
  const bytes = Buffer.from(
    `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(path);
    const got: Buffer[] = [];
    socket
      .on('data', (piece) => got.push(piece))
      .on('close', () => resolve(Buffer.concat(got).toString()));
    void (async () => {
      for (const byte of bytes) {
        socket.write(Buffer.from([byte]));
        await new Promise((soon) => setTimeout(soon, 1));
      }
    })();
  });
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toContain(text);
  server.close();
});

test('curl gets an answer, garbage a 400, a long body a 413', async () => {
  const server = await serveSocket(path, async ({ method, url }) => ({
    status: 200,
    body: `${method} ${url}`,
  }));
  const curl = spawn('curl', ['-s', '--unix-socket', path, 'http://localhost/v1/status?a=b']);
  const said = await new Promise((resolve) => curl.stdout.once('data', (one) => resolve(`${one}`)));
  expect(said).toBe('GET /v1/status?a=b');
  const raw = await new Promise<string>((resolve) => {
    const socket = connect(path, () => socket.write('{"ask":"status"}\n\n'));
    socket.once('data', (piece) => resolve(String(piece))).on('error', () => {});
  });
  expect(raw).toMatch(/^HTTP\/1\.1 400 /);
  const long = { method: 'POST', url: '/', body: 'x'.repeat(100_000) } as const;
  const { status, body } = await askSocket(path, long);
  expect(status).toBe(413);
  expect(JSON.parse(body)).toMatchObject({ error: { code: 'BAD_USAGE' } });
  server.close();
});

test('a stream goes on until its reader goes, and one that does not read is dropped', async () => {
  const gone: string[] = [];
  const writers = new Map<string, (text: string) => void>();
  const server = await serveSocket(path, async ({ url }) => ({
    status: 200,
    body: 'kept\n',
    stream: (write) => {
      writers.set(url, write);
      return () => void gone.push(url);
    },
  }));
  let text = '';
  const seen = (what: string) =>
    new Promise<void>((resolve) => {
      const look = () => (text.includes(what) ? resolve() : setTimeout(look, 1));
      look();
    });
  const { answer, end } = followSocket(path, '/a', (piece) => {
    text += piece;
  });
  await seen('kept');
  writers.get('/a')?.('live\n');
  await seen('live');
  end();
  await answer;
  const deaf = connect(path, () => deaf.write('GET /deaf HTTP/1.1\r\nhost: x\r\n\r\n'));
  const closed = new Promise((resolve) => deaf.on('close', resolve).on('error', () => {}));
  deaf.pause();
  while (!writers.has('/deaf')) await new Promise((soon) => setImmediate(soon));
  for (let i = 0; i < 40 && !gone.includes('/deaf'); i++) {
    writers.get('/deaf')?.('x'.repeat(100_000));
    await new Promise((soon) => setImmediate(soon));
  }
  expect(gone).toEqual(['/a', '/deaf']);
  deaf.resume();
  await closed;
  server.close();
});

test('who connects and goes takes nobody a place', async () => {
  const server = await serveLines(path, async (line) => line);
  for (let i = 0; i < 100; i++) await new Promise((gone) => connect(path).end().on('close', gone));
  expect(await askLine(path, 'well')).toBe('well');
  server.close();
});

test('a file that is no socket is left alone', async () => {
  path = join(directory, 'file');
  writeFileSync(path, 'precious');
  await expect(serveLines(path, async () => '')).rejects.toThrow('something else than a socket');
});

test.each([
  ['directory', ['x'.repeat(90), 's']],
  ['name', ['x'.repeat(90)]],
])('a path that is too long for the kernel is named: by its %s', async (_, parts) => {
  path = join(directory, ...parts);
  await expect(serveLines(path, async () => '')).rejects.toThrow('too long for a socket');
});

test('who says nothing, too much or goes away disturbs nobody', async () => {
  const server = await serveLines(path, async (line) => line);
  const silent = connect(path);
  const chatty = connect(path).on('error', () => {});
  chatty.write('x'.repeat(200_000));
  const rude = connect(path, () => rude.end('half a li'));
  expect(await askLine(path, 'well')).toBe('well');
  for (const socket of [silent, chatty, rude]) socket.destroy();
  server.close();
});

test('32 clients that send a letter now and then do not keep others out', async () => {
  const server = await serveLines(path, async (line) => line);
  const slow = await Promise.all(
    Array.from(
      { length: 40 },
      () =>
        new Promise<ReturnType<typeof connect>>((resolve) => {
          const socket = connect(path, () => resolve(socket)).on('error', () => {});
        }),
    ),
  );
  for (const socket of slow) socket.write('x');
  expect(await askLine(path, 'well')).toBe('well');
  for (const socket of slow) socket.destroy();
  server.close();
});

test('answers under way are not dropped for new clients', async () => {
  const waiting: ((text: string) => void)[] = [];
  const server = await serveLines(path, () => new Promise((resolve) => waiting.push(resolve)));
  const asked = Array.from({ length: 32 }, (_, i) => askLine(path, String(i)));
  while (waiting.length < 32) await new Promise((soon) => setTimeout(soon, 1));
  await expect(askLine(path, 'too many')).rejects.toThrow('closed without an answer');
  for (const [i, resolve] of waiting.entries()) resolve(String(i));
  expect(new Set(await Promise.all(asked)).size).toBe(32);
  server.close();
});

test.each([
  ['the file', () => rmSync(path)],
  ['its directory', () => rmSync(join(directory, 'own'), { recursive: true })],
])('%s is removed: it is bound again, and told', async (_, remove) => {
  const events: SocketEvent[] = [];
  let told: () => void;
  const first = new Promise<void>((resolve) => {
    told = resolve;
  });
  const tell = (event: SocketEvent) => {
    events.push(event);
    told();
  };
  const server = await serveLines(path, async (line) => line, tell, 5);
  remove();
  await first;
  expect(events).toEqual([{ rebound: true }]);
  expect(await askLine(path, 'again')).toBe('again');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(directory, 'own'))).toEqual(['s']);
  server.close();
  expect(readdirSync(join(directory, 'own'))).toEqual([]);
});

test('a file that took its place is left alone, and told once', async () => {
  const events: SocketEvent[] = [];
  const server = await serveLines(
    path,
    async (line) => line,
    (event) => events.push(event),
    5,
  );
  rmSync(path);
  writeFileSync(path, 'precious');
  await new Promise((soon) => setTimeout(soon, 60));
  expect(events).toEqual([{ problem: `${path}: something else than a socket is there` }]);
  server.close();
  expect(readFileSync(path, 'utf8')).toBe('precious');
});

test('a process whose socket file was removed is found, with its pid', async () => {
  const build = fileURLToPath(new URL('../../src/system/socket.ts', import.meta.url));
  const script = join(directory, 'holder.mjs');
  await esbuild({
    entryPoints: [build],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(directory, 'socket.mjs'),
  });
  writeFileSync(
    script,
    `import { serveSocket } from './socket.mjs';
     await serveSocket(process.argv[2], async () => ({ status: 200, body: '' }), () => {}, 1e9);
     setInterval(() => {}, 1000);
     console.log('listening');`,
  );
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await new Promise((listening) => child.stdout.once('data', listening));
  const message = `another process listens there (pid ${child.pid})`;
  await expect(serveLines(path, async () => '')).rejects.toThrow(message);
  rmSync(path);
  await expect(serveLines(path, async () => '')).rejects.toMatchObject({
    code: 'EADDRINUSE',
    pid: child.pid,
  });
  mkdirSync(join(directory, 'other'));
  const other = await serveLines(join(directory, 'other', 's'), async () => 'other');
  other.close();
  child.kill('SIGKILL');
  await ended;
  const server = await serveLines(path, async () => 'new');
  expect(await askLine(path, '')).toBe('new');
  server.close();
}, 20_000);
