// The table of a backend that has it as messages, listed or saved with numbers: services by the
// general printer, their servers from bytes to bytes.
import type { Detail, Replies } from '../backend/backend.js';
import { FORWARDING } from '../model/forwarding.js';
import { familyOf, type ServiceEntry, type ServiceId } from '../model/service.js';
import { type ListingView, renderDestination, renderService } from '../render/listing.js';
import { NUMERIC } from '../render/names.js';
import { changeArguments, renderDestinationRule, renderServiceRule } from '../render/rules.js';
import { BytesOut, type Sink } from './bytesout.js';
import { PRINTED } from './generated.js';
import { ServerRows } from './rows.js';

/** What these printers need of the world. */
export interface TableSink extends Sink {
  err(text: string): void;
  readonly expectMuch?: () => void;
}

const PLAIN: ListingView = { layout: 'plain', exact: false };
/** services that are much to do */
const MUCH = 100;
const ALL = Object.values(FORWARDING);
const LISTED = ALL.map(({ kernel }) => kernel);
/** of tunnels more is saved than a row has */
const SAVED = LISTED.filter((number) => number !== FORWARDING.tunnel.kernel);

/** What is read from bytes has its low byte first; other processors use the general printer. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Rows for a listing; undefined where the layout has no printer of rows, or nothing can run it. */
export function rowsToList({ layout }: ListingView, detail: Detail): ServerRows | undefined {
  if (!LITTLE_ENDIAN || PRINTED[layout] === undefined) return undefined;
  return ServerRows.open(LISTED, detail === 'counters');
}

/** Rows for a save; undefined where nothing can run their printer. */
export function rowsToSave(): ServerRows | undefined {
  return LITTLE_ENDIAN ? ServerRows.open(SAVED, false) : undefined;
}

/**
 * Prints services with their servers.
 * @param services in the order of the listing
 * @throws IpvsError when the servers of one cannot be read; what came before it is printed
 */
export async function listServices(
  services: readonly ServiceEntry[],
  view: ListingView & { readonly sorted: boolean },
  detail: Detail,
  replies: Replies,
  rows: ServerRows,
  sink: TableSink,
): Promise<void> {
  if (services.length > MUCH) sink.expectMuch?.();
  const out = new BytesOut(sink, rows);
  const layout = PRINTED[view.layout] as number;
  const list = (from: number) => rows.code.list(from, layout, view.exact, out.at);
  try {
    for (const entry of services) {
      await read(rows, entry.service.id, detail, replies);
      if (!out.text(renderService(entry, view, NUMERIC))) return;
      rows.arrange(view.sorted);
      const isRead = printRows(rows, out, list, (odd) =>
        out.text(renderDestination(odd, undefined, view, NUMERIC)),
      );
      if (!isRead) return;
    }
  } finally {
    out.flush();
  }
}

/** Prints services as rules, sorted; what no option can express is named on stderr instead. */
export async function saveServices(
  services: readonly ServiceEntry[],
  replies: Replies,
  rows: ServerRows,
  sink: TableSink,
): Promise<void> {
  if (services.length > MUCH) sink.expectMuch?.();
  const out = new BytesOut(sink, rows);
  const refuse = (line: string): boolean => {
    const isRead = out.flush();
    sink.err(`not saved: ${line}`);
    return isRead;
  };
  try {
    for (const entry of services) {
      await read(rows, entry.service.id, 'rules', replies);
      const rule = renderServiceRule(entry.service, NUMERIC);
      if (rule === undefined) {
        if (!refuse(renderService(entry, PLAIN, NUMERIC))) return;
      } else if (!out.text(rule) || !saveServers(entry.service.id, rows, out, refuse)) return;
    }
  } finally {
    out.flush();
  }
}

/** @returns false when no more can be written */
function saveServers(
  id: ServiceId,
  rows: ServerRows,
  out: BytesOut,
  refuse: (line: string) => boolean,
): boolean {
  const service = changeArguments({ kind: 'delete-service', id })?.slice(1).join(' ');
  const { code } = rows;
  const prefix = rows.memory.write(`-a ${service} -r `, code.PREFIX.value, 'latin1');
  rows.arrange(true);
  const save = (from: number) => code.save(from, prefix, out.at);
  return printRows(rows, out, save, (odd) => {
    const rule = renderDestinationRule(id, odd.destination, NUMERIC);
    return rule === undefined
      ? refuse(`${renderDestination(odd, undefined, PLAIN, NUMERIC).trim()}\n`)
      : out.text(rule);
  });
}

/**
 * Prints rows in their order, those kept as entries by `printEntry`.
 * @param print prints rows from a place on, until one that it cannot. @returns where the text ends
 * @returns false when no more can be written
 */
function printRows(
  rows: ServerRows,
  out: BytesOut,
  print: (from: number) => number,
  printEntry: (entry: NonNullable<ReturnType<ServerRows['entryAt']>>) => boolean,
): boolean {
  const { code, count } = rows;
  for (let from = 0; from < count; ) {
    if (!out.line()) return false;
    out.at = print(from);
    const { value } = code.next;
    const odd = value < count ? rows.entryAt(value) : undefined;
    if (odd && !printEntry(odd)) return false;
    from = odd ? value + 1 : value;
  }
  return true;
}

/** Reads the servers of a service. */
function read(rows: ServerRows, id: ServiceId, detail: Detail, replies: Replies): Promise<void> {
  return replies.destinations(id, detail, rows.of(familyOf(id)));
}
