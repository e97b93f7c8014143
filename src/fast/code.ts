// The code of `wasm/`, ready to run: what it has, and what it is given.
import { formatAddress } from '../model/address.js';
import { BackendError } from '../model/errors.js';
import { code, VERSION } from './generated.js';

/** A number that only the code changes. */
interface Constant {
  readonly value: number;
}

/** A memory whose buffer is another one after it has grown. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** An address as a row has it; IPv4 is the first number. */
export type AddressWords = readonly [number, number, number, number];

/** What `wasm/listing.ts` exports; `at` and what is returned of it are places in the memory. */
export interface ListingCode {
  readonly VERSION: Constant;
  readonly memory: Memory;
  readonly INPUT: Constant;
  readonly INPUT_BYTES: Constant;
  readonly OUT: Constant;
  readonly FULL: Constant;
  readonly PREFIX: Constant;
  readonly REQUEST: Constant;
  readonly ENTRY: Constant;
  readonly WIDTH: Constant;
  readonly SERVICE_ENTRY: Constant;
  readonly SERVICE_ADDRESS: Constant;
  readonly SERVICE_FAMILY: Constant;
  readonly SERVICE_PORT: Constant;
  readonly SERVICE_PROTOCOL: Constant;
  readonly SERVICE_WIDTH: Constant;
  readonly LINES: Constant;
  readonly LINES_BYTES: Constant;
  readonly ROWS: Constant;
  readonly rowsEnd: Constant;
  readonly services: Constant;
  readonly count: Constant;
  readonly next: Constant;
  connections(from: number, end: number): number;
  beginServices(): void;
  takeServices(from: number, end: number, sequence: number, counted: boolean): number;
  keepService(
    entry: number,
    mark: number,
    isIpv4: boolean,
    protocol: number,
    port: number,
    ...words: AddressWords
  ): void;
  serviceAt(n: number): number;
  arrangeServices(sorted: boolean): void;
  placedService(n: number): number;
  listService(place: number, layout: number, full: boolean, at: number): number;
  saveService(place: number, at: number): number;
  setPrefix(length: number): void;
  request(place: number): number;
  begin(): void;
  take(
    from: number,
    end: number,
    sequence: number,
    family: number,
    methods: number,
    counted: boolean,
  ): number;
  keep(entry: number, isIpv4: boolean, port: number, ...words: AddressWords): void;
  rowAt(n: number): number;
  arrange(sorted: boolean): void;
  placed(n: number): number;
  list(from: number, layout: number, full: boolean, at: number): number;
  save(from: number, at: number): number;
}

interface WebAssemblyOfNode {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, object>>,
  ) => { readonly exports: Partial<ListingCode> };
}

const PAGE = 65_536;

/** The code, and its memory as bytes. */
export class CompiledListing {
  readonly code: ListingCode;
  #memory: Buffer;

  /**
   * Undefined where it cannot run: WebAssembly is off, its file is lost, damaged or of another
   * version, or addresses are short (V8 asks for 10 GB of them, `ulimit -v`).
   */
  static open(): CompiledListing | undefined {
    const { WebAssembly } = globalThis as unknown as { WebAssembly?: WebAssemblyOfNode };
    if (WebAssembly === undefined) return undefined;
    let listing: CompiledListing;
    const ipv6 = (words: number, at: number) => listing.ipv6(words, at);
    try {
      const module = new WebAssembly.Module(code());
      const { exports } = new WebAssembly.Instance(module, { addresses: { ipv6 } });
      if (exports.VERSION?.value !== VERSION) return undefined;
      listing = new CompiledListing(exports as ListingCode);
    } catch {
      return undefined;
    }
    return listing;
  }

  private constructor(exports: ListingCode) {
    this.code = exports;
    this.#memory = Buffer.from(exports.memory.buffer);
  }

  /** All that the code uses; another one after it has grown. */
  get memory(): Buffer {
    if (this.#memory.length === 0) this.#memory = Buffer.from(this.code.memory.buffer);
    return this.#memory;
  }

  /** A number in memory. */
  wordAt(at: number): number {
    return this.memory.readUInt32LE(at);
  }

  /** An address in memory. */
  wordsAt(at: number): AddressWords {
    return [this.wordAt(at), this.wordAt(at + 4), this.wordAt(at + 8), this.wordAt(at + 12)];
  }

  /** Writes a text of one byte a character. @returns its length */
  write(text: string, at: number): number {
    return this.memory.write(text, at, 'latin1');
  }

  /** Puts a datagram, or a part of one, where the code reads it. */
  put(bytes: Uint8Array, at: number, end: number): void {
    this.memory.set(bytes.subarray(at, end), this.code.INPUT.value + at);
  }

  /**
   * Makes the memory larger, where it is not so large.
   * @throws BackendError when there is not so much
   */
  reserve(bytes: number): void {
    const { memory } = this.code;
    const missing = bytes - memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      memory.grow(Math.max(Math.ceil(missing / PAGE), memory.buffer.byteLength / PAGE));
    } catch {
      throw new BackendError('not enough memory for the table');
    }
  }

  /** Writes an IPv6 address as text. @returns where it ends */
  private ipv6(at: number, to: number): number {
    return to + this.write(formatAddress({ family: 'ipv6', words: this.wordsAt(at) }), to);
  }
}
