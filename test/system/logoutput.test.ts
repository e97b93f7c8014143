// The log on stderr, with each kind of stderr that cannot be written.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { logOutput } from '../../src/system/logoutput.js';

const directory = mkdtempSync('/tmp/logoutput-');
afterAll(() => rmSync(directory, { recursive: true }));
const lost = (lines: number) => `${lines} lost\n`;

test('a file gets each line', () => {
  const path = join(directory, 'log');
  const fd = openSync(path, 'w');
  const log = logOutput(fd, lost);
  log.write('one\n');
  log.write('two\n');
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
});

test('a full device, and a descriptor that is closed, are no error', () => {
  const fd = openSync('/dev/full', 'w');
  const log = logOutput(fd, lost);
  log.write('one\n');
  closeSync(fd);
  expect(() => log.write('two\n')).not.toThrow();
  expect(() => logOutput(9999, lost).write('x\n')).not.toThrow();
});

test('a pipe that nobody empties does not stop the writer; what is missing is counted', () => {
  const path = join(directory, 'fifo');
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, 'w'); // blocking, as a shell opens it
  const log = logOutput(fd, lost);
  const line = `${'x'.repeat(999)}\n`;
  for (let i = 0; i < 200; i++) log.write(line); // a pipe holds 65,536 bytes
  const room = Buffer.alloc(1 << 20);
  const first = room.toString('latin1', 0, readSync(reader, room));
  expect(first.length).toBeLessThanOrEqual(65_536);
  log.write('again\n');
  const missing = 200 - first.split('\n').length + 1;
  const rest = room.toString('latin1', 0, readSync(reader, room));
  // a line that went out by halves ends before the next one
  expect(rest.replace(/^\n/, '')).toBe(`${missing} lost\nagain\n`);
  closeSync(reader);
  expect(() => log.write('nobody reads\n')).not.toThrow(); // EPIPE
  closeSync(fd);
});
