// Table, rates and the monitor's states as one list of services with their servers: what `top`
// shows and `serve` answers. Its shape is that of share/schema/watch-1.json.
import type { Family } from '../../model/address.js';
import type { CheckStatus, ServerStatus, ServiceStatus } from '../monitor/status.js';
import type { RatedServer, RatedService, Rates } from '../show/rates.js';
import type { ShownDaemon } from '../show/report.js';
import type { ShownServer, ShownService, Totals } from '../show/table.js';
import type { Sample } from './sampler.js';

/** Version of the JSON: it grows when something in it changes its meaning or goes. */
export const WATCH_VERSION = 1;

/** null is what cannot be known, never 0. */
export interface Watched {
  readonly format: 'lvs watch';
  readonly version: typeof WATCH_VERSION;
  /** ISO 8601 */
  readonly time: string;
  readonly host: string;
  /** what only root can see */
  readonly missing: readonly string[];
  /** why the table could not be read */
  readonly error: string | null;
  /** that the rates are over */
  readonly interval_seconds: number | null;
  /** the kernel does not move its counters (sysctl net.ipv4.vs.run_estimation is 0) */
  readonly frozen: boolean;
  readonly ipvs: string | null;
  readonly table_size: number | null;
  readonly monitor: WatchedMonitor | null;
  /** why a monitor that is running does not answer */
  readonly monitor_error: string | null;
  /** counters of all services, removed ones included; where none are kept, rates of those there are */
  readonly total: { readonly counters: Totals | null; readonly rates: Rates | null };
  readonly daemons: readonly ShownDaemon[] | null;
  readonly services: readonly WatchedService[];
}

export interface WatchedMonitor {
  readonly file: string;
  readonly pid: number;
  readonly started: string;
  /** why it cannot read or write the table */
  readonly error: string | null;
}

export interface WatchedService {
  /** the key of the service; of a mark of which the family is not known, `fwmark 7` */
  readonly service: string;
  /** of the monitor's file */
  readonly name: string | null;
  readonly protocol: string | null;
  readonly address: string | null;
  readonly port: number | null;
  readonly mark: number | null;
  readonly family: Family | null;
  readonly in_table: boolean;
  readonly scheduler: string | null;
  /** whether its servers reach the quorum; null without a monitor */
  readonly up: boolean | null;
  readonly weight_up: number | null;
  readonly quorum: number | null;
  readonly sorry: { readonly server: string; readonly active: boolean } | null;
  /** sums of its servers */
  readonly active: number;
  readonly inactive: number;
  readonly counters: Totals | null;
  readonly rates: Rates | null;
  readonly servers: readonly WatchedServer[];
}

export interface WatchedServer {
  readonly server: string;
  readonly name: string | null;
  readonly address: string;
  readonly port: number;
  /** as the monitor has it; null for servers that are not in its file */
  readonly state: ServerStatus['state'] | null;
  readonly since: string | null;
  /** the administrator's reason, and login name */
  readonly reason: string | null;
  readonly by: string | null;
  readonly until: string | null;
  readonly last_error: string | null;
  readonly latency_ms: number | null;
  readonly checks: readonly CheckStatus[];
  readonly sorry: boolean;
  readonly mode: string | null;
  /** null = it is not in the table, as everything below is */
  readonly weight: number | null;
  /** what the monitor has it at; null = out, or not known */
  readonly weight_desired: number | null;
  readonly upper: number | null;
  readonly lower: number | null;
  readonly active: number | null;
  readonly inactive: number | null;
  readonly persistent: number | null;
  readonly counters: Totals | null;
  readonly rates: Rates | null;
}

/** Joins what a sample has. */
export function watchedOf(sample: Sample, host: string): Watched {
  const { report, monitor, error, total_rates, rated, seconds } = sample;
  return {
    format: 'lvs watch',
    version: WATCH_VERSION,
    time: sample.time,
    host,
    missing: report?.missing ?? [],
    error: error?.message ?? null,
    interval_seconds: seconds === null ? null : Math.round(seconds * 1000) / 1000,
    frozen: sample.frozen,
    ipvs: report?.ipvs ?? null,
    table_size: report?.table_size ?? null,
    monitor: monitor
      ? { file: monitor.file, pid: monitor.pid, started: monitor.started, error: monitor.error }
      : null,
    monitor_error: sample.monitor_error,
    total: { counters: report?.total ?? null, rates: total_rates ?? sumOf(rated) },
    daemons: report?.daemons ?? null,
    services: servicesOf(sample),
  };
}

/** Where no totals are kept: of the services that there are. @returns null when one is not known */
function sumOf(rated: readonly RatedService[]): Rates | null {
  const all = rated.flatMap(({ rates }) => rates ?? []);
  if (all.length === 0 || all.length < rated.length) return null;
  const sum = (key: keyof Rates) => all.reduce((total, rates) => total + rates[key], 0);
  return {
    connections: sum('connections'),
    in_packets: sum('in_packets'),
    out_packets: sum('out_packets'),
    in_bytes: sum('in_bytes'),
    out_bytes: sum('out_bytes'),
  };
}

function servicesOf({ report, rated, monitor }: Sample): WatchedService[] {
  const states = new Map(monitor?.services.map((one) => [one.service, one]));
  const names = new Map<string, number>();
  const live = (report?.services ?? []).map((service, i) => {
    const status = states.get(service.service ?? markKey(service, states));
    if (status) states.delete(status.service);
    const one = joined(service, rated[i], status);
    const seen = names.get(one.service) ?? 0;
    names.set(one.service, seen + 1);
    // without root, a mark of both families
    return seen === 0 ? one : { ...one, service: `${one.service} (${seen + 1})` };
  });
  const absent = report ? [...states.values()].map(absentService) : [];
  return [...live, ...absent];
}

/** /proc shows a mark without its family: the first service of the mark. */
function markKey({ mark }: ShownService, states: ReadonlyMap<string, ServiceStatus>): string {
  return [...states.keys()].find((key) => key.startsWith(`fwmark ${mark} `)) ?? '';
}

function joined(
  live: ShownService,
  rated: RatedService | undefined,
  status: ServiceStatus | undefined,
): WatchedService {
  const { protocol, address, port, mark, family, scheduler, counters } = live;
  return {
    service: live.service ?? status?.service ?? `fwmark ${mark}`,
    protocol: protocol ?? null,
    address: address ?? null,
    port: port ?? null,
    mark: mark ?? null,
    family,
    in_table: true,
    scheduler,
    ...stateOf(status),
    active: sum(live.servers, ({ active }) => active),
    inactive: sum(live.servers, ({ inactive }) => inactive),
    counters,
    rates: rated?.rates ?? null,
    servers: serversOf(live.servers, rated?.servers ?? [], status),
  };
}

function sum(servers: readonly ShownServer[], of: (server: ShownServer) => number): number {
  return servers.reduce((all, one) => all + of(one), 0);
}

function stateOf(status: ServiceStatus | undefined) {
  return {
    name: status?.name ?? null,
    up: status?.up ?? null,
    weight_up: status?.weight_up ?? null,
    quorum: status?.quorum ?? null,
    sorry: status?.sorry ? { server: status.sorry.server, active: status.sorry.actual } : null,
  };
}

/** A service that the monitor keeps, and that is not in the table at the moment. */
function absentService(status: ServiceStatus): WatchedService {
  return {
    service: status.service,
    protocol: null,
    address: null,
    port: null,
    mark: null,
    family: null,
    in_table: false,
    scheduler: null,
    ...stateOf(status),
    active: 0,
    inactive: 0,
    counters: null,
    rates: null,
    servers: serversOf([], [], status),
  };
}

/** The monitor's servers in the order of its file, then others of the table. */
function serversOf(
  live: readonly ShownServer[],
  rated: readonly RatedServer[],
  status: ServiceStatus | undefined,
): WatchedServer[] {
  const rates = new Map(rated.map((one) => [one.server, one.rates]));
  const sorry = status?.sorry?.server;
  const one = (entry: ShownServer | undefined, known: ServerStatus | undefined, key: string) =>
    serverOf(key, entry, known, rates.get(key) ?? null, key === sorry);
  if (status === undefined) return live.map((entry) => one(entry, undefined, entry.server));
  const entries = new Map(live.map((entry) => [entry.server, entry]));
  const named = status.servers.map((known) => one(entries.get(known.server), known, known.server));
  const names = new Set(status.servers.map(({ server }) => server));
  const others = live.filter(({ server }) => !names.has(server));
  return [...named, ...others.map((entry) => one(entry, undefined, entry.server))];
}

/** In one literal, for there may be ten thousand. */
function serverOf(
  server: string,
  entry: ShownServer | undefined,
  known: ServerStatus | undefined,
  rates: Rates | null,
  sorry: boolean,
): WatchedServer {
  const place = entry ?? placeOf(server);
  return {
    server,
    name: known?.name ?? null,
    address: place.address,
    port: place.port,
    state: known?.state ?? null,
    since: known?.since ?? null,
    reason: known?.reason ?? null,
    by: known?.by ?? null,
    until: known?.until ?? null,
    last_error: known?.last_error ?? null,
    latency_ms: known?.latency_ms ?? null,
    checks: known?.checks ?? NO_CHECKS,
    sorry,
    mode: entry?.mode ?? null,
    weight: entry?.weight ?? null,
    weight_desired: known?.weight_desired ?? null,
    upper: entry?.upper ?? null,
    lower: entry?.lower ?? null,
    active: entry?.active ?? null,
    inactive: entry?.inactive ?? null,
    persistent: entry?.persistent ?? null,
    counters: entry?.counters ?? null,
    rates,
  };
}

const NO_CHECKS: readonly CheckStatus[] = [];

/** The key of a server is its address and port. */
function placeOf(server: string): { readonly address: string; readonly port: number } {
  const [, v6, v4, port] = /^(?:\[(.*)\]|(.*)):(\d+)$/.exec(server) ?? [];
  return { address: v6 ?? v4 ?? server, port: Number(port) };
}
