// Where the code of each file of src and test is. Each process of the tests reads this, so what few
// of them need is loaded when it is used.
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { define } from '../../src/version.mjs';

export const ROOT = new URL('../..', import.meta.url).pathname;
const COMPILED = join(ROOT, 'node_modules/.lvs-compiled');

/** for esbuild */
export const OPTIONS = {
  format: 'esm',
  target: 'node20',
  define,
  sourcemap: 'inline',
  sourcesContent: false,
};

/** Where the code of a file is, named with `.ts` or `.js`. */
export const compiledPath = (path) =>
  join(COMPILED, path.slice(ROOT.length).replace(/\.ts$/, '.js'));

/** The code of a file, also of one that changed since all were compiled, as while watching. */
export function codeOf(path) {
  const compiled = compiledPath(path);
  const written = statSync(compiled, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (written > 0 && written >= changed) return readFileSync(compiled, 'utf8');
  const { transformSync } = createRequire(import.meta.url)('esbuild');
  const options = { ...OPTIONS, loader: 'ts', sourcefile: basename(path) };
  return transformSync(readFileSync(path, 'utf8'), options).code;
}
