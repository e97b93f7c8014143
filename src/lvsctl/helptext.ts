// The part of a help text below the options, wrapped to the width of the terminal.
import { MANUAL } from './manual.js';
import { type StatusRow, statusesOf, variantsOf } from './statuses.js';

const INDENT = 2;

/**
 * Notes, examples, exit statuses, and where the documentation is; ends without a newline.
 * @param name of the command, as in `director up`; '' = lvsctl itself
 * @param docs the directory of the documentation
 */
export function helpAfter(name: string, width: number, docs: string): string {
  const { notes = [], examples = [], page = 'reference/cli.md' } = MANUAL[name] ?? {};
  return [
    ...notes.map((note) => wrap(note, width)),
    ['Examples:', ...examples.map((one) => exampleText(one, width))].join('\n'),
    statusText('Exit status:', statusesOf(name), width),
    ...variantsOf(name).map(([option, rows]) =>
      statusText(`Exit status with ${option}:`, rows, width),
    ),
    wrap(`Documentation: ${docs}/${page}`, width),
  ]
    .map((part) => `\n${part}`)
    .join('\n');
}

function exampleText([line, what]: readonly [string, string], width: number): string {
  return `${wrap(`lvsctl ${line}`, width, INDENT, INDENT)}\n${wrap(what, width, 6, 6)}`;
}

function statusText(title: string, rows: readonly StatusRow[], width: number): string {
  const lines = rows.map(({ status, meaning }) =>
    wrap(`${String(status).padEnd(2)} ${meaning}`, width, INDENT, INDENT + 3),
  );
  return [title, ...lines].join('\n');
}

/**
 * Lines of at most `width` columns, broken at blanks; a longer text without a blank has a line of
 * its own.
 * @param first columns before the first line
 * @param others columns before the others
 */
export function wrap(text: string, width: number, first = 0, others = 0): string {
  const lines: string[] = [];
  let line = ' '.repeat(first);
  let empty = true;
  // a run of blanks belongs to the text behind it
  for (const piece of text.match(/\s*\S+/g) ?? []) {
    if (!empty && line.length + piece.length > width) {
      lines.push(line);
      line = ' '.repeat(others) + piece.trimStart();
    } else line += piece;
    empty = false;
  }
  return [...lines, line].join('\n');
}
