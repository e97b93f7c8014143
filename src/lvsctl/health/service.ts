// What is known of one virtual service: health, administration and who stays in although it fails.
// Pure steps from state to state.
import type { Health } from '../config/file.js';
import type { WantedService } from '../config/wanted.js';
import { type CheckState, isChanging, observe } from './observe.js';

export type AdminState = 'disabled' | 'drained';

/** What an administrator said of a server; wins over health. */
export interface Admin {
  readonly state: AdminState;
  readonly reason: string;
  /** ISO 8601 */
  readonly since: string;
}

export interface ServerState {
  /** in the order of the service's checks */
  readonly checks: readonly CheckState[];
  /** what the checks say together */
  readonly up: boolean;
  /** clock milliseconds of the last change of `up` */
  readonly since: number;
  /** fails, but stays in because too few others are left (`min_up`) */
  readonly held: boolean;
  readonly admin: Admin | undefined;
  /** clock milliseconds at which it returned, where a slow start follows */
  readonly rampFrom: number | undefined;
}

export interface ServiceState {
  readonly wanted: WantedService;
  /** in the order of `wanted.destinations` */
  readonly servers: readonly ServerState[];
}

/** How a server stands in the table: with its weight, with weight 0, or not at all. */
export type Role = 'in' | 'quiesced' | 'out';

/** All checks or any of them, as the file says; a server without checks is up. */
export function combined(checks: readonly CheckState[], combine: Health['combine']): boolean {
  if (checks.length === 0) return true;
  return combine === 'all' ? checks.every(({ up }) => up) : checks.some(({ up }) => up);
}

/** The service after one result of check `check` of server `server`. */
export function withResult(
  service: ServiceState,
  server: number,
  check: number,
  passed: boolean,
  now: number,
): ServiceState {
  const { checks: limits, health } = service.wanted.source;
  const known = service.servers[server]?.checks[check];
  if (known && known.up === passed && !isChanging(known)) return service;
  return withServer(service, server, (old) => {
    const limit = limits[check];
    const checks = old.checks.map((state, i) =>
      i === check && limit ? observe(state, passed, limit) : state,
    );
    const up = combined(checks, health.combine);
    if (up === old.up) return { ...old, checks };
    const first = old.checks.some(({ unproven }) => unproven);
    const ramps = up && !first && !old.held;
    return { ...old, checks, up, since: now, rampFrom: ramps ? now : undefined };
  });
}

/** The service after an administrator spoke; undefined enables the server again. */
export function withAdmin(
  service: ServiceState,
  server: number,
  admin: Admin | undefined,
  now: number,
): ServiceState {
  if (service.servers[server]?.admin === admin) return service;
  return withServer(service, server, (old) => ({
    ...old,
    admin,
    rampFrom: old.admin && !admin && old.up ? now : undefined,
  }));
}

function withServer(
  service: ServiceState,
  server: number,
  change: (old: ServerState) => ServerState,
): ServiceState {
  return settle({
    ...service,
    servers: service.servers.map((state, i) => (i === server ? change(state) : state)),
  });
}

/**
 * Chooses who stays in although it fails, so that `min_up` of the file's servers are in where
 * administration leaves as many.
 */
export function settle(service: ServiceState): ServiceState {
  const { servers, wanted } = service;
  const counts = (i: number) => (wanted.destinations[i]?.weight ?? 0) > 0;
  const share = wanted.source.health.min_up * servers.filter((_, i) => counts(i)).length;
  const eligible = servers.filter(
    (server, i) => counts(i) && server.admin === undefined && !isUnproven(server),
  );
  const down = eligible.filter((server) => !server.up);
  // 0.1 * 30 is more than 3 in floating point
  const missing = Math.max(0, Math.ceil(share - 1e-9) - (eligible.length - down.length));
  if (missing === 0 && servers.every(({ held }) => !held)) return service;
  // Who failed last stays: it was in until now, and of those held the oldest failure leaves first.
  const held = new Set(
    down.sort((a, b) => Number(b.held) - Number(a.held) || b.since - a.since).slice(0, missing),
  );
  return { ...service, servers: servers.map((server) => ({ ...server, held: held.has(server) })) };
}

/** Whether no verdict on the server exists yet. */
export function isUnproven(server: ServerState): boolean {
  return !server.up && server.checks.some(({ unproven }) => unproven);
}

/** Administration first, then health. */
export function roleOf(server: ServerState, failed: Health['failed']): Role {
  if (server.admin?.state === 'drained') return 'quiesced';
  const out = failed === 'quiesce' ? 'quiesced' : 'out';
  if (server.admin) return out;
  if (server.up || server.held) return 'in';
  return isUnproven(server) ? 'out' : out;
}
