// Prefixes and masks: the only place that computes with them.
import { type Address, type Family, ipv4, ipv6, sameAddress } from './address.js';

/** The length that covers one address alone: 32 or 128. */
export function fullPrefix(family: Family): number {
  return family === 'ipv4' ? 32 : 128;
}

/** The bits of an IPv4 prefix length 0..32 as a number: 24 is 0xffffff00. */
export function prefixBits(length: number): number {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}

/**
 * The length of an IPv4 mask whose ones come first.
 * @returns undefined when a zero comes before a one
 */
export function prefixLength(bits: number): number | undefined {
  const length = Math.clz32(~bits);
  return prefixBits(length) === bits >>> 0 ? length : undefined;
}

/** The first address of the network of `length` bits that an address is in. */
export function networkOf(address: Address, length: number): Address {
  if (address.family === 'ipv4') return ipv4(address.value & prefixBits(length));
  const [a, b, c, d] = address.words;
  const part = (word: number, i: number) =>
    word & prefixBits(Math.min(32, Math.max(0, length - 32 * i)));
  return ipv6(part(a, 0), part(b, 1), part(c, 2), part(d, 3));
}

/** The last address of an IPv4 network of `length` bits. */
export function broadcastOf(value: number, length: number): number {
  return (value | ~prefixBits(length)) >>> 0;
}

/** Whether both addresses are of one family and share their first `length` bits. */
export function samePrefix(a: Address, b: Address, length: number): boolean {
  return a.family === b.family && sameAddress(networkOf(a, length), networkOf(b, length));
}
