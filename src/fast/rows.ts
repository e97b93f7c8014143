// Virtual services, and the real servers of one of them, from the kernel's messages to rows of
// numbers, without an object for each. What is out of the ordinary is kept as an entry, for the
// general printer.
import type { Detail, ReplyTaker, ServiceName } from '../backend/backend.js';
import { type Address, type Family, ipv4 } from '../model/address.js';
import type { DestinationEntry } from '../model/destination.js';
import {
  familyOf,
  protocolNumber,
  protocolOf,
  type ServiceEntry,
  type ServiceId,
} from '../model/service.js';
import { CompiledListing } from './code.js';

const FAMILY = { ipv4: 2, ipv6: 10 } as const;
/** the least that a message with an address takes */
const LEAST_MESSAGE = 32;
/** the place of a row, and room for another one, which sorting needs */
const PLACES_BYTES = 8;

/** Services in rows. */
export class ServiceRows implements ReplyTaker<ServiceEntry> {
  readonly #listing: CompiledListing;
  readonly #counted: boolean;
  readonly #entries: ServiceEntry[] = [];

  constructor(listing: CompiledListing, counted: boolean) {
    this.#listing = listing;
    this.#counted = counted;
  }

  get count(): number {
    return this.#listing.code.services.value;
  }

  begin(): void {
    this.#listing.code.beginServices();
    this.#entries.length = 0;
  }

  takeOrdinary(bytes: Uint8Array, at: number, end: number, sequence: number): number {
    const { code } = this.#listing;
    if (!mayHold(end - at) || end > code.INPUT_BYTES.value) return at;
    this.#reserve(Math.ceil((end - at) / LEAST_MESSAGE));
    this.#listing.put(bytes, at, end);
    return code.takeServices(at, end, sequence, this.#counted);
  }

  take(entry: ServiceEntry): void {
    const { id } = entry.service;
    const isIpv4 = familyOf(id) === 'ipv4';
    const of = this.#entries.push(entry);
    this.#reserve(1);
    const { code } = this.#listing;
    if (id.kind === 'fwmark') code.keepService(of, id.mark, isIpv4, 0, 0, 0, 0, 0, 0);
    else {
      const protocol = protocolNumber(id.protocol);
      code.keepService(of, 0, isIpv4, protocol, id.port, ...wordsOf(id.address));
    }
  }

  /** What is kept of a place in the order; undefined where it is a row. */
  entryAt(place: number): ServiceEntry | undefined {
    const { code } = this.#listing;
    const at = code.placedService(place) + code.SERVICE_ENTRY.value;
    return this.#entries[this.#listing.wordAt(at) - 1];
  }

  /** What names a row in a request; it lasts until the next one. */
  nameAt(place: number): ServiceName {
    const { code, memory } = this.#listing;
    const { value } = code.REQUEST;
    const attributes = memory.subarray(value, value + code.request(place));
    const family = this.#listing.wordAt(code.placedService(place) + code.SERVICE_FAMILY.value);
    return { attributes, family: family === FAMILY.ipv4 ? 'ipv4' : 'ipv6' };
  }

  /** What names a row in a rule. */
  idAt(place: number): ServiceId {
    const { code } = this.#listing;
    const row = code.placedService(place);
    const wordOf = (at: { readonly value: number }) => this.#listing.wordAt(row + at.value);
    const [first, second, third, fourth] = [0, 4, 8, 12].map((i) =>
      this.#listing.wordAt(row + code.SERVICE_ADDRESS.value + i),
    ) as [number, number, number, number];
    const isIpv4 = wordOf(code.SERVICE_FAMILY) === FAMILY.ipv4;
    return {
      kind: 'address',
      protocol: protocolOf(wordOf(code.SERVICE_PROTOCOL)),
      address: isIpv4 ? ipv4(first) : { family: 'ipv6', words: [first, second, third, fourth] },
      port: wordOf(code.SERVICE_PORT),
    };
  }

  #reserve(more: number): void {
    const { serviceAt, services, SERVICE_WIDTH } = this.#listing.code;
    const rows = services.value + more;
    this.#listing.reserve(serviceAt(rows) + PLACES_BYTES * rows + SERVICE_WIDTH.value);
  }
}

/** Real servers in rows, filled again for each service. */
export class ServerRows implements ReplyTaker<DestinationEntry> {
  readonly #listing: CompiledListing;
  /** a bit for each method */
  readonly #methods: number;
  readonly #counted: boolean;
  readonly #entries: DestinationEntry[] = [];
  #family = 0;

  /** @param methods numbers that are printed from rows */
  constructor(listing: CompiledListing, methods: readonly number[], counted: boolean) {
    this.#listing = listing;
    this.#methods = methods.reduce((bits, number) => bits | (1 << number), 0);
    this.#counted = counted;
  }

  get count(): number {
    return this.#listing.code.count.value;
  }

  /** For the servers of a service of this family. */
  of(family: Family): this {
    this.#family = FAMILY[family];
    return this;
  }

  begin(): void {
    this.#listing.code.begin();
    this.#entries.length = 0;
  }

  takeOrdinary(bytes: Uint8Array, at: number, end: number, sequence: number): number {
    const { code } = this.#listing;
    if (!mayHold(end - at) || end > code.INPUT_BYTES.value) return at;
    this.#reserve(Math.ceil((end - at) / LEAST_MESSAGE));
    this.#listing.put(bytes, at, end);
    return code.take(at, end, sequence, this.#family, this.#methods, this.#counted);
  }

  take(entry: DestinationEntry): void {
    const { address, port } = entry.destination;
    const of = this.#entries.push(entry);
    this.#reserve(1);
    this.#listing.code.keep(of, address.family === 'ipv4', port, ...wordsOf(address));
  }

  /** What is kept of a place in the order; undefined where it is a row. */
  entryAt(place: number): DestinationEntry | undefined {
    const { code } = this.#listing;
    return this.#entries[this.#listing.wordAt(code.placed(place) + code.ENTRY.value) - 1];
  }

  #reserve(more: number): void {
    const { rowAt, count, WIDTH } = this.#listing.code;
    const rows = count.value + more;
    this.#listing.reserve(rowAt(rows) + PLACES_BYTES * rows + WIDTH.value);
  }
}

/** Rows of a table, or undefined where the code cannot run. */
export function openRows(
  methods: readonly number[],
  detail: Detail,
): { listing: CompiledListing; services: ServiceRows; servers: ServerRows } | undefined {
  const listing = CompiledListing.open();
  if (listing === undefined) return undefined;
  const counted = detail === 'counters';
  const services = new ServiceRows(listing, counted);
  return { listing, services, servers: new ServerRows(listing, methods, counted) };
}

function mayHold(bytes: number): boolean {
  return bytes >= LEAST_MESSAGE;
}

function wordsOf(address: Address): readonly [number, number, number, number] {
  return address.family === 'ipv4' ? [address.value, 0, 0, 0] : address.words;
}
