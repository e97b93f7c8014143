// Counters in the columns of a listing.

const WIDTH = 9;

/** From this value on, counters are divided by `unit` and marked with the letter. Largest first. */
// biome-ignore format: a table
export const SCALES: readonly { readonly from: bigint; readonly unit: bigint; readonly letter: string }[] = [
  { from: 100_000_000_000_000n, unit: 1_000_000_000_000n, letter: 'T' },
  { from: 100_000_000_000n, unit: 1_000_000_000n, letter: 'G' },
  { from: 1_000_000_000n, unit: 1_000_000n, letter: 'M' },
  { from: 100_000_000n, unit: 1_000n, letter: 'K' },
];

/**
 * A counter in nine columns, shortened to K, M, G or T (powers of 1000, cut off) when it has more
 * than eight digits.
 */
export function scaled(value: bigint): string {
  if (value < 100_000_000n) return value.toString().padStart(WIDTH);
  for (const { from, unit, letter } of SCALES) {
    if (value >= from) return (value / unit).toString().padStart(WIDTH - 1) + letter;
  }
  return value.toString();
}

/** A counter in full: nine columns, or one blank and the digits when they need more. */
export function exact(value: bigint): string {
  return ` ${value.toString().padStart(WIDTH - 1)}`;
}

/** What is left of a counter in 32 bits. */
export function low32(value: bigint): bigint {
  return BigInt.asUintN(32, value);
}
