// Damping of servers that flap: one that went down several times in a short time stays out until it
// has passed its checks for some time, as long as others can do without it.
import type { Health } from '../../config/file.js';
import { mayServe, upWeight } from './quorum.js';
import { mapped, type ServerState, type ServiceState } from './state.js';
import { effectiveWeight } from './weight.js';

/** What is remembered of the failures of a server. */
export type Failures = Pick<ServerState, 'downs' | 'heldUntil'>;

/** Nothing is remembered. */
export const NO_FAILURES: Failures = { downs: [], heldUntil: undefined };

/**
 * After a server went down once more: the last failure of as many as `damping` has, or one while it
 * is held, begins a hold.
 * @param now clock milliseconds
 */
export function withDown(
  { downs, heldUntil }: Failures,
  damping: Health['damping'],
  now: number,
): Failures {
  if (damping === undefined) return NO_FAILURES;
  const recent = [...downs.filter((at) => now - at < damping.within * 1000), now].slice(
    -damping.downs,
  );
  const holds = recent.length >= damping.downs || (heldUntil !== undefined && now < heldUntil);
  return { downs: recent, heldUntil: holds ? now + damping.hold * 1000 : undefined };
}

/** Whether it is time to compute the holds of a service again. */
export function hasHolds({ servers }: Pick<ServiceState, 'servers'>): boolean {
  return servers.some(({ held, heldUntil }) => held || heldUntil !== undefined);
}

/**
 * The service with its holds: never the last server, nor one that `min_up` or the quorum needs. Of
 * several those whose failure is the latest are held first.
 */
export function applyHolds(service: ServiceState, now: number): ServiceState {
  if (!hasHolds(service)) return service;
  const held = heldIn(service, now);
  const servers = mapped(service.servers, (server) => {
    const isOver = server.heldUntil === undefined || now >= server.heldUntil;
    const heldUntil = isOver ? undefined : server.heldUntil;
    if (server.held === held.has(server))
      return server.heldUntil === heldUntil ? server : { ...server, heldUntil };
    if (!server.held) return { ...server, held: true, rampSince: undefined };
    // one that is needed back before its time does not begin slowly
    const rampSince = isOver && server.up ? now : undefined;
    return { ...server, held: false, heldUntil, rampSince };
  });
  return servers === service.servers ? service : { ...service, servers };
}

function heldIn(service: ServiceState, now: number): ReadonlySet<ServerState> {
  const { damping, min_up: share, quorum, hysteresis } = service.spec.source.health;
  const held = new Set<ServerState>();
  if (damping === undefined) return held;
  const free = service.servers.map((server) => (server.held ? { ...server, held: false } : server));
  const serving = free.filter((server) => mayServe(server) && effectiveWeight(server) > 0);
  const counting = service.servers.filter(({ spec }) => spec.weight > 0).length;
  const least = Math.max(1, Math.ceil(share * counting - 1e-9));
  // a service that is down comes back as soon as it could
  const leastWeight = service.up === true ? quorum : quorum + hysteresis;
  let [count, weight] = [serving.length, upWeight({ servers: free })];
  const candidates = service.servers
    .filter(
      (server) =>
        server.up &&
        server.admin === undefined &&
        !server.forcedUp &&
        effectiveWeight(server) > 0 &&
        server.heldUntil !== undefined &&
        now < server.heldUntil,
    )
    .sort((a, b) => (b.heldUntil ?? 0) - (a.heldUntil ?? 0));
  for (const server of candidates) {
    const less = weight - effectiveWeight(server);
    if (count <= least || less < leastWeight) continue;
    held.add(server);
    [count, weight] = [count - 1, less];
  }
  return held;
}
