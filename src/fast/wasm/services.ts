// Virtual services as rows of numbers, read from the kernel's messages. They stay while their
// servers are read.
import { ADDRESS_BYTES, compareAddresses, cut, IPV4, IPV6 } from './addresses';
import { behind, HEADERS, INPUT, lengthAt } from './messages';
import { arrangeRows, PLACE } from './order';
import {
  isKnown,
  readService,
  SERVICE_ADDRESS,
  SERVICE_ENGINE,
  SERVICE_ENTRY,
  SERVICE_FAMILY,
  SERVICE_FLAGS,
  SERVICE_FWMARK,
  SERVICE_NETMASK,
  SERVICE_PORT,
  SERVICE_PROTOCOL,
  SERVICE_WIDTH,
} from './tables';

const PERSISTENT: u32 = 1;
/** set by the kernel of every service */
const HASHED: u32 = 2;
const ALL_CLIENTS: u32 = 0xffffffff;
const ALL_CLIENTS_IPV6: u32 = 128;

/** services that there are */
export let services: u32 = 0;

/** The n-th service as it was read. */
export function serviceAt(n: u32): usize {
  return ((__heap_base + 15) & ~15) + n * SERVICE_WIDTH;
}

/** The n-th service in the order of the listing. */
export function placedService(n: u32): usize {
  return load<u32>(serviceAt(services) + PLACE * n);
}

/** The first place behind services and their order. */
export function behindServices(): usize {
  return (serviceAt(services) + PLACE * services + 15) & ~15;
}

/** Forgets the services. */
export function beginServices(): void {
  services = 0;
}

/**
 * Makes rows of the messages at `from`..`end` of the datagram, up to the first that is out of the
 * ordinary. @returns where that one begins
 */
export function takeServices(from: u32, end: u32, sequence: u32, counted: bool): u32 {
  let at = from;
  for (let length = lengthAt(at, end, sequence); length > 0; length = lengthAt(at, end, sequence)) {
    const row = serviceAt(services);
    const message = INPUT + at;
    memory.fill(row, 0, SERVICE_WIDTH);
    if (!readService(message + HEADERS, message + length, row, counted) || !isPlain(row)) break;
    services++;
    at = behind(at, length);
  }
  return at;
}

/**
 * Whether a row has all that is printed of its service: no mark, a known protocol, and of the
 * settings beside the scheduler at most persistence.
 */
function isPlain(row: usize): bool {
  const family = load<i32>(row + SERVICE_FAMILY);
  if (family === IPV4) cut(row + SERVICE_ADDRESS);
  else if (family !== IPV6) return false;
  if (load<u32>(row + SERVICE_FWMARK) !== 0 || !isKnown(load<u32>(row + SERVICE_PROTOCOL)))
    return false;
  const flags = load<u32>(row + SERVICE_FLAGS);
  if ((flags & ~(PERSISTENT | HASHED)) !== 0 || load<u32>(row + SERVICE_ENGINE) !== 0) return false;
  const all = family === IPV4 ? ALL_CLIENTS : bswap<u32>(ALL_CLIENTS_IPV6);
  return !isPersistent(row) || load<u32>(row + SERVICE_NETMASK) === all;
}

export function isPersistent(row: usize): bool {
  return (load<u32>(row + SERVICE_FLAGS) & PERSISTENT) !== 0;
}

/** A row that has only what rows are sorted by: the rest of it is entry `entry`, from 1 on. */
export function keepService(
  entry: u32,
  mark: u32,
  isIpv4: bool,
  protocol: u32,
  port: u32,
  first: u32,
  second: u32,
  third: u32,
  fourth: u32,
): void {
  const row = serviceAt(services++);
  memory.fill(row, 0, SERVICE_WIDTH);
  store<u32>(row + SERVICE_ENTRY, entry);
  store<u32>(row + SERVICE_FWMARK, mark);
  store<i32>(row + SERVICE_FAMILY, isIpv4 ? IPV4 : IPV6);
  store<u32>(row + SERVICE_PROTOCOL, protocol);
  store<u32>(row + SERVICE_PORT, port);
  const address = row + SERVICE_ADDRESS;
  store<u32>(address, first);
  store<u32>(address + 4, second);
  store<u32>(address + 8, third);
  store<u32>(address + ADDRESS_BYTES - 4, fourth);
}

/** Puts the services into the order of the listing; without sorting, that of the kernel. */
export function arrangeServices(sorted: bool): void {
  arrangeRows(serviceAt(0), services, SERVICE_WIDTH, sorted, compareServices);
}

/** Mark, family, protocol, address, port. */
function compareServices(a: usize, b: usize): i32 {
  let difference = load<i32>(a + SERVICE_FWMARK) - load<i32>(b + SERVICE_FWMARK);
  if (difference !== 0) return difference;
  difference = load<i32>(a + SERVICE_FAMILY) - load<i32>(b + SERVICE_FAMILY);
  if (difference !== 0) return difference;
  difference = load<i32>(a + SERVICE_PROTOCOL) - load<i32>(b + SERVICE_PROTOCOL);
  if (difference !== 0) return difference;
  const isIpv4 = load<i32>(a + SERVICE_FAMILY) === IPV4;
  difference = compareAddresses(a + SERVICE_ADDRESS, b + SERVICE_ADDRESS, isIpv4);
  if (difference !== 0) return difference;
  return load<i32>(a + SERVICE_PORT) - load<i32>(b + SERVICE_PORT);
}
