// The part of Markdown that the pages of docs/ use, read into blocks.
import type { Inline, Inlines, ManualBlock, Tagged } from './blocks.js';

/** Where a link leads: what follows its text, or nothing. */
export type LinkText = (target: string) => string | undefined;

/**
 * A page of docs/ as blocks. Its title is left out; a heading `##` is a section. A row of a table
 * becomes its first cell as the tag and the others as its text, so that it fits every width.
 */
export function readMarkdown(page: string, linkText: LinkText): ManualBlock[] {
  const lines = page.split('\n');
  const blocks: ManualBlock[] = [];
  for (let at = 0; at < lines.length; ) {
    const { block, next } = readBlock(lines, at, linkText);
    if (block) blocks.push(block);
    at = next;
  }
  return blocks;
}

interface BlockRead {
  readonly block?: ManualBlock;
  /** the line behind it */
  readonly next: number;
}

function readBlock(lines: readonly string[], at: number, linkText: LinkText): BlockRead {
  const line = lines[at] ?? '';
  if (line.trim() === '') return { next: at + 1 };
  if (line.startsWith('<!--'))
    return { next: firstFrom(lines, at, (each) => each.includes('-->')) + 1 };
  const [, marks = '', title = ''] = /^(#+) (.*)$/.exec(line) ?? [];
  if (marks !== '') {
    if (marks.length === 1) return { next: at + 1 };
    const block: ManualBlock = {
      kind: 'heading',
      level: marks.length - 1,
      text: readInline(title, linkText),
    };
    return { block, next: at + 1 };
  }
  if (line.startsWith('```')) {
    const end = firstFrom(lines, at + 1, (each) => each.startsWith('```'));
    return { block: { kind: 'code', lines: lines.slice(at + 1, end) }, next: end + 1 };
  }
  if (line.startsWith('|')) {
    const next = firstFrom(lines, at, (each) => !each.startsWith('|'));
    return { block: readTable(lines.slice(at, next), linkText), next };
  }
  if (ITEM.test(line)) return readItems(lines, at, linkText);
  const next = endOfText(lines, at + 1);
  return {
    block: { kind: 'paragraph', text: readInline(joined(lines.slice(at, next)), linkText) },
    next,
  };
}

const ITEM = /^(?:[-*]|\d+\.) /;
const joined = (lines: readonly string[]) => lines.map((line) => line.trim()).join(' ');

/** The number of the first such line from `at` on; behind the last line without one. */
function firstFrom(lines: readonly string[], at: number, is: (line: string) => boolean): number {
  const found = lines.slice(at).findIndex(is);
  return found < 0 ? lines.length : at + found;
}

/** Where a paragraph or an item that has begun before `at` ends. */
function endOfText(lines: readonly string[], at: number): number {
  return firstFrom(lines, at, (line) => /^(?:\s*$|#+ |```|\||<!--)/.test(line) || ITEM.test(line));
}

function readItems(lines: readonly string[], at: number, linkText: LinkText): BlockRead {
  const items: Inlines[] = [];
  let next = at;
  while (ITEM.test(lines[next] ?? '')) {
    const end = endOfText(lines, next + 1);
    const all = joined(lines.slice(next, end)).replace(ITEM, '');
    items.push(readInline(all, linkText));
    next = end;
  }
  return { block: { kind: 'items', items }, next };
}

/** Cells of one row; `\|` is a bar within one. */
function cellsOf(row: string): string[] {
  return row
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function readTable(rows: readonly string[], linkText: LinkText): ManualBlock {
  const [titles = [], , ...others] = rows.map(cellsOf);
  return { kind: 'tagged', rows: others.map((cells) => readRow(cells, titles, linkText)) };
}

/** The second cell needs no title where there are no more, or where it is what the row is about. */
function readRow(cells: readonly string[], titles: readonly string[], linkText: LinkText): Tagged {
  const [tag = '', ...others] = cells;
  const named = others.flatMap((cell, i) => {
    if (cell === '') return [];
    const title = titles[i + 1] ?? '';
    const isPlain = others.length === 1 || title === '';
    return [readInline(isPlain ? cell : `${title}: ${cell}`, linkText)];
  });
  return { tag: readInline(tag, linkText), body: named };
}

// biome-ignore format: a table
const INLINE: readonly (readonly [RegExp, (match: RegExpExecArray, linkText: LinkText) => Inlines])[] = [
  [/^(`+)((?:(?!\1).)+)\1/, ([, , text = '']) => [{ kind: 'code', text: text.trim() }]],
  [/^\*\*([^*]+)\*\*/, ([, text = '']) => [{ kind: 'strong', text }]],
  [/^\*([^*\s][^*]*)\*/, ([, text = '']) => [{ kind: 'emphasis', text }]],
  [/^!?\[([^\]]*)\]\(([^)\s]*)\)/, ([, text = '', target = ''], linkText) => {
    const more = linkText(target);
    return [...readInline(text, linkText), ...(more === undefined ? [] : [{ kind: 'text', text: ` (${more})` } as const])];
  }],
];

/** Code, emphasis and links; everything else is text. */
export function readInline(source: string, linkText: LinkText): Inlines {
  const found: Inline[] = [];
  let plain = '';
  const flush = () => {
    if (plain !== '') found.push({ kind: 'text', text: plain });
    plain = '';
  };
  for (let rest = source; rest !== ''; ) {
    const hit = INLINE.map(([pattern, read]) => ({ match: pattern.exec(rest), read })).find(
      ({ match }) => match,
    );
    if (hit?.match) {
      flush();
      found.push(...hit.read(hit.match, linkText));
      rest = rest.slice(hit.match[0].length);
    } else {
      plain += rest[0];
      rest = rest.slice(1);
    }
  }
  flush();
  return found;
}
