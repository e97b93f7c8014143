// Another file takes over, at the start and at a reload: what is known of services, servers and
// checks that stay is kept, also under other names.
import type { Destination } from '../../../model/destination.js';
import {
  type ServerKey,
  type ServiceKey,
  serverKey,
  serviceKey,
  type Table,
  type VirtualServer,
} from '../../../model/table.js';
import { type DesiredService, desiredServices } from '../../config/desired.js';
import type { Config } from '../../config/file.js';
import { NO_DRIFT } from '../table/drift.js';
import { assumed, unknown } from './check.js';
import { type AdminOf, checksOf, found } from './newserver.js';
import { addOrphans, ownedBy } from './orphans.js';
import { applyQuorum } from './quorum.js';
import { applyMinUp, combined, isUnknown, recompute } from './service.js';
import type { MonitorState, RememberedServer, ServerState, ServiceState } from './state.js';
import { effectiveWeight } from './weight.js';

/** beyond what the first checks may take, for a monitor that has much to do at its start */
const START_SLACK_MS = 1000;

/**
 * The state with the next file.
 * @param table as it is now, the services of the next file at least
 */
export function withConfig(
  state: MonitorState,
  config: Config,
  table: Table,
  now: number,
): MonitorState {
  const desired = desiredServices(config);
  const previous = matchPrevious(state.services, desired);
  const successors = new Map([...previous].map(([key, old]) => [old.key, key]));
  const remembered = moved(state.remembered, desired, successors);
  const services = desired.map((spec) => {
    const key = serviceKey(spec.service.id);
    const old = previous.get(key);
    const known = new Map(
      remembered
        .filter(({ service }) => service === key)
        .map(({ server, admin }) => [server, admin]),
    );
    const adminOf: AdminOf = (server) => known.get(server);
    return old
      ? carryOver(spec, old, table.get(key), adminOf, now)
      : adopt(spec, table.get(key), adminOf, now, state.orphans.services.has(key));
  });
  return {
    ...state,
    config,
    services,
    orphans: addOrphans(
      state.orphans,
      state.services.map(({ spec }) => ownedBy(spec)),
      desired.map(ownedBy),
      successors,
    ),
    remembered: withoutPresent(
      [...remembered, ...moved(adminStates(state.services), desired, successors)],
      services,
    ),
    tolerated: NO_DRIFT,
  };
}

/**
 * The service that each one goes on from: that of the same identity in the kernel, with any
 * name, else that of its name, which then has another address, port or mark.
 */
function matchPrevious(
  old: readonly ServiceState[],
  desired: readonly DesiredService[],
): ReadonlyMap<ServiceKey, ServiceState> {
  const byKey = new Map(old.map((service) => [service.key, service]));
  const keys = new Set(desired.map(({ service }) => serviceKey(service.id)));
  // a service that goes on under its own identity is not there for another one of its name
  const byName = new Map(
    old.filter(({ key }) => !keys.has(key)).map((service) => [service.name, service]),
  );
  return new Map(
    desired.flatMap(({ service, source }) => {
      const key = serviceKey(service.id);
      const found = byKey.get(key) ?? byName.get(source.name);
      return found ? [[key, found] as const] : [];
    }),
  );
}

/**
 * Remembered states under the services of the next file: by identity, or by name where the identity
 * was removed.
 */
function moved(
  remembered: readonly RememberedServer[],
  desired: readonly DesiredService[],
  successors: ReadonlyMap<ServiceKey, ServiceKey>,
): readonly RememberedServer[] {
  const names = new Map(
    desired.map(({ service, source }) => [serviceKey(service.id), source.name]),
  );
  // a service that another one goes on in has states of its own
  const taken = new Set(successors.values());
  const byName = new Map(
    [...names].filter(([key]) => !taken.has(key)).map(([key, name]) => [name, key]),
  );
  return remembered.map((one) => {
    const same = names.has(one.service) ? one.service : undefined;
    const service = successors.get(one.service) ?? same ?? byName.get(one.name) ?? one.service;
    return { ...one, service, name: names.get(service) ?? one.name };
  });
}

/** The administrative states of a list of services. */
export function adminStates(services: readonly ServiceState[]): readonly RememberedServer[] {
  return services.flatMap(({ key, name, servers }) =>
    servers.flatMap(({ key: server, admin }) =>
      admin ? [{ service: key, name, server, admin }] : [],
    ),
  );
}

function withoutPresent(
  remembered: readonly RememberedServer[],
  services: readonly ServiceState[],
): readonly RememberedServer[] {
  const present = new Set(
    services.flatMap(({ key, servers }) => servers.map((server) => `${key} ${server.key}`)),
  );
  return remembered.filter(({ service, server }) => !present.has(`${service} ${server}`));
}

/**
 * A service at the start of the monitor. A server that serves now is assumed to be up and needs
 * `fall` failures to go, or one failure where the sorry server is in as well: then the monitor died
 * in the middle of a change. A server that is missing from a table that others are in is assumed to
 * be down and needs `rise` passes. In a new or empty service the first result decides, and in one
 * that an earlier file left.
 */
export function adopt(
  spec: DesiredService,
  actual: VirtualServer | undefined,
  adminOf: AdminOf,
  now: number,
  isOrphan = false,
): ServiceState {
  const inUse = !isOrphan && actual !== undefined && actual.destinations.length > 0;
  const absent = inUse ? assumed(false) : unknown(false);
  const byKey = destinationsByKey(actual);
  // whether the quorum is reached is reported with the next step
  return applyMinUp({
    ...identity(spec),
    firstResultsBy: now + firstResultsMs(spec),
    heldUntil: now,
    up: inUse ? wasUp(spec, byKey) : undefined,
    servers: spec.destinations.map((one) => found(spec, one, byKey, absent, adminOf, now)),
  });
}

/**
 * A service after a reload: servers and checks that stayed keep what is known of them. Of new ones
 * the first result decides; until then they are in when they are in the table.
 */
export function carryOver(
  spec: DesiredService,
  old: ServiceState,
  actual: VirtualServer | undefined,
  adminOf: AdminOf,
  now: number,
): ServiceState {
  const known = new Map(old.servers.map((server) => [server.key, server]));
  const byKey = destinationsByKey(actual);
  const slowStartMs = old.spec.source.health.slow_start * 1000;
  const next: ServiceState = {
    ...identity(spec),
    firstResultsBy: old.firstResultsBy,
    heldUntil: now + firstResultsMs(spec),
    sorryActive: spec.sorry && old.sorryActive,
    standby: old.standby,
    // under another identity it is reported anew: its VIP may be another one
    up: old.key === serviceKey(spec.service.id) ? old.up : undefined,
    servers: spec.destinations.map((destination) => {
      const before = known.get(serverKey(destination));
      return before
        ? kept(spec, destination, before, slowStartMs, now)
        : found(spec, destination, byKey, unknown(false), adminOf, now);
    }),
  };
  if (next.up === undefined) return applyMinUp(next);
  const recomputed = recompute(next, now);
  // only where this file brought it below its quorum
  const isHeld = applyQuorum({ ...recomputed, heldUntil: now }, now).up !== recomputed.up;
  return isHeld ? recomputed : { ...recomputed, heldUntil: now };
}

/** Whether a service was up that is in the table; undefined where its sorry server is in as well. */
function wasUp(
  { destinations, sorry }: DesiredService,
  actual: ReadonlyMap<ServerKey, Destination>,
): boolean | undefined {
  const serves = destinations.some((one) => (actual.get(serverKey(one))?.weight ?? 0) > 0);
  const hasSorry = sorry !== undefined && actual.has(serverKey(sorry));
  return serves && hasSorry ? undefined : serves;
}

function identity(
  spec: DesiredService,
): Omit<ServiceState, 'servers' | 'firstResultsBy' | 'heldUntil' | 'up'> {
  return {
    key: serviceKey(spec.service.id),
    name: spec.source.name,
    spec,
    sorryActive: undefined,
    standby: false,
  };
}

/** A check begins within its jitter; one that was held up gets its time limit once more. */
export function firstResultsMs({ checks }: DesiredService): number {
  const times = [...new Set(checks.values())]
    .flat()
    .map(({ interval, jitter, timeout }) => interval * jitter + 2 * timeout);
  return Math.max(0, ...times) * 1000 + START_SLACK_MS;
}

/** A server that both files have. */
function kept(
  spec: DesiredService,
  destination: Destination,
  before: ServerState,
  slowStartMs: number,
  now: number,
): ServerState {
  const known = new Map(before.checks.map((check) => [check.key, check]));
  const start = isUnknown(before) ? unknown(false) : assumed(before.up);
  const checks = checksOf(spec, before.key, start).map((check) => known.get(check.key) ?? check);
  const up = combined(checks, spec.source.health.combine);
  // a slow start that is over does not begin again when the file makes slow starts longer
  const ramps = before.rampSince !== undefined && now - before.rampSince < slowStartMs;
  const next = {
    ...before,
    spec: destination,
    checks,
    reported: effectiveWeight({ spec: destination, checks }),
  };
  if (up === before.up) return { ...next, rampSince: ramps ? before.rampSince : undefined };
  return { ...next, up, since: now, rampSince: up && !before.forcedUp ? now : undefined };
}

function destinationsByKey(actual: VirtualServer | undefined): Map<ServerKey, Destination> {
  return new Map((actual?.destinations ?? []).map((one) => [serverKey(one), one]));
}
