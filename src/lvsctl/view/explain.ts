// An explanation for people: the line, its arguments, the table, what follows.
import type { Advice } from '../../ipvsadm/hints/line.js';
import type { Language } from '../../ipvsadm/hints/table.js';
import type { ExplainedLine, Explanation } from '../explain/explain.js';
import type { Terminal } from '../terminal.js';

const WIDEST = 80;
const INDENT = 2;
/** columns of the longest argument that is beside its meaning */
const BESIDE = 26;

// biome-ignore format: a table
const TITLES = {
  table: { en: 'Table', zh: '表' },
  needs: { en: 'taken to be in the table', zh: '假定表中已有' },
  follows: { en: 'What follows', zh: '结果' },
  refused: { en: 'Refused', zh: '被拒绝' },
  'not a command of ipvsadm': { en: 'not a command of ipvsadm', zh: '不是 ipvsadm 的命令' },
  'needs a shell': { en: 'only a shell can expand this line', zh: '只有 shell 才能展开这一行' },
} satisfies Readonly<Record<string, Advice>>;

/** @param language of the texts */
export function explanationText(
  { lines }: Explanation,
  language: Language,
  { width }: Pick<Terminal, 'width'>,
): string {
  const columns = Math.min(width, WIDEST);
  return lines.map((one) => lineText(one, language, columns, lines.length > 1)).join('\n');
}

function lineText(
  one: ExplainedLine,
  language: Language,
  width: number,
  numbered: boolean,
): string {
  const title = (name: keyof typeof TITLES) => TITLES[name][language];
  const head = numbered ? `${one.line}: ${one.text}` : one.text;
  if (one.skipped) return `${head}\n  ${title(one.skipped)}\n`;
  const beside = Math.min(BESIDE, Math.max(0, ...one.arguments.map(({ text }) => text.length)));
  const changes = [
    ...one.removed.map((rule) => `- ${rule}`),
    ...one.added.map((rule) => `+ ${rule}`),
  ];
  const parts = [
    one.arguments.map((each) => argumentText(each.text, each[language], beside, width)).join(''),
    changes.length === 0
      ? ''
      : `${title('table')}\n${changes.map((each) => `  ${each}\n`).join('')}`,
    one.assumed.length === 0 ? '' : `  (${title('needs')}: ${one.assumed.join(', ')})\n`,
    one.consequences.length === 0
      ? ''
      : `${title('follows')}\n${one.consequences.map((each) => item(each[language], width)).join('')}`,
    one.refused ? refusedText(one.refused, language, width) : '',
  ];
  return `${head}\n${parts.join('')}`;
}

function argumentText(text: string, meaning: string, beside: number, width: number): string {
  const from = INDENT + beside + 2;
  const lines = wrapped(meaning, width - from);
  const first = text.length <= beside ? text.padEnd(beside + 2) : `${text}\n${' '.repeat(from)}`;
  const start = text.length <= beside ? first : first.slice(0, -INDENT);
  return `  ${start}${lines.join(`\n${' '.repeat(from)}`)}\n`;
}

function item(text: string, width: number): string {
  return `  * ${wrapped(text, width - 4).join('\n    ')}\n`;
}

function refusedText(
  { message, advice }: NonNullable<ExplainedLine['refused']>,
  language: Language,
  width: number,
): string {
  const reason = advice === undefined ? '' : item(advice[language], width);
  return `${TITLES.refused[language]}\n  ${message}\n${reason}`;
}

/** Lines of at most so many columns; Chinese may break between any two characters. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const piece of text.match(
    /[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+|\s+/g,
  ) ?? []) {
    const columns = /[\u2e80-\u9fff\uff00-\uffef]/.test(piece) ? 2 : piece.length;
    const closes = /^[\uff0c\u3002\uff1b\uff1a\u3001\uff09]/.test(piece);
    if (used > 0 && used + columns > width && !closes) {
      lines.push(line.trimEnd());
      line = '';
      used = 0;
      if (/^\s/.test(piece)) continue;
    }
    line += piece;
    used += columns;
  }
  return [...lines, line];
}
