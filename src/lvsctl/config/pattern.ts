// Patterns of a file's owner. They meet what servers send, so they must take time in proportion to
// it: RE2, not the language's own.
import { RE2JS } from 're2js';

export interface Pattern {
  /** as written in the file */
  readonly source: string;
  /** Whether it occurs in a text. */
  readonly test: (text: string) => boolean;
}

export function parsePattern(source: string): Pattern | undefined {
  try {
    const compiled = RE2JS.compile(source);
    return { source, test: (text) => compiled.test(text) };
  } catch {
    return undefined; // why is asked for below
  }
}

/** What is wrong with a pattern that `parsePattern` does not understand. */
export function patternError(source: string): string {
  try {
    RE2JS.compile(source);
    return '';
  } catch (error) {
    return (error as Error).message.replace(/^error parsing regexp: /, '');
  }
}
