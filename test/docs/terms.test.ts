// docs/contributing/terms.md defines each term once, by names that are in the code.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PAGE = readFileSync('docs/contributing/terms.md', 'utf8');
const ROWS = PAGE.split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| term '))
  .map((line) => line.split('|').map((cell) => cell.trim()));

const SOURCE = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.c?ts$/.test(name))
  .map((name) => readFileSync(join('src', name), 'utf8'))
  .join('\n');

test('each term stands once', () => {
  const terms = ROWS.map(([, term = '']) => term);
  expect(terms.length).toBeGreaterThan(60);
  expect(terms.filter((term, i) => terms.indexOf(term) !== i)).toEqual([]);
});

test('each has a definition', () => {
  expect(ROWS.filter(([, , definition]) => definition === '').map(([, term]) => term)).toEqual([]);
});

test('the names in code are there', () => {
  const names = ROWS.flatMap(([, , , code = '']) =>
    [...code.matchAll(/`([A-Za-z]\w*)`/g)].map(([, name = '']) => name),
  );
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(SOURCE))).toEqual([]);
});
