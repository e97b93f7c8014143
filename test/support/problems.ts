// Errors of an lvsctl file as lines that tests compare.
import { ConfigError } from '../../src/lvsctl/config/problem.js';

/** `FILE:LINE:COLUMN ENTRY: MESSAGE` of each; none when it did not throw. */
export function errorsOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(
      ({ file, line, column, path, message }) => `${file}:${line}:${column} ${path}: ${message}`,
    );
  }
  return [];
}
