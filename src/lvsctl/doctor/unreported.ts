// What the paths of packets show beside the findings: a lost packet without a finding of its own, and
// what decides and is not known.
import type { Finding } from './finding.js';
import type { Inspection } from './inspection.js';
import type { LostPacket } from './lostpackets.js';

const BACKUP =
  'ask the director that is the master; where this one is to balance, make it the master, or set net.ipv4.vs.backup_only to 0';

/** A loss that no check has a finding for: it is reported as the path has it. */
export function otherLoss(packets: readonly LostPacket[], { host }: Inspection): Finding[] {
  const lost = packets.find(
    ({ hop, cause }) =>
      hop.outcome === 'lost' &&
      // the VIP may be on another director now
      !(cause.id === 'not-local' && hop.machine === host.name),
  );
  if (lost === undefined) return [];
  const { hop, service, cause } = lost;
  return [
    {
      id: 'path',
      why: 'A packet of a client is lost here.',
      what: `${service.service}: ${hop.what}`,
      repair: [],
      ...(cause.id === 'backup-only' ? { advice: BACKUP } : {}),
      ...(hop.machine === host.name ? {} : { on: hop.machine }),
    },
  ];
}

/** What decides and is not known: rules, neighbours, and servers when others have facts. */
export function doubts(packets: readonly LostPacket[], { host, others }: Inspection): string[] {
  const named = ['filter', 'rule', 'neighbour', ...(others.length > 0 ? ['no-facts'] : [])];
  const texts = packets.flatMap(({ cause, hop }) =>
    hop.outcome === 'unknown' && named.includes(cause.id)
      ? [hop.machine === host.name ? hop.what : `${hop.machine}: ${hop.what}`]
      : [],
  );
  return [...new Set(texts)];
}
