// The table of a backend that has it as messages, listed or saved with numbers, from bytes to
// bytes. What is kept as an entry is printed by the general printer.
import type { Detail, Replies } from '../backend/backend.js';
import type { DestinationEntry } from '../model/destination.js';
import { FORWARDING } from '../model/forwarding.js';
import { familyOf, type ServiceEntry } from '../model/service.js';
import { type ListingView, renderDestination, renderService } from '../render/listing.js';
import { NUMERIC } from '../render/names.js';
import { changeArguments, renderDestinationRule, renderServiceRule } from '../render/rules.js';
import { BytesOut, type Sink } from './bytesout.js';
import type { CompiledListing } from './code.js';
import { PRINTED } from './generated.js';
import { openRows, type ServerRows, type ServiceRows } from './rows.js';

/** What these printers need of the world. */
export interface TableSink extends Sink {
  err(text: string): void;
  readonly expectMuch?: () => void;
}

const PLAIN: ListingView = { layout: 'plain', exact: false };
/** services that are much to do */
const MUCH = 100;
const LISTED: readonly number[] = Object.values(FORWARDING).map(({ kernel }) => kernel);
/** of tunnels more is saved than a row has */
const SAVED = LISTED.filter((number) => number !== FORWARDING.tunnel.kernel);

/** What is read from bytes has its low byte first; other processors use the general printer. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A table in rows, to be printed in one form. */
export class TableRows {
  readonly #replies: Replies;
  readonly #detail: Detail;
  readonly #listing: CompiledListing;
  readonly #services: ServiceRows;
  readonly #servers: ServerRows;

  /** For a listing; undefined where the layout has no printer of rows, or nothing can run it. */
  static toList({ layout }: ListingView, detail: Detail, replies: Replies): TableRows | undefined {
    return PRINTED[layout] === undefined ? undefined : open(LISTED, detail, replies);
  }

  /** For a save; undefined where nothing can run its printer. */
  static toSave(replies: Replies): TableRows | undefined {
    return open(SAVED, 'rules', replies);
  }

  constructor(
    replies: Replies,
    detail: Detail,
    { listing, services, servers }: NonNullable<ReturnType<typeof openRows>>,
  ) {
    this.#replies = replies;
    this.#detail = detail;
    this.#listing = listing;
    this.#services = services;
    this.#servers = servers;
  }

  /** Reads all services. @throws IpvsError */
  async read(): Promise<void> {
    await this.#replies.services(this.#detail, this.#services);
  }

  /** Takes a service that was read by itself. */
  take(entry: ServiceEntry): void {
    this.#services.take(entry);
  }

  /**
   * Prints services with their servers.
   * @throws IpvsError when the servers of one cannot be read; what came before it is printed
   */
  async list(view: ListingView & { readonly sorted: boolean }, sink: TableSink): Promise<void> {
    const { code } = this.#listing;
    const out = new BytesOut(sink, this.#listing);
    const layout = PRINTED[view.layout] as number;
    const listed = (from: number) => code.list(from, layout, view.exact, out.at);
    const oddServer = (entry: DestinationEntry) =>
      out.text(renderDestination(entry, undefined, view, NUMERIC));
    await this.#each(view.sorted, out, sink, (place, entry) => {
      if (entry && !out.text(renderService(entry, view, NUMERIC))) return false;
      if (!entry) out.at = code.listService(place, layout, view.exact, out.at);
      code.arrange(view.sorted);
      return this.#printServers(out, listed, oddServer);
    });
  }

  /** Prints services as rules, sorted; what no option can express is named on stderr instead. */
  async save(sink: TableSink): Promise<void> {
    const { code } = this.#listing;
    const out = new BytesOut(sink, this.#listing);
    const saved = (from: number) => code.save(from, out.at);
    const refuse = (line: string): boolean => {
      const isRead = out.flush();
      sink.err(`not saved: ${line}`);
      return isRead;
    };
    await this.#each(true, out, sink, (place, entry) => {
      if (entry) {
        const rule = renderServiceRule(entry.service, NUMERIC);
        if (rule === undefined) return refuse(renderService(entry, PLAIN, NUMERIC));
        if (!out.text(rule)) return false;
        this.#setPrefix(entry);
      } else out.at = code.saveService(place, out.at);
      code.arrange(true);
      return this.#printServers(out, saved, (odd) => {
        const id = entry?.service.id ?? this.#services.idAt(place);
        const rule = renderDestinationRule(id, odd.destination, NUMERIC);
        return rule === undefined
          ? refuse(`${renderDestination(odd, undefined, PLAIN, NUMERIC).trim()}\n`)
          : out.text(rule);
      });
    });
  }

  /** Reads the servers of one service after the other, until `print` returns false. */
  async #each(
    sorted: boolean,
    out: BytesOut,
    sink: TableSink,
    print: (place: number, entry: ServiceEntry | undefined) => boolean,
  ): Promise<void> {
    const services = this.#services;
    if (services.count > MUCH) sink.expectMuch?.();
    this.#listing.code.arrangeServices(sorted);
    try {
      for (let place = 0; place < services.count; place++) {
        const entry = services.entryAt(place);
        const name = entry ? entry.service.id : services.nameAt(place);
        const family = 'attributes' in name ? name.family : familyOf(name);
        await this.#replies.destinations(name, this.#detail, this.#servers.of(family));
        if (!out.line() || !print(place, entry)) return;
      }
    } finally {
      out.flush();
    }
  }

  /**
   * Prints servers in their order, those kept as entries by `printEntry`.
   * @param print prints rows from a place on, until one that it cannot; returns where the text ends
   * @returns false when no more can be written
   */
  #printServers(
    out: BytesOut,
    print: (from: number) => number,
    printEntry: (entry: DestinationEntry) => boolean,
  ): boolean {
    const servers = this.#servers;
    const { count } = servers;
    for (let from = 0; from < count; ) {
      if (!out.line()) return false;
      out.at = print(from);
      from = this.#listing.code.next.value;
      const odd = from < count ? servers.entryAt(from) : undefined;
      if (odd && !printEntry(odd)) return false;
      if (odd) from++;
    }
    return true;
  }

  #setPrefix({ service }: ServiceEntry): void {
    const { code } = this.#listing;
    const name = changeArguments({ kind: 'delete-service', id: service.id })?.slice(1).join(' ');
    code.setPrefix(this.#listing.write(`-a ${name} -r `, code.PREFIX.value));
  }
}

function open(methods: readonly number[], detail: Detail, replies: Replies): TableRows | undefined {
  const rows = LITTLE_ENDIAN ? openRows(methods, detail) : undefined;
  return rows && new TableRows(replies, detail, rows);
}
