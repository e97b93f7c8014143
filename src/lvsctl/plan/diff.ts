// What leads from one state of a virtual service to another: pure, and empty when there is nothing
// to do.
import { formatAddress, sameAddress } from '../../model/address.js';
import type { Change } from '../../model/change.js';
import type { Destination, DestinationId } from '../../model/destination.js';
import type { Service } from '../../model/service.js';

/** A service with its real servers. */
export interface RuleSet {
  readonly service: Service;
  /** newest first when `ordered`, else in any order */
  readonly destinations: readonly Destination[];
  /** whether the kernel's order counts: it does where a former state is put back */
  readonly ordered: boolean;
}

/** Changes that make `to` of `from`, so that no moment is without a server that both have. */
export function diffRules(from: RuleSet | null, to: RuleSet | null): Change[] {
  if (to === null) return from === null ? [] : [{ kind: 'delete-service', id: from.service.id }];
  const { id } = to.service;
  const head: Change[] =
    from === null
      ? [{ kind: 'add-service', service: to.service }]
      : sameService(from.service, to.service)
        ? []
        : [{ kind: 'edit-service', service: to.service }];
  const present = from?.destinations ?? [];
  const kept = to.ordered
    ? keptInOrder(present, to.destinations)
    : present.filter((one) => find(to.destinations, one));
  const edits = kept.flatMap((one): Change[] => {
    const wanted = find(to.destinations, one);
    return wanted && !sameDestination(one, wanted)
      ? [{ kind: 'edit-destination', id, destination: wanted }]
      : [];
  });
  // the kernel puts a new server in front, so what comes first is added last
  const missing = to.destinations.filter((one) => !find(kept, one));
  const adds = (to.ordered ? missing.reverse() : missing).map(
    (destination): Change => ({ kind: 'add-destination', id, destination }),
  );
  const gone = present.filter((one) => !find(kept, one));
  const back = (one: Destination) => find(missing, one) !== undefined;
  const remove = ({ address, port }: Destination): Change => ({
    kind: 'delete-destination',
    id,
    destination: { address, port },
  });
  return [
    ...head,
    ...gone.filter(back).map(remove),
    ...adds,
    ...edits,
    ...gone.filter((one) => !back(one)).map(remove),
  ];
}

/** Whether a state is what is wanted; the order of servers counts only where it is asked for. */
export function sameRules(actual: RuleSet | null, wanted: RuleSet | null): boolean {
  return diffRules(actual, wanted).length === 0;
}

/** Everything that one sets on a service is the same. */
export function sameService(a: Service, b: Service): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.schedulerFlags === b.schedulerFlags &&
    a.persistence?.timeout === b.persistence?.timeout &&
    a.netmask === b.netmask &&
    a.engine === b.engine &&
    a.onePacket === b.onePacket
  );
}

/**
 * Everything that one sets on a server is the same. The kernel makes `local` of whatever leads to
 * an address of its own.
 */
export function sameDestination(a: Destination, b: Destination): boolean {
  const local = a.forwarding === 'local' || b.forwarding === 'local';
  return (
    sameDestinationId(a, b) &&
    (local || (a.forwarding === b.forwarding && (a.forwarding !== 'tunnel' || sameTunnel(a, b)))) &&
    a.weight === b.weight &&
    a.upperThreshold === b.upperThreshold &&
    a.lowerThreshold === b.lowerThreshold
  );
}

/** Same address and port. */
export function sameDestinationId(a: DestinationId, b: DestinationId): boolean {
  return a.port === b.port && sameAddress(a.address, b.address);
}

function sameTunnel({ tunnel: a }: Destination, { tunnel: b }: Destination): boolean {
  return a.type === b.type && a.port === b.port && a.flags === b.flags;
}

function find(list: readonly Destination[], wanted: DestinationId): Destination | undefined {
  return list.find((one) => sameDestinationId(one, wanted));
}

/**
 * Those of `present` that can stay: new ones go in front, so the rest must end as `wanted` does.
 */
function keptInOrder(
  present: readonly Destination[],
  wanted: readonly Destination[],
): Destination[] {
  const kept: Destination[] = [];
  let at = present.length;
  for (const one of [...wanted].reverse()) {
    const place = present
      .slice(0, at)
      .findLastIndex((candidate) => sameDestinationId(candidate, one));
    const found = present[place];
    if (!found) break;
    kept.unshift(found);
    at = place;
  }
  return kept;
}

/** `192.168.0.1:80`, with brackets around IPv6. */
export function formatServer({ address, port }: DestinationId): string {
  const text = formatAddress(address);
  return address.family === 'ipv6' ? `[${text}]:${port}` : `${text}:${port}`;
}
