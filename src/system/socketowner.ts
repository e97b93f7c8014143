// Which process has a socket for a path, also after the socket's file was removed.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** flag of /proc/net/unix: __SO_ACCEPTCON of the kernel's header */
const LISTENS = 0x10000;

/**
 * The beginning of the name of the directory in which the socket for `path` is bound before it is
 * put in its place. The kernel shows the path that a socket was bound to as long as it is open.
 */
export function stagingPrefix(path: string): string {
  const real = join(realpathSync(dirname(path)), basename(path));
  return `.${createHash('sha256').update(real).digest('hex').slice(0, 8)}-`;
}

/**
 * The other process of this network namespace that listens with a socket for `path`. Only a process
 * of root or this user counts: every user can bind a socket of such a name somewhere.
 * @returns undefined also where it cannot be seen, as from another pid namespace
 */
export function socketOwner(path: string): number | undefined {
  const inodes = listeningAt(stagingPrefix(path));
  if (inodes.size === 0) return undefined;
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes
    .map(Number)
    .find((pid) => pid !== process.pid && isTrusted(pid) && holds(pid, inodes));
}

function listeningAt(prefix: string): ReadonlySet<string> {
  const inodes = new Set<string>();
  for (const line of readLines('/proc/net/unix')) {
    const [, , , flags = '', , , inode = '', bound = ''] = line.trim().split(/ +/);
    const [directory = '', name] = bound.split('/').slice(-2);
    if (name === 's' && directory.startsWith(prefix) && Number.parseInt(flags, 16) & LISTENS)
      inodes.add(`socket:[${inode}]`);
  }
  return inodes;
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'latin1').split('\n');
  } catch {
    return []; // no such kernel
  }
}

function isTrusted(pid: number): boolean {
  try {
    return [0, process.getuid?.()].includes(statSync(`/proc/${pid}`).uid);
  } catch {
    return false; // it ended
  }
}

function holds(pid: number, inodes: ReadonlySet<string>): boolean {
  const directory = `/proc/${pid}/fd`;
  try {
    return readdirSync(directory).some((fd) => inodes.has(linkOf(join(directory, fd))));
  } catch {
    return false; // it ended, or is another user's
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed in between
  }
}
