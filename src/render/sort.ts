// The order of listings: ipvsadm's comparisons, which wrap at 2^32 and so are not transitive, and
// the merge sort that they are used with. Only the same algorithm on the same input gives the same
// order.
import type { Address } from '../model/address.js';
import type { DestinationId } from '../model/destination.js';
import { familyOf, protocolNumber, type ServiceId } from '../model/service.js';

export type Compare<T> = (a: T, b: T) => number;

const FAMILY_NUMBER = { ipv4: 2, ipv6: 10 } as const;

/**
 * Mark, family, protocol, address, port; a mark counts as 0 for address services and the protocol
 * as 0 for marks.
 */
export function compareServices(a: ServiceId, b: ServiceId): number {
  return (
    wrapped(markOf(a), markOf(b)) ||
    wrapped(FAMILY_NUMBER[familyOf(a)], FAMILY_NUMBER[familyOf(b)]) ||
    (a.kind === 'address' && b.kind === 'address'
      ? wrapped(protocolNumber(a.protocol), protocolNumber(b.protocol)) ||
        compareAddresses(a.address, b.address) ||
        wrapped(a.port, b.port)
      : 0)
  );
}

/** Address, then port; of mixed families the left one decides how both are read. */
export function compareDestinations(a: DestinationId, b: DestinationId): number {
  return compareAddresses(a.address, b.address) || wrapped(a.port, b.port);
}

function compareAddresses(a: Address, b: Address): number {
  if (a.family === 'ipv4') return wrapped(a.value, firstWord(b));
  for (let i = 0; i < 4; i++) {
    const difference = wrapped(
      a.words[i] as number,
      b.family === 'ipv6' ? (b.words[i] as number) : i === 0 ? b.value : 0,
    );
    if (difference !== 0) return difference;
  }
  return 0;
}

function firstWord(address: Address): number {
  return address.family === 'ipv4' ? address.value : address.words[0];
}

function markOf(id: ServiceId): number {
  return id.kind === 'fwmark' ? id.mark : 0;
}

/** The difference as a signed 32-bit number: "less" means less than 2^31 ahead. */
function wrapped(a: number, b: number): number {
  return (a - b) | 0;
}

/**
 * Top-down merge sort: the first half has floor(n/2) elements, and the left head is taken unless it
 * is greater.
 */
export function mergeSort<T>(items: readonly T[], compare: Compare<T>): T[] {
  const sorted = [...items];
  sortPart(sorted, [...items], 0, items.length, compare);
  return sorted;
}

/** Sorts from..to-1 of `items`; `spare` is as long and holds the halves while they are merged. */
function sortPart<T>(items: T[], spare: T[], from: number, to: number, compare: Compare<T>): void {
  if (to - from < 2) return;
  const middle = from + ((to - from) >> 1);
  sortPart(items, spare, from, middle, compare);
  sortPart(items, spare, middle, to, compare);
  for (let i = from; i < to; i++) spare[i] = items[i] as T;
  let left = from;
  let right = middle;
  for (let i = from; i < to; i++) {
    const takeLeft =
      right >= to || (left < middle && compare(spare[left] as T, spare[right] as T) <= 0);
    items[i] = (takeLeft ? spare[left++] : spare[right++]) as T;
  }
}
