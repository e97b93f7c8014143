// The last minutes of each row, for charts and sparklines.

/** Values of a moment by what they are of; null = not known. */
export type Moment = ReadonlyMap<string, readonly (number | null)[]>;

export interface History {
  /** Adds a moment; the oldest goes when there are more than `length`. */
  add(time: number, values: Moment): void;
  /** Of the moments that are kept, the oldest first. */
  readonly times: readonly number[];
  /** The values of a row at each moment; null where it had none. */
  of(row: string): readonly (readonly (number | null)[] | null)[];
  /** the rows of the latest moment */
  rows(): readonly string[];
}

/** @param length moments */
export function createHistory(length: number): History {
  const times: number[] = [];
  const moments: Moment[] = [];
  return {
    add(time, values) {
      times.push(time);
      moments.push(values);
      if (times.length > length) {
        times.shift();
        moments.shift();
      }
    },
    times,
    of: (row) => moments.map((values) => values.get(row) ?? null),
    rows: () => [...(moments.at(-1)?.keys() ?? [])],
  };
}
