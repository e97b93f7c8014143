// The merge sort: what it does with what compares equal, and that it loses nothing.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ipv4 } from '../../src/model/address.js';
import { compareDestinations, mergeSort } from '../../src/render/sort.js';

test('equal ones keep their order', () => {
  const items = [3, 1, 2, 1, 3, 2].map((key, place) => ({ key, place }));
  const sorted = mergeSort(items, (a, b) => a.key - b.key);
  expect(sorted.map(({ key, place }) => `${key}@${place}`)).toEqual([
    '1@1',
    '1@3',
    '2@2',
    '2@5',
    '3@0',
    '3@4',
  ]);
});

test('nothing is lost, whatever the comparison says', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { maxLength: 200 }),
      fc.func(fc.integer({ min: -1, max: 1 })),
      (items, compare) => {
        expect(mergeSort(items, compare).sort((a, b) => a - b)).toEqual(
          [...items].sort((a, b) => a - b),
        );
      },
    ),
  );
});

test('a difference of exactly 2^31 reads as less both ways', () => {
  const [low, high] = [0, 0x80000000].map((value) => ({ address: ipv4(value), port: 0 }));
  if (!low || !high) throw new Error('two addresses');
  expect(compareDestinations(low, high)).toBeLessThan(0);
  expect(compareDestinations(high, low)).toBeLessThan(0);
});
