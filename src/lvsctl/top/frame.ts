// The picture of `lvsctl top` as a pure function: what is known, in which state, on which screen.
import type { Watched } from '../sample/watched.js';
import { scaled } from '../view/scaled.js';
import {
  DEFAULT_COLUMNS,
  EXPENDABLE,
  moodOf,
  TOP_COLUMNS,
  type TopColumn,
  type TopRow,
} from './columns.js';
import { HELP } from './help.js';
import {
  columnsOf,
  lineText,
  padded,
  type ScreenLine,
  type Style,
  type StyledText,
} from './line.js';
import { sparkline } from './spark.js';
import { chosen, type TopAction, type TopState, type Visible } from './state.js';

export interface FrameInput {
  readonly watched: Watched;
  readonly state: TopState;
  readonly visible: Visible;
  /** connections a second at the last moments, by key of the row */
  readonly series: (key: string) => readonly (number | null)[];
  /** names of columns, undefined = those that fit */
  readonly columns: readonly string[] | undefined;
  readonly width: number;
  readonly colour: boolean;
  readonly unicode: boolean;
}

/** lines above the table and below it */
export const AROUND = 4;
const NARROWEST_NAME = 22;
const WIDEST_NAME = 48;
const WIDEST_CHART = 60;
const INDENT = '  ';

/** The lines of the screen, none longer than its width. */
export function frame(input: FrameInput): string[] {
  const { state, visible, watched, width } = input;
  const texts = (lines: readonly ScreenLine[]) => lines.map((line) => lineText(line, width, input));
  if (state.mode.kind === 'help') return texts(HELP.map((text) => [{ text }]));
  const columns = columnsFor(input);
  const name = nameWidth(columns, input);
  const shown = visible.rows.slice(state.scrolled, state.scrolled + visible.height);
  const current = chosen(state, visible.rows);
  const body = shown.map((row) => bodyLine(row, columns, name, row === current, input));
  const empty = Math.max(0, visible.height - body.length);
  return texts([
    headLine(watched),
    noteLine(input),
    titleLine(columns, name, state),
    ...body,
    ...Array.from(
      { length: empty },
      (_, i): ScreenLine => [{ text: i === 0 && body.length === 0 ? 'no service' : '' }],
    ),
    footLine(state, visible),
  ]);
}

/** The table alone, without what belongs to a terminal: for `--batch`. */
export function batchText(input: FrameInput): string {
  const columns = columnsFor(input);
  const name = nameWidth(columns, input);
  const { visible, watched, state, width } = input;
  const lines = [
    headLine(watched),
    ...(problemOf(watched) === '' ? [] : [[{ text: problemOf(watched) }]]),
    titleLine(columns, name, state).map(({ text }) => ({ text })),
    ...visible.rows.map((row) => bodyLine(row, columns, name, false, input)),
  ];
  return lines.map((line) => `${lineText(line, width, input).trimEnd()}\n`).join('');
}

/** Those that were asked for; else those for which there is room. */
function columnsFor({ columns, width, visible }: FrameInput): readonly TopColumn[] {
  const named = (names: readonly string[]) =>
    names.flatMap((name) => TOP_COLUMNS.find((one) => one.name === name) ?? []);
  if (columns) return named(columns);
  let names: readonly string[] = DEFAULT_COLUMNS;
  for (const next of EXPENDABLE) {
    if (widthOf(named(names)) + NARROWEST_NAME <= width) break;
    names = names.filter((one) => one !== next);
  }
  const longest = Math.max(NARROWEST_NAME, ...visible.rows.map((row) => columnsOf(nameOf(row))));
  const rest = width - Math.min(longest, WIDEST_NAME) - widthOf(named(names));
  return Number.isFinite(rest) ? named(names).map((one) => stretched(one, rest)) : named(names);
}

/** The chart takes what the names do not need, a column for each moment at most. */
function stretched(column: TopColumn, rest: number): TopColumn {
  if (column.name !== 'chart' || rest <= 0) return column;
  return { ...column, width: Math.min(WIDEST_CHART, column.width + rest) };
}

function widthOf(columns: readonly TopColumn[]): number {
  return columns.reduce((sum, { width }) => sum + 1 + width, 0);
}

/** The column of names takes what is left, and no more than it needs where nothing is cut. */
function nameWidth(columns: readonly TopColumn[], { width, visible }: FrameInput): number {
  const longest = Math.max(16, ...visible.rows.map((row) => columnsOf(nameOf(row))));
  return Number.isFinite(width)
    ? Math.max(NARROWEST_NAME, width - widthOf(columns))
    : Math.min(longest, 80);
}

function nameOf({ service, server }: TopRow): string {
  if (server) return `${INDENT}${named(server.name, server.server)}`;
  return named(service.name, service.service);
}

function named(name: string | null, key: string): string {
  return name === null || name === key ? key : `${name} ${key}`;
}

function headLine({ time, host, total, services }: Watched): ScreenLine {
  const rate = (value: number | undefined) => (value === undefined ? '-' : scaled(value));
  const active = services.reduce((sum, one) => sum + one.active, 0);
  const { rates } = total;
  return [
    { text: 'lvsctl top', style: 'bold' },
    { text: `  ${time.slice(11, 19)}Z ${host}  ` },
    { text: `conn/s ${rate(rates?.connections)}  active ${scaled(active)}  ` },
    { text: `in ${rate(rates?.in_bytes)}B/s  out ${rate(rates?.out_bytes)}B/s` },
  ];
}

/** What is wrong, and what the keys have set. */
function noteLine({ watched, state }: FrameInput): ScreenLine {
  const { monitor } = watched;
  const problem = problemOf(watched);
  const settings = [
    ...(state.paused ? ['PAUSED'] : []),
    ...(state.order === 'table' && !state.ascending
      ? []
      : [`order ${state.order}${state.ascending ? ', reversed' : ''}`]),
    ...(state.only === undefined ? [] : [`only ${state.only}`]),
    ...(state.filter === '' ? [] : [`filter ${state.filter}`]),
  ].join('  ');
  const source: StyledText =
    problem === ''
      ? { text: monitor ? `monitor ${monitor.file}` : 'no monitor is running', style: 'soft' }
      : { text: problem, style: 'bad' };
  return settings === '' ? [source] : [source, { text: `  ${settings}`, style: 'warn' }];
}

function problemOf({ error, monitor, monitor_error, missing, frozen }: Watched): string {
  if (error !== null) return error;
  if (monitor?.error) return `monitor: ${monitor.error}`;
  if (monitor_error !== null) return monitor_error;
  if (frozen) return FROZEN;
  return missing.length > 0 ? 'without root: no traffic of servers and services' : '';
}

const FROZEN = 'the counters stand still: sysctl net.ipv4.vs.run_estimation is 0';

function titleLine(columns: readonly TopColumn[], name: number, { order }: TopState): ScreenLine {
  const cells = columns.map((column) => {
    const title = column.name === order ? `>${column.title}` : column.title;
    return ` ${padded(title, column.width, column.align)}`;
  });
  return [{ text: `${padded('SERVICE / SERVER', name, 'left')}${cells.join('')}`, style: 'head' }];
}

function bodyLine(
  row: TopRow,
  columns: readonly TopColumn[],
  name: number,
  isChosen: boolean,
  { series, unicode, state }: FrameInput,
): ScreenLine {
  const fold = row.server === undefined && state.folded.has(row.service.service) ? ' +' : '';
  const own: Style | undefined = row.server === undefined ? 'bold' : undefined;
  const cells = columns.map((column): StyledText => {
    const isChart = column.name === 'chart';
    const text = isChart ? sparkline(series(row.key), column.width, unicode) : column.cell(row);
    // a number that is too wide moves what follows; a text is cut
    const fitting =
      columnsOf(text) > column.width && column.align === 'left'
        ? lineText([{ text }], column.width, { colour: false, unicode })
        : text;
    const style = column.name === 'state' ? moodOf(row) : own;
    return { text: ` ${padded(fitting, column.width, column.align)}`, style };
  });
  const title = lineText([{ text: `${nameOf(row)}${fold}` }], name, { colour: false, unicode });
  const line: ScreenLine = [{ text: padded(title, name, 'left'), style: own }, ...cells];
  return isChosen ? line.map(({ text }): StyledText => ({ text, style: 'chosen' })) : line;
}

function footLine({ mode, message, filter }: TopState, { readOnly }: Visible): ScreenLine {
  switch (mode.kind) {
    case 'filter':
      return [{ text: `filter: ${filter}_   Enter keeps it, Escape takes it back`, style: 'bold' }];
    case 'weight':
      return [{ text: `weight of ${mode.target.server}: ${mode.text}_`, style: 'bold' }];
    case 'confirm':
      return [{ text: `${question(mode.action)} y/n`, style: 'warn' }];
    default:
      if (message !== '') return [{ text: message, style: 'bold' }];
      return [{ text: readOnly ? `${KEYS}  read-only` : `${KEYS}${CHANGES}`, style: 'soft' }];
  }
}

const KEYS = '? help  q quit  s order  / filter  space pause';
const CHANGES = '  d drain  e enable  w weight';

function question({ act, server, service, weight }: TopAction): string {
  const what = act === 'weight' ? `set the weight of ${server} to ${weight}` : `${act} ${server}`;
  return `${what} in ${service}?`;
}
