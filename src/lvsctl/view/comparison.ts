// Wanted against actual, one row a setting.
import { Chalk } from 'chalk';
import Table from 'cli-table3';
import type { Comparison } from '../plan/engine.js';

export interface Terminal {
  readonly colour: boolean;
  readonly width: number;
}

/** The rows as a table without lines; what differs is marked and, on a terminal, red. */
export function comparisonTable(lines: readonly Comparison[], { colour }: Terminal): string {
  const { red, green, bold } = new Chalk({ level: colour ? 1 : 0 });
  const table = plainTable(['', 'setting', 'wanted', 'actual'].map((word) => bold(word)));
  for (const { title, wanted, actual, same } of lines) {
    table.push([same ? green('=') : red('!'), title, wanted, same ? actual : red(actual)]);
  }
  const differing = lines.filter(({ same }) => !same).length;
  const summary =
    differing === 0
      ? green(`all ${lines.length} as wanted`)
      : red(`${differing} of ${lines.length} differ`);
  return `${withoutTrailingBlanks(table.toString())}\n${summary}\n`;
}

/** A table of cli-table3 whose columns are separated by two blanks. */
export function plainTable(
  head: readonly string[],
  alignments: readonly ('left' | 'right')[] = [],
): InstanceType<typeof Table> {
  const none = [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ];
  return new Table({
    head: [...head],
    colAligns: [...alignments],
    chars: { ...Object.fromEntries(none.map((name) => [name, ''])), middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
}

/** Cells are padded to their column, which the last one of a line need not be. */
export function withoutTrailingBlanks(text: string): string {
  return text.replace(/ +$/gm, '');
}
