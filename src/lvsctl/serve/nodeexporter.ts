// The metrics of Prometheus' node_exporter, with its names and labels, for dashboards that are
// there already. As Debian 12's version 1.5.0 prints them in the lab.
import type { Watched, WatchedServer, WatchedService } from '../sample/watched.js';
import type { Totals } from '../show/table.js';
import type { Labels, MetricFamily, MetricValue } from './exposition.js';

// biome-ignore format: a table
const TOTALS: readonly (readonly [name: string, key: keyof Totals, help: string])[] = [
  ['connections', 'connections', 'The total number of connections made.'],
  ['incoming_bytes', 'in_bytes', 'The total amount of incoming data.'],
  ['incoming_packets', 'in_packets', 'The total number of incoming packets.'],
  ['outgoing_bytes', 'out_bytes', 'The total amount of outgoing data.'],
  ['outgoing_packets', 'out_packets', 'The total number of outgoing packets.'],
];
// biome-ignore format: a table
const BACKENDS: readonly (readonly [name: string, key: 'active' | 'inactive' | 'weight', help: string])[] = [
  ['connections_active', 'active', 'The current active connections by local and remote address.'],
  ['connections_inactive', 'inactive', 'The current inactive connections by local and remote address.'],
  ['weight', 'weight', 'The current backend weight by local and remote address.'],
];

/** Totals without labels, and three gauges for each real server of the table. */
export function nodeExporterMetrics({ total, services }: Watched): MetricFamily[] {
  const totals = TOTALS.map(([name, key, help]): MetricFamily => {
    const value = total.counters?.[key];
    const values = value === undefined ? [] : [[{}, value] as const];
    return { name: `node_ipvs_${name}_total`, type: 'counter', help, values };
  });
  const gauges = BACKENDS.map(([name, key, help]): MetricFamily => {
    const values = summed(
      services.flatMap((service) =>
        service.servers.flatMap((server): (readonly [Labels, number])[] => {
          const value = server[key];
          return value === null ? [] : [[labelsOf(service, server), value]];
        }),
      ),
    );
    return { name: `node_ipvs_backend_${name}`, type: 'gauge', help, values };
  });
  return [...totals, ...gauges];
}

/** One mark may be a service of each family: what has the same labels adds up. */
function summed(
  values: readonly (readonly [Labels, number])[],
): (readonly [Labels, MetricValue])[] {
  const sums = new Map<string, [Labels, number]>();
  for (const [labels, value] of values) {
    const key = JSON.stringify(labels);
    const sum = sums.get(key);
    if (sum) sum[1] += value;
    else sums.set(key, [labels, value]);
  }
  return [...sums.values()];
}

/** A mark has eight hexadecimal digits, and no address. */
function labelsOf(service: WatchedService, { address, port }: WatchedServer): Labels {
  const { mark } = service;
  return {
    local_address: mark === null ? (service.address ?? '') : '',
    local_mark: mark === null ? '' : mark.toString(16).toUpperCase().padStart(8, '0'),
    local_port: mark === null ? (service.port ?? 0) : 0,
    proto: mark === null ? (service.protocol ?? '').toUpperCase() : 'FWM',
    remote_address: address,
    remote_port: port,
  };
}
