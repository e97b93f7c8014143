// All checks of a machine's roles, one after the other.

import { LvsctlError } from '../errors.js';
import { unaskedVips } from './arpanswers.js';
import { DIRECTOR_CHECKS } from './director.js';
import { EVIDENCE_CHECKS, unusedServers } from './evidence.js';
import type { Finding } from './finding.js';
import { type Inspection, quietVips } from './inspection.js';
import { lostPackets, unfollowedMarks } from './lostpackets.js';
import { joined } from './many.js';
import { pathFindings } from './pathfindings.js';
import { REALSERVER_CHECKS } from './realserver.js';
import { doubts, otherLoss, ownClients, unreadFilters } from './unreported.js';

export interface Diagnosis {
  readonly roles: readonly string[];
  readonly findings: readonly Finding[];
  /** what could not be checked, and why */
  readonly skipped: readonly string[];
}

/** Every finding, in the order of the checks. */
export async function examine(inspection: Inspection): Promise<Diagnosis> {
  const findings: Finding[] = [];
  for (const check of [...DIRECTOR_CHECKS, ...EVIDENCE_CHECKS, ...REALSERVER_CHECKS]) {
    if (check.role !== 'any' && !inspection.roles.has(check.role)) continue;
    for (const found of await check.find(inspection))
      findings.push({ id: check.id, why: check.why, ...found });
  }
  const skips = skipped(inspection);
  if (inspection.roles.has('director')) {
    const lost = lostPackets(inspection);
    const known = new Set(findings.map(({ id, what }) => `${id} ${what}`));
    findings.push(
      ...pathFindings(lost, inspection).filter(({ id, what }) => !known.has(`${id} ${what}`)),
    );
    if (findings.length === 0) findings.push(...otherLoss(lost, inspection));
    skips.push(
      ...doubts(lost, inspection),
      ...unfollowedMarks(inspection),
      ...ownClients(inspection),
      ...unusedServers(inspection),
    );
  }
  skips.push(...unreadFilters(inspection));
  return { roles: [...inspection.roles], findings: joined(findings), skipped: skips };
}

/**
 * One answer for several machines, whose findings have the name of their machine.
 * @throws NOT_FOUND where nothing was examined: "nothing found" is no answer there
 */
export async function examineAll(
  inspections: readonly Inspection[],
  notes: readonly string[] = [],
): Promise<Diagnosis> {
  const isAlone = inspections.length === 1;
  const all: Diagnosis[] = [];
  for (const inspection of inspections) {
    const { roles, findings, skipped: skips } = await examine(inspection);
    const { name } = inspection.host;
    all.push({
      roles,
      findings: isAlone ? findings : findings.map((one) => named(one, name)),
      skipped: isAlone ? skips : skips.map((line) => `${name}: ${line}`),
    });
  }
  const findings = all.flatMap((one) => one.findings);
  if (findings.length === 0 && inspections.every(isEmpty)) throw nothingToExamine();
  return {
    roles: [...new Set(all.flatMap(({ roles }) => roles))],
    findings: [
      ...new Map(findings.map((one) => [`${one.id} ${one.what} ${one.on}`, one])).values(),
    ],
    skipped: [...new Set([...notes, ...all.flatMap((one) => one.skipped)])],
  };
}

/** With the name of the machine, where several are examined. */
function named({ afterwards, ...one }: Finding, name: string): Finding {
  const later = afterwards && { afterwards: { ...afterwards, on: afterwards.on ?? name } };
  return { ...one, on: one.on ?? name, ...later };
}

/** Neither services, nor VIPs, nor a file, nor a role. */
function isEmpty({ config, live, host, hasRole }: Inspection): boolean {
  return !config && !hasRole && live?.length === 0 && quietVips(host).length === 0;
}

function nothingToExamine(): LvsctlError {
  return new LvsctlError(
    'NOT_FOUND',
    'nothing to examine: no services in the table, and no VIP on lo, dummy or tunnel devices',
    'name an lvsctl file, or --role realserver on a real server',
  );
}

function skipped(inspection: Inspection): string[] {
  const { roles, machine, live, host, config } = inspection;
  const arping =
    roles.has('director') &&
    machine !== undefined &&
    machine.run('arping', ['-V']).status === NOT_INSTALLED;
  return [
    ...(arping
      ? ['other hosts that answer ARP for a VIP: arping is not installed (Debian: iputils-arping)']
      : []),
    ...(roles.has('director') && !arping ? unaskedVips(inspection) : []),
    ...(live === undefined ? ['the rules of the kernel: no CAP_NET_ADMIN'] : []),
    ...unknownGateways(config),
    ...host.facts.missing.filter((line) => !line.startsWith('the rules of the kernel')),
  ];
}

const NOT_INSTALLED = 127;

/** NAT services without a gateway: it is not known where their answers must go. */
function unknownGateways(config: Inspection['config']): string[] {
  const unknown = config?.services.filter(
    ({ mode, gateway }) => mode === 'nat' && gateway === undefined,
  );
  const lines = unknown?.map(
    ({ name }) =>
      `whether answers of ${name} go back through the director: the file names no gateway`,
  );
  return lines ?? [];
}
