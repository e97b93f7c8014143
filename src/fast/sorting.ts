// Rows in the order of listings: the comparisons and the merge sort of `render/sort.ts`, on numbers.

const IPV4 = 2;
const ADDRESS_WORDS = 4;

/**
 * Sorts places of rows: address, then port. As there, the left row decides how both addresses are
 * read, and "less" means less than 2^31 ahead.
 * @param address, family, port columns of a row
 */
export function sortRows(
  order: Int32Array,
  rows: Int32Array,
  address: number,
  family: number,
  port: number,
): Int32Array {
  const compare = (a: number, b: number): number => {
    const words = rows[a + family] === IPV4 ? 1 : ADDRESS_WORDS;
    for (let i = address; i < address + words; i++) {
      const difference = ((rows[a + i] as number) - (rows[b + i] as number)) | 0;
      if (difference !== 0) return difference;
    }
    return ((rows[a + port] as number) - (rows[b + port] as number)) | 0;
  };
  sortPart(order, order.slice(), 0, order.length, compare);
  return order;
}

function sortPart(
  items: Int32Array,
  spare: Int32Array,
  from: number,
  to: number,
  compare: (a: number, b: number) => number,
): void {
  if (to - from < 2) return;
  const middle = from + ((to - from) >> 1);
  sortPart(items, spare, from, middle, compare);
  sortPart(items, spare, middle, to, compare);
  for (let i = from; i < to; i++) spare[i] = items[i] as number;
  let left = from;
  let right = middle;
  for (let i = from; i < to; i++) {
    const takeLeft =
      right >= to || (left < middle && compare(spare[left] as number, spare[right] as number) <= 0);
    items[i] = (takeLeft ? spare[left++] : spare[right++]) as number;
  }
}
