// The metrics of a director, a row each.

import { SERVER_STATES } from '../monitor/status.js';
import type { Watched, WatchedServer, WatchedService } from '../sample/watched.js';
import type { Totals } from '../show/table.js';
import type { Labels, MetricFamily, MetricValue } from './exposition.js';

/** Of what serves itself. */
export interface OwnMetrics {
  /** of lvsctl */
  readonly version: string;
  /** seconds that the last reading of the table took */
  readonly took: number;
  /** changes of health since this process began, by key of the service and server */
  readonly changes: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

type ManyValues = readonly (readonly [Labels, MetricValue])[];
type Of = (watched: Watched, own: OwnMetrics) => ManyValues;

export interface MetricRow {
  readonly name: string;
  readonly type: MetricFamily['type'];
  readonly help: string;
  readonly values: Of;
}

const single = (value: MetricValue | null | undefined): ManyValues =>
  value === null || value === undefined ? [] : [[{}, value]];
const bit = (value: boolean): MetricValue => (value ? 1 : 0);

/** A value of each service that has it. */
const services =
  (of: (service: WatchedService) => MetricValue | null | undefined): Of =>
  ({ services }) =>
    services.flatMap((one): ManyValues => {
      const value = of(one);
      return value === null || value === undefined ? [] : [[{ service: one.service }, value]];
    });

/** A value of each server that has it. */
const servers =
  (
    of: (
      server: WatchedServer,
      service: WatchedService,
      own: OwnMetrics,
    ) => MetricValue | null | undefined,
  ): Of =>
  ({ services }, own) => {
    const values: (readonly [Labels, MetricValue])[] = [];
    for (const service of services)
      for (const server of service.servers) {
        const value = of(server, service, own);
        if (value === null || value === undefined) continue;
        values.push([{ service: service.service, server: server.server }, value]);
      }
    return values;
  };

/** Values of each server, with the labels that each has beside its own. */
const labelled =
  (of: (server: WatchedServer) => ManyValues): Of =>
  ({ services }) => {
    const values: (readonly [Labels, MetricValue])[] = [];
    for (const service of services)
      for (const server of service.servers)
        for (const [labels, value] of of(server))
          values.push([{ service: service.service, server: server.server, ...labels }, value]);
    return values;
  };

const CONNECTION_KINDS = ['active', 'inactive', 'persistent'] as const;

function connectionsOf(server: WatchedServer): ManyValues {
  return CONNECTION_KINDS.flatMap((state) => single(server[state]).map(([, n]) => [{ state }, n]));
}

/** Several checks of one server may have the same label: they pass if all do. */
function checkValues({ checks }: WatchedServer): ManyValues {
  return [...new Set(checks.map(({ check }) => check))].map((check) => [
    { check },
    bit(checks.every((one) => one.check !== check || one.up)),
  ]);
}

function stateValues({ state }: WatchedServer): ManyValues {
  return state === null ? [] : SERVER_STATES.map((one) => [{ state: one }, bit(one === state)]);
}

// biome-ignore format: a table
const TRAFFIC: readonly (readonly [name: string, what: string, key: keyof Totals])[] = [
  ['connections', 'Connections', 'connections'],
  ['incoming_packets', 'Packets from clients', 'in_packets'],
  ['outgoing_packets', 'Packets to clients that passed the director', 'out_packets'],
  ['incoming_bytes', 'Bytes from clients', 'in_bytes'],
  ['outgoing_bytes', 'Bytes to clients that passed the director', 'out_bytes'],
];

const traffic = (
  prefix: string,
  of: string,
  values: (key: keyof Totals) => Of,
): readonly MetricRow[] =>
  TRAFFIC.map(([name, what, key]) => ({
    name: `${prefix}_${name}_total`,
    type: 'counter',
    help: `${what}, ${of}.`,
    values: values(key),
  }));

/** A label without a value is as one that is absent. */
function serviceLabels(one: WatchedService): Labels {
  return {
    service: one.service,
    name: one.name ?? '',
    protocol: one.protocol ?? '',
    address: one.address ?? '',
    port: one.port ?? '',
    mark: one.mark ?? '',
    scheduler: one.scheduler ?? '',
  };
}

// biome-ignore format: a table
export const METRICS: readonly MetricRow[] = [
  { name: 'lvs_up', type: 'gauge', help: 'Whether the IPVS table could be read.', values: ({ error }) => single(bit(error === null)) },
  { name: 'lvs_monitor_up', type: 'gauge', help: 'Whether lvsctl monitor is running and answers.', values: ({ monitor }) => single(bit(monitor !== null)) },
  { name: 'lvs_monitor_table_ok', type: 'gauge', help: 'Whether the monitor can read and write the table.', values: ({ monitor }) => single(monitor && bit(monitor.error === null)) },
  { name: 'lvs_build_info', type: 'gauge', help: 'Version of lvsctl and of IPVS, always 1.', values: ({ ipvs }, { version }) => [[{ version, ipvs: ipvs ?? '' }, 1]] },
  { name: 'lvs_scrape_duration_seconds', type: 'gauge', help: 'Time that the last reading of the table took.', values: (_, { took }) => single(took) },
  { name: 'lvs_connection_table_size', type: 'gauge', help: 'Entries of the hash table of connections.', values: ({ table_size }) => single(table_size) },
  { name: 'lvs_sync_daemon_running', type: 'gauge', help: 'Sync daemons that run, always 1.', values: ({ daemons }) => (daemons ?? []).map((one) => [{ role: one.role, interface: one.interface, syncid: one.syncid }, 1]) },
  ...traffic('lvs', 'of all services, removed ones included', (key) => ({ total }) => single(total.counters?.[key])),
  { name: 'lvs_service_info', type: 'gauge', help: 'What a service is, always 1.', values: ({ services }) => services.map((one) => [serviceLabels(one), 1]) },
  { name: 'lvs_service_up', type: 'gauge', help: 'Whether the servers of a service reach its quorum, by the monitor.', values: services(({ up }) => (up === null ? null : bit(up))) },
  { name: 'lvs_service_sorry_active', type: 'gauge', help: 'Whether the sorry server of a service is in the table.', values: services(({ sorry }) => sorry && bit(sorry.active)) },
  ...traffic('lvs_service', 'of a service', (key) => services(({ counters }) => counters?.[key])),
  { name: 'lvs_server_info', type: 'gauge', help: 'What a real server is, always 1.', values: labelled((one) => [[{ name: one.name ?? '', address: one.address, port: one.port, mode: one.mode ?? '' }, 1]]) },
  { name: 'lvs_server_weight', type: 'gauge', help: 'Weight of a real server in the table.', values: servers(({ weight }) => weight) },
  { name: 'lvs_server_weight_desired', type: 'gauge', help: 'Weight that the monitor gives to a real server; absent while it is out.', values: servers(({ weight_desired }) => weight_desired) },
  { name: 'lvs_server_current_connections', type: 'gauge', help: 'Connections of a real server that the kernel knows now.', values: labelled(connectionsOf) },
  ...traffic('lvs_server', 'of a real server', (key) => servers(({ counters }) => counters?.[key])),
  { name: 'lvs_server_state', type: 'gauge', help: 'State of a real server by the monitor: 1 for the state that it has.', values: labelled(stateValues) },
  { name: 'lvs_server_last_change_timestamp_seconds', type: 'gauge', help: 'When the state of a real server changed.', values: servers(({ since }) => (since === null ? null : Date.parse(since) / 1000)) },
  { name: 'lvs_server_state_changes_total', type: 'counter', help: 'How often a real server went up or down since lvsctl serve began.', values: servers((server, service, { changes }) => (server.state === null ? null : (changes.get(service.service)?.get(server.server) ?? 0))) },
  { name: 'lvs_server_check_up', type: 'gauge', help: 'Whether a check of a real server passes.', values: labelled(checkValues) },
  { name: 'lvs_server_check_duration_seconds', type: 'gauge', help: 'Time of the last check of a real server; of several the slowest.', values: servers(({ latency_ms }) => (latency_ms === null ? null : latency_ms / 1000)) },
];

/** All metrics of a sample. */
export function metricsOf(watched: Watched, own: OwnMetrics): MetricFamily[] {
  return METRICS.map((row) => ({ ...row, values: row.values(watched, own) }));
}
