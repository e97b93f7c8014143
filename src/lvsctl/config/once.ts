// Keys that may stand once only.
import { fail, type Place } from './place.js';

/** Reports items whose key another one has; items without a key are alike with nothing. */
export function once<T>(
  items: readonly (T | undefined)[],
  key: (item: T) => string | undefined,
  noun: string,
  at: (i: number) => Place,
): void {
  const seen = new Map<string, number>();
  for (const [i, item] of items.entries()) {
    const name = item && key(item);
    if (name === undefined) continue;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, i);
    else fail(at(i), `${noun} ${name} is there twice${lineOf(at(first))}`);
  }
}

/** `, first in line 7`, for a message about a value that is repeated. */
export function lineOf({ source, node }: Place): string {
  const from = node?.range?.[0];
  return from === undefined ? '' : `, first in line ${source.lines.linePos(from).line}`;
}
