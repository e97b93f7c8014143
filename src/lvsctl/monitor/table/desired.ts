// The state of the monitor -> what the table should have now.
import type { Destination, DestinationId } from '../../../model/destination.js';
import { type ServerKey, type ServiceKey, serverKey } from '../../../model/table.js';
import type { DesiredService } from '../../config/desired.js';
import { hasFirstResultsToCome } from '../state/quorum.js';
import { isUnknown, roleOf } from '../state/service.js';
import type { MonitorState, ServerState, ServiceState } from '../state/state.js';
import { effectiveWeight } from '../state/weight.js';
import type { ServerRole } from './drift.js';
import { keepingLast } from './last.js';

/**
 * Weights of a slow start grow in this many steps, so that a long one does not write to the table
 * all the time.
 */
export const SLOW_START_STEPS = 10;

/** One server as it should be in the table. */
export interface DesiredServer {
  /** as the file has it */
  readonly spec: Destination;
  readonly role: ServerRole;
  /** an administrator set it */
  readonly byAdmin: boolean;
  /** undefined = not there */
  readonly destination: Destination | undefined;
}

/** One service as it should be in the table; the sorry server depends on the actual table too. */
export interface DesiredVirtualServer {
  readonly key: ServiceKey;
  readonly spec: DesiredService;
  readonly servers: ReadonlyMap<ServerKey, DesiredServer>;
  /** what earlier files left in it */
  readonly orphans: ReadonlyMap<ServerKey, DestinationId>;
  /** nothing is known yet of servers that could serve, and no other one does */
  readonly waits: boolean;
  /** at the start, before the first results: the sorry server does not come in */
  readonly awaitsResults: boolean;
}

export interface DesiredTable {
  readonly services: readonly DesiredVirtualServer[];
  /** services that earlier files left, as soon as their successors serve */
  readonly orphans: MonitorState['orphans']['services'];
}

/**
 * What the table should have.
 * @param now clock milliseconds, Infinity = no slow start is running
 */
export function desiredTable({ services, orphans }: MonitorState, now: number): DesiredTable {
  const list = services.map((service) => {
    const left = orphans.servers.get(service.key) ?? NO_SERVERS;
    return hangsOnTime(service, now)
      ? desiredVirtualServer(service, left, now)
      : lastDesired(service, left);
  });
  const waiting = new Set(list.filter(({ waits }) => waits).map(({ key }) => key));
  return {
    services: list,
    orphans: new Map(
      [...orphans.services].filter(([, { successor }]) => !waiting.has(successor ?? '')),
    ),
  };
}

const NO_SERVERS: DesiredVirtualServer['orphans'] = new Map();

/** The time does not matter. */
const lastDesired = keepingLast((service: ServiceState, orphans: DesiredVirtualServer['orphans']) =>
  desiredVirtualServer(service, orphans, Number.POSITIVE_INFINITY),
);

/** Whether a service may be desired otherwise later, although its state is the same. */
function hangsOnTime({ up, spec, servers }: ServiceState, now: number): boolean {
  const slowStartMs = spec.source.health.slow_start * 1000;
  return (
    up === undefined ||
    servers.some(({ rampSince }) => rampSince !== undefined && now - rampSince < slowStartMs)
  );
}

function desiredVirtualServer(
  service: ServiceState,
  orphans: DesiredVirtualServer['orphans'],
  now: number,
): DesiredVirtualServer {
  const servers = new Map(
    service.servers.map((server) => [server.key, desiredServer(service, server, now)]),
  );
  const targets = [...servers.values()].map(({ destination }) => destination);
  return {
    key: service.key,
    spec: service.spec,
    servers,
    orphans,
    waits: service.servers.some(isUnknown) && needsSorry(targets),
    awaitsResults: awaitsResults(service, now),
  };
}

/**
 * Whether the sorry server stays out because nothing is known yet: the service was not up before, a
 * server that could serve has no result, and the time for it is not over.
 */
export function awaitsResults(service: ServiceState, now: number): boolean {
  return service.up === undefined && now < service.firstResultsBy && hasFirstResultsToCome(service);
}

/** One server as it should be in the table at a time. */
export function desiredServer(
  service: Pick<ServiceState, 'spec' | 'up'>,
  server: ServerState,
  now: number,
): DesiredServer {
  const { slow_start: slowStart } = service.spec.source.health;
  const { spec } = server;
  const role = roleOf(service, server);
  const byAdmin = server.admin !== undefined;
  const weight = role === 'in' ? rampedWeight(effectiveWeight(server), server, slowStart, now) : 0;
  return {
    spec,
    role,
    byAdmin,
    destination: role === 'out' ? undefined : { ...spec, weight },
  };
}

/** The sorry server is in the table as long as no other server takes new connections. */
export function needsSorry(destinations: readonly (Destination | undefined)[]): boolean {
  return !destinations.some((destination) => destination !== undefined && destination.weight > 0);
}

/** From at least 1 in steps up to the exact weight. */
export function rampedWeight(
  weight: number,
  { rampSince }: Pick<ServerState, 'rampSince'>,
  slowStart: number,
  now: number,
): number {
  if (rampSince === undefined || slowStart === 0 || weight === 0) return weight;
  const share = (now - rampSince) / (slowStart * 1000);
  if (share >= 1) return weight;
  return Math.max(
    1,
    Math.floor((weight * Math.floor(share * SLOW_START_STEPS)) / SLOW_START_STEPS),
  );
}

/** The keys of all servers that belong to a service: the file's, its sorry server, orphans. */
export function ownKeys({ spec, servers, orphans }: DesiredVirtualServer): Set<ServerKey> {
  return new Set([
    ...servers.keys(),
    ...(spec.sorry ? [serverKey(spec.sorry)] : []),
    ...orphans.keys(),
  ]);
}
