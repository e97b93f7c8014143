// The engines as they run on this machine: keepalived, BIRD.
import type { Address } from '../../model/address.js';
import type { Ha } from '../config/ha.js';
import type { Machine } from '../plan/machine.js';
import { birdcArgs, protocolOf } from './bird.js';

const NOT_INSTALLED = 127;

/** Whether a program of this name runs in this network namespace. */
export function runsHere(name: string, machine: Machine): boolean {
  const namespaceOf = (pid: string) => machine.run('readlink', [`/proc/${pid}/ns/net`]).stdout;
  const candidates = machine
    .list('/proc')
    .filter((pid) => /^\d+$/.test(pid) && machine.read(`/proc/${pid}/comm`)?.trim() === name);
  if (candidates.length === 0) return false;
  const own = namespaceOf('self');
  return candidates.some((pid) => namespaceOf(pid) === own);
}

/**
 * Which VIPs BIRD announces.
 * @returns by protocol; undefined when BIRD does not answer
 */
export function announced(
  vips: readonly Address[],
  ha: Ha,
  machine: Machine,
): ReadonlyMap<string, boolean> | undefined {
  const { status, stdout } = machine.run('birdc', birdcArgs(ha, 'show', 'protocols'));
  if (status !== 0) return undefined;
  const states = new Map(
    stdout.split('\n').map((line) => {
      const [name = '', , , state = ''] = line.trim().split(/\s+/);
      return [name, state === 'up'] as const;
    }),
  );
  return new Map(vips.map((vip) => [protocolOf(vip), states.get(protocolOf(vip)) ?? false]));
}

/** `birdc enable` or `birdc disable`. @returns why it failed */
export function setAnnounced(
  vip: Address,
  on: boolean,
  ha: Ha,
  machine: Machine,
): string | undefined {
  const args = birdcArgs(ha, on ? 'enable' : 'disable', protocolOf(vip));
  const { status, stdout, stderr } = machine.run('birdc', args);
  if (status === NOT_INSTALLED) return 'birdc is not installed (Debian: bird2)';
  return status === 0 ? undefined : `birdc ${args.join(' ')}: ${(stderr || stdout).trim()}`;
}
