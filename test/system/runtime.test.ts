// Files of a program that stays.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createRuntime } from '../../src/system/runtime.js';

const directory = mkdtempSync('/tmp/runtime-');
afterAll(() => rmSync(directory, { recursive: true }));
const runtime = createRuntime({});
const modeOf = (path: string) => statSync(path).mode & 0o777;

test('a log goes on line by line, in a directory that is made, for its owner alone', () => {
  const path = join(directory, 'log', 'monitor.log');
  runtime.appendText(path, 'one\n');
  runtime.appendText(path, 'two\n');
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  expect(modeOf(path)).toBe(0o600);
  expect(modeOf(join(directory, 'log'))).toBe(0o700);
  // rotated meanwhile
  rmSync(path);
  runtime.appendText(path, 'three\n');
  expect(readFileSync(path, 'utf8')).toBe('three\n');
});

test('a log that cannot be written', () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(() => runtime.appendText(join(file, 'log'), 'x')).toThrow('ENOTDIR');
});

test('nor where no directory can be', () => {
  expect(() => runtime.appendText('/proc/nope/deep/log', 'x')).toThrow('ENOENT');
});

test('a program is a file that can be run', () => {
  expect(
    [process.execPath, '/usr/bin', '/etc/passwd', '/no/such'].map(runtime.isExecutable),
  ).toEqual([true, false, false, false]);
});

test('a file is read, or missing, or unreadable', () => {
  expect(runtime.readFile(join(directory, 'nowhere'))).toBeUndefined();
  expect(() => runtime.readFile(directory)).toThrow(`${directory}: not a regular file`);
});

test('programs end with their process group, and none is started afterwards', async () => {
  const own = createRuntime({});
  const started = join(directory, 'started');
  const running = own.run(['/bin/sh', '-c', `sleep 600 & echo $! > ${started}; wait`], {}, 600_000);
  while (!existsSync(started) || readFileSync(started, 'utf8') === '')
    await new Promise((soon) => setTimeout(soon, 10));
  own.endPrograms();
  const after = join(directory, 'after');
  expect(await running).toBe('the check was ended');
  expect(await own.run(['/usr/bin/touch', after], {}, 5000)).toBe('the check was ended');
  const sleeper = Number(readFileSync(started, 'utf8'));
  while (isRunning(sleeper)) await new Promise((soon) => setTimeout(soon, 10));
  expect(existsSync(after)).toBe(false);
});

/** Whether a process exists and is no zombie. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('a delay beyond what timers know is not done at once', async () => {
  let done = false;
  const cancel = runtime.clock.after(2 ** 40, () => {
    done = true;
  });
  await new Promise((soon) => setTimeout(soon, 20));
  cancel();
  expect(done).toBe(false);
});

test('a stamp is another one for each content of a file, also of the same size', () => {
  const path = join(directory, 'stamped');
  expect(runtime.fileStamp(path)).toBe('');
  writeFileSync(path, 'one');
  const first = runtime.fileStamp(path);
  expect(runtime.fileStamp(path)).toBe(first);
  utimesSync(path, 1, 1);
  const second = runtime.fileStamp(path);
  expect(second).not.toBe(first);
  // an editor that renames, and keeps the time
  writeFileSync(`${path}.new`, 'two');
  utimesSync(`${path}.new`, 1, 1);
  renameSync(`${path}.new`, path);
  expect(runtime.fileStamp(path)).not.toBe(second);
});

test.each(['appendText', 'readFile', 'readConfigFile'] as const)(
  '%s does not wait for the other end of a FIFO',
  (name) => {
    const path = join(directory, `fifo-${name}`);
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    const message = name === 'appendText' ? 'ENXIO' : 'not a regular file';
    expect(() => runtime[name](path, 'x')).toThrow(message);
  },
);

test('a device is no file of settings', () => {
  expect(() => runtime.readConfigFile('/dev/zero')).toThrow('/dev/zero: not a regular file');
});
