// Large counters: reference figures of the real tool, seen with faked counters.
import { expect, test } from 'vitest';
import { exact, low32, scaled } from '../../src/render/numbers.js';

test.each<[bigint, string]>([
  [0n, '        0'],
  [99_999_999n, ' 99999999'],
  [100_000_000n, '  100000K'],
  [999_999_999n, '  999999K'],
  [1_000_000_000n, '    1000M'],
  [99_999_999_999n, '   99999M'],
  [100_000_000_000n, '     100G'],
  [99_999_999_999_999n, '   99999G'],
  [100_000_000_000_000n, '     100T'],
  [2n ** 64n - 1n, '18446744T'],
])('scaled(%d) = %j', (value, text) => {
  expect(scaled(value)).toBe(text);
});

test.each<[bigint, string]>([
  [0n, '        0'],
  [99_999_999n, ' 99999999'],
  [100_000_000n, ' 100000000'],
  [2n ** 64n - 1n, ' 18446744073709551615'],
])('exact(%d) = %j', (value, text) => {
  expect(exact(value)).toBe(text);
});

test('a server counts to 2^32', () => {
  expect([low32(2n ** 32n - 1n), low32(2n ** 32n), low32(2n ** 32n + 5n)]).toEqual([
    2n ** 32n - 1n,
    0n,
    5n,
  ]);
});
