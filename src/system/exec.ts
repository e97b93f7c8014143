// Other programs and this process's privileges.
import { existsSync, readFileSync } from 'node:fs';

const MODPROBE = '/sbin/modprobe';
const CAP_NET_RAW = 13n;
/** to enter another namespace */
export const CAP_SYS_ADMIN = 21n;

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
  try {
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(
      readFileSync('/proc/self/status', 'latin1'),
    )?.[1];
    if (effective !== undefined) return ((BigInt(`0x${effective}`) >> number) & 1n) === 1n;
  } catch {
    // no /proc: the user id must do
  }
  return process.geteuid?.() === 0;
}

/** Whether the kernel has IPVS, built in or loaded; false also when that cannot be known. */
export function ipvsIsLoaded(): boolean {
  return existsSync('/proc/net/ip_vs');
}
