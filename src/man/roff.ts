// Blocks as roff with the macros of man(7), which both groff and mandoc read.
import type { Inline, Inlines, ManualBlock, Tagged } from './blocks.js';

export interface PageHead {
  /** as in `ipvsadm(8)` */
  readonly name: string;
  readonly section: number;
  /** what the page belongs to, at its foot */
  readonly source: string;
  /** what the manual is called, at its head */
  readonly manual: string;
  readonly language: 'en' | 'zh';
}

/**
 * A whole page. English pages are ASCII, so that they look the same in every locale; others are
 * UTF-8.
 */
export function renderPage(head: PageHead, blocks: readonly ManualBlock[]): string {
  const { name, section, source, manual, language } = head;
  const escapes = language === 'en' ? ASCII : UTF8;
  const argument = (value: string) => `"${escapes.literal(value)}"`;
  const lines = blocks.flatMap((block) => renderBlock(block, escapes));
  return [
    `.\\" Made from the tables and pages of lvs-cli by its build. Changes are lost.`,
    // man(7): the date stays empty, so that equal sources give equal pages
    `.TH ${argument(name.toUpperCase())} ${section} "" ${argument(source)} ${argument(manual)}`,
    // lines are not stretched
    '.ad l',
    ...fallbacks(lines),
    ...lines,
    '',
  ].join('\n');
}

/** For devices without a character: a page is read in every locale without a warning. */
function fallbacks(lines: readonly string[]): string[] {
  const used = new Set(lines.flatMap((line) => line.match(/\\\[u[0-9A-F]+\]/g) ?? []));
  return [...used].sort().map((character) => `.fchar ${character} ?`);
}

interface Escapes {
  /** Prose. */
  readonly prose: (value: string) => string;
  /** What is typed or printed: every dash is one that can be copied. */
  readonly literal: (value: string) => string;
}

function renderBlock(block: ManualBlock, escapes: Escapes): string[] {
  switch (block.kind) {
    case 'heading':
      return [`${block.level === 1 ? '.SH' : '.SS'} ${heading(block.text, block.level, escapes)}`];
    case 'paragraph':
      return ['.PP', ...filled(block.text, escapes)];
    case 'items':
      return block.items.flatMap((item) => ['.IP \\(bu 2', ...filled(item, escapes)]);
    case 'tagged':
      return block.rows.flatMap((row) => tagged(row, escapes));
    case 'synopsis':
      return block.lines.flatMap((line) => ['.HP 4', guarded(codeText(line, escapes.literal))]);
    case 'code':
      return [
        '.PP',
        '.RS 4',
        '.EX',
        ...block.lines.map((line) => guarded(escapes.literal(line))),
        '.EE',
        '.RE',
      ];
    default:
      return block satisfies never;
  }
}

function heading(inlines: Inlines, level: number, escapes: Escapes): string {
  const title = inlines.map(({ text }) => text).join('');
  return `"${escapes.literal(level === 1 ? title.toUpperCase() : title)}"`;
}

function tagged({ tag, body }: Tagged, escapes: Escapes): string[] {
  const [first = [], ...others] = body;
  return [
    '.TP',
    ...filled(tag, escapes),
    ...filled(first, escapes),
    ...others.flatMap((each) => ['.br', ...filled(each, escapes)]),
  ];
}

/** One line of input for a text: where roff breaks it is its own affair. */
function filled(inlines: Inlines, escapes: Escapes): string[] {
  const line = inlines.map((inline) => renderInline(inline, escapes)).join('');
  return [guarded(line)];
}

function renderInline({ kind, text }: Inline, { prose, literal }: Escapes): string {
  switch (kind) {
    case 'text':
      return prose(text);
    case 'code':
      return codeText(text, literal);
    case 'strong':
      return `\\fB${literal(text)}\\fR`;
    case 'emphasis':
      return `\\fI${prose(text)}\\fR`;
    default:
      return kind satisfies never;
  }
}

/** `--file <path>`: the option bold, what stands for a value in italics without its brackets. */
function codeText(value: string, literal: Escapes['literal']): string {
  return value
    .split(/(<[a-z][^<>]*>)/)
    .map((part, i) => {
      if (part === '') return '';
      const shown = whole(i % 2 === 1 ? part.slice(1, -1) : part, literal);
      return `\\f${i % 2 === 1 ? 'I' : 'B'}${shown}\\fR`;
    })
    .join('');
}

/** Longer ones may be broken behind a sign. */
const UNBROKEN = 40;

/** Without hyphens at the end of a line. */
function whole(value: string, literal: Escapes['literal']): string {
  return value.replace(/\S+/g, (each) => {
    const pieces = each.length > UNBROKEN ? each.split(/(?<=[,|])/) : [each];
    return `\\%${pieces.map(literal).join('\\:')}`;
  });
}

/** A line that begins with a dot or an apostrophe would be a request; an empty one is a gap. */
function guarded(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

/** What is not ASCII, and what stands for it there. */
const ASCII_FORMS: Readonly<Record<string, string>> = {
  '…': '...',
  '→': '->',
  '–': '-',
  '—': '--',
  '⟨': '<',
  '⟩': '>',
  '≤': '<=',
  '≥': '>=',
  '×': 'x',
  '’': "'",
  '“': '"',
  '”': '"',
  '\u00a0': ' ',
};

function toAscii(value: string): string {
  return value.replace(/\P{ASCII}/gu, (character) => {
    const form = ASCII_FORMS[character];
    return form ?? `\\[u${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`;
  });
}

/** Characters that roff would print as others. */
const LITERAL: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
};
const escapeLiteral = (value: string) =>
  value.replace(/[\\\-'`^~"]/g, (each) => LITERAL[each] ?? each);
/** A dash between letters is a hyphen, any other belongs to something that is typed. */
const escapeProse = (value: string) =>
  value
    .replace(/\\/g, '\\e')
    .replace(/(?<![A-Za-z0-9])-|-(?![A-Za-z])/g, '\\-')
    .replace(/[`^~]/g, (each) => LITERAL[each] ?? each);

const ASCII: Escapes = {
  // the escapes that toAscii adds come last
  prose: (value) =>
    toAscii(
      escapeProse(value.replace(/[…→–—⟨⟩≤≥×’“”\u00a0]/g, (each) => ASCII_FORMS[each] ?? each)),
    ),
  literal: (value) =>
    toAscii(
      escapeLiteral(value.replace(/[…→–—⟨⟩≤≥×’“”\u00a0]/g, (each) => ASCII_FORMS[each] ?? each)),
    ),
};

/**
 * A Chinese text has no blanks, and roff breaks lines at blanks alone: a break may follow each
 * character, but not before a sign that closes.
 */
const breakable = (value: string) =>
  value.replace(
    /(?<=[\u3000-\u9fff\uff00-\uffef])(?![\u3001\u3002\uff01\uff09\uff0c\uff1a\uff1b\uff1f\u300d\u300b\u3011])(?=\S)/g,
    '\\:',
  );
const UTF8: Escapes = {
  prose: (value) => breakable(escapeProse(value)),
  literal: escapeLiteral,
};
