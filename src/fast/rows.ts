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
import { type AddressWords, CompiledListing } from './code.js';

const FAMILY = { ipv4: 2, ipv6: 10 } as const;
/** the least that a message with an address takes */
const LEAST_MESSAGE = 32;
/** the place of a row, and room for another one, which sorting needs */
const PLACES_BYTES = 8;

/** What the code has for one kind of rows. */
interface RowCode {
  readonly width: number;
  /** where in a row the number of its entry is, counted from 1; 0 = the row is all there is */
  readonly entry: number;
  count(): number;
  begin(): void;
  /** the n-th row as it was read */
  rowAt(n: number): number;
  /** the one at a place in the order */
  placed(place: number): number;
}

/** Rows of one kind, and what is kept as entries. */
abstract class Rows<T> implements ReplyTaker<T> {
  protected readonly listing: CompiledListing;
  protected readonly counted: boolean;
  readonly #code: RowCode;
  readonly #entries: T[] = [];

  /** @param counted whether counters are read */
  constructor(listing: CompiledListing, counted: boolean, code: RowCode) {
    this.listing = listing;
    this.counted = counted;
    this.#code = code;
  }

  /** Makes rows of the messages in INPUT at `at`..`end`. @returns where the first odd one begins */
  protected abstract takeRows(at: number, end: number, sequence: number): number;
  /** Makes a row that has only what rows are sorted by, and the number of its entry. */
  protected abstract keep(number: number, entry: T): void;

  get count(): number {
    return this.#code.count();
  }

  begin(): void {
    this.#code.begin();
    this.#entries.length = 0;
  }

  takeOrdinary(bytes: Uint8Array, at: number, end: number, sequence: number): number {
    const { listing } = this;
    if (end - at < LEAST_MESSAGE || end > listing.code.INPUT_BYTES.value) return at;
    this.#reserve(Math.ceil((end - at) / LEAST_MESSAGE));
    listing.put(bytes, at, end);
    return this.takeRows(at, end, sequence);
  }

  take(entry: T): void {
    this.#reserve(1);
    this.keep(this.#entries.push(entry), entry);
  }

  /** What is kept of a place in the order; undefined where it is a row. */
  entryAt(place: number): T | undefined {
    const { placed, entry } = this.#code;
    return this.#entries[this.listing.wordAt(placed(place) + entry) - 1];
  }

  /** Makes room for so many more rows, for their order, and for a row that is given up. */
  #reserve(more: number): void {
    const { count, rowAt, width } = this.#code;
    const rows = count() + more;
    this.listing.reserve(rowAt(rows) + PLACES_BYTES * rows + width);
  }
}

/** Services in rows. */
export class ServiceRows extends Rows<ServiceEntry> {
  constructor(listing: CompiledListing, counted: boolean) {
    const { code } = listing;
    super(listing, counted, {
      width: code.SERVICE_WIDTH.value,
      entry: code.SERVICE_ENTRY.value,
      count: () => code.services.value,
      begin: code.beginServices,
      rowAt: code.serviceAt,
      placed: code.placedService,
    });
  }

  protected takeRows(at: number, end: number, sequence: number): number {
    return this.listing.code.takeServices(at, end, sequence, this.counted);
  }

  protected keep(number: number, { service: { id } }: ServiceEntry): void {
    const { code } = this.listing;
    const isIpv4 = familyOf(id) === 'ipv4';
    if (id.kind === 'fwmark') code.keepService(number, id.mark, isIpv4, 0, 0, 0, 0, 0, 0);
    else {
      const protocol = protocolNumber(id.protocol);
      code.keepService(number, 0, isIpv4, protocol, id.port, ...wordsOf(id.address));
    }
  }

  /** What names a row in a request; it lasts until the next one. */
  nameAt(place: number): ServiceName {
    const { code, memory } = this.listing;
    const { value } = code.REQUEST;
    const attributes = memory.subarray(value, value + code.request(place));
    const family = this.listing.wordAt(code.placedService(place) + code.SERVICE_FAMILY.value);
    return { attributes, family: family === FAMILY.ipv4 ? 'ipv4' : 'ipv6' };
  }

  /** What names a row in a rule. */
  idAt(place: number): ServiceId {
    const { code } = this.listing;
    const row = code.placedService(place);
    const wordOf = (at: { readonly value: number }) => this.listing.wordAt(row + at.value);
    const words = this.listing.wordsAt(row + code.SERVICE_ADDRESS.value);
    const isIpv4 = wordOf(code.SERVICE_FAMILY) === FAMILY.ipv4;
    return {
      kind: 'address',
      protocol: protocolOf(wordOf(code.SERVICE_PROTOCOL)),
      address: isIpv4 ? ipv4(words[0]) : { family: 'ipv6', words },
      port: wordOf(code.SERVICE_PORT),
    };
  }
}

/** Real servers in rows, filled again for each service. */
export class ServerRows extends Rows<DestinationEntry> {
  /** a bit for each method */
  readonly #methods: number;
  #family = 0;

  /** @param methods numbers that are printed from rows */
  constructor(listing: CompiledListing, methods: readonly number[], counted: boolean) {
    const { code } = listing;
    super(listing, counted, {
      width: code.WIDTH.value,
      entry: code.ENTRY.value,
      count: () => code.count.value,
      begin: code.begin,
      rowAt: code.rowAt,
      placed: code.placed,
    });
    this.#methods = methods.reduce((bits, number) => bits | (1 << number), 0);
  }

  /** For the servers of a service of this family. */
  of(family: Family): this {
    this.#family = FAMILY[family];
    return this;
  }

  protected takeRows(at: number, end: number, sequence: number): number {
    const { code } = this.listing;
    return code.take(at, end, sequence, this.#family, this.#methods, this.counted);
  }

  protected keep(number: number, { destination: { address, port } }: DestinationEntry): void {
    this.listing.code.keep(number, address.family === 'ipv4', port, ...wordsOf(address));
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

function wordsOf(address: Address): AddressWords {
  return address.family === 'ipv4' ? [address.value, 0, 0, 0] : address.words;
}
