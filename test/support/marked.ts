// Errors and warnings of an lvsctl file with what each of them underlines.
import type { FileContext } from '../../src/lvsctl/config/context.js';
import { ConfigError, type Problem } from '../../src/lvsctl/config/problem.js';
import { inspectConfig } from '../../src/lvsctl/config/read.js';

/** What of its line a problem underlines. */
export function underlined({ column, length, text = '' }: Problem): string {
  return text.slice(column - 1, column - 1 + length);
}

/** `LINE [underlined] ENTRY: MESSAGE` */
export function marked(problem: Problem): string {
  const { line, path, message } = problem;
  return `${line} [${underlined(problem)}] ${path}: ${message}`;
}

/** `LINE:COLUMN [underlined] MESSAGE`, of a problem of no entry */
export function placed(problem: Problem): string {
  const { line, column, message } = problem;
  return `${line}:${column} [${underlined(problem)}] ${message}`;
}

/** `FILE:LINE:COLUMN [underlined] ENTRY: MESSAGE` */
export function placedInFile(problem: Problem): string {
  const { file, line, column, path, message } = problem;
  return `${file}:${line}:${column} [${underlined(problem)}] ${path}: ${message}`;
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
