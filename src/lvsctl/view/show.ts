// The tables of `lvsctl show`, for people.
import { Chalk } from 'chalk';
import type { Connection } from '../../model/connection.js';
import { serverKey } from '../../model/table.js';
import type { Count } from '../show/connections.js';
import type { RatedService, Rates } from '../show/rates.js';
import type { Report, ShownDaemon, ShownTimeouts } from '../show/report.js';
import type { ShownServer, ShownService, Totals } from '../show/table.js';
import type { Terminal } from '../terminal.js';
import { scaled } from './scaled.js';
import { type Cell, type Column, renderTable } from './table.js';

/** Title, and how a cell stands. */
type Head = readonly [title: string, align: 'left' | 'right'];

/** The services with their servers. */
export function servicesText({ services }: Report, terminal: Terminal): string {
  if (services.length === 0) return 'no services\n';
  const heads: readonly Head[] = [
    ['service / server', 'left'],
    ['scheduler / mode', 'left'],
    ['weight', 'right'],
    ['active', 'right'],
    ['inactive', 'right'],
    ['options', 'left'],
  ];
  const rows = services.flatMap((service): Cell[][] => [
    [nameOf(service), service.scheduler, '', '', '', serviceOptions(service)],
    ...service.servers.map((one) => [
      `  ${one.server}`,
      one.mode,
      one.weight,
      one.active,
      one.inactive,
      serverOptions(one),
    ]),
  ]);
  return table(heads, rows, terminal);
}

/** A mark of which the family is not known has no key. */
function nameOf({ service, mark }: Pick<ShownService, 'service' | 'mark'>): string {
  return service ?? `fwmark ${mark}`;
}

function serviceOptions({ flags, persistence, one_packet }: ShownService): string {
  const { timeout, netmask, engine } = persistence ?? {};
  return [
    ...(flags ?? []),
    ...(persistence ? [`persistent ${timeout == null ? '?' : seconds(timeout)}`] : []),
    ...(netmask == null || netmask === '255.255.255.255' || netmask === 128
      ? []
      : [`by /${netmask}`]),
    ...(engine == null ? [] : [`engine ${engine}`]),
    ...(one_packet ? ['one packet'] : []),
  ].join(', ');
}

function serverOptions({ tunnel, upper, lower, persistent }: ShownServer): string {
  return [
    ...(tunnel && tunnel.type !== 'ipip'
      ? [`${tunnel.type}${tunnel.port === null ? '' : ` port ${tunnel.port}`}`]
      : []),
    ...(upper ? [`upper ${upper}`] : []),
    ...(lower ? [`lower ${lower}`] : []),
    ...(persistent ? [`${persistent} persistent`] : []),
  ].join(', ');
}

const TRAFFIC = ['connections', 'in_packets', 'out_packets', 'in_bytes', 'out_bytes'] as const;

/** Totals since the last zero. */
export function statsText({ services, total }: Report, terminal: Terminal): string {
  const heads = trafficHeads(['connections', 'packets in', 'packets out', 'bytes in', 'bytes out']);
  const row = (name: string, totals: Totals | null): Cell[] => [
    name,
    ...TRAFFIC.map((key) => (totals ? scaled(Number(totals[key])) : '-')),
  ];
  return table(
    heads,
    [
      ...services.flatMap((service) => [
        row(nameOf(service), service.counters),
        ...service.servers.map(({ server, counters }) => row(`  ${server}`, counters)),
      ]),
      ...(total ? [row('all, also removed', total)] : []),
    ],
    terminal,
  );
}

/** Rates a second. */
export function ratesText(
  services: readonly RatedService[],
  total: Rates | null,
  terminal: Terminal,
): string {
  const heads = trafficHeads(['conns/s', 'packets in/s', 'out/s', 'bytes in/s', 'out/s']);
  const row = (name: string, rates: Rates | null): Cell[] => [
    name,
    ...TRAFFIC.map((key) => (rates ? scaled(rates[key]) : '-')),
  ];
  return table(
    heads,
    [
      ...services.flatMap((service) => [
        row(nameOf(service), service.rates),
        ...service.servers.map(({ server, rates }) => row(`  ${server}`, rates)),
      ]),
      ...(total ? [row('all', total)] : []),
    ],
    terminal,
  );
}

function trafficHeads(titles: readonly string[]): Head[] {
  return [['service / server', 'left'], ...titles.map((title): Head => [title, 'right'])];
}

/** The idle timeouts of connections. */
export function timeoutsText(timeouts: ShownTimeouts | null, terminal: Terminal): string {
  if (timeouts === null) return 'timeouts: not known without root\n';
  const rows = [
    ['tcp', seconds(timeouts.tcp)],
    ['tcp after FIN', seconds(timeouts.tcp_fin)],
    ['udp', seconds(timeouts.udp)],
  ];
  const heads: readonly Head[] = [
    ['connections', 'left'],
    ['timeout', 'right'],
  ];
  return table(heads, rows, terminal);
}

/** The sync daemons that run. */
export function daemonsText(daemons: readonly ShownDaemon[] | null, terminal: Terminal): string {
  if (daemons === null) return 'sync daemons: not known without root\n';
  if (daemons.length === 0) return 'no sync daemon is running\n';
  const heads: readonly Head[] = [
    ['sync daemon', 'left'],
    ['interface', 'left'],
    ['syncid', 'right'],
    ['max length', 'right'],
    ['group', 'left'],
    ['port', 'right'],
    ['ttl', 'right'],
  ];
  const rows = daemons.map((one): Cell[] => [
    one.role,
    one.interface,
    one.syncid,
    one.max_length ?? '-',
    one.group ?? '-',
    one.port ?? '-',
    one.ttl ?? '-',
  ]);
  return table(heads, rows, terminal);
}

/** Connections by what they were counted by, the most frequent first. */
export function countsText(
  counts: readonly Count[],
  by: string,
  all: number,
  terminal: Terminal,
): string {
  const heads: readonly Head[] = [
    [by, 'left'],
    ['connections', 'right'],
    ['share', 'right'],
    ['established', 'right'],
    ['servers', 'right'],
  ];
  const rows = counts.map((one): Cell[] => [
    one.value,
    one.connections,
    `${(100 * one.share).toFixed(1)}%`,
    one.established,
    one.servers,
  ]);
  const shown = counts.reduce((sum, { connections }) => sum + connections, 0);
  const rest = shown < all ? `; ${all - shown} more are not shown` : '';
  return `${table(heads, rows, terminal)}${all} connections${rest}\n`;
}

/** Columns of a list that is printed as it is read; longer texts move what follows. */
const WIDTHS = { protocol: 5, client: 19, virtual: 19, server: 19, state: 11 } as const;

export function connectionTitles(): string {
  return connectionLine('proto', 'client', 'service', 'server', 'state', 'expires');
}

export function connectionText(one: Connection): string {
  return connectionLine(
    one.protocol.toLowerCase(),
    serverKey({ address: one.client, port: one.clientPort }),
    serverKey({ address: one.virtual, port: one.virtualPort }),
    serverKey({ address: one.destination, port: one.destinationPort }),
    one.state,
    seconds(one.expires),
  );
}

function connectionLine(
  protocol: string,
  client: string,
  virtual: string,
  server: string,
  state: string,
  expires: string,
): string {
  return `${[
    protocol.padEnd(WIDTHS.protocol),
    client.padEnd(WIDTHS.client),
    virtual.padEnd(WIDTHS.virtual),
    server.padEnd(WIDTHS.server),
    state.padEnd(WIDTHS.state),
    expires,
  ].join(' ')}\n`;
}

function table(
  heads: readonly Head[],
  rows: readonly (readonly Cell[])[],
  terminal: Terminal,
): string {
  const { bold } = new Chalk({ level: terminal.colour ? 1 : 0 });
  const columns = heads.map(([title, align]): Column => ({ title: bold(title), align }));
  return renderTable(columns, rows, terminal);
}

/** `15s`, `900s`: exact, since people compare it with what they have set. */
function seconds(value: number): string {
  return `${value}s`;
}
