// The order in which rows are printed: places of rows behind the rows, and room for as many more,
// which sorting needs. The merge sort is that of `render/sort.ts`.
import { count, isInOrder, rowAt } from './rows';

const PLACE: usize = 4;

function places(): usize {
  return rowAt(count);
}

/** The n-th row in the order of the listing. */
export function placed(n: u32): usize {
  return load<u32>(places() + PLACE * n);
}

/** Puts the rows into the order of the listing; without sorting, that in which they came. */
export function arrange(sorted: bool): void {
  for (let i: u32 = 0; i < count; i++) store<u32>(places() + PLACE * i, <u32>rowAt(i));
  if (sorted) sortPart(places(), places() + PLACE * count, 0, count);
}

function sortPart(items: usize, spare: usize, from: u32, to: u32): void {
  if (to - from < 2) return;
  const middle = from + ((to - from) >> 1);
  sortPart(items, spare, from, middle);
  sortPart(items, spare, middle, to);
  memory.copy(spare + PLACE * from, items + PLACE * from, PLACE * (to - from));
  let left = from;
  let right = middle;
  for (let i = from; i < to; i++) {
    const one = spare + PLACE * left;
    const other = spare + PLACE * right;
    const takeLeft = right >= to || (left < middle && isInOrder(load<u32>(one), load<u32>(other)));
    store<u32>(items + PLACE * i, load<u32>(takeLeft ? one : other));
    if (takeLeft) left++;
    else right++;
  }
}
