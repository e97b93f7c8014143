// `npm run build` does nothing only when nothing that counts has changed since the last build.
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { beginBuild, isBuilt } from '../../src/unchanged.mjs';

let root: string;
const write = (name: string, text: string) => {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
};
const remove = (name: string) => rmSync(join(root, name));
function build(): void {
  const keep = beginBuild(root);
  write('dist/a.cjs', 'bundle');
  write('dist/man/man8/a.8', 'page');
  keep();
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lvs-unchanged-'));
  write('src/a.ts', 'code');
  write('src/deep/b.ts', 'more');
  write('package.json', '{}');
  write('node_modules/.package-lock.json', '{}');
  write('dist/other.mjs', 'of another program');
  utimesSync(join(root, 'dist/other.mjs'), 1, 1);
});
afterEach(() => rmSync(root, { recursive: true }));

test('nothing is built before the first build', () => {
  expect(isBuilt(root)).toBe(false);
});

test.each<[string, () => void]>([
  ['nothing', () => {}],
  ['the date of a file', () => utimesSync(join(root, 'src/a.ts'), 1, 1)],
  ['a file that the build did not write', () => write('dist/other.mjs', 'changed')],
  ['a file beside the sources', () => write('test/a.ts', 'code')],
])('%s changed: it is up to date', (_, change) => {
  build();
  change();
  expect(isBuilt(root)).toBe(true);
});

test.each<[string, () => void]>([
  ['a source', () => write('src/deep/b.ts', 'else')],
  ['a new source', () => write('src/deep/c.ts', '')],
  ['a source that is removed', () => remove('src/a.ts')],
  ['a page that may be part of the manual', () => write('docs/guide/a.md', 'text')],
  ['an example that is part of the manual', () => write('share/examples/a.yaml', 'a: 1')],
  ['tsconfig.json', () => write('tsconfig.json', '{}')],
  ['package.json', () => write('package.json', '{"version":"1"}')],
  ['what is installed', () => write('node_modules/.package-lock.json', '{"a":1}')],
  ['no word of what is installed', () => remove('node_modules/.package-lock.json')],
  ['a bundle', () => write('dist/a.cjs', 'bundlf')],
  ['a page that is removed', () => remove('dist/man/man8/a.8')],
  ['a build that did not end', () => beginBuild(root)],
  ['a build on a full disk', () => write('dist/build.json', '')],
])('%s: it is built again', (_, change) => {
  build();
  change();
  expect(isBuilt(root)).toBe(false);
});

test('sources that change while they are built', () => {
  const keep = beginBuild(root);
  write('src/a.ts', 'changed');
  keep();
  expect(isBuilt(root)).toBe(false);
});

test('a build in place of another', () => {
  build();
  write('src/a.ts', 'changed');
  build();
  expect(isBuilt(root)).toBe(true);
});

test('another Node: its code caches are others', () => {
  build();
  const own = Object.getOwnPropertyDescriptor(process, 'version') as PropertyDescriptor;
  Object.defineProperty(process, 'version', { ...own, value: 'v99.0.0' });
  expect(isBuilt(root)).toBe(false);
  Object.defineProperty(process, 'version', own);
  expect(isBuilt(root)).toBe(true);
});
