// The table of a backend that has it as messages, listed or saved with numbers: services by the
// general printer, their servers from bytes to bytes.
import type { Detail, Replies } from '../backend/backend.js';
import { FORWARDING } from '../model/forwarding.js';
import { familyOf, type ServiceEntry, type ServiceId } from '../model/service.js';
import { SERVER_WIDTH } from '../render/layouts.js';
import { type ListingView, renderDestination, renderService } from '../render/listing.js';
import { NUMERIC } from '../render/names.js';
import { changeArguments, renderDestinationRule, renderServiceRule } from '../render/rules.js';
import { BytesOut, type Sink } from './bytesout.js';
import { digits, pad, text } from './digits.js';
import { COLUMNS, PRINTERS } from './generated.js';
import { endpoint, ServerRows } from './servers.js';

/** What these printers need of the world. */
export interface TableSink extends Sink {
  err(text: string): void;
  readonly expectMuch?: () => void;
}

const PLAIN: ListingView = { layout: 'plain', exact: false };
const NEWLINE = 10;
/** services, or servers of one, that are much to do */
const MUCH = 100;
const ALL = Object.values(FORWARDING);
const NUMBERS = ALL.map(({ kernel }) => kernel);
/** options by number; of tunnels more is saved than a row has */
const SAVED: readonly (string | undefined)[] = ALL.map(({ option }) =>
  option === FORWARDING.tunnel.option ? undefined : ` ${option} -w `,
);

/** What is read from bytes has its low byte first; other processors use the general printer. */
export const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Whether there is a printer of this layout. */
export function isListed({ layout }: ListingView): boolean {
  return PRINTERS[layout] !== undefined;
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
  sink: TableSink,
): Promise<void> {
  const rows = new ServerRows(NUMBERS);
  const out = new BytesOut(sink);
  const print = PRINTERS[view.layout] as NonNullable<(typeof PRINTERS)['plain']>;
  try {
    for (const entry of services) {
      await read(rows, entry.service.id, detail, replies);
      if (services.length > MUCH || rows.count > MUCH) sink.expectMuch?.();
      if (!out.text(renderService(entry, view, NUMERIC))) return;
      for (const row of rows.order(view.sorted)) {
        const odd = rows.entryOf(row);
        if (odd) {
          if (!out.text(renderDestination(odd, undefined, view, NUMERIC))) return;
        } else if (out.line()) {
          const { bytes } = out;
          const { words } = rows;
          const from = text(bytes, out.at, '  -> ');
          const end = pad(bytes, endpoint(bytes, from, words, row), from + SERVER_WIDTH);
          out.at = print(bytes, end, words, row, view.exact);
          bytes[out.at++] = NEWLINE;
        } else return;
      }
    }
  } finally {
    out.flush();
  }
}

/** Prints services as rules, sorted; what no option can express is named on stderr instead. */
export async function saveServices(
  services: readonly ServiceEntry[],
  replies: Replies,
  sink: TableSink,
): Promise<void> {
  const rows = new ServerRows(NUMBERS.filter((number) => SAVED[number] !== undefined));
  const out = new BytesOut(sink);
  const refuse = (line: string): boolean => {
    const isRead = out.flush();
    sink.err(`not saved: ${line}`);
    return isRead;
  };
  try {
    for (const entry of services) {
      await read(rows, entry.service.id, 'rules', replies);
      if (services.length > MUCH || rows.count > MUCH) sink.expectMuch?.();
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
  const begin = `-a ${service} -r `;
  for (const row of rows.order(true)) {
    const odd = rows.entryOf(row);
    if (odd) {
      const rule = renderDestinationRule(id, odd.destination, NUMERIC);
      const isRead =
        rule === undefined
          ? refuse(`${renderDestination(odd, undefined, PLAIN, NUMERIC).trim()}\n`)
          : out.text(rule);
      if (!isRead) return false;
    } else if (out.line()) saveServer(begin, rows.words, row, out);
    else return false;
  }
  return true;
}

function saveServer(begin: string, words: Int32Array, row: number, out: BytesOut): void {
  const { bytes } = out;
  const value = (column: number) => (words[row + column] as number) >>> 0;
  let at = endpoint(bytes, text(bytes, out.at, begin), words, row);
  at = text(bytes, at, SAVED[value(COLUMNS.forwarding)] as string);
  at = digits(bytes, at, value(COLUMNS.weight));
  const [upper, lower] = [value(COLUMNS.upperThreshold), value(COLUMNS.lowerThreshold)];
  if (upper !== 0) at = digits(bytes, text(bytes, at, ' -x '), upper);
  if (lower !== 0) at = digits(bytes, text(bytes, at, ' -y '), lower);
  bytes[at] = NEWLINE;
  out.at = at + 1;
}

/** Reads the servers of a service. */
function read(rows: ServerRows, id: ServiceId, detail: Detail, replies: Replies): Promise<void> {
  const take = rows.taker(familyOf(id), detail);
  return replies.destinations(id, detail, () => rows.begin(), take);
}
