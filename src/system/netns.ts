// Network namespaces by what identifies them in the kernel: a name can be given to another one.
import { readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** where ip-netns(8) keeps names */
const NAMED = '/run/netns';

/** @param name undefined = that of this process @returns undefined when there is none */
export function netnsIdentity(name?: string): string | undefined {
  return identityAt(name === undefined ? '/proc/self/ns/net' : `${NAMED}/${name}`);
}

/** The same of another process. */
export function netnsIdentityOf(pid: number): string | undefined {
  return identityAt(`/proc/${pid}/ns/net`);
}

/** Device and inode of a namespace's file; undefined when there is none. */
export function identityAt(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { throwIfNoEntry: false }) ?? {};
    return ino === undefined ? undefined : `${dev}:${ino}`;
  } catch {
    return undefined; // not for this user
  }
}

/** The file of a namespace: a name is that of ip-netns(8), anything with a slash a path. */
export function namespacePath(netns: string): string {
  return netns.includes('/') ? resolve(netns) : `${NAMED}/${netns}`;
}

/**
 * Whether a path is that of a network namespace: `/proc/PID/ns/net`, or where one is bind-mounted,
 * as ip-netns(8) and container engines do.
 */
export function isNetworkNamespace(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('net:[');
  } catch {
    return isNamespaceMount(path);
  }
}

/** @see proc_pid_mountinfo(5): the fourth field is what is mounted, the fifth where */
function isNamespaceMount(path: string): boolean {
  try {
    const real = realpathSync(path);
    return readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .some((line) => {
        const [, , , what = '', where = ''] = line.split(' ');
        return what.startsWith('net:[') && unescaped(where) === real;
      });
  } catch {
    return false; // absent, or not for this user
  }
}

/** Blanks, tabs, newlines and backslashes are written as `\\040`. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}
