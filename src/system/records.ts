// The directory of the records of changes. Only files of this user that are closed to others are
// read or written, and a record is changed so that a full disk cannot leave it half done.
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { blockFor } from './blockfor.js';
import { makeDirectory } from './directory.js';
import { replaceFile } from './replace.js';

const SUFFIX = '.journal';
const MAX_WAIT_MS = 60_000;
const POLL_MS = 10;
const MAX_BASENAME = 100;
/** write permission of the group and of others */
const OPEN_TO_OTHERS = 0o022;
const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** Takes a lock that ends with its holder. @returns what releases it */
export type TakeLock = (path: string) => () => void;

/** Where the record of a role for a file may be. */
export interface RecordNames {
  /** the absolute path of the file, links resolved where it exists */
  readonly file: string;
  /** the record of that path, then the record of the path as typed */
  readonly names: readonly string[];
}

/**
 * Opens the records of a directory, which is made by the first `lock`.
 * @param held takes the descriptor that programs inherit while the lock is held
 * @param suffix of the names that `list` gives
 */
export function recordDirectory(
  path: string,
  takeLock: TakeLock,
  held: (fd: number | undefined) => void,
  suffix = SUFFIX,
) {
  const at = (name: string) => join(path, name);
  return {
    path,
    namesOf: (role: string, file: string) => namesOf(role, file),
    exists: (file: string) => existsSync(file),
    digest: (text: string) => createHash('sha256').update(text).digest('hex'),
    /** makes the directory where it is missing */
    make: () => guard(path, () => makeDirectory(path)),
    list: () => list(path, suffix),
    read: (name: string) => guard(at(name), () => read(path, at(name))),
    write: (name: string, offset: number, text: string) =>
      guard(at(name), () => write(path, at(name), offset, text)),
    mark: (name: string, offset: number, letter: string) =>
      guard(at(name), () =>
        withFile(path, at(name), O_RDWR, (fd) => writeWhole(fd, letter, offset)),
      ),
    replace: (name: string, text: string) => guard(at(name), () => replaceFile(at(name), text)),
    rename: (from: string, to: string) => guard(at(from), () => renameSync(at(from), at(to))),
    remove: (name: string) => guard(at(name), () => rmSync(at(name), { force: true })),
    lock: () => guard(path, () => lock(path, takeLock, held)),
  };
}

function namesOf(role: string, file: string): RecordNames {
  const typed = resolve(file);
  const real = existsSync(file) ? guard(file, () => realpathSync(file)) : typed;
  return { file: real, names: [...new Set([real, typed])].map((one) => nameOf(role, one)) };
}

/** `director-lvs.yaml-0123abcd.journal` */
function nameOf(role: string, file: string): string {
  const hash = createHash('sha256').update(file).digest('hex').slice(0, 8);
  const name = basename(file)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, MAX_BASENAME);
  return `${role}-${name}-${hash}${SUFFIX}`;
}

function list(directory: string, suffix: string): string[] {
  if (statSync(directory, { throwIfNoEntry: false }) === undefined) return [];
  return guard(directory, () => readdirSync(directory))
    .filter((name) => name.endsWith(suffix))
    .sort();
}

/** @returns one character a byte; '' when there is no such file */
function read(directory: string, path: string): string {
  try {
    return withFile(directory, path, O_RDONLY, (fd) => readFileSync(fd, 'latin1'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/**
 * Writes ASCII text at an offset, which becomes the end of the file; all of it reaches the disk, or
 * the file ends at the offset.
 */
function write(directory: string, path: string, offset: number, text: string): void {
  withFile(directory, path, O_RDWR | O_CREAT, (fd) => {
    ftruncateSync(fd, offset);
    try {
      writeWhole(fd, text, offset);
      fsyncSync(fd);
    } catch (error) {
      ftruncateSync(fd, offset);
      throw error;
    }
  });
}

/** `write` may take less than it is given, on a full disk and at a limit of the file's size. */
function writeWhole(fd: number, text: string, offset: number): void {
  const bytes = Buffer.from(text, 'latin1');
  for (let done = 0; done < bytes.length; )
    done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}

/** Opens a file of the directory without following a link or waiting for a FIFO. */
function withFile<T>(directory: string, path: string, flags: number, work: (fd: number) => T): T {
  requirePrivate(directory, statSync(directory));
  const fd = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw refused(path, 'not a regular file');
    requirePrivate(path, stat);
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

/** A user who can write a record could make `down` do anything. */
function requirePrivate(path: string, { uid, mode }: Stats): void {
  const user = process.geteuid?.();
  if (user !== undefined && uid !== user)
    throw refused(path, `belongs to user ${uid}, not to user ${user}`);
  if ((mode & OPEN_TO_OTHERS) !== 0)
    throw refused(path, `others may write to it (mode ${(mode & 0o7777).toString(8)})`);
}

/**
 * Keeps other processes out of the whole directory. After a holder that died it also waits for what
 * that one had begun: a program of the system that was still running.
 */
function lock(
  directory: string,
  takeLock: TakeLock,
  held: (fd: number | undefined) => void,
): () => void {
  makeDirectory(directory);
  if (!statSync(directory).isDirectory()) throw refused(directory, 'not a directory');
  requirePrivate(directory, statSync(directory));
  const busy = join(directory, 'busy');
  const release = takeInFullDirectory(() => takeLock(join(directory, 'lock')), busy);
  try {
    if (existsSync(busy)) waitForHolders(busy);
    const fd = openBusy(busy);
    held(fd);
    return () => {
      held(undefined);
      if (fd !== undefined) closeSync(fd);
      release();
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** The file that stays from lock to lock is a place for the lock where the disk has none left. */
function takeInFullDirectory(take: () => () => void, busy: string): () => void {
  try {
    return take();
  } catch (error) {
    if (!isFull(error) || !existsSync(busy)) throw error;
    waitForHolders(busy);
    unlinkSync(busy);
    return take();
  }
}

/** @returns undefined where the disk has no place for it: it matters only after a crash */
function openBusy(path: string): number | undefined {
  try {
    return openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    if (isFull(error)) return undefined;
    throw error;
  }
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Waits until no process has a file open: one that died may have left a program running. */
function waitForHolders(path: string): void {
  const end = Date.now() + MAX_WAIT_MS;
  const real = realpathSync(path);
  while (hasHolder(real) && Date.now() < end) blockFor(POLL_MS);
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
      return false; // it has ended
    }
  });
}

const NOT_REGULAR: Readonly<Record<string, string>> = {
  ELOOP: 'a symbolic link, not a regular file',
  ENXIO: 'not a regular file',
  EISDIR: 'not a regular file',
};

/** Does the work; an error of the system names the file. */
function guard<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const what = NOT_REGULAR[(error as NodeJS.ErrnoException).code ?? ''];
    throw what === undefined ? Object.assign(error, { path }) : refused(path, what);
  }
}

/** In the shape of an error of the system, so that it is no bug. */
function refused(path: string, what: string): Error {
  return Object.assign(new Error(`${path}: ${what}`), {
    code: 'EPERM',
    syscall: 'open',
    path,
  });
}
