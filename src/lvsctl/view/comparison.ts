// Desired against actual, one row a setting.
import { Chalk } from 'chalk';
import type { Comparison } from '../plan/engine.js';
import type { Terminal } from '../terminal.js';
import { renderTable } from './table.js';

/** The rows as a table without lines; what differs is marked and, on a terminal, red. */
export function comparisonTable(lines: readonly Comparison[], terminal: Terminal): string {
  const { red, green, bold } = new Chalk({ level: terminal.colour ? 1 : 0 });
  const columns = ['', 'setting', 'desired', 'actual'].map((title) => ({ title: bold(title) }));
  const rows = lines.map(({ title, desired, actual, same }) => [
    same ? green('=') : red('!'),
    title,
    desired,
    same ? actual : red(actual),
  ]);
  const differing = lines.filter(({ same }) => !same).length;
  const summary =
    differing === 0
      ? green(`all ${lines.length} as desired`)
      : red(`${differing} of ${lines.length} differ`);
  return `${renderTable(columns, rows, terminal)}${summary}\n`;
}
