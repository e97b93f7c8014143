// One name for a machine whose facts are there: a finding may have one of its addresses.
import { parseAddress } from '../../model/address.js';
import { holders, type PathHost } from '../path/host.js';
import type { Finding } from './finding.js';

/**
 * Findings with the names of machines in place of their addresses, so that a command is printed once
 * for each.
 */
export function withMachineNames(
  findings: readonly Finding[],
  hosts: readonly PathHost[],
): Finding[] {
  return findings.map((one) => {
    const { on, afterwards } = one;
    return {
      ...one,
      ...(on === undefined ? {} : { on: nameOf(on, hosts) }),
      ...(afterwards?.on === undefined
        ? {}
        : { afterwards: { ...afterwards, on: nameOf(afterwards.on, hosts) } }),
    };
  });
}

/** An address that several machines have, as a VIP, names none of them. */
function nameOf(on: string, hosts: readonly PathHost[]): string {
  const address = parseAddress(on);
  const [first, ...more] = address ? hosts.filter((one) => holders(one, address).length > 0) : [];
  return first && more.length === 0 ? first.name : on;
}
