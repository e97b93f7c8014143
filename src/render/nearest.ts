// "Did you mean": the known name that was probably intended, by spelling or because other programs
// call the same thing so.

/**
 * The known name that another one stands for.
 * @param synonyms other names -> what they are called here; only known ones are suggested
 */
export function nearest<N extends string>(
  name: string,
  known: readonly N[],
  synonyms: Readonly<Record<string, readonly string[]>> = {},
): N | undefined {
  const plain = normalized(name);
  if (plain === '') return undefined;
  const same = known.find((one) => normalized(one) === plain);
  if (same !== undefined) return same;
  const called = Object.hasOwn(synonyms, plain) ? (synonyms[plain] ?? []) : [];
  const synonym = known.find((one) => called.includes(one));
  if (synonym !== undefined) return synonym;
  let best: { readonly name: N; readonly distance: number } | undefined;
  for (const one of known) {
    const distance = editDistance(plain, normalized(one));
    if (distance <= allowed(plain, one) && distance < (best?.distance ?? Number.POSITIVE_INFINITY))
      best = { name: one, distance };
  }
  return best?.name;
}

/** `; did you mean \`x'?`, or nothing. */
export function didYouMean(name: string | undefined): string {
  return name === undefined ? '' : `; did you mean \`${name}'?`;
}

/** Case and separators do not matter: `SlowStart`, `slow-start` and `slow_start`. */
function normalized(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '');
}

/** One letter of three may differ, half of a beginning may be missing. */
function allowed(name: string, known: string): number {
  const shorter = Math.min(name.length, known.length);
  if (shorter < 2 || Math.abs(name.length - known.length) > 3) return -1;
  return Math.max(1, Math.floor(shorter / 3));
}

const LONGEST = 40;

/** Letters to insert, delete, replace or swap with their neighbour (Damerau, adjacent swaps). */
function editDistance(a: string, b: string): number {
  if (a.length > LONGEST || b.length > LONGEST) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
