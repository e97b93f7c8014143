// What is printed, gathered as bytes where the code of `wasm/` writes.
import type { CompiledListing } from './code.js';

/** Where bytes and texts go; both return false when no more can be written. */
export interface Sink {
  outBytes(bytes: Uint8Array): boolean;
  out(text: string): boolean;
}

/** more than any service takes */
const LONGEST_TEXT = 1024;

/** A buffer that always has room for a line. */
export class BytesOut {
  readonly #sink: Sink;
  readonly #listing: CompiledListing;
  readonly #start: number;
  /** no line begins behind it */
  readonly #full: number;
  /** where the next byte goes in the memory, moved by what writes */
  at: number;
  #isLost = false;

  constructor(sink: Sink, listing: CompiledListing) {
    this.#sink = sink;
    this.#listing = listing;
    const { OUT, FULL } = listing.code;
    this.#start = OUT.value;
    this.#full = OUT.value + FULL.value;
    this.at = this.#start;
  }

  /** Makes room for a line. @returns false when no more can be written */
  line(): boolean {
    return !this.#isLost && (this.at < this.#full || this.flush());
  }

  /**
   * Takes a text of any length, one byte a character.
   * @returns false when no more can be written
   */
  text(value: string): boolean {
    if (value.length > LONGEST_TEXT) {
      this.#isLost ||= !this.flush() || !this.#sink.out(value);
      return !this.#isLost;
    }
    if (!this.line()) return false;
    this.at += this.#listing.write(value, this.at);
    return true;
  }

  /** Hands on what was gathered. @returns false when no more can be written */
  flush(): boolean {
    const { at } = this;
    this.at = this.#start;
    if (at > this.#start && !this.#isLost)
      this.#isLost = !this.#sink.outBytes(this.#listing.memory.subarray(this.#start, at));
    return !this.#isLost;
  }
}
