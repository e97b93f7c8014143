// IP addresses as plain data: the number for IPv4, four 32-bit words for IPv6, both most
// significant part first.

export interface Ipv4 {
  readonly family: 'ipv4';
  /** 0..2^32-1, 10.0.0.1 is 0x0a000001 */
  readonly value: number;
}

export interface Ipv6 {
  readonly family: 'ipv6';
  /** four words of 32 bits, unsigned */
  readonly words: readonly [number, number, number, number];
}

export type Address = Ipv4 | Ipv6;
export type Family = Address['family'];

export const ANY_IPV4: Ipv4 = { family: 'ipv4', value: 0 };
export const ANY_IPV6: Ipv6 = { family: 'ipv6', words: [0, 0, 0, 0] };

/** An IPv4 address from its number. */
export function ipv4(value: number): Ipv4 {
  return { family: 'ipv4', value: value >>> 0 };
}

/** An IPv6 address from its four words, most significant first. */
export function ipv6(a: number, b: number, c: number, d: number): Ipv6 {
  return { family: 'ipv6', words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0] };
}

/** True when every bit is zero: 0.0.0.0 or `::`. */
export function isUnspecified(address: Address): boolean {
  return address.family === 'ipv4'
    ? address.value === 0
    : address.words.every((word) => word === 0);
}

/** Same family and same bits. */
export function sameAddress(a: Address, b: Address): boolean {
  if (a.family === 'ipv4') return b.family === 'ipv4' && a.value === b.value;
  return b.family === 'ipv6' && a.words.every((word, i) => word === b.words[i]);
}

/**
 * The numeric text of an address: dotted quad, or the shortened IPv6 form without brackets.
 *
 * IPv6 follows inet_ntop of the C library: the first longest run of two or more zero groups becomes
 * `::`, and addresses in ::/96 (seventh group not zero) or ::ffff:0:0/96 end in a dotted quad, so
 * `::1:80` prints as `::0.1.0.128`.
 */
export function formatAddress(address: Address): string {
  return address.family === 'ipv4' ? formatIpv4(address.value) : formatIpv6(address.words);
}

/** Dotted quad of an IPv4 number. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

function formatIpv6(words: Ipv6['words']): string {
  const [a, b, c, d] = words;
  // by hand: a listing of IPv6 formats each address
  const groups = [
    ...[a >>> 16, a & 0xffff, b >>> 16, b & 0xffff],
    ...[c >>> 16, c & 0xffff, d >>> 16, d & 0xffff],
  ];
  const run = longestZeroRun(groups);
  const dotted =
    run.start === 0 && (run.length === 6 || (run.length === 5 && groups[5] === 0xffff));
  const end = dotted ? 6 : 8;
  let text = '';
  for (let i = 0; i < end; i++) {
    if (i === run.start) {
      text += i === 0 ? '::' : ':';
      i += run.length - 1;
    } else {
      text += (groups[i] ?? 0).toString(16) + (i < 7 ? ':' : '');
    }
  }
  return dotted ? text + formatIpv4(words[3]) : text;
}

function longestZeroRun(groups: readonly number[]): {
  start: number;
  length: number;
} {
  let best = { start: -1, length: 1 };
  for (let i = 0; i < groups.length; i++) {
    let length = 0;
    while (groups[i + length] === 0) length++;
    if (length > best.length) best = { start: i, length };
    i += length;
  }
  return best;
}

/** Reads a strict dotted quad: four decimal numbers 0..255 without leading zeros (inet_pton). */
export function parseDottedQuad(text: string): Ipv4 | undefined {
  const [, a = '', b = '', c = '', d = ''] =
    /^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$/.exec(text) ?? [];
  const parts = [a, b, c, d];
  if (
    parts.some((part) => part === '' || (part.length > 1 && part[0] === '0') || Number(part) > 255)
  )
    return undefined;
  return ipv4(Number(a) * 16777216 + Number(b) * 65536 + Number(c) * 256 + Number(d));
}

/**
 * Reads IPv4 in every form that inet_aton takes: one to four parts, each decimal, octal (`0…`) or
 * hexadecimal (`0x…`), the last filling the bytes that are left. White space ends the address and
 * anything may follow it.
 */
export function parseClassicIpv4(text: string): Ipv4 | undefined {
  let value = 0;
  let parts = 0;
  for (let at = 0; ; at++) {
    const end = endOfPart(text, at);
    const number = classicNumber(text, at, end);
    if (number === undefined) return undefined;
    if (text[end] !== '.') {
      const room = 256 ** (4 - parts);
      return number < room && endsAddress(text, end) ? ipv4(value * room + number) : undefined;
    }
    if (number > 255 || ++parts > 3) return undefined;
    value = value * 256 + number;
    at = end;
  }
}

function endOfPart(text: string, from: number): number {
  let at = from;
  while (at < text.length && isAlphanumeric(text.charCodeAt(at))) at++;
  return at;
}

function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

function endsAddress(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return at === text.length || code === 32 || (code >= 9 && code <= 13);
}

/** The number in `text` between two places: decimal, octal or hexadecimal by its beginning. */
function classicNumber(text: string, from: number, to: number): number | undefined {
  if (from === to) return undefined;
  const leadingZero = text[from] === '0';
  const hexadecimal = leadingZero && (text[from + 1] === 'x' || text[from + 1] === 'X');
  const base = hexadecimal ? 16 : leadingZero ? 8 : 10;
  const start = hexadecimal ? from + 2 : from;
  if (start === to) return undefined;
  let value = 0;
  for (let at = start; at < to; at++) {
    const digit = digitOf(text.charCodeAt(at));
    if (digit >= base) return undefined;
    value = value * base + digit;
  }
  return value;
}

/** 0..35 of a digit or letter. */
function digitOf(code: number): number {
  return code <= 57 ? code - 48 : (code | 32) - 87;
}

/**
 * Reads IPv6 text without brackets or scope, as inet_pton does; the last 32 bits may be a dotted
 * quad.
 */
export function parseIpv6(text: string): Ipv6 | undefined {
  // few texts that are asked about are IPv6 at all: it has two colons at least
  if (text.indexOf(':') === text.lastIndexOf(':')) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const last = halves.length - 1;
  const head = groupsOf(halves[0] ?? '', last === 0);
  const tail = last === 1 ? groupsOf(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (last === 0 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const word = (i: number) => (groups[2 * i] ?? 0) * 65536 + (groups[2 * i + 1] ?? 0);
  return ipv6(word(0), word(1), word(2), word(3));
}

function groupsOf(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    const quad = mayEndDotted && i === parts.length - 1 ? parseDottedQuad(part) : undefined;
    if (quad !== undefined) groups.push(quad.value >>> 16, quad.value & 0xffff);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** Reads the numeric text that `formatAddress` writes, of either family. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseIpv6(text) : parseDottedQuad(text);
}

/** All 32 hexadecimal digits of an IPv6 address, without colons. */
export function ipv6Digits({ words }: Ipv6): string {
  return words.map((word) => word.toString(16).padStart(8, '0')).join('');
}
