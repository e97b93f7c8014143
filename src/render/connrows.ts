// /proc/net/ip_vs_conn -> rows, bytes to bytes: the plain IPv4 lines that a busy director has a
// million of. Columns are checked before they are trusted; any other row is left to the
// general reader.

const ZERO = 48;
const BLANK = 32;
const NEWLINE = 10;
const COLON = 58;
const DOT = 46;

/**
 * `TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899`: where the columns of a plain
 * line begin.
 */
export const AT = {
  client: 4,
  clientPort: 13,
  virtual: 18,
  virtualPort: 27,
  server: 32,
  serverPort: 41,
  state: 46,
  expires: 58,
  end: 65,
} as const;
/** the blanks between them */
const GAPS = [3, 12, 17, 26, 31, 40, 45, 57] as const;
const STATE_WIDTH = 11;
const ENDPOINT_WIDTH = 18;
const DURATION_WIDTH = 6;

/** Bytes of input that a plain line takes, and of output that a row takes at the most. */
export const PLAIN_LINE = AT.end + 1;
export const LONGEST_ROW = 128;

/** Value of a hexadecimal digit's byte, 16 of any other byte. */
const HEX = new Uint8Array(256).fill(16);
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** Four bytes a number 0..255: how many digits it has, and these. */
const OCTETS = new Uint8Array(4 * 256);
for (let octet = 0; octet < 256; octet++) {
  const digits = String(octet);
  OCTETS[4 * octet] = digits.length;
  for (let i = 0; i < digits.length; i++) OCTETS[4 * octet + 1 + i] = digits.charCodeAt(i);
}

/** Whether a line of IPv4 addresses and a short state begins at `from`, by its columns. */
export function isPlainLine(input: Uint8Array, from: number): boolean {
  if (input[from + AT.end] !== NEWLINE) return false;
  for (let i = 0; i < GAPS.length; i++)
    if (input[from + (GAPS[i] as number)] !== BLANK) return false;
  return input[from] !== BLANK && input[from + AT.state] !== BLANK;
}

/** The number of eight hexadecimal digits, as signed 32 bits; NaN when there is anything else. */
export function hexNumber(input: Uint8Array, from: number): number {
  let value = 0;
  let bad = 0;
  for (let i = from; i < from + 8; i++) {
    const digit = HEX[input[i] as number] as number;
    bad |= digit;
    value = (value << 4) | digit;
  }
  return bad > 15 ? Number.NaN : value;
}

/**
 * Turns a plain line at `from` into its row at `at`.
 * @returns where the row ends in `output`, or -1 when the line is not plain
 */
export function renderPlainRow(
  input: Uint8Array,
  from: number,
  output: Uint8Array,
  at: number,
): number {
  if (!isPlainLine(input, from)) return -1;
  const seconds = decimal(input, from + AT.expires, from + AT.end);
  if (seconds < 0) return -1;
  let end = at;
  for (let i = 0; i < 4; i++) output[end++] = input[from + i] as number;
  end = padded(output, at + 4, duration(output, end, seconds), DURATION_WIDTH);
  for (let i = 0; i < STATE_WIDTH + 1; i++) output[end++] = input[from + AT.state + i] as number;
  const client = endpoint(input, from + AT.client, output, end);
  if (client < 0) return -1;
  end = padded(output, end, client, ENDPOINT_WIDTH);
  const virtual = endpoint(input, from + AT.virtual, output, end);
  if (virtual < 0) return -1;
  end = padded(output, end, virtual, ENDPOINT_WIDTH);
  end = endpoint(input, from + AT.server, output, end);
  if (end < 0) return -1;
  output[end++] = NEWLINE;
  return end;
}

/** Blanks up to the width and one more. */
function padded(output: Uint8Array, from: number, end: number, width: number): number {
  let at = end;
  const to = Math.max(from + width, end) + 1;
  while (at < to) output[at++] = BLANK;
  return at;
}

/** Eight hexadecimal digits, a blank and four more as address:port. @returns the end, or -1 */
function endpoint(input: Uint8Array, from: number, output: Uint8Array, at: number): number {
  let end = at;
  let bad = 0;
  for (let i = 0; i < 4; i++) {
    const high = HEX[input[from + 2 * i] as number] as number;
    const low = HEX[input[from + 2 * i + 1] as number] as number;
    bad |= high | low;
    const octet = ((high << 4) | low) << 2;
    const digits = OCTETS[octet] as number;
    output[end] = OCTETS[octet + 1] as number;
    output[end + 1] = OCTETS[octet + 2] as number;
    output[end + 2] = OCTETS[octet + 3] as number;
    output[end + digits] = i < 3 ? DOT : COLON;
    end += digits + 1;
  }
  let port = 0;
  for (let i = 9; i < 13; i++) {
    const digit = HEX[input[from + i] as number] as number;
    bad |= digit;
    port = (port << 4) | digit;
  }
  return bad > 15 ? -1 : number(output, end, port);
}

/** A number of up to five digits. */
function number(output: Uint8Array, at: number, value: number): number {
  let end = at;
  if (value >= 10000) output[end++] = ZERO + ((value / 10000) | 0);
  if (value >= 1000) output[end++] = ZERO + (((value / 1000) | 0) % 10);
  if (value >= 100) output[end++] = ZERO + (((value / 100) | 0) % 10);
  if (value >= 10) output[end++] = ZERO + (((value / 10) | 0) % 10);
  output[end++] = ZERO + (value % 10);
  return end;
}

/** Minutes and seconds, both of two digits at least. */
function duration(output: Uint8Array, at: number, seconds: number): number {
  const minutes = (seconds / 60) | 0;
  let end = at;
  if (minutes < 10) output[end++] = ZERO;
  if (minutes >= 100000) {
    end = number(output, end, (minutes / 100000) | 0);
    for (let unit = 10000; unit >= 1; unit /= 10)
      output[end++] = ZERO + (((minutes / unit) | 0) % 10);
  } else {
    end = number(output, end, minutes);
  }
  output[end++] = COLON;
  output[end++] = ZERO + ((((seconds % 60) / 10) | 0) % 10);
  output[end++] = ZERO + ((seconds % 60) % 10);
  return end;
}

/** Blanks, then digits. @returns -1 when there is anything else */
function decimal(input: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && input[at] === BLANK) at++;
  if (at === to) return -1;
  let value = 0;
  for (; at < to; at++) {
    const digit = (input[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
