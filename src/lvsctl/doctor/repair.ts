// Findings with the commands that repair them, which several checks share.
import { type Address, formatAddress } from '../../model/address.js';
import type { Change } from '../../model/change.js';
import { printCommand, sysctlName } from '../plan/command.js';
import { hostPrefix } from '../plan/vips.js';
import type { Found } from './finding.js';
import type { Inspection } from './inspection.js';

/** A sysctl that has the wrong value. */
export function isNot(key: string, value: string, desired: string): Found {
  return {
    what: `${sysctlName(key)} is ${value}`,
    repair: [printCommand({ kind: 'sysctl', key, value: desired })],
  };
}

/** An address that an interface should have as a single host's. */
export function wrongAddress(
  address: Address,
  device: string,
  addresses: Inspection['facts']['addresses'],
): Found[] {
  const text = formatAddress(address);
  const desired = hostPrefix(address);
  const present = addresses.filter((one) => one.address === text && one.device === device);
  if (present.some(({ prefix }) => desired === `${text}/${prefix}`)) return [];
  const flags = address.family === 'ipv6' ? ['nodad', 'preferred_lft', '0'] : [];
  const add = shell('ip', 'addr', 'add', desired, 'dev', device, ...flags);
  const [other] = present;
  if (other === undefined) return [{ what: `VIP ${text} is not on ${device}`, repair: [add] }];
  return [
    {
      what: `VIP ${text} is on ${device} with prefix ${other.prefix}`,
      repair: [shell('ip', 'addr', 'del', `${text}/${other.prefix}`, 'dev', device), add],
    },
  ];
}

/** A program and its arguments as they are typed. */
export function shell(program: string, ...args: readonly string[]): string {
  return printCommand({ kind: 'run', program, args });
}

/** A change of rules as it is typed. */
export function typed(change: Change): string {
  return printCommand({ kind: 'rule', change });
}
