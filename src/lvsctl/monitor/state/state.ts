// Everything that the monitor knows, as one read-only value. `reduce` makes the next one.
import type { Destination } from '../../../model/destination.js';
import type { ServerKey, ServiceKey, Table } from '../../../model/table.js';
import type { Check } from '../../config/checks.js';
import type { DesiredService } from '../../config/desired.js';
import type { Config } from '../../config/file.js';
import type { ToleratedDrift } from '../table/drift.js';
import type { Orphans } from './orphans.js';

export interface MonitorState {
  readonly config: Config;
  /** in the file's order */
  readonly services: readonly ServiceState[];
  /** what earlier files put into the table and the present one does not have */
  readonly orphans: Orphans;
  /** administrative states of servers that the present file does not have */
  readonly remembered: readonly RememberedServer[];
  /** changes of others that `drift: ignore` leaves in the table */
  readonly tolerated: ToleratedDrift;
  /** what the last write left; undefined = unknown */
  readonly applied: Applied | undefined;
  /** servers in the table that nothing names, and that were reported */
  readonly unmanaged: ReadonlySet<string>;
  /** changes that the kernel refused in the last write, and that were reported */
  readonly refused: ReadonlySet<string>;
  /** addresses of this machine, where services may be paused: see standby.ts */
  readonly local: ReadonlySet<string> | undefined;
  /** errors of checks (ours, not the server's), with the number of checks that have them now */
  readonly errors: ReadonlyMap<string, number>;
}

/** What a write left in the table. */
export interface Applied {
  /** the services of the file then: what happened to others before is no drift */
  readonly services: ReadonlySet<ServiceKey>;
  readonly table: Table;
}

/** One virtual service, known by what the kernel knows it by. */
export interface ServiceState {
  readonly key: ServiceKey;
  readonly name: string;
  readonly spec: DesiredService;
  /** in the file's order */
  readonly servers: readonly ServerState[];
  /**
   * clock milliseconds until which first results are waited for: the sorry server stays out
   * in between, since `sorry-up` means that all servers are down
   */
  readonly firstResultsBy: number;
  /**
   * whether the servers that are in reach the quorum: below it none of them serves; undefined = not
   * known yet
   */
  readonly up: boolean | undefined;
  /**
   * clock milliseconds until which it stays up below its quorum, because a reload brought servers
   * that have no result yet in the place of others
   */
  readonly heldUntil: number;
  /** whether the sorry server was in the table after the last write; undefined = not yet seen */
  readonly sorryActive: boolean | undefined;
  /** its VIP is on another machine, and nothing is checked: `pause_on_standby` */
  readonly standby: boolean;
}

export interface ServerState {
  readonly key: ServerKey;
  readonly spec: Destination;
  readonly checks: readonly CheckState[];
  /** the combined result of the checks */
  readonly up: boolean;
  /** clock milliseconds of the last change of `up` */
  readonly since: number;
  /** its checks fail, but it stays in because too few others are left (`min_up`) */
  readonly forcedUp: boolean;
  /** nothing is known of it, and it is in as the file has it: see standby.ts */
  readonly assumed: boolean;
  /** clock milliseconds at which it went down, the latest that `damping` counts */
  readonly downs: readonly number[];
  /** clock milliseconds until which it stays out, also when it is up: see damping.ts */
  readonly heldUntil: number | undefined;
  /** it is up and out for that reason */
  readonly held: boolean;
  readonly admin: AdminState | undefined;
  /** clock milliseconds at which it came back, where a slow start follows */
  readonly rampSince: number | undefined;
  /** its weight as it was last reported, see weight.ts */
  readonly reported: number;
  /** the last failure with its check, kept after the return: `http /health: status 500` */
  readonly lastError: string | undefined;
}

/** One check of one server. */
export interface CheckState {
  /** identifies it among the server's checks, also those of another file */
  readonly key: string;
  readonly spec: Check;
  readonly up: boolean;
  /** results in a row that contradict `up` */
  readonly streak: number;
  /** there was no result yet: the first one decides */
  readonly unknown: boolean;
  /** the weight that its last pass gave; undefined = none */
  readonly weight: number | undefined;
  readonly last: CheckResult | undefined;
}

/** `error`: the check could not be made, which shows nothing about the server. */
export interface CheckResult {
  readonly outcome: 'pass' | 'fail' | 'error';
  /** why it did not pass */
  readonly reason?: string;
  /** 0..65535: the weight that a passed check asks for, where it reads one */
  readonly weight?: number;
  readonly latencyMs: number;
}

export const ADMIN_STATES = ['disabled', 'drained'] as const;

/** What an administrator set for a server; it wins over health. */
export interface AdminState {
  readonly state: (typeof ADMIN_STATES)[number];
  readonly reason: string;
  /** login name; empty when it is not known */
  readonly by: string;
  /** ISO 8601 */
  readonly since: string;
  /** ISO 8601; undefined = until it is enabled */
  readonly until: string | undefined;
}

/** Which check of which server; the file may be another one when the result comes. */
export interface CheckId {
  readonly service: ServiceKey;
  readonly server: ServerKey;
  readonly check: string;
  /** where it was among services, servers and checks, which saves the search for it */
  readonly place?: readonly [service: number, server: number, check: number];
}

/** A server of a service. */
export interface ServerId {
  readonly service: ServiceKey;
  readonly server: ServerKey;
}

export interface RememberedServer extends ServerId {
  /** the service's name when it was set */
  readonly name: string;
  readonly admin: AdminState;
}

/** The name of a check among all of them. */
export function checkName({ service, server, check }: Omit<CheckId, 'place'>): string {
  return `${service} ${server} ${check}`;
}

/** A check; undefined = the file has it no longer. */
export function findCheck(
  services: readonly ServiceState[],
  { service, server, check, place: [at, i, n] = [-1, -1, -1] }: CheckId,
): CheckState | undefined {
  const found = keyed(keyed(services, service, at)?.servers, server, i);
  return keyed(found?.checks, check, n);
}

/** @param at where it probably is */
function keyed<T extends { readonly key: string }>(
  list: readonly T[] | undefined,
  key: string,
  at: number,
): T | undefined {
  const likely = list?.[at];
  return likely?.key === key ? likely : list?.find((one) => one.key === key);
}

/** The services with one of them changed by `change`; the same list when nothing changed. */
export function withService(
  services: readonly ServiceState[],
  key: ServiceKey,
  change: (service: ServiceState) => ServiceState,
): readonly ServiceState[] {
  return replaced(services, (one) => one.key === key, change);
}

/** The service with one of its servers changed by `change`; the same when nothing changed. */
export function withServer(
  service: ServiceState,
  key: ServerKey,
  change: (server: ServerState) => ServerState,
): ServiceState {
  const servers = replaced(service.servers, (one) => one.key === key, change);
  return servers === service.servers ? service : { ...service, servers };
}

/** The list with the first matching element changed; the same list when it did not change. */
export function replaced<T>(
  list: readonly T[],
  matches: (one: T) => boolean,
  change: (one: T) => T,
): readonly T[] {
  const at = list.findIndex(matches);
  const old = list[at];
  if (old === undefined) return list;
  const next = change(old);
  return next === old ? list : list.with(at, next);
}

/** The list with every element changed; the same list when none did. */
export function mapped<T>(list: readonly T[], change: (one: T) => T): readonly T[] {
  const next = list.map(change);
  return next.every((one, i) => one === list[i]) ? list : next;
}

/** The whole state as JSON, maps and sets as objects and lists; what LVS_TRACE prints. */
export function printState(state: MonitorState): string {
  return JSON.stringify(
    state,
    (_, value: unknown) =>
      value instanceof Map ? Object.fromEntries(value) : value instanceof Set ? [...value] : value,
    2,
  );
}
