// Rows as lines of a listing or of a save. Compiled by AssemblyScript when the bundle is built,
// together with `tables`, which `build/tables.ts` makes of the attributes and layouts.
import { placed } from './order';
import { count, isIpv4 } from './rows';
import {
  ADDRESS,
  arrow,
  columns,
  ENTRY,
  FORWARDING,
  LOWER_THRESHOLD,
  lower,
  option,
  PORT,
  SERVER_WIDTH,
  UPPER_THRESHOLD,
  upper,
  WEIGHT,
  weight,
} from './tables';
import { digits, dottedQuad, pad } from './text';

export { arrange, placed } from './order';
export { begin, count, INPUT, INPUT_BYTES, keep, rowAt, take } from './rows';
export { ENTRY, WIDTH } from './tables';

/** What is printed, gathered in memory. */
export const OUT: usize = memory.data(65536 + 1024);
/** Behind so many bytes no further line begins; there is room for one. */
export const FULL: usize = 65536;
/** How each line of a save begins. */
export const PREFIX: usize = memory.data(256);

const NEWLINE: u8 = 10;
const COLON: u8 = 58;
const OPEN: u8 = 91;
const CLOSE: u8 = 93;

/** Writes the IPv6 address in memory at `words` as text. @returns where it ends */
declare function ipv6(words: usize, at: usize): usize;

/** the place behind the rows that are printed */
export let next: u32 = 0;

/**
 * Prints rows in their order from `from` on, up to one that is kept as an entry, or until enough is
 * gathered. `next` is the place of the first that is not printed.
 * @returns where the text ends
 */
export function list(from: u32, layout: u32, full: bool, begin: usize): usize {
  let at = begin;
  for (next = from; isNext(at); next++) {
    const row = placed(next);
    at = arrow(at);
    const end = at + SERVER_WIDTH;
    at = columns(layout, pad(endpoint(at, row), end), row, full);
    store<u8>(at++, NEWLINE);
  }
  return at;
}

/** Prints rows as rules that begin with the first `prefix` bytes of PREFIX, as `list` does. */
export function save(from: u32, prefix: usize, begin: usize): usize {
  let at = begin;
  for (next = from; isNext(at); next++) {
    const row = placed(next);
    memory.copy(at, PREFIX, prefix);
    at = option(endpoint(at + prefix, row), load<u32>(row + FORWARDING));
    at = digits(weight(at), load<u32>(row + WEIGHT));
    const most = load<u32>(row + UPPER_THRESHOLD);
    const least = load<u32>(row + LOWER_THRESHOLD);
    if (most !== 0) at = digits(upper(at), most);
    if (least !== 0) at = digits(lower(at), least);
    store<u8>(at++, NEWLINE);
  }
  return at;
}

function isNext(at: usize): bool {
  return next < count && at < OUT + FULL && load<u32>(placed(next) + ENTRY) === 0;
}

/** `10.0.0.1:80`, `[2001:db8::1]:80` */
function endpoint(begin: usize, row: usize): usize {
  let at = begin;
  if (isIpv4(row)) at = dottedQuad(at, load<u32>(row + ADDRESS));
  else {
    store<u8>(at, OPEN);
    at = ipv6(row + ADDRESS, at + 1);
    store<u8>(at++, CLOSE);
  }
  store<u8>(at, COLON);
  return digits(at + 1, load<u32>(row + PORT));
}
