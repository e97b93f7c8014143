// /proc/net/ip_vs_conn -> rows: the plain IPv4 lines that a busy director has a million of. Columns
// are checked before they are trusted; any other line is left to the general reader.
//
// `TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899`

/** Where lines are put, whole ones, and how many bytes of them. */
export const LINES_BYTES: u32 = 65536 + 1;
export const LINES: usize = memory.data(65536 + 1);
/** Where rows are written, and behind how many bytes no further one begins. */
export const ROWS_FULL: usize = 65536;
export const ROWS: usize = memory.data(65536 + 128);

const CLIENT: usize = 4;
const VIRTUAL: usize = 18;
const SERVER: usize = 32;
const STATE: usize = 46;
const EXPIRES: usize = 58;
const END: usize = 65;
const LINE: u32 = 66;
const PROTOCOL_WIDTH: usize = 3;
const STATE_WIDTH: usize = 11;
const ENDPOINT_WIDTH: usize = 18;
const DURATION_WIDTH: usize = 6;

const ZERO: u32 = 48;
const BLANK: u8 = 32;
const NEWLINE: u8 = 10;
const COLON: u8 = 58;
const DOT: u8 = 46;
/** of a byte that is no hexadecimal digit */
const BAD: u8 = 16;

/** by byte: the value of a hexadecimal digit, or BAD */
const HEX: usize = memory.data(256);
/** four bytes for each number 0..255: how many digits it has, and these */
const OCTETS: usize = memory.data(1024, 4);
let isPrepared: bool = false;

/** where the rows end */
export let rowsEnd: usize = ROWS;

/**
 * Turns the lines at `from`..`end` of LINES into rows, up to one that is not plain, or until enough
 * rows are there. @returns where that one begins
 */
export function connections(from: u32, end: u32): u32 {
  if (!isPrepared) prepare();
  let line = from;
  let at = ROWS;
  while (line < end && end - line >= LINE && at < ROWS + ROWS_FULL) {
    const next = row(LINES + line, at);
    if (next === 0) break;
    at = next;
    line += LINE;
  }
  rowsEnd = at;
  return line;
}

function prepare(): void {
  isPrepared = true;
  memory.fill(HEX, BAD, 256);
  for (let digit: u32 = 0; digit < 16; digit++) {
    const code: u32 = digit < 10 ? ZERO + digit : 55 + digit;
    store<u8>(HEX + code, <u8>digit);
    if (digit >= 10) store<u8>(HEX + code + 32, <u8>digit);
  }
  for (let octet: u32 = 0; octet < 256; octet++) {
    const at = OCTETS + 4 * octet;
    store<u8>(at, <u8>(number(at + 1, octet) - at - 1));
  }
}

/** @returns where the row ends, or 0 when the line is not plain */
function row(line: usize, begin: usize): usize {
  if (!isPlain(line)) return 0;
  let at = begin;
  store<u32>(at, load<u32>(line));
  at = duration(at + 4, line + EXPIRES, line + END);
  if (at === 0) return 0;
  at = padded(begin + 4, at, DURATION_WIDTH);
  memory.copy(at, line + STATE, STATE_WIDTH + 1);
  at += STATE_WIDTH + 1;
  const client = endpoint(line + CLIENT, at);
  if (client === 0) return 0;
  at = padded(at, client, ENDPOINT_WIDTH);
  const service = endpoint(line + VIRTUAL, at);
  if (service === 0) return 0;
  at = padded(at, service, ENDPOINT_WIDTH);
  at = endpoint(line + SERVER, at);
  if (at === 0) return 0;
  store<u8>(at, NEWLINE);
  return at + 1;
}

/** Whether the line has IPv4 addresses and a short state, by its columns. */
function isPlain(line: usize): bool {
  return (
    load<u8>(line, 3) === BLANK &&
    load<u8>(line, 12) === BLANK &&
    load<u8>(line, 17) === BLANK &&
    load<u8>(line, 26) === BLANK &&
    load<u8>(line, 31) === BLANK &&
    load<u8>(line, 40) === BLANK &&
    load<u8>(line, 45) === BLANK &&
    load<u8>(line, 57) === BLANK &&
    load<u8>(line + END) === NEWLINE &&
    isWord(line, PROTOCOL_WIDTH) &&
    isWord(line + STATE, STATE_WIDTH)
  );
}

/** Whether a column has one word, and only blanks behind it: no newline, no second word. */
function isWord(from: usize, width: usize): bool {
  const end = from + width;
  let at = from;
  while (at < end && load<u8>(at) > BLANK) at++;
  if (at === from) return false;
  while (at < end && load<u8>(at) === BLANK) at++;
  return at === end;
}

/** Blanks up to the width and one more. */
function padded(from: usize, end: usize, width: usize): usize {
  const to = max(from + width, end) + 1;
  for (let at = end; at < to; at++) store<u8>(at, BLANK);
  return to;
}

/** Eight hexadecimal digits, a blank and four more as address:port. @returns the end, or 0 */
function endpoint(from: usize, begin: usize): usize {
  let at = begin;
  let bad: u32 = 0;
  for (let i: usize = 0; i < 8; i += 2) {
    const high: u32 = load<u8>(HEX + load<u8>(from + i));
    const low: u32 = load<u8>(HEX + load<u8>(from + i + 1));
    bad |= high | low;
    // of a bad digit this is another octet, and the row is given up
    const octet = load<u32>(OCTETS + 4 * (((high << 4) | low) & 255));
    store<u32>(at, octet >> 8);
    at += octet & 255;
    store<u8>(at++, i < 6 ? DOT : COLON);
  }
  let port: u32 = 0;
  for (let i: usize = 9; i < 13; i++) {
    const digit: u32 = load<u8>(HEX + load<u8>(from + i));
    bad |= digit;
    port = (port << 4) | digit;
  }
  return bad >= BAD ? 0 : number(at, port);
}

/** A number in decimal. */
function number(begin: usize, value: u32): usize {
  let length: usize = 1;
  for (let limit: u32 = 10; value >= limit && length < 9; limit *= 10) length++;
  let rest = value;
  for (let i = length; i > 0; i--) {
    store<u8>(begin + i - 1, <u8>(ZERO + (rest % 10)));
    rest /= 10;
  }
  return begin + length;
}

/**
 * Seconds in decimal, blanks in front, as minutes:seconds of two digits at least.
 * @returns the end, or 0 when it is no number
 */
function duration(begin: usize, from: usize, to: usize): usize {
  let digit = from;
  while (digit < to && load<u8>(digit) === BLANK) digit++;
  if (digit === to) return 0;
  let seconds: u32 = 0;
  for (; digit < to; digit++) {
    const value: u32 = load<u8>(digit) - ZERO;
    if (value > 9) return 0;
    seconds = seconds * 10 + value;
  }
  let at = twoDigits(begin, seconds / 60);
  store<u8>(at++, COLON);
  return twoDigits(at, seconds % 60);
}

function twoDigits(at: usize, value: u32): usize {
  if (value >= 10) return number(at, value);
  store<u8>(at, <u8>ZERO);
  return number(at + 1, value);
}
