// A lock that dies with its holder: a symbolic link, made in one step, whose target names the
// process that holds it.
//
// A link left by a dead process is taken away only under a second lock of the same kind, one name
// further on, so that two processes can never both believe to have cleared the way. A process is
// dead when its pid is gone, a zombie, or has another start time.
import { readFileSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { BackendError } from '../model/errors.js';

const POLL_MS = 2;
const LONGEST_WAIT_MS = 30_000;

export interface LockOptions {
  readonly longestWaitMs?: number;
  /** called under the lock with the pid of a holder that died */
  readonly onDead?: (pid: number) => void;
}

/**
 * Does the work while no other process does its own under the same lock.
 * @param path of the link, in a directory this process may write to
 * @throws BackendError when a living process keeps the lock for too long
 */
export function withLock<T>(path: string, work: () => T, options: LockOptions = {}): T {
  const release = takeLock(path, options);
  try {
    return work();
  } finally {
    release();
  }
}

/** Takes the lock. @returns what gives it back @throws BackendError as `withLock` */
export function takeLock(path: string, options: LockOptions = {}): () => void {
  acquire(path, options);
  return () => unlinkSync(path);
}

function acquire(path: string, { longestWaitMs = LONGEST_WAIT_MS, onDead }: LockOptions): void {
  const deadline = Date.now() + longestWaitMs;
  const me = identity();
  while (!tryLink(me, path)) {
    const holder = holderOf(path);
    if (holder === undefined) continue;
    if (isDead(holder)) {
      clear(path, holder, longestWaitMs);
      onDead?.(pidOf(holder));
    } else if (Date.now() > deadline) {
      throw new BackendError(
        `${path}: locked by process ${pidOf(holder)} for ${longestWaitMs / 1000} s`,
      );
    } else {
      sleep(POLL_MS * (1 + Math.random()));
    }
  }
}

function tryLink(target: string, path: string): boolean {
  try {
    symlinkSync(target, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the link of a dead holder, if it is still that one's. */
function clear(path: string, holder: string, longestWaitMs: number): void {
  withLock(
    `${path}.lock`,
    () => {
      if (holderOf(path) === holder) unlinkSync(path);
    },
    { longestWaitMs },
  );
}

/** Undefined when the lock has just been released. */
function holderOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EINVAL')
      throw new BackendError(`${path}: in the way of the lock, and not a lock`);
    throw error;
  }
}

/** `pid:start time:pid namespace`; the last two are empty where there is no /proc. */
function identity(): string {
  return `${process.pid}:${startTime(process.pid) ?? ''}:${pidNamespace()}`;
}

function pidOf(holder: string): number {
  return Number.parseInt(holder, 10);
}

/** A process of another pid namespace cannot be judged and counts as alive. */
function isDead(holder: string): boolean {
  const [pid = '', start = '', namespace = ''] = holder.split(':');
  if (namespace !== pidNamespace()) return false;
  if (start !== '') return startTime(Number(pid)) !== start;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Clock ticks after boot at which a process started; undefined when it is gone or a zombie. */
function startTime(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`, readFileSync);
  // The name in parentheses may hold anything; the state is the first word behind it, the start
  // time the twentieth.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function pidNamespace(): string {
  return (readText('/proc/self/ns/pid', readlinkSync) ?? '').replaceAll(':', '');
}

function readText(
  path: string,
  read: (path: string, encoding: 'latin1') => string,
): string | undefined {
  try {
    return read(path, 'latin1');
  } catch {
    return undefined; // no such process, or no /proc at all
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
