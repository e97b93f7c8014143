// Regular expressions that meet what servers send: RE2, which takes time in proportion to it.
import { RE2JS } from 're2js';

/** A pattern, and where it occurs in a text. */
export interface ProbePattern {
  readonly test: (text: string) => boolean;
  /** index behind the first match; undefined = no match */
  readonly end: (text: string) => number | undefined;
  /** the text of group 1, or of the whole match where there is no group; undefined = no match */
  readonly group: (text: string) => string | undefined;
}

/** patterns of one file at the most; more are compiled again */
const KEPT = 1000;

/** @returns what compiles a pattern that the file's reader has understood, each once */
export function createPatterns(): (source: string) => ProbePattern {
  const known = new Map<string, ProbePattern>();
  return (source) => {
    const found = known.get(source);
    if (found) return found;
    const compiled = RE2JS.compile(source);
    const pattern: ProbePattern = {
      test: (text) => compiled.test(text),
      end(text) {
        const matcher = compiled.matcher(text);
        return matcher.find() ? matcher.end() : undefined;
      },
      group(text) {
        const matcher = compiled.matcher(text);
        if (!matcher.find()) return undefined;
        return (matcher.groupCount() > 0 ? matcher.group(1) : matcher.group()) ?? undefined;
      },
    };
    if (known.size >= KEPT) known.clear();
    known.set(source, pattern);
    return pattern;
  };
}
