// Desired table and actual table -> changes: what comes before what goes.
import type { Change } from '../../../model/change.js';
import type { Destination } from '../../../model/destination.js';
import { diffServices } from '../../../model/diff.js';
import type { Service } from '../../../model/service.js';
import {
  type ServerKey,
  type ServiceKey,
  serverKey,
  type Table,
  type VirtualServer,
} from '../../../model/table.js';
import type { Orphans } from '../state/orphans.js';
import { type DesiredTable, type DesiredVirtualServer, needsSorry } from './desired.js';
import { type Decision, isTolerated, NO_DRIFT, type ToleratedDrift } from './drift.js';
import { keepingLast } from './last.js';

/** The changes of one service. */
export interface ServicePlan {
  readonly key: ServiceKey;
  readonly target: VirtualServer;
  readonly additions: readonly Change[];
  /** only when the service is served after the additions */
  readonly removals: readonly Change[];
}

/** The changes of every service that is not left alone altogether. */
export function reconcile(
  { services }: DesiredTable,
  actual: Table,
  tolerated: ToleratedDrift,
): readonly ServicePlan[] {
  return services.flatMap((desired) => {
    const { key } = desired;
    const live = actual.get(key);
    return tolerated.services.has(key) || tolerated.servers.has(key)
      ? planOf(desired, live, tolerated)
      : lastPlan(desired, live);
  });
}

const lastPlan = keepingLast((desired: DesiredVirtualServer, live: VirtualServer | undefined) =>
  planOf(desired, live, NO_DRIFT),
);

/** None where the whole service is left alone. */
function planOf(
  desired: DesiredVirtualServer,
  live: VirtualServer | undefined,
  tolerated: ToleratedDrift,
): readonly ServicePlan[] {
  const target = targetOf(desired, live, tolerated);
  if (target === undefined) return [];
  const removable = removableFrom(desired, target);
  return [{ key: desired.key, target, ...diffServices(live, target, { removable }) }];
}

/** Which servers may be removed: ours, orphans unless they are still needed, the sorry server. */
function removableFrom(
  { spec, servers, orphans, waits }: DesiredVirtualServer,
  target: VirtualServer,
): (server: ServerKey) => boolean {
  const desiredKeys = new Set(target.destinations.map(serverKey));
  const sorry = spec.sorry && serverKey(spec.sorry);
  return (server) =>
    !desiredKeys.has(server) &&
    (servers.has(server) || server === sorry || (orphans.has(server) && !waits));
}

/**
 * The service with what is tolerated in it; undefined = leave the whole service alone.
 */
function targetOf(
  desired: DesiredVirtualServer,
  live: VirtualServer | undefined,
  tolerated: ToleratedDrift,
): VirtualServer | undefined {
  const { key, spec, servers, orphans, waits } = desired;
  if (tolerated.services.has(key) && live === undefined) return undefined;
  const tolerate = tolerance(desired, live, tolerated);
  const targets = [...servers].map(([server, { destination }]) => tolerate(server, destination));
  const kept = waits ? (live?.destinations ?? []).filter((one) => orphans.has(serverKey(one))) : [];
  const { sorry } = spec;
  const needed = needsSorry([...targets, ...kept]);
  const last =
    sorry && tolerate(serverKey(sorry), sorryNeeded(desired, live, needed) ? sorry : undefined);
  const service: Service = tolerated.services.get(key) ?? spec.service;
  return {
    service,
    destinations: [...targets, last].filter((one): one is Destination => one !== undefined),
  };
}

/** Before the first results the sorry server stays as it is. */
function sorryNeeded(
  { spec: { sorry }, awaitsResults }: DesiredVirtualServer,
  live: VirtualServer | undefined,
  needed: boolean,
): boolean {
  if (!awaitsResults || !needed) return needed;
  const key = sorry && serverKey(sorry);
  return live?.destinations.some((one) => serverKey(one) === key) === true;
}

/** What others made of a server counts as long as our decision about it is the same. */
function tolerance(
  desired: DesiredVirtualServer,
  live: VirtualServer | undefined,
  tolerated: ToleratedDrift,
): (server: ServerKey, target: Destination | undefined) => Destination | undefined {
  const theirs = tolerated.servers.get(desired.key);
  if (theirs === undefined) return (_, target) => target;
  const decisions = decisionsOf(desired, live);
  return (server, target) => {
    const one = theirs.get(server);
    return one && isTolerated(one, decisions.get(server)) ? one.theirs : target;
  };
}

/** What is decided about each server, the sorry server among them. */
export function decisionsOf(
  { spec, servers }: DesiredVirtualServer,
  live: VirtualServer | undefined,
): ReadonlyMap<ServerKey, Decision & { readonly byAdmin: boolean }> {
  const decisions = new Map<ServerKey, Decision & { readonly byAdmin: boolean }>(servers);
  if (spec.sorry) {
    const others = (live?.destinations ?? []).filter((one) => servers.has(serverKey(one)));
    const role = needsSorry(others) ? 'in' : 'out';
    decisions.set(serverKey(spec.sorry), { role, byAdmin: false, spec: spec.sorry });
  }
  return decisions;
}

/** Whether one of those that should serve does, or none should. */
export function isServed(
  { key, target }: Pick<ServicePlan, 'key' | 'target'>,
  table: Table,
): boolean {
  const serving = target.destinations.filter(({ weight }) => weight > 0).map(serverKey);
  const now = new Map(table.get(key)?.destinations.map((one) => [serverKey(one), one.weight]));
  return serving.length === 0 || serving.some((server) => (now.get(server) ?? 0) > 0);
}

/**
 * Services that earlier files left, unless the service that goes on from one is not served.
 * @param unserved services whose removals had to wait
 */
export function orphansToRemove(
  orphans: Orphans['services'],
  keys: ReadonlySet<ServiceKey>,
  unserved: ReadonlySet<ServiceKey>,
): readonly ServiceKey[] {
  return [...orphans]
    .filter(([key, { successor }]) => keys.has(key) && !unserved.has(successor ?? ''))
    .map(([key]) => key);
}
