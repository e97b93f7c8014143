// Findings with the commands that repair them, which several checks share.
import type { Change } from '../../model/change.js';
import type { PathHost } from '../path/host.js';
import { printCommand, sysctlName } from '../plan/command.js';
import type { Found } from './finding.js';

/** A sysctl that has the wrong value. */
export function isNot(key: string, value: string, desired: string): Found {
  return {
    what: `${sysctlName(key)} is ${value}`,
    repair: [printCommand({ kind: 'sysctl', key, value: desired })],
  };
}

/**
 * Commands that give an interface sysctl the desired value; `all` too where its value is larger,
 * since the kernel uses the larger of both.
 */
export function sysctlRepairs(
  device: string,
  name: string,
  desired: string,
  { sysctl }: Pick<PathHost, 'sysctl'>,
): string[] {
  const general = sysctl(`net/ipv4/conf/all/${name}`) ?? 0;
  const places = general > Number(desired) ? ['all', device] : [device];
  return places.map((place) =>
    printCommand({ kind: 'sysctl', key: `net/ipv4/conf/${place}/${name}`, value: desired }),
  );
}

/** The command that sets a sysctl. @param key with slashes */
export function sysctlLine(key: string, value: string): string {
  return printCommand({ kind: 'sysctl', key, value });
}

/** A program and its arguments as they are typed. */
export function shell(program: string, ...args: readonly string[]): string {
  return printCommand({ kind: 'run', program, args });
}

/** A change of rules as it is typed. */
export function typed(change: Change): string {
  return printCommand({ kind: 'rule', change });
}
