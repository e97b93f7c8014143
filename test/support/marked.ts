// Errors and warnings of an lvsctl file with what each of them underlines.
import type { FileContext } from '../../src/lvsctl/config/context.js';
import { ConfigError, type Problem } from '../../src/lvsctl/config/problem.js';
import { inspectConfig } from '../../src/lvsctl/config/read.js';

/** `LINE [underlined] ENTRY: MESSAGE` */
export function marked({ line, column, length, path, message, text = '' }: Problem): string {
  return `${line} [${text.slice(column - 1, column - 1 + length)}] ${path}: ${message}`;
}

/** Those of a text: its errors, or its warnings with `warning` before them. */
export function problemsOf(text: string, around?: FileContext): string[] {
  try {
    return inspectConfig(text, 'f', around).warnings.map((one) => `warning ${marked(one)}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(marked);
  }
}
