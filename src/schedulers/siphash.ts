// SipHash-1-3 of one 32-bit number: published algorithm (Aumasson, Bernstein), one compression
// round, three final ones. 64-bit words are pairs of 32-bit ones, high part first.

/**
 * The lower 32 bits of the hash of the number's four bytes, least significant first; both halves of
 * the key are `key`.
 */
export function siphash13(value: number, key: number): number {
  const v = new Int32Array([
    0x736f6d65,
    0x70736575 ^ key,
    0x646f7261,
    0x6e646f6d ^ key,
    0x6c796765,
    0x6e657261 ^ key,
    0x74656462,
    0x79746573 ^ key,
  ]);
  const LENGTH = 4 << 24; // the last block carries the length in its highest byte
  v[6] = at(v, 6) ^ LENGTH;
  v[7] = at(v, 7) ^ value;
  round(v);
  v[0] = at(v, 0) ^ LENGTH;
  v[1] = at(v, 1) ^ value;
  v[5] = at(v, 5) ^ 0xff;
  for (let i = 0; i < 3; i++) round(v);
  return (at(v, 1) ^ at(v, 3) ^ at(v, 5) ^ at(v, 7)) >>> 0;
}

/** v0..v3 are at 0, 2, 4, 6. */
function round(v: Int32Array): void {
  add(v, 0, 2);
  rotate(v, 2, 13);
  xor(v, 2, 0);
  rotate(v, 0, 32);
  add(v, 4, 6);
  rotate(v, 6, 16);
  xor(v, 6, 4);
  add(v, 0, 6);
  rotate(v, 6, 21);
  xor(v, 6, 0);
  add(v, 4, 2);
  rotate(v, 2, 17);
  xor(v, 2, 4);
  rotate(v, 4, 32);
}

function at(v: Int32Array, i: number): number {
  return v[i] as number;
}

function add(v: Int32Array, to: number, from: number): void {
  const low = (at(v, to + 1) >>> 0) + (at(v, from + 1) >>> 0);
  v[to] = at(v, to) + at(v, from) + (low > 0xffffffff ? 1 : 0);
  v[to + 1] = low;
}

function xor(v: Int32Array, to: number, from: number): void {
  v[to] = at(v, to) ^ at(v, from);
  v[to + 1] = at(v, to + 1) ^ at(v, from + 1);
}

function rotate(v: Int32Array, i: number, bits: number): void {
  const [high, low] = bits >= 32 ? [at(v, i + 1), at(v, i)] : [at(v, i), at(v, i + 1)];
  const left = bits % 32;
  v[i] = left === 0 ? high : (high << left) | (low >>> (32 - left));
  v[i + 1] = left === 0 ? low : (low << left) | (high >>> (32 - left));
}
