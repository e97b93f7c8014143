// Addresses of rows: four numbers, of which IPv4 has one.
import { digits, dottedQuad } from './text';

export const IPV4: i32 = 2;
export const IPV6: i32 = 10;
export const ADDRESS_BYTES: usize = 16;
/** what an IPv4 address takes of that */
const IPV4_BYTES: usize = 4;

const COLON: u8 = 58;
const OPEN: u8 = 91;
const CLOSE: u8 = 93;

/** Writes the IPv6 address in memory at `words` as text. @returns where it ends */
declare function ipv6(words: usize, at: usize): usize;

/** What is left of an address of IPv4: the rest becomes zero. */
export function cut(address: usize): void {
  memory.fill(address + IPV4_BYTES, 0, ADDRESS_BYTES - IPV4_BYTES);
}

/**
 * The difference of two addresses as listings compare them; both are read as the left one is.
 * Numbers are "less" when they are less than 2^31 ahead.
 */
export function compareAddresses(a: usize, b: usize, isIpv4: bool): i32 {
  const bytes = isIpv4 ? IPV4_BYTES : ADDRESS_BYTES;
  for (let at: usize = 0; at < bytes; at += 4) {
    const difference = load<i32>(a + at) - load<i32>(b + at);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `10.0.0.1:80`, `[2001:db8::1]:80` */
export function endpoint(begin: usize, address: usize, isIpv4: bool, port: u32): usize {
  let at = begin;
  if (isIpv4) at = dottedQuad(at, load<u32>(address));
  else {
    store<u8>(at, OPEN);
    at = ipv6(address, at + 1);
    store<u8>(at++, CLOSE);
  }
  store<u8>(at, COLON);
  return digits(at + 1, port);
}
