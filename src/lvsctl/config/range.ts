// Ranges of addresses in a file: `192.0.2.1-10`, `192.0.2.1-192.0.2.10`, `192.0.2.0/29`.
import { type Address, formatAddress, parseAddress, sameAddress } from '../../model/address.js';

/** addresses that one range may have */
export const RANGE_LIMIT = 1024;

/**
 * Whether a text is written as a range. An address with the length of its network, `192.0.2.10/24`,
 * is none: it is a common mistake, which the field of the address explains.
 */
export function isRange(text: string): boolean {
  if (/^[\da-fA-F.:]+\s*-\s*[\da-fA-F.:]+$/.test(text)) return true;
  const [low, high] = /^[\da-fA-F.:]+\/\d{1,3}$/.test(text) ? prefixEnds(text) : [];
  if (low === undefined || high === undefined || sameAddress(low, high)) return false;
  const host = parseAddress(text.split('/')[0] ?? '');
  return host !== undefined && sameAddress(low, host);
}

/**
 * The addresses of a range, both ends included, as they are written in a file.
 * @returns a reason when it is none
 */
export function rangeOf(text: string): readonly string[] | { readonly reason: string } {
  const [low, high] = text.includes('/') ? prefixEnds(text) : ends(text);
  if (low === undefined || high === undefined)
    return { reason: `\`${text}' is not a range like 192.0.2.1-10 or 192.0.2.0/29` };
  if (low.family !== high.family) return { reason: `\`${text}' has an IPv4 and an IPv6 address` };
  const [from, to] = [toBits(low), toBits(high)];
  if (from > to) return { reason: `\`${text}' ends before it begins` };
  if (to - from >= BigInt(RANGE_LIMIT))
    return { reason: `\`${text}' has ${to - from + 1n} addresses; at most ${RANGE_LIMIT}` };
  return Array.from({ length: Number(to - from) + 1 }, (_, i) =>
    formatAddress(fromBits(from + BigInt(i), low.family)),
  );
}

type Ends = readonly [Address | undefined, Address | undefined];

/** The end is an address, or the last part of one. */
function ends(text: string): Ends {
  const [first = '', last = ''] = text.split('-').map((part) => part.trim());
  const low = parseAddress(first);
  if (low === undefined) return [undefined, undefined];
  const separator = low.family === 'ipv4' ? '.' : ':';
  const whole = last.includes('.') || last.includes(':');
  const head = first.slice(0, first.lastIndexOf(separator) + 1);
  return [low, parseAddress(whole ? last : `${head}${last}`)];
}

/** All addresses of the prefix that contains the address. */
function prefixEnds(text: string): Ends {
  const [, host = '', digits = ''] = /^([^/]*)\/(.*)$/.exec(text) ?? [];
  const address = parseAddress(host);
  const width = address?.family === 'ipv6' ? 128 : 32;
  const isLength = /^\d{1,3}$/.test(digits) && Number(digits) <= width;
  if (address === undefined || !isLength) return [undefined, undefined];
  const free = (1n << BigInt(width - Number(digits))) - 1n;
  const low = (toBits(address) | free) ^ free;
  return [fromBits(low, address.family), fromBits(low | free, address.family)];
}

function toBits(address: Address): bigint {
  if (address.family === 'ipv4') return BigInt(address.value);
  return address.words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
}

function fromBits(bits: bigint, family: Address['family']): Address {
  if (family === 'ipv4') return { family, value: Number(bits) };
  const word = (i: bigint) => Number((bits >> (96n - 32n * i)) & 0xffffffffn);
  return { family, words: [word(0n), word(1n), word(2n), word(3n)] };
}
