// What the paths of packets show beside the findings: a lost packet without a finding of its own, and
// what decides and is not known.
import { formatAddress } from '../../model/address.js';
import type { Finding } from './finding.js';
import { type Inspection, quietAddresses } from './inspection.js';
import type { LostPacket } from './lostpackets.js';

const BACKUP =
  'ask the director that is the master; where this one is to balance, stop its backup daemon, or set net.ipv4.vs.backup_only to 0';

/** A loss that no check has a finding for: it is reported as the path has it. */
export function otherLoss(packets: readonly LostPacket[], { host }: Inspection): Finding[] {
  const lost = packets.find(
    ({ hop, cause }) =>
      hop.outcome === 'lost' &&
      // the VIP may be on another director now
      !(cause.id === 'not-local' && hop.machine === host.name) &&
      cause.id !== 'silent',
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

/** What sees packets of these machines, and is not read. */
export function unreadFilters({ host: { facts, rules } }: Pick<Inspection, 'host'>): string[] {
  const chains = (['ipv4', 'ipv6'] as const).flatMap((family) => rules(family).unread);
  return [...new Set([...(facts.packet_filter.unread ?? []), ...chains])].map(
    (name) => `what ${name} does with packets`,
  );
}

/** Addresses of a director that are none of its networks and no VIP: a client may have one too. */
export function ownClients({ host, expected }: Pick<Inspection, 'host' | 'expected'>): string[] {
  const vips = new Set(expected.flatMap((one) => one.vips.map(formatAddress)));
  return quietAddresses(host)
    .filter(({ address }) => !vips.has(formatAddress(address)))
    .map(
      ({ address, device }) =>
        `whether a client has ${formatAddress(address)}, which is on ${device} here: it may get no answer then`,
    );
}

/** What decides and is not known: rules, neighbours, and servers when others have facts. */
export function doubts(packets: readonly LostPacket[], { host, others }: Inspection): string[] {
  const named = ['filter', 'rule', 'neighbour', 'arp', ...(others.length > 0 ? ['no-facts'] : [])];
  const texts = packets.flatMap(({ cause, hop }) =>
    hop.outcome === 'unknown' && named.includes(cause.id)
      ? [hop.machine === host.name ? hop.what : `${hop.machine}: ${hop.what}`]
      : [],
  );
  return [...new Set(texts)];
}
