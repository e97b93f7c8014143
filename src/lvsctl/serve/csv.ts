// A sample as CSV (RFC 4180): a row for each service, followed by one for each of its servers.
import type { Watched, WatchedServer, WatchedService } from '../sample/watched.js';

type CsvValue = string | number | bigint | boolean | null | undefined;
type Row = { readonly service: WatchedService; readonly server: WatchedServer | undefined };

// biome-ignore format: a table
const COLUMNS: readonly (readonly [title: string, cell: (row: Row) => CsvValue])[] = [
  ['service', ({ service }) => service.service],
  ['service_name', ({ service }) => service.name],
  ['server', ({ server }) => server?.server],
  ['server_name', ({ server }) => server?.name],
  ['scheduler', ({ service }) => service.scheduler],
  ['mode', ({ server }) => server?.mode],
  ['state', ({ service, server }) => (server ? server.state : service.up === null ? null : service.up ? 'up' : 'down')],
  ['sorry', ({ service, server }) => (server ? server.sorry : service.sorry?.active)],
  ['weight', ({ server }) => server?.weight],
  ['weight_desired', ({ server }) => server?.weight_desired],
  ['active', ({ service, server }) => (server ?? service).active],
  ['inactive', ({ service, server }) => (server ?? service).inactive],
  ['persistent', ({ server }) => server?.persistent],
  ...(['connections', 'in_packets', 'out_packets', 'in_bytes', 'out_bytes'] as const).flatMap((key): [string, (row: Row) => CsvValue][] => [
    [key, ({ service, server }) => (server ?? service).counters?.[key]],
    [`${key}_per_second`, ({ service, server }) => (server ?? service).rates?.[key]],
  ]),
  ['since', ({ server }) => server?.since],
  ['last_error', ({ server }) => server?.last_error],
];

/** With a line of titles; what is not known is empty. */
export function csvText({ services }: Watched): string {
  const rows = services.flatMap((service): Row[] => [
    { service, server: undefined },
    ...service.servers.map((server) => ({ service, server })),
  ]);
  const lines = rows.map((row) => COLUMNS.map(([, cell]) => quoted(cell(row))));
  return [COLUMNS.map(([title]) => title), ...lines].map((one) => `${one.join(',')}\r\n`).join('');
}

/** A cell that begins like a formula is one for spreadsheets, so it gets an apostrophe. */
function quoted(value: CsvValue): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value.replace(/^(?=[=+@\t\r-])/, "'") : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
