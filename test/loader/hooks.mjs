// How Node finds and reads the TypeScript of src and test, in each process of the tests.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { codeOf } from './compiled.mjs';

const FOLDERS = ['src/', 'test/'].map((name) => new URL(`../../${name}`, import.meta.url).href);
const isOurs = (url) => FOLDERS.some((folder) => url?.startsWith(folder));

/** Imports name the file that TypeScript would make: `./run.js` is `run.ts`. */
export function resolve(specifier, context, next) {
  if (!/^\.{1,2}\/.*\.js$/.test(specifier) || !isOurs(context.parentURL))
    return next(specifier, context);
  const named = new URL(specifier, context.parentURL);
  const source = new URL(named.href.replace(/\.js$/, '.ts'));
  const { href } = existsSync(source) ? source : named;
  return { url: href, format: 'module', shortCircuit: true };
}

export function load(url, context, next) {
  // vitest adds a query to the address of a test file
  const [address] = url.split('?');
  if (!isOurs(address) || !/\.ts$|\/generated\.js$/.test(address)) return next(url, context);
  return { format: 'module', source: codeOf(fileURLToPath(address)), shortCircuit: true };
}
