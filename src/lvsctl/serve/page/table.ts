// The table of services with their servers. Rows are kept from sample to sample, so that the focus
// stays where it is.
import type { Watched, WatchedServer, WatchedService } from '../../sample/watched.js';
import { fitsFilter } from '../../view/fits.js';
import { element, find, setClass, setHidden, setText } from './dom.js';
import { hasProblem, type Shown, serverState, serviceState, short } from './model.js';
import type { TextKey } from './texts.js';

export interface TableHandlers {
  readonly text: (key: TextKey) => string;
  /** a service was chosen for the charts */
  readonly choose: (service: string) => void;
  /** undefined = nothing may be changed */
  readonly act: ((act: 'drain' | 'enable', service: string, server: string) => void) | undefined;
}

export interface TableView {
  readonly filter: string;
  readonly onlyProblems: boolean;
  readonly chosen: string;
}

/** more servers are folded at first */
const MANY = 60;

interface Row {
  readonly line: HTMLTableRowElement;
  readonly cells: readonly HTMLTableCellElement[];
}

// biome-ignore format: a table
const COLUMNS: readonly { readonly title: TextKey; readonly wide?: true; readonly service: (one: WatchedService) => string; readonly server: (one: WatchedServer) => string }[] = [
  { title: 'weight', service: ({ weight_up, quorum }) => (weight_up === null ? '' : `${weight_up}/${quorum}`), server: weightText },
  { title: 'active', service: ({ active }) => short(active), server: ({ active }) => short(active) },
  { title: 'inactive', wide: true, service: ({ inactive }) => short(inactive), server: ({ inactive }) => short(inactive) },
  { title: 'conns', service: ({ rates }) => short(rates?.connections ?? null), server: ({ rates }) => short(rates?.connections ?? null) },
  { title: 'bytesIn', wide: true, service: ({ rates }) => short(rates?.in_bytes ?? null), server: ({ rates }) => short(rates?.in_bytes ?? null) },
  { title: 'bytesOut', wide: true, service: ({ rates }) => short(rates?.out_bytes ?? null), server: ({ rates }) => short(rates?.out_bytes ?? null) },
];

/** The desired weight is in parentheses where it differs. */
function weightText({ weight, weight_desired, state }: WatchedServer): string {
  const differs = state !== null && weight_desired !== null && weight_desired !== weight;
  return `${weight ?? '-'}${differs ? ` (${weight_desired})` : ''}`;
}

export interface ServiceTable {
  show(watched: Watched, view: TableView): void;
}

export function createTable({ text, choose, act }: TableHandlers): ServiceTable {
  const table = find<HTMLTableElement>('table');
  const bodies = new Map<string, HTMLTableSectionElement>();
  const rows = createRows();
  const folded = new Map<string, boolean>();
  let last: (() => void) | undefined;
  const titles = titleRow(act !== undefined);
  const fold = (key: string) => {
    folded.set(key, !folded.get(key));
    last?.();
  };
  function showService(service: WatchedService, view: TableView, hasMonitor: boolean): void {
    const key = service.service;
    const body = bodies.get(key) ?? element('tbody');
    bodies.set(key, body);
    const isShown = fitsFilter(service, view.filter) && (!view.onlyProblems || hasProblem(service));
    setHidden(body, !isShown);
    if (!isShown) return;
    const row = rows.get(key, body, () => serviceRow(key, act !== undefined, fold, choose));
    fillService(row, service, view.chosen, folded.get(key) ?? false, text);
    const names = new Set([key]);
    for (const server of service.servers) {
      const name = `${key} ${server.server}`;
      names.add(name);
      const one = rows.get(name, body, () => serverRow(key, server.server, act, text));
      setHidden(one.line, folded.get(key) ?? false);
      fillServer(one, server, serverState(server, hasMonitor), act !== undefined, text);
    }
    rows.keep(body, names);
  }
  function removeService(key: string, body: HTMLTableSectionElement): void {
    rows.keep(body, new Set());
    body.remove();
    bodies.delete(key);
  }
  return {
    show(watched, view) {
      last = () => this.show(watched, view);
      for (const [key, cell] of titles) setText(cell, key === undefined ? '' : text(key));
      const many = watched.services.reduce((sum, one) => sum + one.servers.length, 0) > MANY;
      const order = watched.services.map((one) => one.service);
      for (const service of watched.services) {
        if (!folded.has(service.service)) folded.set(service.service, many);
        showService(service, view, watched.monitor !== null);
      }
      for (const [key, body] of [...bodies]) if (!order.includes(key)) removeService(key, body);
      arrange(table, order, bodies);
      const isAnyShown = [...bodies.values()].some(({ hidden }) => !hidden);
      setHidden(find('none'), isAnyShown);
    },
  };
}

/** The rows that there are, by their keys. */
function createRows() {
  const rows = new Map<string, Row>();
  return {
    /** A new one comes at the end. */
    get(key: string, body: HTMLElement, make: () => Row): Row {
      const found = rows.get(key);
      if (found) return found;
      const made = make();
      made.line.dataset.key = key;
      rows.set(key, made);
      body.append(made.line);
      return made;
    },
    /** Removes the others of a body. */
    keep(body: HTMLTableSectionElement, keys: ReadonlySet<string>): void {
      for (const line of [...body.rows]) {
        const { key = '' } = line.dataset;
        if (keys.has(key)) continue;
        rows.delete(key);
        line.remove();
      }
    },
  };
}

/** Moves only what is out of place: what moves loses the focus. */
function arrange(
  table: HTMLTableElement,
  order: readonly string[],
  bodies: ReadonlyMap<string, HTMLTableSectionElement>,
): void {
  let place: ChildNode | null | undefined = table.tHead?.nextSibling;
  for (const key of order) {
    const body = bodies.get(key);
    if (!body) continue;
    while (place && !(place instanceof HTMLTableSectionElement)) place = place.nextSibling;
    if (body === place) place = place.nextSibling;
    else table.insertBefore(body, place ?? null);
  }
}

function titleRow(hasActs: boolean): [TextKey | undefined, HTMLElement][] {
  const line = find<HTMLTableElement>('table').tHead?.rows[0];
  const heads: [TextKey | undefined, string][] = [
    ['service', ''],
    ['state', 'state'],
    ...COLUMNS.map(({ title, wide }): [TextKey, string] => [title, wide ? 'wide' : '']),
    ...(hasActs ? [[undefined, 'acts'] as [undefined, string]] : []),
  ];
  return heads.map(([key, className]) => {
    const cell = element(key === undefined ? 'td' : 'th', className);
    if (cell instanceof HTMLTableCellElement && key !== undefined) cell.scope = 'col';
    line?.append(cell);
    return [key, cell];
  });
}

function emptyRow(className: string, hasActs: boolean): Row {
  const line = element('tr', className);
  const classes = ['', 'state', ...COLUMNS.map(({ wide }) => (wide ? 'wide' : ''))];
  const cells = [...classes, ...(hasActs ? ['acts'] : [])].map((one) => element('td', one));
  line.append(...cells);
  return { line, cells };
}

function serviceRow(
  key: string,
  hasActs: boolean,
  fold: (key: string) => void,
  choose: (key: string) => void,
): Row {
  const row = emptyRow('service', hasActs);
  const button = element('button', 'fold');
  button.type = 'button';
  button.onclick = () => fold(key);
  const name = element('button', 'chosen');
  name.type = 'button';
  name.onclick = () => choose(key);
  row.cells[0]?.append(button, name, ' ', element('small'));
  return row;
}

function fillService(
  { cells }: Row,
  service: WatchedService,
  chosen: string,
  isFolded: boolean,
  text: TableHandlers['text'],
): void {
  const [fold, name, small] = cells[0]?.children ?? [];
  const { name: own, service: key, scheduler } = service;
  if (fold instanceof HTMLButtonElement) {
    setText(fold, isFolded ? '▸' : '▾');
    fold.ariaExpanded = String(!isFolded);
    fold.ariaLabel = `${text('fold')} ${own ?? key}`;
  }
  if (name instanceof HTMLButtonElement) {
    setText(name, own !== null && own !== key ? `${own} ${key}` : key);
    name.ariaPressed = String(chosen === key);
  }
  if (small instanceof HTMLElement) setText(small, scheduler ?? '');
  showState(cells[1], serviceState(service), '', text);
  COLUMNS.forEach(({ service: cell }, i) => {
    const node = cells[i + 2];
    if (node) setText(node, cell(service));
  });
}

function serverRow(
  service: string,
  server: string,
  act: TableHandlers['act'],
  text: TableHandlers['text'],
): Row {
  const row = emptyRow('server', act !== undefined);
  row.cells[0]?.append(element('span'), ' ', element('small'));
  if (act)
    for (const one of ['drain', 'enable'] as const) {
      const button = element('button', one, text(one));
      button.type = 'button';
      button.onclick = () => act(one, service, server);
      row.cells.at(-1)?.append(button);
    }
  return row;
}

function fillServer(
  { cells }: Row,
  server: WatchedServer,
  state: Shown,
  hasActs: boolean,
  text: TableHandlers['text'],
): void {
  const [name, small] = cells[0]?.children ?? [];
  const { server: key, name: own, mode, reason, last_error } = server;
  if (name instanceof HTMLElement) setText(name, own === null ? key : `${own} ${key}`);
  if (small instanceof HTMLElement) setText(small, mode ?? '');
  const why = state.mood === 'up' || state.mood === '' ? '' : (reason ?? last_error ?? '');
  showState(cells[1], state, why, text);
  COLUMNS.forEach(({ server: cell }, i) => {
    const node = cells[i + 2];
    if (node) setText(node, cell(server));
  });
  if (!hasActs) return;
  const isOut = server.state === 'drained' || server.state === 'disabled';
  for (const button of [...(cells.at(-1)?.children ?? [])]) {
    if (!(button instanceof HTMLButtonElement)) continue;
    const isDrain = button.className === 'drain';
    setText(button, text(isDrain ? 'drain' : 'enable'));
    button.ariaLabel = `${text(isDrain ? 'drain' : 'enable')} ${own ?? key}`;
    setHidden(button, server.sorry || (isDrain ? isOut || server.weight === 0 : !isOut));
  }
}

function showState(
  cell: HTMLElement | undefined,
  { text: key, mood }: Shown,
  why: string,
  text: TableHandlers['text'],
): void {
  if (!cell) return;
  if (cell.childElementCount === 0) cell.append(element('span'), ' ', element('small'));
  const [state, small] = cell.children;
  if (state instanceof HTMLElement) {
    setText(state, text(key));
    setClass(state, mood);
  }
  if (small instanceof HTMLElement) setText(small, why);
}
