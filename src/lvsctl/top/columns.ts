// The columns of `lvsctl top`, a row each.
import type { WatchedServer, WatchedService } from '../sample/watched.js';
import { scaled } from '../view/scaled.js';

/** A line of the table. */
export interface TopRow {
  /** its key: of a service that of the service, of a server both */
  readonly key: string;
  readonly service: WatchedService;
  /** undefined = the line of the service itself */
  readonly server: WatchedServer | undefined;
}

export interface TopColumn {
  readonly name: string;
  readonly title: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  readonly cell: (row: TopRow) => string;
  /** what rows are sorted by, the largest first; undefined = not by this column */
  readonly value?: (row: TopRow) => number | null;
}

const of = ({ service, server }: TopRow) => server ?? service;
const shown = (value: number | null) => (value === null ? '-' : scaled(value));
const rate = (key: 'connections' | 'in_packets' | 'out_packets' | 'in_bytes' | 'out_bytes') =>
  ({
    value: (row: TopRow) => of(row).rates?.[key] ?? null,
    cell: (row: TopRow) => shown(of(row).rates?.[key] ?? null),
  }) as const;
/** What does not pass the director in the modes dr and tun is not known. */
const outgoing = (key: 'out_packets' | 'out_bytes') => {
  const value = (row: TopRow) => (isAnsweredElsewhere(row) ? null : (of(row).rates?.[key] ?? null));
  return { value, cell: (row: TopRow) => shown(value(row)) } as const;
};

function isAnsweredElsewhere({ service, server }: TopRow): boolean {
  const modes = (server ? [server] : service.servers).flatMap(({ mode }) => mode ?? []);
  return modes.length > 0 && modes.every((mode) => mode === 'dr' || mode === 'tun');
}

// biome-ignore format: a table
export const TOP_COLUMNS: readonly TopColumn[] = [
  { name: 'state', title: 'STATE', width: 8, align: 'left', cell: (row) => stateText(row) },
  { name: 'weight', title: 'W', width: 5, align: 'right', cell: ({ server }) => (server ? (server.weight === null ? '-' : String(server.weight)) : ''), value: ({ server }) => server?.weight ?? null },
  { name: 'active', title: 'ACT', width: 6, align: 'right', cell: (row) => shown(of(row).active), value: (row) => of(row).active },
  { name: 'inactive', title: 'INACT', width: 6, align: 'right', cell: (row) => shown(of(row).inactive), value: (row) => of(row).inactive },
  { name: 'conns', title: 'CONN/S', width: 7, align: 'right', ...rate('connections') },
  { name: 'packets_in', title: 'IN P/S', width: 7, align: 'right', ...rate('in_packets') },
  { name: 'packets_out', title: 'OUT P/S', width: 7, align: 'right', ...outgoing('out_packets') },
  { name: 'bytes_in', title: 'IN B/S', width: 7, align: 'right', ...rate('in_bytes') },
  { name: 'bytes_out', title: 'OUT B/S', width: 7, align: 'right', ...outgoing('out_bytes') },
  { name: 'chart', title: '2 MIN', width: 10, align: 'left', cell: () => '' },
  { name: 'mode', title: 'MODE', width: 6, align: 'left', cell: ({ service, server }) => (server ? (server.mode ?? '-') : (service.scheduler ?? '-')) },
  { name: 'latency', title: 'CHECK', width: 7, align: 'right', cell: ({ server }) => (server?.latency_ms == null ? '' : `${scaled(server.latency_ms)}ms`), value: ({ server }) => server?.latency_ms ?? null },
  { name: 'reason', title: 'REASON', width: 20, align: 'left', cell: ({ server }) => (server && server.state !== 'up' ? (server.reason ?? server.last_error ?? '') : '') },
];

/** In the order in which they go where the terminal is too narrow. */
export const EXPENDABLE = 'packets_out,packets_in,inactive,chart,bytes_out,bytes_in'.split(',');
export const DEFAULT_COLUMNS =
  'state,weight,active,inactive,conns,packets_in,bytes_in,bytes_out,chart'.split(',');
/** Orders that `s` goes through; the first is that of the table. */
export const ORDERS: readonly string[] = [
  'table',
  ...TOP_COLUMNS.filter(({ value }) => value).map(({ name }) => name),
];

/** As the monitor has it; without one whether a server has a weight. */
export function stateText({ service, server }: TopRow): string {
  if (server === undefined) {
    if (!service.in_table) return 'absent';
    if (service.sorry?.active) return 'sorry';
    return service.up === null ? '' : service.up ? 'up' : 'down';
  }
  if (server.state !== null) return server.state === 'forced-up' ? 'forced' : server.state;
  if (server.sorry) return 'sorry';
  return server.weight === 0 ? 'weight 0' : '-';
}

/** How a state is coloured. */
export function moodOf(row: TopRow): 'good' | 'bad' | 'warn' | undefined {
  const text = stateText(row);
  if (text === 'up') return 'good';
  if (['down', 'absent'].includes(text) || (text === 'sorry' && !row.server)) return 'bad';
  return text === '' || text === '-' ? undefined : 'warn';
}
