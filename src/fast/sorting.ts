// Rows in the order of listings: the comparisons and the merge sort of `render/sort.ts`, on numbers.
import { COLUMNS } from './generated.js';

const IPV4 = 2;
const ADDRESS_WORDS = 4;
const { address: ADDRESS, family: FAMILY, port: PORT } = COLUMNS;

/**
 * Sorts places of rows: address, then port. As there, the left row decides how both addresses are
 * read, and "less" means less than 2^31 ahead.
 */
export function sortRows(order: Int32Array, rows: Int32Array): Int32Array {
  sortPart(order, order.slice(), rows, 0, order.length);
  return order;
}

function sortPart(
  items: Int32Array,
  spare: Int32Array,
  rows: Int32Array,
  from: number,
  to: number,
): void {
  if (to - from < 2) return;
  const middle = from + ((to - from) >> 1);
  sortPart(items, spare, rows, from, middle);
  sortPart(items, spare, rows, middle, to);
  for (let i = from; i < to; i++) spare[i] = items[i] as number;
  let left = from;
  let right = middle;
  for (let i = from; i < to; i++) {
    const takeLeft =
      right >= to ||
      (left < middle && compare(rows, spare[left] as number, spare[right] as number) <= 0);
    items[i] = (takeLeft ? spare[left++] : spare[right++]) as number;
  }
}

// no closure: one of its own for each service would be compiled for each
function compare(rows: Int32Array, a: number, b: number): number {
  const first = ((rows[a + ADDRESS] as number) - (rows[b + ADDRESS] as number)) | 0;
  if (first !== 0) return first;
  if (rows[a + FAMILY] !== IPV4)
    for (let i = ADDRESS + 1; i < ADDRESS + ADDRESS_WORDS; i++) {
      const difference = ((rows[a + i] as number) - (rows[b + i] as number)) | 0;
      if (difference !== 0) return difference;
    }
  return ((rows[a + PORT] as number) - (rows[b + PORT] as number)) | 0;
}
