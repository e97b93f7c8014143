// What `lvsctl monitor status` tells, as plain data: the JSON that goes over the socket.
import type { Destination, DestinationEntry } from '../../model/destination.js';
import { renderId } from '../config/wanted.js';
import { formatServer } from '../plan/diff.js';
import { labelOf } from './question.js';
import { isUnproven, type ServerState, type ServiceState } from './service.js';
import { needsSorry } from './target.js';

/** `held`: fails but stays in, see min_up. `checking`: no verdict yet. */
export const STANDINGS = ['up', 'down', 'held', 'checking', 'disabled', 'drained'] as const;
export type Standing = (typeof STANDINGS)[number];

/** The last result of a check. */
export interface Reading {
  readonly latencyMs: number;
  /** why it failed, undefined when it passed */
  readonly error: string | undefined;
}

export interface ServerStatus {
  readonly server: string;
  readonly state: Standing;
  /** ISO 8601, of the last change of health or administration */
  readonly since: string;
  /** the administrator's reason */
  readonly reason: string | null;
  /** of the last failure, with its check; kept after the return */
  readonly lastError: string | null;
  /** of the last check; of several the slowest */
  readonly latencyMs: number | null;
  /** the file's weight, what it should be now, and what it is; null = not in the table */
  readonly weight: number;
  readonly weightWanted: number | null;
  readonly weightActual: number | null;
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
  readonly checks: readonly {
    readonly check: string;
    readonly up: boolean;
    readonly streak: number;
    readonly error: string | null;
  }[];
}

export interface ServiceStatus {
  readonly name: string;
  readonly id: string;
  readonly servers: readonly ServerStatus[];
  readonly sorry: {
    readonly server: string;
    readonly wanted: boolean;
    readonly actual: boolean;
  } | null;
  /** in the table, and left alone, for the file does not name them */
  readonly others: readonly {
    readonly server: string;
    readonly weight: number;
    readonly active: number;
    readonly inactive: number;
  }[];
}

export interface Status {
  readonly version: 1;
  readonly file: string;
  readonly pid: number;
  readonly started: string;
  /** whether persistence templates of weight-0 servers expire: sysctl expire_quiescent_template */
  readonly templatesExpire: boolean;
  /** why the table cannot be read or written at the moment */
  readonly trouble: string | null;
  readonly services: readonly ServiceStatus[];
}

export interface Circumstances {
  /** at the start, before the first results: the sorry server is not to be in yet */
  readonly awaitsResults: boolean;
  readonly targets: readonly (Destination | undefined)[];
  readonly live: readonly DestinationEntry[];
  readonly reading: (server: string) => readonly (Reading | undefined)[];
  readonly lastError: (server: string) => string | undefined;
  readonly at: (clockMs: number) => Date;
}

/** The part of one service. */
export function serviceStatus(
  service: ServiceState,
  { awaitsResults, targets, live, reading, lastError, at }: Circumstances,
): ServiceStatus {
  const { wanted } = service;
  const entries = new Map(live.map((entry) => [formatServer(entry.destination), entry]));
  const { sorry } = wanted;
  const named = new Set([...wanted.destinations, ...(sorry ? [sorry] : [])].map(formatServer));
  return {
    name: wanted.source.name,
    id: renderId(wanted.service.id),
    servers: wanted.destinations.map((destination, i) => {
      const key = formatServer(destination);
      const server = service.servers[i];
      const entry = entries.get(key);
      const readings = reading(key);
      const latencies = readings.flatMap((each) => (each ? [each.latencyMs] : []));
      return {
        server: key,
        state: server ? standingOf(server) : 'checking',
        since: server?.admin?.since ?? at(server?.since ?? 0).toISOString(),
        reason: server?.admin?.reason || null,
        lastError: lastError(key) ?? null,
        latencyMs: latencies.length > 0 ? Math.round(Math.max(...latencies) * 10) / 10 : null,
        weight: destination.weight,
        weightWanted: targets[i]?.weight ?? null,
        weightActual: entry?.destination.weight ?? null,
        active: entry?.activeConnections ?? 0,
        inactive: entry?.inactiveConnections ?? 0,
        persistent: entry?.persistentConnections ?? 0,
        checks: wanted.source.checks.map((check, n) => ({
          check: labelOf(check),
          up: server?.checks[n]?.up ?? false,
          streak: server?.checks[n]?.streak ?? 0,
          error: readings[n]?.error ?? null,
        })),
      };
    }),
    sorry: sorry
      ? {
          server: formatServer(sorry),
          wanted: needsSorry(targets) && !awaitsResults,
          actual: entries.has(formatServer(sorry)),
        }
      : null,
    others: [...entries]
      .filter(([server]) => !named.has(server))
      .map(
        ([server, { destination, activeConnections: active, inactiveConnections: inactive }]) => ({
          server,
          weight: destination.weight,
          active,
          inactive,
        }),
      ),
  };
}

function standingOf(server: ServerState): Standing {
  if (server.admin) return server.admin.state;
  if (server.up) return 'up';
  if (server.held) return 'held';
  return isUnproven(server) ? 'checking' : 'down';
}

/**
 * Exit status of `monitor status` and `--once`, as `statuses.ts` has it: 0 all servers are as they
 * are meant to be, 1 one is not, 3 a service has no server of its own in the table that gets new
 * connections. A server that an administrator took out is meant to be out.
 */
export function exitStatusOf(services: readonly ServiceStatus[]): number {
  if (services.some(({ servers }) => !servers.some(({ weightActual }) => (weightActual ?? 0) > 0)))
    return 3;
  return services.every(({ servers }) => servers.every(isAsMeant)) ? 0 : 1;
}

function isAsMeant({ state, weightWanted, weightActual }: ServerStatus): boolean {
  return (state === 'up' || isByAdmin(state)) && weightWanted === weightActual;
}

/** Whether an administrator took the server out. */
export function isByAdmin(state: Standing): boolean {
  return state === 'disabled' || state === 'drained';
}
