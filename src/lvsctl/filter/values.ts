// Values in rules: ranges of ports, networks, marks.
import { type Address, type Family, parseAddress, parseDottedQuad } from '../../model/address.js';
import { fullPrefix, prefixLength, samePrefix } from '../../model/prefix.js';
import type { AddressRange, NumberRange } from './types.js';

/** `80`, `1000:2000`, `:1023`, `1024:`; undefined for names and anything else. */
export function parsePortRange(text: string, separator = ':'): NumberRange | undefined {
  const [from = '', to] = text.split(separator);
  if (!/^\d*$/.test(from) || !/^\d*$/.test(to ?? '') || text === '' || text === separator)
    return undefined;
  const low = from === '' ? 0 : Number(from);
  return { from: low, to: to === undefined ? low : to === '' ? 65_535 : Number(to) };
}

/** `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `2001:db8::1` */
export function parseNetwork(text: string): AddressRange | undefined {
  const [head = '', tail] = text.split('/');
  const address = parseAddress(head);
  if (address === undefined) return undefined;
  const quad = tail === undefined ? undefined : parseDottedQuad(tail);
  const length =
    tail === undefined
      ? fullPrefix(address.family)
      : quad
        ? prefixLength(quad.value)
        : /^\d+$/.test(tail)
          ? Number(tail)
          : undefined;
  return length === undefined || length > fullPrefix(address.family)
    ? undefined
    : { kind: 'network', address, length };
}

/** `10.0.0.1-10.0.0.9` */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [from, to] = text.split('-').map((part) => parseAddress(part));
  return from && to && from.family === to.family ? { kind: 'range', from, to } : undefined;
}

/** Whether an address is in a network or range. */
export function isInRange(address: Address, range: AddressRange): boolean {
  if (range.kind === 'network') return samePrefix(address, range.address, range.length);
  if (address.family !== range.from.family) return false;
  const value = numberOf(address);
  return value >= numberOf(range.from) && value <= numberOf(range.to);
}

/** An address as one number. */
export function numberOf(address: Address): bigint {
  return address.family === 'ipv4'
    ? BigInt(address.value)
    : address.words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
}

/** Every address of a family. */
export function isEverything(range: AddressRange): boolean {
  return range.kind === 'network' && range.length === 0;
}

/** `0x1/0xff`, `7`: a value with its mask, all bits by default. */
export function parseMark(text: string): { value: number; mask: number } | undefined {
  const [, value = '', mask] = /^(0x[\da-f]+|\d+)(?:\/(0x[\da-f]+|\d+))?$/i.exec(text) ?? [];
  if (value === '' || Number(value) > 0xffffffff) return undefined;
  return { value: Number(value), mask: mask === undefined ? 0xffffffff : Number(mask) };
}

/** The family of a range. */
export function familyOfRange(range: AddressRange): Family {
  return range.kind === 'network' ? range.address.family : range.from.family;
}
