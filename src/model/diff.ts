// The difference of two tables, as changes in an order that never leaves a service without a
// server that both have. `director`, `rules` and the monitor use this one.
import type { Change } from './change.js';
import type { Destination, DestinationId } from './destination.js';
import { sameDestination, sameService } from './same.js';
import {
  type ServerKey,
  type ServiceKey,
  serverKey,
  serversByKey,
  type Table,
  type VirtualServer,
} from './table.js';

/** Changes to be made in this order; the second half only when the first took effect. */
export interface Difference {
  /** services and servers that are added or edited without a loss of weight */
  readonly additions: readonly Change[];
  /** servers that lose weight or go, services that go */
  readonly removals: readonly Change[];
}

export interface DiffOptions {
  /**
   * Which servers of the actual service that the desired one does not have are removed; all of
   * them when absent. The others are unmanaged and stay.
   */
  readonly removable?: (server: ServerKey) => boolean;
  /** whether the kernel's order of servers counts: it does where a previous state is restored */
  readonly ordered?: boolean;
}

/** The changes that make the desired service of the actual one; undefined = there is none. */
export function diffServices(
  actual: VirtualServer | undefined,
  desired: VirtualServer | undefined,
  { removable = () => true, ordered = false }: DiffOptions = {},
): Difference {
  if (desired === undefined)
    return {
      additions: [],
      removals: actual ? [{ kind: 'delete-service', id: actual.service.id }] : [],
    };
  const { service, destinations } = desired;
  const { id } = service;
  const present = actual?.destinations ?? [];
  const desiredByKey = serversByKey(destinations);
  const kept = ordered
    ? keptInOrder(present, destinations)
    : present.filter((one) => desiredByKey.has(serverKey(one)));
  const stays = serversByKey(kept);
  const isNew = (one: Destination) => !stays.has(serverKey(one));
  // the kernel puts a new server in front, so in its order the first is added last
  const missing = destinations.filter(isNew);
  const removed = present.filter((one) => isNew(one));
  const returns = removed.filter((one) => desiredByKey.has(serverKey(one)));
  const leaves = removed.filter(
    (one) => !desiredByKey.has(serverKey(one)) && removable(serverKey(one)),
  );
  const edits = kept.flatMap((now): { readonly more: boolean; readonly change: Change }[] => {
    const destination = desiredByKey.get(serverKey(now));
    if (destination === undefined || sameDestination(now, destination)) return [];
    const change: Change = { kind: 'edit-destination', id, destination };
    return [{ more: destination.weight >= now.weight, change }];
  });
  const add = (destination: Destination): Change => ({ kind: 'add-destination', id, destination });
  const remove = ({ address, port }: DestinationId): Change => ({
    kind: 'delete-destination',
    id,
    destination: { address, port },
  });
  return {
    additions: [
      ...(actual === undefined ? [{ kind: 'add-service', service } as const] : []),
      ...(actual && !sameService(actual.service, service)
        ? [{ kind: 'edit-service', service } as const]
        : []),
      ...returns.map(remove),
      ...(ordered ? missing.reverse() : missing).map(add),
      ...edits.filter(({ more }) => more).map(({ change }) => change),
    ],
    removals: [
      ...edits.filter(({ more }) => !more).map(({ change }) => change),
      ...leaves.map(remove),
    ],
  };
}

/**
 * The changes that make the desired table of the actual one.
 * @param unmanaged what happens to services that the desired table does not have
 */
export function diffTables(
  actual: Table,
  desired: Table,
  unmanaged: 'keep' | 'remove',
): Difference {
  const keys: Iterable<ServiceKey> = [
    ...desired.keys(),
    ...(unmanaged === 'remove' ? [...actual.keys()].filter((key) => !desired.has(key)) : []),
  ];
  const parts = [...keys].map((key) => diffServices(actual.get(key), desired.get(key)));
  return {
    additions: parts.flatMap(({ additions }) => additions),
    removals: parts.flatMap(({ removals }) => removals),
  };
}

/** All changes of a difference in their order. */
export function changesOf({ additions, removals }: Difference): Change[] {
  return [...additions, ...removals];
}

/**
 * Those of `present` that can stay: new ones go in front, so the rest must end as `desired` does.
 */
function keptInOrder(
  present: readonly Destination[],
  desired: readonly Destination[],
): Destination[] {
  const kept: Destination[] = [];
  let at = present.length - 1;
  for (const one of desired.toReversed()) {
    const key = serverKey(one);
    while (at >= 0 && serverKey(present[at] as Destination) !== key) at--;
    const found = present[at--];
    if (!found) break;
    kept.push(found);
  }
  return kept.reverse();
}
