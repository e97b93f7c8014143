// What `lvsctl monitor status` shows, as plain data: the JSON that goes over the socket.
import type { DestinationEntry } from '../../model/destination.js';
import { type ServerKey, type ServiceKey, serverKey } from '../../model/table.js';
import { labelOf } from './checks/spec.js';
import { upWeight } from './state/quorum.js';
import { isUnknown } from './state/service.js';
import { checkName, type ServerState, type ServiceState } from './state/state.js';
import { awaitsResults, desiredServer, needsSorry } from './table/desired.js';

/**
 * `held`: its checks pass but it stays out, see damping. `forced-up`: its checks fail but it stays
 * in, see min_up. `checking`: no result yet.
 */
export const SERVER_STATES = [
  'up',
  'down',
  'held',
  'forced-up',
  'checking',
  'disabled',
  'drained',
] as const;

export interface CheckStatus {
  /** `http /health` */
  readonly check: string;
  readonly up: boolean;
  /** results in a row that contradict `up` */
  readonly streak: number;
  /** why the last one did not pass */
  readonly error: string | null;
}

export interface ServerStatus {
  readonly server: ServerKey;
  /** the file's name of it; null = none */
  readonly name: string | null;
  readonly state: (typeof SERVER_STATES)[number];
  /** ISO 8601, of the last change of health or of the administrative state */
  readonly since: string;
  /** the administrator's reason, login name, and the end of the state */
  readonly reason: string | null;
  readonly by: string | null;
  readonly until: string | null;
  /** after its last failures it stays out until then, as long as others can do without it */
  readonly held_until: string | null;
  /** of the last failure, with its check; kept after the return */
  readonly last_error: string | null;
  /** of the last check; of several the slowest */
  readonly latency_ms: number | null;
  /** the file's weight, what it should be now, and what it is; null = not in the table */
  readonly weight: number;
  readonly weight_desired: number | null;
  readonly weight_actual: number | null;
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
  readonly checks: readonly CheckStatus[];
}

export interface SorryStatus {
  readonly server: ServerKey;
  readonly desired: boolean;
  readonly actual: boolean;
}

/** In the table, and left alone, since the file does not name it. */
export interface UnmanagedStatus {
  readonly server: ServerKey;
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
}

export interface ServiceStatus {
  readonly name: string;
  readonly service: ServiceKey;
  /** whether its servers reach the quorum; null = not known yet */
  readonly up: boolean | null;
  /** its VIP is not on this machine, and nothing is checked: the rest is as it was then */
  readonly standby: boolean;
  /** the sum of the weights of the servers that are in, and what it must be */
  readonly weight_up: number;
  readonly quorum: number;
  readonly hysteresis: number;
  readonly servers: readonly ServerStatus[];
  readonly sorry: SorryStatus | null;
  readonly unmanaged: readonly UnmanagedStatus[];
}

export interface Status {
  readonly version: 1;
  readonly file: string;
  readonly pid: number;
  readonly started: string;
  /** whether persistence templates of weight-0 servers expire: sysctl expire_quiescent_template */
  readonly templates_expire: boolean;
  /** why the table cannot be read or written at the moment */
  readonly error: string | null;
  readonly services: readonly ServiceStatus[];
}

/**
 * The part of one service.
 * @param live as the table has it
 * @param moment clock milliseconds for weights
 * @param at the time of day of clock milliseconds
 * @param latencies of the last probes, by the names of their checks; those in the state may be older
 */
export function serviceStatus(
  service: ServiceState,
  live: readonly DestinationEntry[],
  moment: number,
  at: (clockMs: number) => Date,
  latencies: ReadonlyMap<string, number> = new Map(),
): ServiceStatus {
  const { name, key, spec } = service;
  const entries = new Map(live.map((entry) => [serverKey(entry.destination), entry]));
  const servers = service.servers.map((server) =>
    serverStatus(service, server, entries.get(server.key), moment, at, latencies),
  );
  const sorry = spec.sorry && serverKey(spec.sorry);
  const named = new Set([...service.servers.map((server) => server.key), sorry]);
  const desired = service.servers.map(
    (server) => desiredServer(service, server, moment).destination,
  );
  return {
    name,
    service: key,
    up: service.up ?? null,
    standby: service.standby,
    weight_up: upWeight(service),
    quorum: spec.source.health.quorum,
    hysteresis: spec.source.health.hysteresis,
    servers,
    sorry:
      sorry === undefined
        ? null
        : {
            server: sorry,
            desired: needsSorry(desired) && !awaitsResults(service, moment),
            actual: entries.has(sorry),
          },
    unmanaged: [...entries]
      .filter(([server]) => !named.has(server))
      .map(([server, { destination, activeConnections, inactiveConnections }]) => ({
        server,
        weight: destination.weight,
        active: activeConnections,
        inactive: inactiveConnections,
      })),
  };
}

function serverStatus(
  service: ServiceState,
  server: ServerState,
  entry: DestinationEntry | undefined,
  moment: number,
  at: (clockMs: number) => Date,
  known: ReadonlyMap<string, number>,
): ServerStatus {
  const { admin, checks } = server;
  const latencies = checks.flatMap(({ key: check, last }) => {
    const name = checkName({ service: service.key, server: server.key, check });
    return last ? [known.get(name) ?? last.latencyMs] : [];
  });
  return {
    server: server.key,
    name: service.spec.serverNames.get(server.key) ?? null,
    state: stateOf(server),
    since: admin?.since ?? at(server.since).toISOString(),
    reason: admin?.reason || null,
    by: admin?.by || null,
    until: admin?.until ?? null,
    held_until: server.heldUntil === undefined ? null : at(server.heldUntil).toISOString(),
    last_error: server.lastError ?? null,
    latency_ms: latencies.length > 0 ? Math.round(Math.max(...latencies) * 10) / 10 : null,
    weight: server.spec.weight,
    weight_desired: desiredServer(service, server, moment).destination?.weight ?? null,
    weight_actual: entry?.destination.weight ?? null,
    active: entry?.activeConnections ?? 0,
    inactive: entry?.inactiveConnections ?? 0,
    persistent: entry?.persistentConnections ?? 0,
    checks: checks.map(({ spec, up, streak, last }) => ({
      check: labelOf(spec),
      up,
      streak,
      error: last?.reason ?? null,
    })),
  };
}

function stateOf(server: ServerState): ServerStatus['state'] {
  if (server.admin) return server.admin.state;
  if (server.up) return server.held ? 'held' : 'up';
  if (server.forcedUp) return 'forced-up';
  return isUnknown(server) ? 'checking' : 'down';
}

/**
 * Exit status of `monitor status` and `--once`, as `statuses.ts` has it: 0 all servers are as they
 * should be, 1 one is not, 3 a service has no server of its own in the table that gets new
 * connections. A server that an administrator took out should be out; of a service in standby
 * nothing is known.
 */
export function exitStatusOf(services: readonly ServiceStatus[]): number {
  const active = services.filter(({ standby }) => !standby);
  if (active.some(({ servers }) => !servers.some(({ weight_actual: one }) => (one ?? 0) > 0)))
    return 3;
  return active.every(({ servers }) => servers.every(isAsExpected)) ? 0 : 1;
}

function isAsExpected({
  state,
  weight_desired: desired,
  weight_actual: actual,
}: ServerStatus): boolean {
  return (state === 'up' || isByAdmin(state)) && desired === actual;
}

/** Whether an administrator took the server out. */
export function isByAdmin(state: ServerStatus['state']): boolean {
  return state === 'disabled' || state === 'drained';
}
