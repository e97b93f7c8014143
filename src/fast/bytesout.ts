// What is printed, gathered as bytes.
import { text } from './digits.js';

/** Bytes that are gathered before they are written. */
const PIECE = 65536;
/** more than any line of numbers takes */
const LONGEST_LINE = 1024;

/** Where bytes and texts go; both return false when no more can be written. */
export interface Sink {
  outBytes(bytes: Uint8Array): boolean;
  out(text: string): boolean;
}

/** A buffer that always has room for a line. */
export class BytesOut {
  readonly bytes = new Uint8Array(PIECE + LONGEST_LINE);
  readonly #sink: Sink;
  /** where the next byte goes, moved by what writes */
  at = 0;
  #isLost = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Makes room for a line. @returns false when no more can be written */
  line(): boolean {
    return !this.#isLost && (this.at < PIECE || this.flush());
  }

  /** Takes a text of any length. @returns false when no more can be written */
  text(value: string): boolean {
    if (value.length > LONGEST_LINE) {
      this.#isLost ||= !this.flush() || !this.#sink.out(value);
      return !this.#isLost;
    }
    if (!this.line()) return false;
    this.at = text(this.bytes, this.at, value);
    return true;
  }

  /** Hands on what was gathered. @returns false when no more can be written */
  flush(): boolean {
    const { at } = this;
    this.at = 0;
    if (at > 0 && !this.#isLost) this.#isLost = !this.#sink.outBytes(this.bytes.subarray(0, at));
    return !this.#isLost;
  }
}
