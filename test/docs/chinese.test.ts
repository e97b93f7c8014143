// The pages in Chinese: every guide has one, with the same commands and outputs, and both lead to
// each other; the README and the terms as well.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const read = (path: string) => readFileSync(path, 'utf8');
const GUIDES = 'docs/guide';
const guides = readdirSync(GUIDES).filter((name) => name.endsWith('.md'));

/** English page, its Chinese page. */
const PAIRS: readonly (readonly [english: string, chinese: string])[] = [
  ['README.md', 'docs/zh/README.md'],
  ['docs/contributing/terms.md', 'docs/zh/terms.md'],
  ...guides.map((name) => [join(GUIDES, name), join(GUIDES, 'zh', name)] as const),
];

/** The fenced blocks; commands in comments are for the tests alone. */
const blocks = (path: string) =>
  [
    ...read(path)
      .replace(/<!--.*?-->/gs, '')
      .matchAll(/^```.*?^```$/gms),
  ].map(([all]) => all);

describe.each(PAIRS)('%s and %s', (english, chinese) => {
  test('have the same blocks', () => expect(blocks(chinese)).toEqual(blocks(english)));

  test('have the same headings and tables', () => {
    const shape = (path: string) =>
      read(path)
        .replace(/^```.*?^```$/gms, '')
        .split('\n')
        .flatMap((line) => /^#+ |^\|/.exec(line)?.[0] ?? []);
    // lists of pages and of terms differ
    if (!/README|terms/.test(english)) expect(shape(chinese)).toEqual(shape(english));
  });

  test('lead to each other', () => {
    expect(read(english)).toContain(`[中文](${relative(dirname(english), chinese)})`);
    expect(read(chinese)).toContain(`[English](${relative(dirname(chinese), english)})`);
  });

  test('the Chinese page is in Chinese', () => {
    const prose = read(chinese)
      .replace(/^```.*?^```$/gms, '')
      .replace(/`[^`]*`|\]\([^)]*\)/g, '');
    const lines = prose.split('\n').filter((line) => /\p{L}/u.test(line));
    const others = lines.filter((line) => !/\p{Script=Han}/u.test(line) && / .* .* /.test(line));
    expect(others.filter((line) => !/^\||^!|^ {4}/.test(line))).toEqual([]);
  });
});

test('every guide is in both lists', () => {
  const names = guides.filter((name) => name !== 'README.md');
  expect(names.filter((name) => !read(join(GUIDES, 'README.md')).includes(`(zh/${name})`))).toEqual(
    [],
  );
  expect(
    names.filter((name) => !read(join(GUIDES, 'zh/README.md')).includes(`(${basename(name)})`)),
  ).toEqual([]);
});

test('every term has its Chinese one', () => {
  const column = (path: string, number: number) =>
    read(path)
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (?:term|中文) \|/.test(line))
      .map((line) => line.split('|')[number]?.trim());
  expect(column('docs/zh/terms.md', 2)).toEqual(column('docs/contributing/terms.md', 1));
});
