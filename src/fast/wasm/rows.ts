// Real servers of a service as rows of numbers, read from the kernel's messages.
import { ADDRESS_BYTES, compareAddresses, cut, IPV4, IPV6 } from './addresses';
import { behind, HEADERS, INPUT, lengthAt } from './messages';
import { arrangeRows, PLACE } from './order';
import { behindServices } from './services';
import { ADDRESS, ENTRY, FAMILY, FORWARDING, PORT, readDestination, WEIGHT, WIDTH } from './tables';

/** rows that there are */
export let count: u32 = 0;

/** The n-th row as it was read. */
export function rowAt(n: u32): usize {
  return behindServices() + n * WIDTH;
}

/** The n-th row in the order of the listing. */
export function placed(n: u32): usize {
  return load<u32>(rowAt(count) + PLACE * n);
}

/** Forgets the rows. */
export function begin(): void {
  count = 0;
}

/**
 * Makes rows of the messages at `from`..`end` of the datagram, up to the first that is out of the
 * ordinary: not an answer to this request, incomplete, of another family, of a method that has no
 * bit in `methods`.
 * @param family of the service
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
  for (let length = lengthAt(at, end, sequence); length > 0; length = lengthAt(at, end, sequence)) {
    const row = rowAt(count);
    const message = INPUT + at;
    memory.fill(row, 0, WIDTH);
    if (!readDestination(message + HEADERS, message + length, row, counted)) break;
    if (!isPlain(row, family, methods)) break;
    count++;
    at = behind(at, length);
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
  if (family === IPV4) cut(row + ADDRESS);
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
  store<u32>(row + ADDRESS + ADDRESS_BYTES - 4, fourth);
}

/** Whether a row's address is one of IPv4. */
export function isIpv4(row: usize): bool {
  return load<i32>(row + FAMILY) === IPV4;
}

/** Puts the rows into the order of the listing; without sorting, that of the kernel. */
export function arrange(sorted: bool): void {
  arrangeRows(rowAt(0), count, WIDTH, sorted, compareServers);
}

/** Address, then port. */
function compareServers(a: usize, b: usize): i32 {
  const difference = compareAddresses(a + ADDRESS, b + ADDRESS, isIpv4(a));
  return difference !== 0 ? difference : load<i32>(a + PORT) - load<i32>(b + PORT);
}
