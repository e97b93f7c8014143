// Numbers and texts as bytes in a buffer that has room: each function writes from `at` on and
// returns where it ended.
import { exact, scaled } from '../render/numbers.js';

const ZERO = 48;
const BLANK = 32;
const LOW = 0x7fffffff;

/** Text of one byte a character. */
export function text(out: Uint8Array, at: number, value: string): number {
  for (let i = 0; i < value.length; i++) out[at + i] = value.charCodeAt(i);
  return at + value.length;
}

/** A whole number, 0..2^32-1, in decimal. */
export function digits(out: Uint8Array, at: number, value: number): number {
  if (value > LOW) return text(out, at, String(value));
  const end = at + lengthOf(value);
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    out[i] = ZERO + rest - next * 10;
    rest = next;
  }
  return end;
}

function lengthOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  let length = 3;
  for (let limit = 1000; value >= limit && length < 10; limit *= 10) length++;
  return length;
}

/** A blank, then a number of 32 bits with blanks behind it up to `width`. */
export function left(out: Uint8Array, at: number, value: number, width: number): number {
  out[at] = BLANK;
  return pad(out, digits(out, at + 1, value), at + 1 + width);
}

/** Blanks up to `end`; none when that is passed. */
export function pad(out: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) out[at] = BLANK;
  return from < end ? end : from;
}

/** A blank, then a number of 32 bits in eight columns, blanks in front. */
export function number(out: Uint8Array, at: number, value: number): number {
  out[at] = BLANK;
  return digits(out, pad(out, at + 1, at + 9 - lengthOf(value)), value);
}

/** A counter of 64 bits as listings show it, by its two halves. */
export function counter(
  out: Uint8Array,
  at: number,
  low: number,
  high: number,
  full: boolean,
): number {
  const value = low >>> 0;
  if (high === 0 && value < 100_000_000) return number(out, at, value);
  const whole = (BigInt(high >>> 0) << 32n) | BigInt(value);
  return text(out, at, full ? exact(whole) : scaled(whole));
}

/** An IPv4 address as a number. */
export function dottedQuad(out: Uint8Array, at: number, value: number): number {
  let end = at;
  for (let shift = 24; shift >= 0; shift -= 8) {
    end = digits(out, end, (value >>> shift) & 255);
    if (shift > 0) out[end++] = 46;
  }
  return end;
}

/** The four bytes of a word in the other order. */
export function swap(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** The first two bytes of a word, as a number in network order. */
export function half(word: number): number {
  return ((word & 255) << 8) | ((word >>> 8) & 255);
}
