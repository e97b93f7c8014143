import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../src/model/address.js';
import {
  broadcastOf,
  networkOf,
  prefixBits,
  prefixLength,
  samePrefix,
} from '../../src/model/prefix.js';

const address = (text: string) => {
  const read = parseAddress(text);
  if (!read) throw new Error(text);
  return read;
};

describe('prefixBits and prefixLength', () => {
  test.each([
    [0, 0],
    [1, 0x80000000],
    [8, 0xff000000],
    [24, 0xffffff00],
    [31, 0xfffffffe],
    [32, 0xffffffff],
  ])('/%i', (length, bits) => {
    expect(prefixBits(length)).toBe(bits);
    expect(prefixLength(bits)).toBe(length);
  });

  test.each([[0xff00ff00], [24], [0x7fffffff], [1]])('a mask with a hole: %i', (bits) => {
    expect(prefixLength(bits)).toBeUndefined();
  });
});

test.each([
  ['203.0.113.77', 24, '203.0.113.0'],
  ['203.0.113.77', 32, '203.0.113.77'],
  ['203.0.113.77', 0, '0.0.0.0'],
  ['255.255.255.255', 1, '128.0.0.0'],
  ['2001:db8:1:2:3:4:5:6', 64, '2001:db8:1:2::'],
  ['2001:db8:1:2:3:4:5:6', 48, '2001:db8:1::'],
  ['2001:db8:1:2:3:4:5:6', 65, '2001:db8:1:2::'],
  ['2001:db8:ffff::', 33, '2001:db8:8000::'],
  ['2001:db8::1', 128, '2001:db8::1'],
  ['2001:db8::1', 0, '::'],
])('network of %s/%i', (text, length, network) => {
  expect(formatAddress(networkOf(address(text), length))).toBe(network);
});

test.each([
  [0xc0000201, 24, 0xc00002ff],
  [0xc0000201, 32, 0xc0000201],
  [0xc0000201, 0, 0xffffffff],
])('broadcast address of %i/%i', (value, length, last) => {
  expect(broadcastOf(value, length)).toBe(last);
});

test.each([
  ['10.0.0.1', '10.0.0.2', 30, true],
  ['10.0.0.1', '10.0.0.5', 30, false],
  ['10.0.0.1', '2001:db8::1', 0, false],
  ['2001:db8::1', '2001:db8::ffff', 112, true],
  ['2001:db8::1', '2001:db8::1:0', 112, false],
])('%s and %s in one /%i: %s', (a, b, length, same) => {
  expect(samePrefix(address(a), address(b), length)).toBe(same);
});
