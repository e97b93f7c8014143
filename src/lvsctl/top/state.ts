// What `lvsctl top` remembers between keys, and what a key does to it.
import type { Act } from '../sample/act.js';
import { ORDERS, type TopRow } from './columns.js';
import type { TopKey } from './keys.js';

export interface TopState {
  /** a name of ORDERS */
  readonly order: string;
  readonly ascending: boolean;
  readonly filter: string;
  /** keys of services whose servers are not shown */
  readonly folded: ReadonlySet<string>;
  /** the only service that is shown */
  readonly only: string | undefined;
  /** the picture stays as it is */
  readonly paused: boolean;
  /** the key of the chosen line; undefined = the first */
  readonly selected: string | undefined;
  /** lines above those on the screen */
  readonly scrolled: number;
  readonly mode: TopMode;
  /** below the table, until the next key */
  readonly message: string;
}

export type TopMode =
  | { readonly kind: 'table' }
  | { readonly kind: 'help' }
  /** the filter is typed; `before` comes back with Escape */
  | { readonly kind: 'filter'; readonly before: string }
  | { readonly kind: 'weight'; readonly text: string; readonly target: ActTarget }
  | { readonly kind: 'confirm'; readonly action: TopAction };

interface ActTarget {
  readonly service: string;
  readonly server: string;
}
/** What is done to a server after it was confirmed. */
export interface TopAction extends ActTarget {
  readonly act: Act;
  readonly weight?: number;
}

export type Effect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'redraw' }
  | { readonly kind: 'act'; readonly action: TopAction };

export const INITIAL: TopState = {
  order: 'table',
  ascending: false,
  filter: '',
  folded: new Set(),
  only: undefined,
  paused: false,
  selected: undefined,
  scrolled: 0,
  mode: { kind: 'table' },
  message: '',
};

export interface Visible {
  readonly rows: readonly TopRow[];
  /** lines of the table on the screen */
  readonly height: number;
  /** nothing may be changed */
  readonly readOnly: boolean;
}

export interface KeyStep {
  readonly state: TopState;
  readonly effect?: Effect;
}

/** What a key does. */
export function pressed(state: TopState, key: TopKey, visible: Visible): KeyStep {
  if (key === 'ctrl-c') return { state, effect: { kind: 'quit' } };
  if (key === 'ctrl-l') return { state, effect: { kind: 'redraw' } };
  const quiet = { ...state, message: '' };
  switch (state.mode.kind) {
    case 'help':
      return { state: { ...quiet, mode: TABLE } };
    case 'filter':
      return { state: typedFilter(quiet, key, state.mode.before) };
    case 'weight':
      return { state: typedWeight(quiet, key, state.mode) };
    case 'confirm':
      return confirmed(quiet, key, state.mode.action);
    case 'table':
      return inTable(quiet, key, visible);
    default:
      return state.mode satisfies never;
  }
}

const TABLE: TopMode = { kind: 'table' };

function inTable(state: TopState, key: TopKey, visible: Visible): KeyStep {
  const move = MOVES[key];
  if (move) return { state: moved(state, move(visible.height), visible.rows) };
  if (key === 'q') return { state, effect: { kind: 'quit' } };
  if (key === 'escape') return { state: { ...state, filter: '', only: undefined } };
  const row = chosen(state, visible.rows);
  const change = row && CHANGES[key];
  if (change) return { state: asked(state, row, change, visible.readOnly) };
  const own = TABLE_KEYS[key];
  return { state: own ? own(state, row, visible.rows) : state };
}

// biome-ignore format: a table
const MOVES: Readonly<Record<TopKey, (height: number) => number>> = {
  up: () => -1, k: () => -1, down: () => 1, j: () => 1,
  'page-up': (height) => -height, 'page-down': (height) => height,
  home: () => Number.NEGATIVE_INFINITY, end: () => Number.POSITIVE_INFINITY,
};

type OnKey = (state: TopState, row: TopRow | undefined, rows: readonly TopRow[]) => TopState;
const nextOrder =
  (by: number): OnKey =>
  (state) => ({
    ...state,
    order: ORDERS[(ORDERS.indexOf(state.order) + by + ORDERS.length) % ORDERS.length] ?? 'table',
  });
const only: OnKey = (state, row) => ({
  ...state,
  only: state.only === undefined ? row?.service.service : undefined,
});
const fold =
  (is?: boolean): OnKey =>
  (state, row) => {
    if (row === undefined) return state;
    const key = row.service.service;
    const folded = new Set(state.folded);
    if (is ?? !folded.has(key)) folded.add(key);
    else folded.delete(key);
    return { ...state, folded, selected: folded.has(key) ? key : state.selected };
  };
const foldAll: OnKey = (state, row, rows) => ({
  ...state,
  folded: state.folded.size > 0 ? new Set() : new Set(rows.map(({ service }) => service.service)),
  selected: row?.service.service,
});

// biome-ignore format: a table
const TABLE_KEYS: Readonly<Record<TopKey, OnKey>> = {
  s: nextOrder(1),
  S: nextOrder(-1),
  r: (state) => ({ ...state, ascending: !state.ascending }),
  ' ': (state) => ({ ...state, paused: !state.paused }),
  '/': (state) => ({ ...state, mode: { kind: 'filter', before: state.filter } }),
  enter: only,
  f: fold(),
  left: fold(true),
  right: fold(false),
  F: foldAll,
  '?': (state) => ({ ...state, mode: { kind: 'help' } }),
  h: (state) => ({ ...state, mode: { kind: 'help' } }),
};

/** Keys that change a server. */
const CHANGES: Readonly<Record<TopKey, Act | 1 | -1>> = {
  d: 'drain',
  x: 'disable',
  e: 'enable',
  w: 'weight',
  '+': 1,
  '-': -1,
};

function asked(state: TopState, row: TopRow, act: Act | 1 | -1, readOnly: boolean): TopState {
  if (readOnly) return { ...state, message: 'read-only: nothing can be changed' };
  if (row.server === undefined) return { ...state, message: 'choose a server' };
  const target = { service: row.service.service, server: row.server.server };
  if (act === 'weight')
    return { ...state, mode: { kind: 'weight', text: String(row.server.weight ?? ''), target } };
  if (typeof act === 'string')
    return { ...state, mode: { kind: 'confirm', action: { ...target, act } } };
  if (row.server.weight === null) return { ...state, message: 'it is not in the table' };
  const weight = Math.max(0, Math.min(MOST_WEIGHT, row.server.weight + act));
  return { ...state, mode: { kind: 'confirm', action: { ...target, act: 'weight', weight } } };
}

const MOST_WEIGHT = 65_535;

function typedFilter(state: TopState, key: TopKey, before: string): TopState {
  if (key === 'escape') return { ...state, filter: before, mode: TABLE };
  if (key === 'enter') return { ...state, mode: TABLE };
  return { ...state, filter: typed(state.filter, key) };
}

function typedWeight(
  state: TopState,
  key: TopKey,
  mode: Extract<TopMode, { kind: 'weight' }>,
): TopState {
  if (key === 'escape') return { ...state, mode: TABLE };
  if (key !== 'enter') return { ...state, mode: { ...mode, text: typed(mode.text, key) } };
  const weight = Number(mode.text);
  if (!/^\d{1,5}$/.test(mode.text) || weight > MOST_WEIGHT)
    return { ...state, mode: TABLE, message: `${mode.text}: a weight is 0 to ${MOST_WEIGHT}` };
  return { ...state, mode: { kind: 'confirm', action: { ...mode.target, act: 'weight', weight } } };
}

/** Only `y` is yes. */
function confirmed(state: TopState, key: TopKey, action: TopAction): KeyStep {
  const next = { ...state, mode: TABLE };
  if (key !== 'y' && key !== 'Y') return { state: { ...next, message: 'nothing was changed' } };
  return { state: { ...next, message: '…' }, effect: { kind: 'act', action } };
}

function typed(text: string, key: TopKey): string {
  if (key === 'backspace') return [...text].slice(0, -1).join('');
  return [...key].length === 1 && text.length < 80 ? text + key : text;
}

/** The chosen line, or the first where it is not shown any more. */
export function chosen(
  { selected }: Pick<TopState, 'selected'>,
  rows: readonly TopRow[],
): TopRow | undefined {
  return rows.find(({ key }) => key === selected) ?? rows[0];
}

function moved(state: TopState, by: number, rows: readonly TopRow[]): TopState {
  const row = chosen(state, rows);
  const at = row ? rows.indexOf(row) : 0;
  const next = Math.max(0, Math.min(rows.length - 1, at + by));
  return { ...state, selected: rows[next]?.key };
}

/** Scrolled so that the chosen line is on the screen, and no more than is needed. */
export function withScroll(state: TopState, { rows, height }: Visible): TopState {
  const row = chosen(state, rows);
  const at = row ? rows.indexOf(row) : 0;
  const last = Math.max(0, rows.length - height);
  const scrolled = Math.min(last, Math.max(at - height + 1, Math.min(state.scrolled, at)));
  return scrolled === state.scrolled ? state : { ...state, scrolled: Math.max(0, scrolled) };
}
