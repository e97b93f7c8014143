// The socket of one line in, one line out.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { askLine, serveLines } from '../../src/system/socket.js';

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
  expect(await Promise.all(said.map((line) => askLine(path, line)))).toEqual(said.map((line) => `you said ${line}`));
  server.close();
  await expect(askLine(path, 'x')).rejects.toMatchObject({ code: 'ENOENT' });
  expect(readdirSync(join(directory, 'own'))).toEqual([]);
});

test('a second one is refused, and the first stays', async () => {
  const server = await serveLines(path, async () => 'first');
  await expect(serveLines(path, async () => 'second')).rejects.toThrow('another process answers there');
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

test('a file that is no socket is left alone', async () => {
  path = join(directory, 'file');
  writeFileSync(path, 'precious');
  await expect(serveLines(path, async () => '')).rejects.toThrow('something else than a socket');
});

test('a path that is too long for the kernel is named', async () => {
  path = join(directory, 'x'.repeat(90), 's');
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
