// Results that are computed again and again from the same values: nearly every write of the table
// finds all services as the one before did.

/**
 * The same pure function of values that never change. Of each `first` it keeps the result for the
 * last `second`, compared by identity, as long as `first` itself is kept.
 */
export function keepingLast<A extends object, B, R>(
  compute: (first: A, second: B) => R,
): (first: A, second: B) => R {
  const known = new WeakMap<A, { readonly second: B; readonly result: R }>();
  return (first, second) => {
    const last = known.get(first);
    if (last !== undefined && last.second === second) return last.result;
    const result = compute(first, second);
    known.set(first, { second, result });
    return result;
  };
}
