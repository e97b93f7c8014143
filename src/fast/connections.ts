// The lines of /proc/net/ip_vs_conn as rows, where they are plain.
import { CompiledListing } from './code.js';

/** Bytes of a line that is plain. */
const PLAIN_LINE = 66;

/** Room for lines, and what makes rows of them. */
export class PlainConnections {
  readonly #listing: CompiledListing | undefined;
  /** what is read goes here */
  readonly input: Uint8Array;
  /** rows of the last `take` */
  rows: Uint8Array = new Uint8Array();

  /**
   * @param bytes the size of `input`
   * @param isUsed false where no line is to be taken as plain
   */
  constructor(bytes: number, isUsed: boolean) {
    const listing = isUsed ? CompiledListing.open() : undefined;
    this.#listing = listing;
    if (listing && listing.code.LINES_BYTES.value < bytes) throw new Error('no room for a piece');
    this.input = listing
      ? listing.memory.subarray(listing.code.LINES.value, listing.code.LINES.value + bytes)
      : new Uint8Array(bytes);
  }

  /**
   * Makes rows of the lines at from..end-1 of `input`, up to one that is not plain, or until there
   * are enough.
   * @returns how many lines, and where the next one begins
   */
  take(from: number, end: number): { readonly count: number; readonly next: number } {
    if (this.#listing === undefined) return { count: 0, next: from };
    const { code, memory } = this.#listing;
    const next = code.connections(from, end);
    this.rows = memory.subarray(code.ROWS.value, code.rowsEnd.value);
    return { count: (next - from) / PLAIN_LINE, next };
  }
}
