// Keys that may stand once only.
import { fail, fileAt, type Place } from './place.js';

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
    else fail(at(i), `${noun} ${name} is there twice${lineOf(at(first), at(i))}`);
  }
}

/**
 * `, first in line 7`, for a message about a value that is repeated; where the first is in another
 * file, `, first in other.yaml:7`.
 * @param here the file of the message
 */
export function lineOf({ source, node }: Place, here?: Place): string {
  const from = node?.range?.[0];
  if (from === undefined) return '';
  const { file, lines, base } = fileAt(source.files, from);
  const { line } = lines.linePos(from - base);
  const other = fileAt(source.files, here?.node?.range?.[0] ?? from).file;
  return other === file ? `, first in line ${line}` : `, first in ${file}:${line}`;
}
