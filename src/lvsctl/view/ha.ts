// lvsctl ha status: a line for each director, then what is wrong.
import type { DirectorState, HaStatus } from '../ha/inspect.js';
import type { Terminal } from '../terminal.js';
import { type Column, renderTable } from './table.js';

const UNKNOWN = '?';
const NONE = '-';
const COLUMNS: readonly Column[] = [
  { title: 'DIRECTOR' },
  { title: 'ROLE' },
  { title: 'SINCE' },
  { title: 'SYNC' },
  { title: 'SETTINGS' },
  { title: 'VIPS' },
];

/** `?` = cannot be known from this machine. */
export function haTable({ directors, problems }: HaStatus, terminal: Terminal): string {
  const table = renderTable(COLUMNS, directors.map(row), terminal);
  return `${table}${problems.map(({ what }) => `! ${what}\n`).join('')}`;
}

function row(state: DirectorState): string[] {
  const { address, is_this_machine: here, role, since, sync, differences, vips } = state;
  return [
    `${address}${here ? ' (here)' : ''}`,
    role ?? (state.reachable === false ? 'unreachable' : UNKNOWN),
    since === null ? (here ? NONE : UNKNOWN) : since.replace(/\.\d+Z$/, 'Z'),
    here ? (sync === null ? NONE : sync.join('+') || 'none') : UNKNOWN,
    differences === null
      ? UNKNOWN
      : differences === 0
        ? 'as in file'
        : `${differences} ${differences === 1 ? 'differs' : 'differ'}`,
    vips === null ? UNKNOWN : vips.join(' ') || NONE,
  ];
}
