// The columns of plain lines of /proc/net/ip_vs_conn, which a busy director has a million of. They
// are checked before they are trusted; any other line is left to the general reader.

const BLANK = 32;
const NEWLINE = 10;

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
/** Bytes of a plain line. */
export const PLAIN_LINE = AT.end + 1;

/** Value of a hexadecimal digit's byte, 16 of any other byte. */
const HEX = new Uint8Array(256).fill(16);
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
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
