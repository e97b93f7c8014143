// A lock that ends with its holder: a symbolic link, made in one step, whose target names the
// process that holds it.
//
// A link left by a dead process is taken away only under a second lock of the same kind, one name
// further on, so that two processes can never both believe to have cleared it. Only a process of
// this boot of this machine and of this pid namespace can be judged; every other holder counts as
// alive.
import { readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { BackendError } from '../../model/errors.js';
import { blockFor } from '../../system/blockfor.js';
import { hostName, isDead, ownIdentity, type ProcessIdentity } from '../../system/identity.js';

const POLL_MS = 2;
const LONGEST_WAIT_MS = 30_000;
/** of an unreadable link, in a message */
const LONGEST_QUOTE = 80;

export interface LockOptions {
  readonly longestWaitMs?: number;
  /** called under the lock when it was taken from a holder that had died */
  readonly onDead?: () => void;
}

/**
 * Does the work while no other process does its own under the same lock.
 * @param path of the link, in a directory this process may write to
 * @param work gets a function that returns whether the lock is still there: it may be removed by
 * hand
 * @throws BackendError when a holder that is alive, or cannot be judged, keeps the lock for too
 * long
 */
export function withLock<T>(
  path: string,
  work: (isHeld: () => boolean) => T,
  options: LockOptions = {},
): T {
  const { release, isHeld, wasDead } = hold(path, options);
  try {
    if (wasDead) options.onDead?.();
    return work(isHeld);
  } finally {
    release();
  }
}

/** Takes the lock. @returns what gives it back @throws BackendError as `withLock` */
export function takeLock(
  path: string,
  options: Pick<LockOptions, 'longestWaitMs'> = {},
): () => void {
  return hold(path, options).release;
}

interface Held {
  release(): void;
  isHeld(): boolean;
  /** it was taken from a holder that had died */
  readonly wasDead: boolean;
}

interface Holder extends ProcessIdentity {
  readonly host: string;
}

function hold(path: string, { longestWaitMs = LONGEST_WAIT_MS }: LockOptions): Held {
  const own = ownIdentity();
  const me: Holder = { ...own, boot: cleaned(own.boot), host: cleaned(hostName()) };
  const link = linkOf(me);
  const wasDead = acquire(path, link, me, longestWaitMs);
  const isHeld = () => holderOf(path) === link;
  return {
    wasDead,
    isHeld,
    release() {
      if (isHeld()) unlinkSync(path); // else it was removed by hand, and may be another's now
    },
  };
}

/** @returns whether a holder that had died was removed */
function acquire(path: string, link: string, me: Holder, longestWaitMs: number): boolean {
  const deadline = Date.now() + longestWaitMs;
  let wasDead = false;
  while (!tryLink(link, path)) {
    const text = holderOf(path);
    if (text === undefined) continue;
    const holder = parseHolder(text);
    if (holder && isDead(holder, me)) {
      clear(path, text, longestWaitMs);
      wasDead = true;
    } else if (Date.now() > deadline) {
      throw new BackendError(
        `${path}: locked for ${longestWaitMs / 1000} s by ${description(text, holder, me)}`,
      );
    } else {
      blockFor(POLL_MS * (1 + Math.random()));
    }
  }
  return wasDead;
}

/** The holder of the lock, and when its file may be removed by hand. */
function description(text: string, holder: Holder | undefined, me: Holder): string {
  if (holder === undefined) {
    const quoted = JSON.stringify(text.slice(0, LONGEST_QUOTE));
    const found = `an unknown holder, ${quoted}`;
    return `${found}; remove that file if no other ipvsadm or lvsctl is running`;
  }
  const { pid, namespace, host, boot } = holder;
  if (boot === me.boot && namespace === me.namespace)
    return `process ${pid} on this machine, which is running`;
  const where = namespace === '' ? '' : ` of pid namespace ${namespace}`;
  const machine =
    boot === me.boot ? `this machine (${host})` : `host ${host} (not this boot of this machine)`;
  return `process ${pid}${where} on ${machine}; remove that file if the process has ended`;
}

/** `pid:start time:pid namespace:boot id:host name` */
function linkOf({ pid, start, namespace, boot, host }: Holder): string {
  return `${pid}:${start}:${namespace}:${boot}:${host}`;
}

function cleaned(name: string): string {
  return name.replace(/[^\w.-]/g, '_');
}

/** Undefined for what this version did not write. */
function parseHolder(text: string): Holder | undefined {
  const [, pid, start = '', namespace = '', boot = '', host = ''] =
    /^(\d{1,10}):(\d*):(\d*):([\w.-]*):([\w.-]*)$/.exec(text) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), start, namespace, boot, host };
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
      throw new BackendError(`${path}: not a lock, and in its place; remove it`);
    throw error;
  }
}
