// Numbers as text in memory: each function writes from `at` on and returns where it ended.

const ZERO: u8 = 48;
const BLANK: u8 = 32;
const DOT: u8 = 46;
/** columns of a counter, without the blank in front */
const COUNTER_WIDTH: usize = 8;

/** A whole number in decimal. */
export function digits(at: usize, value: u32): usize {
  const end = at + lengthOf(value);
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const next = rest / 10;
    store<u8>(i, ZERO + <u8>(rest - next * 10));
    rest = next;
  }
  return end;
}

function lengthOf(value: u32): usize {
  if (value < 10) return 1;
  let length: usize = 2;
  for (let limit: u64 = 100; value >= limit; limit *= 10) length++;
  return length;
}

/** Blanks up to `end`; none when that is passed. */
export function pad(from: usize, end: usize): usize {
  let at = from;
  for (; at < end; at++) store<u8>(at, BLANK);
  return at;
}

/** A blank, then a number with blanks behind it up to `width`. */
export function left(at: usize, value: u32, width: usize): usize {
  store<u8>(at, BLANK);
  return pad(digits(at + 1, value), at + 1 + width);
}

/** A number in `width` columns, blanks in front; in more where it has more digits. */
export function right(at: usize, value: u64, width: usize): usize {
  let length: usize = 1;
  for (let rest = value; rest >= 10; rest /= 10) length++;
  const end = pad(at, at + width - min(width, length)) + length;
  let rest = value;
  for (let i = end - length; length > 0; rest /= 10) {
    length--;
    store<u8>(i + length, ZERO + <u8>(rest % 10));
  }
  return end;
}

/** A blank, then a number in eight columns. */
export function number(at: usize, value: u64): usize {
  store<u8>(at, BLANK);
  return right(at + 1, value, COUNTER_WIDTH);
}

/** A number in eight columns, and the letter of its scale. */
export function lettered(at: usize, value: u64, letter: u8): usize {
  const end = right(at, value, COUNTER_WIDTH);
  store<u8>(end, letter);
  return end + 1;
}

/** An IPv4 address as a number. */
export function dottedQuad(at: usize, value: u32): usize {
  let end = at;
  for (let shift: u32 = 24; shift > 0; shift -= 8) {
    end = digits(end, (value >> shift) & 255);
    store<u8>(end++, DOT);
  }
  return digits(end, value & 255);
}
