// Relative links of README.md and docs lead to a file, and to a heading of it. Files of the project
// that a page names in `code` exist.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pages } from './page.js';

/** Without code, where brackets are no links. */
function prose(text: string): string {
  return text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/(`+)(?:(?!\1)[^\n])+\1/g, 'code');
}

/** The targets of links and pictures. */
function linksIn(text: string): string[] {
  const inline = [...prose(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const reference = [...prose(text).matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)];
  return [...inline, ...reference].map(([, target = '']) => target);
}

/** The anchors that GitHub gives to the headings of a page, and those that it names itself. */
function anchorsOf(text: string): Set<string> {
  const found = new Set<string>();
  const unfenced = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '');
  for (const [, heading = ''] of unfenced.matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
    const slug = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .replace(/\s/g, '-');
    let name = slug;
    for (let n = 1; found.has(name); n++) name = `${slug}-${n}`;
    found.add(name);
  }
  for (const [, name = ''] of unfenced.matchAll(/<a (?:id|name)="([^"]+)"/g)) found.add(name);
  return found;
}

/** Why a link of a page is broken; undefined when it is not. */
function fault(page: string, link: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return undefined; // another site
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)));
  if (path.startsWith('/') || target.startsWith('..')) return `${link}: outside the project`;
  if (!existsSync(target)) return `${link}: no ${target}`;
  if (anchor === undefined) return undefined;
  if (statSync(target).isDirectory() || !target.endsWith('.md'))
    return `${link}: ${target} has no headings`;
  return anchorsOf(readFileSync(target, 'utf8')).has(decodeURIComponent(anchor))
    ? undefined
    : `${link}: no such heading in ${target}`;
}

test.each(pages())('%s', (page) => {
  const links = linksIn(readFileSync(page, 'utf8'));
  expect(links.flatMap((link) => fault(page, link) ?? [])).toEqual([]);
});

/** Names like `src/model/table.ts`; vitest takes a path without its ending. */
function namedFiles(text: string): string[] {
  const spans = text.matchAll(/`((?:src|test|docs|share|bin)\/[\w./-]*\w)\/?`/g);
  return [...spans].map(([, path = '']) => path);
}

const isThere = (path: string) => existsSync(path) || existsSync(`${path}.test.ts`);

/** It names files as they were. */
const HISTORY = 'docs/changelog.md';

test.each(pages().filter((page) => page !== HISTORY))('files named in %s', (page) => {
  expect(namedFiles(readFileSync(page, 'utf8')).filter((path) => !isThere(path))).toEqual([]);
});

test('every finding of the doctor is on its page', () => {
  const ids = ['director', 'realserver'].flatMap((name) => {
    const text = readFileSync(`src/lvsctl/doctor/${name}.ts`, 'utf8');
    return [...text.matchAll(/^ {4}id: '([\w-]+)'/gm)].map(([, id = '']) => id);
  });
  expect(ids.length).toBeGreaterThan(15);
  const page = readFileSync('docs/reference/doctor.md', 'utf8');
  expect(ids.filter((id) => !page.includes(`\`${id}\``))).toEqual([]);
});

describe('the check itself', () => {
  test('finds files that are named', () => {
    const text = '`src/a.ts` `src/b/` `npm test -- src/c.ts` src/d.ts `test/e` `src/*.ts`';
    expect(namedFiles(text)).toEqual(['src/a.ts', 'src/b', 'test/e']);
  });

  test('finds links, and none in code', () => {
    const text =
      '[a](b.md) ![p](c.svg "t") `[x](y)` [z](<d e.md>)\n```\n[no](no.md)\n```\n[r]: e.md#x\n';
    expect(linksIn(text)).toEqual(['b.md', 'c.svg', 'e.md#x']);
  });

  test('names headings as GitHub does', () => {
    const text = '# A `b`, c!\n## A b c\n```sh\n# no\n```\n## 健康 检查\n## [l](x) -n\n## A b c\n';
    expect([...anchorsOf(text)]).toEqual(['a-b-c', 'a-b-c-1', '健康-检查', 'l--n', 'a-b-c-2']);
  });

  test.each([
    ['README.md', 'docs/nosuch.md', 'docs/nosuch.md: no docs/nosuch.md'],
    ['README.md', '#nosuch', '#nosuch: no such heading in README.md'],
    ['docs/reference/cli.md', '../../../x', '../../../x: outside the project'],
    ['docs/reference/cli.md', '../../README.md#examples', undefined],
    ['README.md', 'LICENSE#x', 'LICENSE#x: LICENSE has no headings'],
    ['README.md', 'https://example.org/x', undefined],
  ])('%s: %s', (page, link, expected) => expect(fault(page, link)).toBe(expected));
});
