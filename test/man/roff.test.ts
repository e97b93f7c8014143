// Markdown to blocks, blocks to roff.
import { describe, expect, test } from 'vitest';
import { readMarkdown } from '../../src/man/markdown.js';
import { renderPage } from '../../src/man/roff.js';

const HEAD = { name: 'x', section: 8, source: 's', manual: 'm', language: 'en' } as const;

/** A page of docs/ as the lines of roff below its head. */
function roff(page: string, language: 'en' | 'zh' = 'en'): string[] {
  const blocks = readMarkdown(page, (target) => (target === 'show.md' ? 'show(8)' : undefined));
  const lines = renderPage({ ...HEAD, language }, blocks)
    .trimEnd()
    .split('\n')
    .slice(3);
  return lines.filter((line) => !line.startsWith('.fchar'));
}

describe('blocks', () => {
  // biome-ignore format: a table
  test.each<[string, string, string[]]>([
    ['the title is left out', '# x\n\ntext', ['.PP', 'text']],
    ['headings', '## a b\n### c', ['.SH "A B"', '.SS "c"']],
    ['a paragraph of two lines', 'one\ntwo\n\nthree', ['.PP', 'one two', '.PP', 'three']],
    ['items', '- one\n  more\n- two\n\nend', ['.IP \\(bu 2', 'one more', '.IP \\(bu 2', 'two', '.PP', 'end']],
    ['code', '```sh\na -b\n\n.x\n```', ['.PP', '.RS 4', '.EX', 'a \\-b', '', '\\&.x', '.EE', '.RE']],
    ['code that is not closed', '```\na', ['.PP', '.RS 4', '.EX', 'a', '.EE', '.RE']],
    ['a table of two columns', '| a | b |\n|---|---|\n| `x` | y |', ['.TP', '\\fB\\%x\\fR', 'y']],
    ['of three', '| a | b | c |\n|---|---|---|\n| x | y | z |\n| v | | w |', ['.TP', 'x', 'b: y', '.br', 'c: z', '.TP', 'v', 'c: w']],
    ['a bar in a cell', '| a | b |\n|---|---|\n| `x\\|y` | z |', ['.TP', '\\fB\\%x|y\\fR', 'z']],
    ['a comment', '<!-- a\nb -->\nc', ['.PP', 'c']],
    ['text that runs into a table', 'a\n| b | c |\n|---|---|\n| d | e |', ['.PP', 'a', '.TP', 'd', 'e']],
  ])('%s', (_, page, lines) => expect(roff(page)).toEqual(lines));
});

describe('inline', () => {
  // biome-ignore format: a table
  test.each([
    ['`--file <path>`', '\\fB\\%\\-\\-file \\fR\\fI\\%path\\fR'],
    ['**b** *i* 2*3', '\\fBb\\fR \\fIi\\fR 2*3'],
    ['[s](show.md), [o](other.md)', 's (show(8)), o'],
    ['[`s`](x.md)', '\\fB\\%s\\fR'],
    ['one-packet -x 3-4', 'one-packet \\-x 3\\-4'],
    ['a\\b', 'a\\eb'],
    ['`a\\b\'c`', '\\fB\\%a\\eb\\(aqc\\fR'],
    ['.dot', '\\&.dot'],
    ["'tick", "\\&'tick"],
    ['a…b – c', 'a...b \\- c'],
    ['2³¹', '2\\[u00B3]\\[u00B9]'],
    ['`{"a":"bbbbbbbbbbbbbbbbbbbb","c":"dddddddddddddddd"}`', '\\fB\\%{\\(dqa\\(dq:\\(dqbbbbbbbbbbbbbbbbbbbb\\(dq,\\:\\(dqc\\(dq:\\(dqdddddddddddddddd\\(dq}\\fR'],
  ])('%s', (text, line) => expect(roff(text)).toEqual(['.PP', line]));

  test('a character that a device may not have gets one that it has', () => {
    const page = renderPage(
      HEAD,
      readMarkdown('2³ and 2³', () => undefined),
    );
    expect(page.match(/^\.fchar .*/gm)).toEqual(['.fchar \\[u00B3] ?']);
  });

  test('Chinese lines may be broken between characters, but not before a comma', () => {
    expect(roff('健康，检查', 'zh')).toEqual(['.PP', '健\\:康，\\:检\\:查']);
  });
});
