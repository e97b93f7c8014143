// Shell patterns against a directory of files.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesMatching } from '../../src/system/glob.js';

let top = '';
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'glob-'));
  mkdirSync(join(top, 'd/e'), { recursive: true });
  for (const name of [
    'a.conf',
    'b.conf',
    'c.txt',
    '.hidden.conf',
    'x{y}.conf',
    'a[1].conf',
    'd/a.conf',
    'd/e/f',
  ])
    writeFileSync(join(top, name), '');
});
afterAll(() => rmSync(top, { recursive: true }));

test.each([
  ['*.conf', ['a.conf', 'a[1].conf', 'b.conf', 'x{y}.conf']],
  ['.*.conf', ['.hidden.conf']],
  ['?.*', ['a.conf', 'b.conf', 'c.txt']],
  ['[ab].conf', ['a.conf', 'b.conf']],
  ['[!a].conf', ['b.conf']],
  ['[b-z].*', ['b.conf', 'c.txt']],
  ['{a,c}.{conf,txt}', ['a.conf', 'c.txt']],
  ['{d/{a.conf,e/f},b.conf}', ['b.conf', 'd/a.conf', 'd/e/f']],
  ['x{y}.conf', ['x{y}.conf']],
  ['*/*.conf', ['d/a.conf']],
  ['*', ['a.conf', 'a[1].conf', 'b.conf', 'c.txt', 'x{y}.conf']],
  ['d', []],
  ['nothing*', []],
  ['no/where/*', []],
  ['a.conf', ['a.conf']],
  ['a+.conf', []],
  ['[z-a].conf', []],
])('%s', (pattern, expected) => {
  expect(filesMatching(`${top}/${pattern}`).map((path) => path.slice(top.length + 1))).toEqual(
    expected,
  );
});
