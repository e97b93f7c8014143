// The file of a record of changes, and how long somebody else may still be at work on what it tells
// of.
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { makeDirectory } from './directory.js';
import { replaceFile } from './replace.js';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
const DIRECTORY = '/run/lvsctl';
const LONGEST_WAIT_MS = 60_000;
const POLL_MS = 10;

export interface JournalFile {
  readonly path: string;
  load(): string;
  others(): readonly string[];
  append(line: string): void;
  replace(text: string): void;
  lock(): () => void;
}

/** Takes a lock that dies with its holder. @returns what gives it back */
export type TakeLock = (path: string) => () => void;

/**
 * The record of a role for a file; one file has the same record by whatever path it is named.
 * @param held takes the descriptor that programs inherit while the lock is held
 */
export function journalFile(
  role: string,
  file: string,
  directory = DIRECTORY,
  takeLock: TakeLock,
  held: (fd: number | undefined) => void,
): JournalFile {
  const real = realpath(file);
  const mark = createHash('sha256').update(real).digest('hex').slice(0, 8);
  const path = join(directory, `${role}-${basename(real)}-${mark}.journal`);
  return {
    path,
    load: () => readText(path),
    others: () =>
      othersIn(directory, basename(path)).map((name) => readText(join(directory, name))),
    append(line) {
      const fd = openSync(path, 'a', 0o600);
      writeSync(fd, line);
      closeSync(fd);
    },
    replace(text) {
      if (text === '') return rmSync(path, { force: true });
      replaceFile(path, text);
    },
    lock() {
      makeDirectory(directory);
      const busy = `${path}.busy`;
      const release = takeLock(`${path}.lock`);
      if (existsSync(busy)) awaitHolders(busy); // its holder died
      const fd = openSync(busy, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
      held(fd);
      return () => {
        held(undefined);
        closeSync(fd);
        rmSync(busy, { force: true });
        release();
      };
    },
  };
}

/** A file that is gone still has a record under its name. */
function realpath(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return resolve(file);
    throw error;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** The other records in a directory. */
function othersIn(directory: string, own: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter((name) => name.endsWith('.journal') && name !== own);
}

/**
 * Waits until no process has a file open: a process that died leaves the program that it was
 * waiting for at work.
 */
function awaitHolders(path: string): void {
  const end = Date.now() + LONGEST_WAIT_MS;
  while (hasHolder(path) && Date.now() < end)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
}

function hasHolder(path: string): boolean {
  const processes = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && name !== String(process.pid),
  );
  return processes.some((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some(
        (fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path,
      );
    } catch {
      return false; // it ended meanwhile
    }
  });
}
