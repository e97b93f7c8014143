// Real servers of a service as rows of numbers, read from the kernel's messages.
import { ADDRESS, ENTRY, FAMILY, FORWARDING, PORT, readDestination, WEIGHT, WIDTH } from './tables';

/** The largest datagram that is taken. */
export const INPUT_BYTES: u32 = 32768;
/** Where a datagram is put. */
export const INPUT: usize = memory.data(32768, 8);

const HEADER: u32 = 16;
const GENERIC_HEADER: u32 = 4;
/** smaller numbers are netlink's own messages */
const FIRST_TYPE: u16 = 16;
/** the flags of a message that is one of many; any other flag is left to the general reader */
const MULTI: u16 = 2;
const IPV4: i32 = 2;
const IPV6: i32 = 10;
const ADDRESS_BYTES: usize = 16;

/** rows that there are */
export let count: u32 = 0;

/** The n-th row as it was read. */
export function rowAt(n: u32): usize {
  return ((__heap_base + 15) & ~15) + n * WIDTH;
}

/** Forgets the rows. */
export function begin(): void {
  count = 0;
}

/**
 * Makes rows of the messages at `from`..`end` of the datagram, up to the first that is out of the
 * ordinary: not an answer to this request, incomplete, of another family, of a method that has no
 * bit in `methods`.
 * @returns where that one begins
 */
export function take(
  from: u32,
  end: u32,
  sequence: u32,
  family: i32,
  methods: u32,
  counted: bool,
): u32 {
  let at = from;
  while (at < end && end - at >= HEADER + GENERIC_HEADER) {
    const message = INPUT + at;
    const length = load<u32>(message);
    if (length < HEADER + GENERIC_HEADER || length > end - at) break;
    if (load<u16>(message, 4) < FIRST_TYPE || load<u16>(message, 6) !== MULTI) break;
    if (load<u32>(message, 8) !== sequence) break;
    const row = rowAt(count);
    memory.fill(row, 0, WIDTH);
    if (!readDestination(message + HEADER + GENERIC_HEADER, message + length, row, counted)) break;
    if (!isPlain(row, family, methods)) break;
    count++;
    at += (length + 3) & ~3;
  }
  return at;
}

/** Completes a row; false when only the general printer knows what to do with it. */
function isPlain(row: usize, serviceFamily: i32, methods: u32): bool {
  const own = load<i32>(row + FAMILY);
  const family = own !== 0 ? own : serviceFamily;
  const forwarding = load<u32>(row + FORWARDING) & 7;
  store<i32>(row + FAMILY, family);
  store<u32>(row + FORWARDING, forwarding);
  if (family === IPV4) memory.fill(row + ADDRESS + 4, 0, ADDRESS_BYTES - 4);
  else if (family !== IPV6) return false;
  return load<i32>(row + WEIGHT) >= 0 && ((methods >> forwarding) & 1) !== 0;
}

/** A row that has only what rows are sorted by: the rest of it is entry `entry`, from 1 on. */
export function keep(
  entry: u32,
  isIpv4: bool,
  port: u32,
  first: u32,
  second: u32,
  third: u32,
  fourth: u32,
): void {
  const row = rowAt(count++);
  memory.fill(row, 0, WIDTH);
  store<u32>(row + ENTRY, entry);
  store<i32>(row + FAMILY, isIpv4 ? IPV4 : IPV6);
  store<u32>(row + PORT, port);
  store<u32>(row + ADDRESS, first);
  store<u32>(row + ADDRESS + 4, second);
  store<u32>(row + ADDRESS + 8, third);
  store<u32>(row + ADDRESS + 12, fourth);
}

/** Whether a row's address is one of IPv4. */
export function isIpv4(row: usize): bool {
  return load<i32>(row + FAMILY) === IPV4;
}

/**
 * The order of listings: address, then port. The left row decides how both addresses are read, and
 * "less" means less than 2^31 ahead.
 */
export function isInOrder(a: usize, b: usize): bool {
  const last = ADDRESS + (isIpv4(a) ? 0 : ADDRESS_BYTES - 4);
  for (let at = ADDRESS; at <= last; at += 4) {
    const difference = load<i32>(a + at) - load<i32>(b + at);
    if (difference !== 0) return difference < 0;
  }
  return load<i32>(a + PORT) - load<i32>(b + PORT) <= 0;
}
