// Where the code of each file of src and test is. Each process of the tests reads this.
import { join } from 'node:path';

export const ROOT = new URL('../..', import.meta.url).pathname;
export const COMPILED = join(ROOT, '.compiled');

/** Where the code of a file is, named with `.ts` or `.js`. */
export const compiledPath = (path) =>
  join(COMPILED, path.slice(ROOT.length).replace(/\.ts$/, '.js'));
