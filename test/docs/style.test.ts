// The pages read well in a terminal and to readers who are no native speakers: short lines, short
// paragraphs, short sentences.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { pages } from './page.js';

const COLUMNS = 100;
const PARAGRAPH_LINES = 5;
const SENTENCE_WORDS = 25;

/** Lists of what was done, each entry on its own. */
const LISTS = ['docs/changelog.md'];

interface Line {
  readonly number: number;
  readonly text: string;
  readonly kind: 'prose' | 'table' | 'code' | 'output' | 'blank';
}

/** A fence without a language, or with `console`, shows what a program printed. */
const OUTPUT = ['', 'console', 'json'];

function linesOf(page: string): Line[] {
  let fence: string | undefined;
  return page.split('\n').map((text, i): Line => {
    const number = i + 1;
    const [, language] = /^```(.*)$/.exec(text) ?? [];
    if (language !== undefined) {
      fence = fence === undefined ? language : undefined;
      return { number, text, kind: 'blank' };
    }
    if (fence !== undefined)
      return { number, text, kind: OUTPUT.includes(fence) ? 'output' : 'code' };
    if (text.startsWith('|')) return { number, text, kind: 'table' };
    const isBlank = text.trim() === '' || /^(?:#|<!--|-->)/.test(text);
    return { number, text, kind: isBlank ? 'blank' : 'prose' };
  });
}

/** Columns of a terminal; a Chinese character takes two. */
function columnsOf(text: string): number {
  const wide = text.match(
    /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g,
  );
  return text.length + (wide?.length ?? 0);
}

interface Paragraph {
  readonly number: number;
  readonly lines: readonly string[];
}

/** Paragraphs and list items. */
function paragraphsOf(lines: readonly Line[]): Paragraph[] {
  const found: { number: number; lines: string[] }[] = [];
  let open = false;
  for (const { number, text, kind } of lines) {
    const begins = /^\s*(?:[-*]|\d+\.)\s/.test(text);
    if (kind !== 'prose') open = false;
    else if (open && !begins) found.at(-1)?.lines.push(text);
    else {
      found.push({ number, lines: [text] });
      open = true;
    }
  }
  return found;
}

/** Sentences; what is in `code` counts as one word, a link as its text. */
function sentencesOf({ lines }: Paragraph): string[] {
  const text = lines
    .map((line) => line.trim())
    .join(' ')
    .replace(/^(?:[-*]|\d+\.)\s+/, '')
    .replace(/\]\([^)]*\)/g, ']')
    .replace(/(`+)(?:(?!\1).)+\1/g, 'CODE');
  return text.split(/(?<=[.:;?!]\)?)\s+(?=[A-Z`*["(])|;\s/);
}

const wordsIn = (sentence: string) => (sentence.match(/[A-Za-z0-9]\S*/g) ?? []).length;

function faultsOf(page: string): string[] {
  const lines = linesOf(page);
  const long = lines.filter(
    ({ kind, text }) => (kind === 'prose' || kind === 'code') && columnsOf(text) > COLUMNS,
  );
  const paragraphs = paragraphsOf(lines);
  const tall = paragraphs.filter(({ lines: all }) => all.length > PARAGRAPH_LINES);
  const wordy = paragraphs.flatMap((one) =>
    sentencesOf(one)
      .filter((sentence) => wordsIn(sentence) > SENTENCE_WORDS)
      .map((sentence) => `${one.number}: ${wordsIn(sentence)} words: ${sentence}`),
  );
  return [
    ...long.map(({ number, text }) => `${number}: ${columnsOf(text)} columns`),
    ...tall.map(({ number, lines: all }) => `${number}: a paragraph of ${all.length} lines`),
    ...wordy,
  ];
}

test.each(pages().filter((page) => !LISTS.includes(page)))('%s', (page) => {
  expect(faultsOf(readFileSync(page, 'utf8'))).toEqual([]);
});

describe('the check itself', () => {
  const words = (n: number) => `${Array(n).fill('word').join(' ')}.`;
  test.each([
    ['a long line', 'x'.repeat(101), ['1: 101 columns']],
    ['a Chinese one', '字'.repeat(51), ['1: 102 columns']],
    ['of code', `\`\`\`sh\n${'x'.repeat(101)}\n\`\`\``, ['2: 101 columns']],
    ['a table', `| ${'x'.repeat(101)} |`, []],
    ['output', `\`\`\`console\n${'x'.repeat(101)}\n\`\`\`\n\`\`\`\n${'x'.repeat(101)}\n\`\`\``, []],
    ['six lines', 'x\n'.repeat(6), ['1: a paragraph of 6 lines']],
    ['six items', '- x\n'.repeat(6), []],
    ['25 words', `${words(12).slice(0, -1)}\n${words(13)}`, []],
  ])('%s', (_, page, expected) => expect(faultsOf(page)).toEqual(expected));

  test('a long sentence', () => {
    const page = `${words(13).slice(0, -1)}\n${words(13)}\n`;
    expect(faultsOf(page)).toEqual([expect.stringMatching(/^1: 26 words: /)]);
    expect(faultsOf(page.replace('word\nword', 'word.\nWord'))).toEqual([]);
  });
});
