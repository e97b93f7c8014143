// The history of transactions, as a table and one by one.
import { printable } from '../../render/printable.js';
import type { Terminal } from '../terminal.js';
import type { TransactionEntry } from '../transaction/entry.js';
import { directorCommands, type LeftToDo } from '../transaction/undo.js';
import { planText } from './plan.js';
import { renderTable } from './table.js';

export interface HistoryRow {
  readonly entry: TransactionEntry;
  readonly result: string;
}

export function historyTable(rows: readonly HistoryRow[], terminal: Terminal): string {
  const columns = [
    { title: 'NUMBER', align: 'right' as const },
    ...['TIME', 'BY', 'RESULT'].map((title) => ({ title })),
    { title: 'STEPS', align: 'right' as const },
    ...['COMMAND', 'LABEL'].map((title) => ({ title })),
  ];
  return renderTable(
    columns,
    rows.map(({ entry: { number, time, by, steps, command, label }, result }) => [
      number,
      time.slice(0, 19),
      printable(by),
      result,
      steps.length,
      printable(command),
      printable(label ?? ''),
    ]),
    terminal,
  );
}

/** Everything of one transaction; of an interrupted one also what is left to do. */
export function entryText(
  entry: TransactionEntry,
  result: string,
  left: LeftToDo | undefined,
  terminal: Terminal,
): string {
  const { number, time, by, command, label, director, steps, rules_before, outcome } = entry;
  const lines = [
    `transaction ${number}: ${result}`,
    `time:    ${time}`,
    `by:      ${printable(by)}`,
    `command: lvsctl ${printable(command)}`,
    ...(label === null ? [] : [`label:   ${printable(label)}`]),
    ...(outcome?.details ?? []).map((line) => `         ${printable(line)}`),
    'steps:',
    ...steps.map((line) => `  ${line}`),
    'rules before:',
    ...rules_before.split('\n').flatMap((line) => (line === '' ? [] : [`  ${line}`])),
  ];
  const commands = director
    ? directorCommands(director)
    : { set: `lvsctl history finish ${number}`, previous: `lvsctl undo ${number}` };
  const rest =
    left === undefined
      ? ''
      : `left to do (\`${commands.set}\`):\n${planText(left.finish, terminal)}` +
        `to take it back (\`${commands.previous}\`):\n${planText(left.undo, terminal)}`;
  return `${lines.join('\n')}\n${rest}`;
}
