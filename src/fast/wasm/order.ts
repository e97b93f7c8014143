// The order in which rows are printed: places of rows behind the rows, and room for as many more,
// which sorting needs. The merge sort is that of `render/sort.ts`.

/** Bytes of a place. */
export const PLACE: usize = 4;

type CompareRows = (a: usize, b: usize) => i32;

/** Writes the places of `count` rows behind them. */
export function arrangeRows(
  first: usize,
  count: u32,
  width: usize,
  sorted: bool,
  compare: CompareRows,
): void {
  const places = first + width * count;
  for (let i: u32 = 0; i < count; i++) store<u32>(places + PLACE * i, <u32>(first + width * i));
  if (sorted) sortPart(places, places + PLACE * count, 0, count, compare);
}

function sortPart(items: usize, spare: usize, from: u32, to: u32, compare: CompareRows): void {
  if (to - from < 2) return;
  const middle = from + ((to - from) >> 1);
  sortPart(items, spare, from, middle, compare);
  sortPart(items, spare, middle, to, compare);
  memory.copy(spare + PLACE * from, items + PLACE * from, PLACE * (to - from));
  let left = from;
  let right = middle;
  for (let i = from; i < to; i++) {
    const one = spare + PLACE * left;
    const other = spare + PLACE * right;
    const takeLeft =
      right >= to || (left < middle && compare(load<u32>(one), load<u32>(other)) <= 0);
    store<u32>(items + PLACE * i, load<u32>(takeLeft ? one : other));
    if (takeLeft) left++;
    else right++;
  }
}
