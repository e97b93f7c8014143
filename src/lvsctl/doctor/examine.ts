// All checks of a machine's roles, one after the other.
import { DIRECTOR_CHECKS } from './director.js';
import type { Finding } from './finding.js';
import type { Inspection } from './inspection.js';
import { REALSERVER_CHECKS } from './realserver.js';

export interface Diagnosis {
  readonly roles: readonly string[];
  readonly findings: readonly Finding[];
  /** what could not be checked, and why */
  readonly skipped: readonly string[];
}

/** Every finding, in the order of the checks. */
export async function examine(inspection: Inspection): Promise<Diagnosis> {
  const findings: Finding[] = [];
  for (const check of [...DIRECTOR_CHECKS, ...REALSERVER_CHECKS]) {
    if (check.role !== 'any' && !inspection.roles.has(check.role)) continue;
    for (const found of await check.find(inspection))
      findings.push({ id: check.id, why: check.why, ...found });
  }
  return { roles: [...inspection.roles], findings, skipped: skipped(inspection) };
}

function skipped({ roles, machine, live }: Inspection): string[] {
  const arping = roles.has('director') && machine.run('arping', ['-V']).status === NOT_INSTALLED;
  return [
    ...(arping
      ? ['other hosts that answer ARP for a VIP: arping is not installed (Debian: iputils-arping)']
      : []),
    ...(live === undefined ? ['the rules of the kernel: no CAP_NET_ADMIN'] : []),
  ];
}

const NOT_INSTALLED = 127;
