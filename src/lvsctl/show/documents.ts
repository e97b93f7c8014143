// The JSON of `lvsctl show`, which `lvsctl serve` answers as well: share/schema/show-1.json.
import { jsonText } from '../json.js';
import type { Sample } from '../sample/sampler.js';
import type { Counter } from './connections.js';
import { idOf } from './rates.js';
import { type Report, VERSION } from './report.js';
import type { ShownService } from './table.js';

/** What of a reading each document has. */
// biome-ignore format: a table
export const DOCUMENTS = {
  services: ({ ipvs, table_size, services }) => ({ ipvs, table_size, services }),
  stats: ({ services, total }) => ({ services: services.map(statsOf), total }),
  timeouts: ({ timeouts }) => ({ timeouts }),
  daemons: ({ daemons }) => ({ daemons }),
  all: ({ ipvs, table_size, services, total, timeouts, daemons }) => ({ ipvs, table_size, services, total, timeouts, daemons }),
} as const satisfies Readonly<Record<string, (report: Report) => object>>;
export type DocumentName = keyof typeof DOCUMENTS;

/** @param indent blanks a level; absent = all in one line */
export function documentText(name: DocumentName, report: Report, indent?: number): string {
  return wrapped(name, report, DOCUMENTS[name](report), indent);
}

/** The rates of a sample. @param report its table */
export function ratesDocument(
  { seconds, rated: services, total_rates: total }: Sample,
  report: Report,
  indent?: number,
): string {
  const interval_seconds = seconds === null ? null : Math.round(seconds * 1000) / 1000;
  return wrapped('rates', report, { interval_seconds, services, total }, indent);
}

/** How many connections there are of each kind, the most frequent first. */
export function countsDocument(
  by: string,
  counter: Counter,
  limit: number,
  indent?: number,
): string {
  const parts = { by, connections: counter.all, counts: counter.counts(limit) };
  return `${jsonText({ format: 'lvs counts', version: VERSION, ...parts }, indent)}\n`;
}

function wrapped(what: string, { missing }: Report, parts: object, indent?: number): string {
  return `${jsonText({ format: `lvs ${what}`, version: VERSION, missing, ...parts }, indent)}\n`;
}

function statsOf(service: ShownService): object {
  const servers = service.servers.map(({ server, address, port, counters }) => ({
    server,
    address,
    port,
    counters,
  }));
  return { ...idOf(service), counters: service.counters, servers };
}
