// Tables without lines that fit the terminal.
import Table from 'cli-table3';
import type { Terminal } from '../terminal.js';

export interface Column {
  /** also coloured */
  readonly title: string;
  readonly align?: 'left' | 'right';
}

export type Cell = string | number;

/** blanks between two columns */
const GAP = 2;
/** no text is cut to less, but that of the last column, which names nothing */
const NARROWEST = 8;
const NARROWEST_LAST = 1;
const BORDERS = [
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

/**
 * The rows with a newline each, without blanks at their ends. Where they are wider than the
 * terminal the last column is cut, then the widest texts; numbers never are.
 */
export function renderTable(
  columns: readonly Column[],
  cells: readonly (readonly Cell[])[],
  terminal: Pick<Terminal, 'width' | 'unicode'>,
): string {
  const rows = linesOf(columns, cells);
  const natural = columnWidths(columns, rows);
  const widths = fittedWidths(natural, columns, terminal.width);
  const sign = terminal.unicode ? '…' : '~';
  const text = chunksOf(rows)
    .map((part) =>
      part.every((row) => isPlain(row, widths))
        ? plainLines(part, columns, widths, sign)
        : build(columns, part, widths, sign).toString(),
    )
    .join('\n');
  return `${text.replace(/ +$/gm, '')}\n`;
}

/** Characters of one column each, on one line. */
const PLAIN = /^[ -~]*$/;
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');

/** Columns of a cell, colours aside; undefined where that has to be measured with care. */
function plainWidth(cell: Cell): number | undefined {
  const text = String(cell);
  const bare = PLAIN.test(text) ? text : text.replace(COLOUR, '');
  return PLAIN.test(bare) ? bare.length : undefined;
}

/** The titles and the rows, a row for each line: without lines between them they look the same. */
function linesOf(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): readonly (readonly Cell[])[] {
  return [columns.map(({ title }) => title), ...rows].flatMap(linesIn);
}

function linesIn(row: readonly Cell[]): readonly (readonly Cell[])[] {
  if (!row.some((cell) => String(cell).includes('\n'))) return [row];
  const lines = row.map((cell) => String(cell).split('\n'));
  const count = Math.max(...lines.map((one) => one.length));
  return Array.from({ length: count }, (_, at) => lines.map((one) => one[at] ?? ''));
}

/** Whether no cell of a row has to be measured with care, and none that is cut has a colour. */
function isPlain(row: readonly Cell[], widths: readonly number[]): boolean {
  return row.every((cell, i) => {
    const width = plainWidth(cell);
    return width !== undefined && (width <= (widths[i] ?? 0) || PLAIN.test(String(cell)));
  });
}

/** The lines that `build` makes of such rows, in a hundredth of its time. */
function plainLines(
  rows: readonly (readonly Cell[])[],
  columns: readonly Column[],
  widths: readonly number[],
  sign: string,
): string {
  return rows
    .map((row) =>
      row
        .map((cell, i) => {
          const width = widths[i] ?? 0;
          const own = plainWidth(cell) ?? 0;
          if (own > width) return `${String(cell).slice(0, width - sign.length)}${sign}`;
          const blanks = ' '.repeat(width - own);
          return columns[i]?.align === 'right' ? `${blanks}${cell}` : `${cell}${blanks}`;
        })
        .join(' '.repeat(GAP)),
    )
    .join('\n');
}

/** rows that are laid out together: the layout takes time by the square of them */
const CHUNK = 100;

function chunksOf(rows: readonly (readonly Cell[])[]): readonly (readonly (readonly Cell[])[])[] {
  const count = Math.max(1, Math.ceil(rows.length / CHUNK));
  return Array.from({ length: count }, (_, i) => rows.slice(i * CHUNK, (i + 1) * CHUNK));
}

/** Columns that the table takes, gaps included, when nothing is cut. */
export function tableWidth(columns: readonly Column[], rows: readonly (readonly Cell[])[]): number {
  return totalWidth(columnWidths(columns, linesOf(columns, rows)));
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP * (widths.length - 1);
}

/** As the table measures its cells itself: full-width characters take two columns. */
function columnWidths(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): readonly number[] {
  const widths = chunksOf(rows).map((part) => {
    const own = columns.map((_, at) => widestOf(part, at));
    if (own.every((width) => width !== undefined)) return own;
    const table = build(columns, part, [], '~');
    table.toString();
    return table.options.colWidths.map((width) => width ?? 0);
  });
  return columns.map((_, i) => Math.max(1, ...widths.map((part) => part[i] ?? 0)));
}

/** undefined where a cell has to be measured with care. */
function widestOf(rows: readonly (readonly Cell[])[], at: number): number | undefined {
  let widest = 0;
  for (const row of rows) {
    const width = plainWidth(row[at] ?? '');
    if (width === undefined) return undefined;
    widest = Math.max(widest, width);
  }
  return widest;
}

function fittedWidths(
  natural: readonly number[],
  columns: readonly Column[],
  width: number,
): readonly number[] {
  const widths = [...natural];
  const last = widths.length - 1;
  const texts = columns.flatMap(({ align }, i) => (align === 'right' || i === last ? [] : [i]));
  const cut = (i: number) => {
    const excess = Math.max(0, totalWidth(widths) - width);
    const now = widths[i] ?? 0;
    const narrowest = i === last ? NARROWEST_LAST : NARROWEST;
    widths[i] = Math.max(Math.min(now, narrowest), now - excess);
  };
  cut(last);
  for (const i of texts.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))) cut(i);
  return widths;
}

function build(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  widths: readonly number[],
  truncate: string,
): InstanceType<typeof Table> {
  const table = new Table({
    colAligns: columns.map(({ align = 'left' }) => align),
    colWidths: [...widths],
    truncate,
    chars: {
      ...Object.fromEntries(BORDERS.map((name) => [name, ''])),
      middle: ' '.repeat(GAP),
    },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  table.push(...rows.map((row) => [...row]));
  return table;
}
