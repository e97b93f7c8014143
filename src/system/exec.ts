// Other programs and this process's privileges.
import { existsSync, readFileSync } from 'node:fs';
import { CAP_NET_RAW, isEffective } from './capability.js';

const MODPROBE = '/sbin/modprobe';

/**
 * Runs modprobe for a module, its messages going to our stderr.
 * @returns whether it ended with success
 */
export async function loadModule(name: string): Promise<boolean> {
  const { spawnSync } = await import('node:child_process');
  return spawnSync(MODPROBE, ['--', name], { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}

/** Whether this process has the capability CAP_NET_RAW. */
export function mayOpenRawSockets(): boolean {
  return hasCapability(CAP_NET_RAW);
}

/** Whether this process has a capability in effect, by its number in linux/capability.h. */
export function hasCapability(number: bigint): boolean {
  // without /proc the user id must do
  return isEffective(number, ownStatus()) ?? process.geteuid?.() === 0;
}

function ownStatus(): string | undefined {
  try {
    return readFileSync('/proc/self/status', 'latin1');
  } catch {
    return undefined;
  }
}

/** Whether the kernel has IPVS, built in or loaded; false also when that cannot be known. */
export function ipvsIsLoaded(): boolean {
  return existsSync('/proc/net/ip_vs');
}
