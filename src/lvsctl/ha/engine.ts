// The engines as they run on this machine: keepalived, BIRD.
import type { Address } from '../../model/address.js';
import type { Ha } from '../config/ha.js';
import type { Machine } from '../plan/machine.js';
import { birdcArgs, protocolOf, sessionOf } from './bird.js';

const NOT_INSTALLED = 127;

/** Whether a program of this name runs in this network namespace. */
export function runsHere(name: string, machine: Machine): boolean {
  return pidsHere(name, machine).length > 0;
}

function pidsHere(name: string, machine: Machine): string[] {
  const namespaceOf = (pid: string) => machine.run('readlink', [`/proc/${pid}/ns/net`]).stdout;
  const candidates = machine
    .list('/proc')
    .filter((pid) => /^\d+$/.test(pid) && machine.read(`/proc/${pid}/comm`)?.trim() === name);
  if (candidates.length === 0) return [];
  const own = namespaceOf('self');
  return candidates.filter((pid) => namespaceOf(pid) === own);
}

/** BIRD's protocols: which VIPs are announced, and which routers take them. */
export interface BirdState {
  readonly announces: (vip: Address) => boolean;
  /** of the session to a neighbor, by its place in the file */
  readonly isEstablished: (neighbor: number) => boolean;
}

/** @returns undefined when BIRD does not answer */
export function birdState(ha: Ha, machine: Machine): BirdState | undefined {
  const { status, stdout } = machine.run('birdc', birdcArgs(ha, 'show', 'protocols'));
  if (status !== 0) return undefined;
  const lines = new Map(
    stdout.split('\n').map((line) => {
      const [name = '', ...fields] = line.trim().split(/\s+/);
      return [name, fields] as const;
    }),
  );
  return {
    announces: (vip) => lines.get(protocolOf(vip))?.[2] === 'up',
    isEstablished: (neighbor) => lines.get(sessionOf(neighbor))?.includes('Established') ?? false,
  };
}

/**
 * The configuration that the running keepalived was started with.
 * @returns its path; that of Debian when keepalived does not run, or has no such option
 */
export function keepalivedFile(machine: Machine): string {
  const [pid] = pidsHere('keepalived', machine);
  const options = (machine.read(`/proc/${pid}/cmdline`) ?? '').split('\0');
  for (const [i, option] of options.entries()) {
    const [, path] = /^(?:--use-file=|-f)(.+)$/.exec(option) ?? [];
    if (path !== undefined) return path;
    if (option === '-f' || option === '--use-file') return options[i + 1] ?? CONF;
  }
  return CONF;
}

const CONF = '/etc/keepalived/keepalived.conf';

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
