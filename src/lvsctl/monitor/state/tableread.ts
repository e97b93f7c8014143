// The table was read: drift since the last write, and servers that nothing names.
import { type ServerKey, serverKey, type Table, type VirtualServer } from '../../../model/table.js';
import {
  type DesiredTable,
  type DesiredVirtualServer,
  desiredTable,
  ownKeys,
} from '../table/desired.js';
import {
  type Drift,
  findDrift,
  isTolerated,
  type ToleratedDrift,
  type ToleratedServer,
} from '../table/drift.js';
import { keepingLast } from '../table/last.js';
import { decisionsOf } from '../table/reconcile.js';
import type { MonitorEvent } from './events.js';
import type { Reduction } from './input.js';
import { refreshed } from './service.js';
import { type MonitorState, mapped, type ServiceState } from './state.js';
import { transitions } from './transitions.js';

/** Drift since the last write, and servers that nothing names. */
export function onTable(state: MonitorState, table: Table, now: number): Reduction {
  const services = recomputed(state.services, now);
  const desired = desiredTable({ ...state, services: services.list }, now);
  const drift = learnDrift(state, desired, table);
  const unmanaged = findUnmanaged(state, desired, table);
  return {
    state: {
      ...state,
      services: services.list,
      tolerated: drift.tolerated,
      unmanaged: unmanaged.keys,
      // should the write fail nothing is known of how far it came
      applied: undefined,
    },
    events: [...services.events, ...drift.events, ...unmanaged.events],
  };
}

/** Services that are up or down now: at the start, and where first results do not come. */
function recomputed(
  services: readonly ServiceState[],
  now: number,
): { readonly list: readonly ServiceState[]; readonly events: readonly MonitorEvent[] } {
  const list = mapped(services, (service) => refreshed(service, now));
  if (list === services) return { list, events: [] };
  return { list, events: list.flatMap((next, i) => transitions(services[i] ?? next, next)) };
}

function learnDrift(
  { applied, tolerated: before, config }: MonitorState,
  { services }: DesiredTable,
  table: Table,
): { readonly tolerated: ToleratedDrift; readonly events: readonly MonitorEvent[] } {
  const events: MonitorEvent[] = [];
  const toleratedServices = new Map(before.services);
  const toleratedServers = new Map(before.servers);
  for (const desired of services) {
    const { key, spec } = desired;
    const live = table.get(key);
    // a service of which the last write did not know has not drifted
    const last = applied?.services.has(key) ? applied.table : undefined;
    const isSame = last === undefined || last.get(key) === live;
    if (isSame && !toleratedServers.has(key)) continue;
    const decisions = decisionsOf(desired, live);
    const ours = stillTolerated(toleratedServers.get(key), decisions);
    const drift = last ? findDrift(last.get(key), live, decisions.keys()) : [];
    for (const one of drift) {
      const decision = one.server === undefined ? undefined : decisions.get(one.server);
      const ignored = config.monitor.drift === 'ignore' && decision?.byAdmin !== true;
      events.push(driftEvent(spec.source.name, one, ignored));
      if (!ignored) continue;
      if (one.server === undefined) toleratedServices.set(key, live?.service);
      else if (decision) ours.set(one.server, toleratedServer(decision, live, one.server));
    }
    if (ours.size > 0) toleratedServers.set(key, ours);
    else toleratedServers.delete(key);
  }
  return { tolerated: { services: toleratedServices, servers: toleratedServers }, events };
}

/** What others made of a server is tolerated until our decision about it is another. */
function stillTolerated(
  before: ReadonlyMap<ServerKey, ToleratedServer> | undefined,
  decisions: ReturnType<typeof decisionsOf>,
): Map<ServerKey, ToleratedServer> {
  return new Map(
    [...(before ?? [])].filter(([server, one]) => isTolerated(one, decisions.get(server))),
  );
}

function driftEvent(service: string, { server, what }: Drift, ignored: boolean): MonitorEvent {
  return {
    event: 'drift',
    service,
    ...(server === undefined ? {} : { server }),
    reason: `${what} by another program`,
    outcome: ignored ? 'ignored' : 'corrected',
  };
}

function toleratedServer(
  { role, spec }: ToleratedServer['ours'],
  live: VirtualServer | undefined,
  server: ServerKey,
): ToleratedServer {
  const theirs = live?.destinations.find((one) => serverKey(one) === server);
  return { theirs, ours: { role, spec } };
}

/** The servers of a service that nothing names. */
const lastUnnamed = keepingLast(
  (desired: DesiredVirtualServer, live: VirtualServer | undefined) => {
    const own = ownKeys(desired);
    return (live?.destinations ?? []).filter((one) => !own.has(serverKey(one)));
  },
);

function findUnmanaged(
  { unmanaged: before }: MonitorState,
  { services }: DesiredTable,
  table: Table,
): { readonly keys: ReadonlySet<string>; readonly events: readonly MonitorEvent[] } {
  const keys = new Set<string>();
  const events: MonitorEvent[] = [];
  for (const desired of services) {
    for (const one of lastUnnamed(desired, table.get(desired.key))) {
      const server = serverKey(one);
      const key = `${desired.key} ${server}`;
      keys.add(key);
      if (before.has(key)) continue;
      events.push({
        event: 'unmanaged',
        service: desired.spec.source.name,
        server,
        reason: `is in the table with weight ${one.weight}, but not in the file`,
        outcome: 'left alone',
      });
    }
  }
  return { keys, events };
}
