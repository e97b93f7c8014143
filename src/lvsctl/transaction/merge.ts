// Takes a transaction back where the table is still as it left it: what others changed since stays.
import type { Destination } from '../../model/destination.js';
import { sameDestination, sameService } from '../../model/same.js';
import { type ServiceKey, serversByKey, type VirtualServer } from '../../model/table.js';
import { DAEMON, TIMEOUTS } from '../plan/rules.js';
import type { TransactionEntry } from './entry.js';
import { entryState, serviceKeys } from './history.js';
import type { DesiredRules } from './plan.js';
import type { RulesState } from './state.js';

/** The rules that are to be once what is still as the entry left it is as it was before. */
export function takenBack(actual: RulesState, entry: TransactionEntry): DesiredRules {
  const previous = entryState(entry, 'previous');
  const set = entryState(entry, 'set');
  const merged = serviceKeys(entry).map(
    (key) =>
      [
        key,
        mergedService(actual.table.get(key), set.table.get(key), previous.table.get(key)),
      ] as const,
  );
  const daemons = new Map(
    actual.daemons.map((one): [typeof one.role, typeof one | null] => [one.role, one]),
  );
  for (const { resource } of entry.parts) {
    if (resource.kind !== 'daemon') continue;
    const { role } = resource;
    if (DAEMON.same(daemons.get(role) ?? null, set.daemons.get(role) ?? null))
      daemons.set(role, previous.daemons.get(role) ?? null);
  }
  const isLeft = set.timeouts !== undefined && TIMEOUTS.same(actual.timeouts, set.timeouts);
  return {
    table: new Map(
      merged.flatMap(([key, server]): [ServiceKey, VirtualServer][] =>
        server === undefined
          ? []
          : [[key, { ...server, destinations: server.destinations.toReversed() }]],
      ),
    ),
    removed: new Set(merged.flatMap(([key, server]) => (server === undefined ? [key] : []))),
    timeouts: isLeft ? previous.timeouts : undefined,
    daemons,
  };
}

function mergedService(
  actual: VirtualServer | undefined,
  set: VirtualServer | undefined,
  previous: VirtualServer | undefined,
): VirtualServer | undefined {
  if (actual === undefined) return set === undefined ? previous : undefined;
  // removed by the transaction, and added again by others
  if (set === undefined) return actual;
  const destinations = mergedServers(actual, set, previous);
  const isLeft = sameService(actual.service, set.service);
  if (previous === undefined && isLeft && destinations.length === 0) return undefined;
  return {
    service: isLeft && previous !== undefined ? previous.service : actual.service,
    destinations,
  };
}

function mergedServers(
  actual: VirtualServer,
  set: VirtualServer,
  previous: VirtualServer | undefined,
): readonly Destination[] {
  const [present, left, before] = [actual, set, previous].map((one) =>
    serversByKey(one?.destinations ?? []),
  );
  const keys = new Set([...(present?.keys() ?? []), ...(before?.keys() ?? [])]);
  return [...keys].flatMap((key) => {
    const now = present?.get(key);
    const then = left?.get(key);
    const isLeft =
      now === undefined || then === undefined ? now === then : sameDestination(now, then);
    const desired = isLeft ? before?.get(key) : now;
    return desired === undefined ? [] : [desired];
  });
}
