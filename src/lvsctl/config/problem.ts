// What is wrong in a file that a person wrote: where it is, and that line of the file, shown as
// compilers do.
import { printable } from '../../render/printable.js';
import { LvsctlError } from '../errors.js';

/** One error or warning. `message` and `path` may hold anything that is in the file. */
export interface Problem {
  /** the file's name as it was given */
  readonly file: string;
  /** from 1 */
  readonly line: number;
  /** from 1, in characters of JavaScript */
  readonly column: number;
  /** characters to underline, at least 1 */
  readonly length: number;
  /** the entry, like `services[0].port`; '' when it is no entry */
  readonly path: string;
  readonly message: string;
  /** the whole line; undefined when there is none to show */
  readonly text: string | undefined;
}

/** How many problems of one file are shown. */
const SHOWN = 20;

/** A file that cannot be used: all its errors, in the order of their lines. */
export class ConfigError extends LvsctlError {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  /** @param problems at least one */
  constructor(problems: readonly Problem[]) {
    const sorted = inOrder(problems);
    const [first] = sorted;
    super('BAD_FILE', first ? `${headline(first)}${andMore(sorted.length - 1)}` : 'no error');
    this.problems = sorted;
  }

  /** For a terminal: each error with its line. `message` is the first error in one line. */
  get report(): string {
    const [first, ...others] = this.problems;
    if (!first || others.length === 0) return renderProblems(this.problems, '');
    const files = [...new Set(this.problems.map(({ file }) => printable(file)))];
    const where = files.length > 3 ? `${files.length} files` : files.join(', ');
    return `${where}: ${this.problems.length} errors\n${renderProblems(this.problems, '')}`;
  }
}

/** A problem with one line as a whole, as readers of line by line formats find it. */
export function lineProblem(file: string, line: number, message: string, text?: string): Problem {
  const column = text === undefined ? 1 : text.length - text.trimStart().length + 1;
  const length = Math.max(1, text?.trim().length ?? 1);
  return { file, line, column, length, path: '', message, text };
}

/** The error of that problem alone. */
export function lineError(file: string, line: number, message: string, text?: string): ConfigError {
  return new ConfigError([lineProblem(file, line, message, text)]);
}

/**
 * Warnings, each with its line; they do not make a file unusable.
 * @returns lines for stderr with their newlines; '' when there are none
 */
export function renderWarnings(problems: readonly Problem[]): string {
  return problems.length === 0 ? '' : `${renderProblems(inOrder(problems), 'warning: ')}\n`;
}

/**
 * By file, line and column; the same problem of an entry that several aliases name is one. Files
 * are in the order of their first problem.
 */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  const seen = new Map<string, Problem>();
  for (const problem of problems) {
    const key = `${files.indexOf(problem.file)}:${problem.line}:${problem.column}:${problem.message}`;
    if (!seen.has(key)) seen.set(key, problem);
  }
  const place = ({ file }: Problem) => files.indexOf(file);
  return [...seen.values()].sort(
    (a, b) => place(a) - place(b) || a.line - b.line || a.column - b.column,
  );
}

function renderProblems(problems: readonly Problem[], kind: string): string {
  const shown = problems.slice(0, SHOWN).map((one) => `${headline(one, kind)}${snippet(one)}`);
  const more = problems.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

function headline({ file, line, column, path, message }: Problem, kind = ''): string {
  const entry = path === '' ? '' : `${path}: `;
  return printable(`${file}:${line}:${column}: ${kind}${entry}${message}`);
}

function andMore(count: number): string {
  return count === 0 ? '' : ` (and ${count} more error${count === 1 ? '' : 's'})`;
}

/** columns of a line that are shown around the problem */
const WIDTH = 90;
/** columns before the problem, where the line is too long to be shown whole */
const BEFORE = 40;

/** The line and, below it, carets under the position. */
function snippet({ line, column, length, text }: Problem): string {
  if (text === undefined || text.trim() === '') return '';
  const from = text.length <= WIDTH ? 0 : Math.max(0, column - 1 - BEFORE);
  const shown = text.slice(from, from + WIDTH);
  const cutBefore = from > 0 ? '…' : '';
  const cutAfter = from + WIDTH < text.length ? '…' : '';
  const at = column - 1 - from;
  const marked = shown.slice(at, at + length);
  const number = String(line).padStart(5);
  const source = `${cutBefore}${withoutControls(shown)}${cutAfter}`;
  const carets = `${cutBefore === '' ? '' : ' '}${blank(shown.slice(0, at))}${'^'.repeat(Math.max(1, columns(marked)))}`;
  return `\n${number} | ${source}\n${' '.repeat(5)} | ${carets}`;
}

/** One sign for each, so that what follows stays in its column. */
function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\t]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

/** Blanks as wide as the text; tabs stay, for they end where they end above. */
function blank(text: string): string {
  return [...text].map((one) => (one === '\t' ? '\t' : ' '.repeat(columns(one)))).join('');
}

/** Columns that a terminal gives a text: two for each full-width character. */
function columns(text: string): number {
  return [...text].reduce((sum, one) => sum + (WIDE.test(one) ? 2 : 1), 0);
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u;
