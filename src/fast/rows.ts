// The real servers of a service from the kernel's bytes to bytes of text: rows of numbers between
// them, without an object a server. What is out of the ordinary is kept as an entry, for the
// general printer.
import type { ReplyTaker } from '../backend/backend.js';
import type { Family } from '../model/address.js';
import type { DestinationEntry } from '../model/destination.js';
import { type ListingCode, loadCode } from './code.js';

const FAMILY = { ipv4: 2, ipv6: 10 } as const;
const PAGE = 65_536;
/** the least that a message with an address takes: 1,024 of them are in one datagram at the most */
const LEAST_MESSAGE = 32;
/** the place of a row, and room for another one, which sorting needs */
const PLACES_BYTES = 8;

/** Real servers in rows, filled again for each service. */
export class ServerRows implements ReplyTaker<DestinationEntry> {
  readonly code: ListingCode;
  /** a bit for each method */
  readonly #methods: number;
  readonly #counted: boolean;
  readonly #entries: DestinationEntry[] = [];
  #family = 0;
  #memory: Buffer;

  /** Undefined where the code cannot run. @param methods numbers that are printed from rows */
  static open(methods: readonly number[], counted: boolean): ServerRows | undefined {
    const code = loadCode();
    return code && new ServerRows(code, methods, counted);
  }

  private constructor(code: ListingCode, methods: readonly number[], counted: boolean) {
    this.code = code;
    this.#methods = methods.reduce((bits, number) => bits | (1 << number), 0);
    this.#counted = counted;
    this.#memory = Buffer.from(code.memory.buffer);
  }

  /** All that the code uses. */
  get memory(): Buffer {
    if (this.#memory.length === 0) this.#memory = Buffer.from(this.code.memory.buffer);
    return this.#memory;
  }

  /** rows that there are */
  get count(): number {
    return this.code.count.value;
  }

  /** For the servers of a service of this family. */
  of(family: Family): this {
    this.#family = FAMILY[family];
    return this;
  }

  begin(): void {
    this.code.begin();
    this.#entries.length = 0;
  }

  takeOrdinary(bytes: Uint8Array, at: number, end: number, sequence: number): number {
    if (end - at < LEAST_MESSAGE || end > this.code.INPUT_BYTES.value) return at;
    this.#reserve(Math.ceil((end - at) / LEAST_MESSAGE));
    this.memory.set(bytes.subarray(at, end), this.code.INPUT.value + at);
    return this.code.take(at, end, sequence, this.#family, this.#methods, this.#counted);
  }

  take(entry: DestinationEntry): void {
    const { address, port } = entry.destination;
    const isIpv4 = address.family === 'ipv4';
    this.#reserve(1);
    this.code.keep(
      this.#entries.push(entry),
      isIpv4,
      port,
      ...(isIpv4 ? ([address.value, 0, 0, 0] as const) : address.words),
    );
  }

  /** Puts rows into the order of the listing. */
  arrange(sorted: boolean): void {
    this.code.arrange(sorted);
  }

  /** What is kept of a place in the order; undefined where it is a row. */
  entryAt(place: number): DestinationEntry | undefined {
    const { code, memory } = this;
    return this.#entries[memory.readUInt32LE(code.placed(place) + code.ENTRY.value) - 1];
  }

  /** Makes room for more rows, and for the order of all. */
  #reserve(more: number): void {
    const { memory, rowAt, WIDTH, count } = this.code;
    const end = rowAt(count.value + more) + PLACES_BYTES * (count.value + more) + WIDTH.value;
    const missing = end - memory.buffer.byteLength;
    if (missing > 0)
      memory.grow(Math.max(Math.ceil(missing / PAGE), memory.buffer.byteLength / PAGE));
  }
}
