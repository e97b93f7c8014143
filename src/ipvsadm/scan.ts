// Words -> tokens by popt's rules, for the command line and for every line of a restore. Never throws: a bad word is a `bad` token in
// its place, since the parser refuses in word order.
import { findLong, findShort, type OptionRow } from './options.js';

export type Token =
  /** `element` is the word that was consumed last: the value when that was a word of its own */
  | { readonly kind: 'option'; readonly row: OptionRow; readonly value: string | undefined; readonly element: string }
  | { readonly kind: 'positional'; readonly text: string }
  | { readonly kind: 'bad'; readonly element: string; readonly reason: BadReason };

export type BadReason = 'unknown option' | 'missing argument' | 'option does not take an argument';

export interface ScanRules {
  /** the first word that is no option ends the options (POSIXLY_CORRECT) */
  readonly posix: boolean;
}

/** In a value, stands for the next word that does not begin with a dash. */
const NEXT_WORD = '!#:+';

/**
 * Splits a command line into tokens. Stops behind the first bad token, as the parser would.
 *
 * `--name`, `--name=value`, `-abc`, `-avalue`, `-a=value`, `-a value`, `--`; no abbreviations. A required value is the next word whatever
 * it looks like; an optional one never begins with a dash unless it is glued on.
 */
export function scan(words: readonly string[], { posix }: ScanRules): Token[] {
  const tokens: Token[] = [];
  const taken = new Set<number>();
  let next = 0;

  const skipTaken = () => {
    while (taken.has(next)) next++;
  };
  const expand = (value: string): string => {
    if (!value.includes(NEXT_WORD)) return value;
    const at = words.findIndex((word, i) => i >= next && !taken.has(i) && !word.startsWith('-'));
    if (at < 0) return value;
    taken.add(at);
    return value.replace(NEXT_WORD, () => words[at] as string);
  };
  /** Reads one option; `glued` is what the element holds behind its name. @returns false when that ended the scan */
  const take = (row: OptionRow, glued: string | undefined, element: string): boolean => {
    if (row.value === 'none') {
      if (glued !== undefined) tokens.push({ kind: 'bad', element, reason: 'option does not take an argument' });
      else tokens.push({ kind: 'option', row, value: undefined, element });
      return glued === undefined;
    }
    if (glued !== undefined) {
      tokens.push({ kind: 'option', row, value: expand(glued), element });
      return true;
    }
    skipTaken();
    const word = words[next];
    if (row.value === 'optional' && (word === undefined || word.startsWith('-'))) {
      tokens.push({ kind: 'option', row, value: undefined, element });
      return true;
    }
    if (word === undefined) {
      tokens.push({ kind: 'bad', element, reason: 'missing argument' });
      return false;
    }
    next++;
    tokens.push({ kind: 'option', row, value: expand(word), element: word });
    return true;
  };
  const letters = (element: string): boolean => {
    for (let i = 1; i < element.length; i++) {
      const row = findShort(element[i] as string);
      if (row === undefined) {
        tokens.push({ kind: 'bad', element, reason: 'unknown option' });
        return false;
      }
      const rest = element.slice(i + 1);
      if (row.value !== 'none' && rest !== '') return take(row, rest.startsWith('=') ? rest.slice(1) : rest, element);
      if (!take(row, rest.startsWith('=') ? rest.slice(1) : undefined, element)) return false;
    }
    return true;
  };

  for (skipTaken(); next < words.length; skipTaken()) {
    const element = words[next++] as string;
    if (element === '--' || !element.startsWith('-') || element === '-') {
      if (element !== '--') tokens.push({ kind: 'positional', text: element });
      if (element !== '--' && !posix) continue;
      for (skipTaken(); next < words.length; skipTaken()) tokens.push({ kind: 'positional', text: words[next++] as string });
      break;
    }
    if (!(element.startsWith('--') ? long(element) : letters(element))) break;
  }
  return tokens;

  function long(element: string): boolean {
    const equals = element.indexOf('=');
    const row = findLong(element.slice(2, equals < 0 ? undefined : equals));
    if (row !== undefined) return take(row, equals < 0 ? undefined : element.slice(equals + 1), element);
    tokens.push({ kind: 'bad', element, reason: 'unknown option' });
    return false;
  }
}
