// Network namespaces by what the kernel tells them by: a name can be given to another one.
import { statSync } from 'node:fs';

/** @param name undefined = that of this process @returns undefined when there is none */
export function netnsIdentity(name?: string): string | undefined {
  return identityAt(name === undefined ? '/proc/self/ns/net' : `/run/netns/${name}`);
}

/** The same of another process. */
export function netnsIdentityOf(pid: number): string | undefined {
  return identityAt(`/proc/${pid}/ns/net`);
}

function identityAt(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { throwIfNoEntry: false }) ?? {};
    return ino === undefined ? undefined : `${dev}:${ino}`;
  } catch {
    return undefined; // not for this user
  }
}
