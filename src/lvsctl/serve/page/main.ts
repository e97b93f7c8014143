// The status page: follows the server, and shows what it sends.
import type { Watched } from '../../sample/watched.js';
import { type Charts, createCharts, type HistoryDocument } from './charts.js';
import { element, find, setHidden, setText } from './dom.js';
import { applied, short, summaryOf, type WatchedChange } from './model.js';
import { about, follow, post } from './stream.js';
import { createTable, type ServiceTable } from './table.js';
import { type PageLanguage, preferredLanguage, type TextKey, textOf } from './texts.js';

/** a rate's place in the history */
const RATES = ['connections', 'in_packets', 'out_packets', 'in_bytes', 'out_bytes'] as const;
const EVENTS = 100;

interface EventLine {
  readonly id: number;
  readonly time: string;
  readonly event: string;
  readonly service?: string;
  readonly server?: string;
  readonly check?: string;
  readonly reason?: string;
}

/** What is shown, and what it is made from. */
interface Page {
  readonly charts: Charts;
  language: PageLanguage;
  watched: Watched | undefined;
  /** the service of the charts; '' = all */
  chosen: string;
  connection: 'live' | 'lost' | 'token';
  /** why the last change failed */
  failure: string;
  events: EventLine[];
  table: ServiceTable | undefined;
  /** begins to follow anew */
  again: () => void;
}

async function main(): Promise<void> {
  const page: Page = {
    charts: createCharts(),
    language: preferredLanguage(navigator.languages),
    watched: undefined,
    chosen: '',
    connection: 'lost',
    failure: '',
    events: [],
    table: undefined,
    again() {},
  };
  const { host, admin, token: needsToken } = await about();
  setText(find('host'), host);
  document.title = `LVS ${host}`;
  page.table = tableOf(page, admin);
  setHidden(find('token-button'), !needsToken);
  find('token-button').onclick = () => void askToken(page);
  find('filter').oninput = () => render(page);
  find('only').onchange = () => render(page);
  chooseLanguage(page.language, (next) => {
    page.language = next;
    render(page);
  });
  chooseTheme(page.charts);
  focusFilterBySlash();
  page.again = follow(token, {
    message: (name, data) => take(page, name, data),
    state: (next) => setConnection(page, next),
  });
  render(page);
}

const textIn =
  ({ language }: Page) =>
  (key: TextKey) =>
    textOf(language, key);
const token = () => sessionStorage.getItem('token') ?? '';

function tableOf(page: Page, admin: boolean): ServiceTable {
  return createTable({
    text: (key) => textOf(page.language, key),
    choose(service) {
      page.chosen = page.chosen === service ? '' : service;
      page.charts.choose(page.chosen);
      render(page);
    },
    act: admin ? (act, service, server) => void askAct(page, act, service, server) : undefined,
  });
}

function render(page: Page): void {
  const { language, watched, chosen, failure } = page;
  const text = textIn(page);
  renderTexts(language, text);
  setText(find('status'), statusText(page));
  const name = watched?.services.find(({ service }) => service === chosen)?.name ?? chosen;
  renderTitles(name === '' ? text('allServices') : name, text);
  renderProblems([...(failure === '' ? [] : [failure]), ...problemsOf(watched, text)]);
  if (watched) {
    renderSummary(watched, text);
    const filter = find<HTMLInputElement>('filter').value.trim();
    const onlyProblems = find<HTMLInputElement>('only').checked;
    page.table?.show(watched, { filter, onlyProblems, chosen });
  }
  renderEvents(page.events, language);
}

function statusText({ language, watched, connection }: Page): string {
  const time = watched ? new Date(watched.time).toLocaleTimeString(language) : '';
  const refused = token() === '' ? 'noToken' : 'badToken';
  const key = { live: 'live', lost: 'lost', token: refused } as const;
  return `${time} ${textOf(language, key[connection])}`.trim();
}

async function askAct(
  page: Page,
  act: 'drain' | 'enable',
  service: string,
  server: string,
): Promise<void> {
  const text = textIn(page);
  setText(find('act-title'), `${text(act)} ${server}`);
  setText(find('act-help'), text(act === 'drain' ? 'drainHelp' : 'enableHelp'));
  if (!(await confirmed('act-dialog'))) return;
  const reason = find<HTMLInputElement>('reason').value;
  const body = { service, server, reason };
  page.failure = (await post(`/api/v1/servers/${act}`, body, token())) ?? '';
  render(page);
}

async function askToken(page: Page): Promise<void> {
  const input = find<HTMLInputElement>('token');
  input.value = '';
  if (!(await confirmed('token-dialog'))) return;
  sessionStorage.setItem('token', input.value.trim());
  page.again();
}

/** A message of the stream. */
function take(page: Page, name: string, data: string): void {
  const { charts, watched } = page;
  if (name === 'history') charts.load(JSON.parse(data) as HistoryDocument);
  else if (name === 'event') page.events = withEvent(page.events, JSON.parse(data) as EventLine);
  else if (name === 'watch') page.watched = JSON.parse(data) as Watched;
  else if (name === 'change' && watched) {
    page.watched = applied(watched, JSON.parse(data) as WatchedChange);
    if (page.watched) addPoint(charts, page.watched);
    else page.again();
  }
  render(page);
}

function setConnection(page: Page, next: Page['connection']): void {
  const asks = next === 'token' && page.connection !== 'token';
  page.connection = next;
  render(page);
  if (asks) void askToken(page);
}

function withEvent(events: readonly EventLine[], event: EventLine): EventLine[] {
  const others = events.filter(({ id, time }) => id !== event.id || time !== event.time);
  return [...others, event].slice(-EVENTS);
}

function addPoint(charts: Charts, { time, total, services }: Watched): void {
  const point = (rates: Watched['total']['rates']) => RATES.map((key) => rates?.[key] ?? null);
  const rows = new Map([['', point(total.rates)]]);
  for (const { service, rates } of services) rows.set(service, point(rates));
  charts.add(Date.parse(time) / 1000, rows);
}

function problemsOf(watched: Watched | undefined, text: (key: TextKey) => string): string[] {
  if (watched === undefined) return [];
  const { error, monitor, monitor_error, missing, frozen } = watched;
  return [
    ...[error, monitor?.error, monitor_error].flatMap((one) => one ?? []),
    ...(monitor === null && monitor_error === null ? [text('noMonitor')] : []),
    ...(missing.length > 0 ? [text('missing')] : []),
    ...(frozen ? [text('frozen')] : []),
  ];
}

function renderTexts(language: PageLanguage, text: (key: TextKey) => string): void {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll<HTMLElement>('[data-text]'))
    setText(node, text(node.dataset.text as TextKey));
}

function renderTitles(name: string, text: (key: TextKey) => string): void {
  const title = (id: string, keys: readonly TextKey[]) => {
    const node = find(id);
    const parts = keys.map((key, i) => element('span', i === 0 ? 'key' : 'key two', text(key)));
    node.replaceChildren(`${name} `, ...parts);
  };
  title('chart-connections-title', ['conns']);
  title('chart-bytes-title', ['bytesIn', 'bytesOut']);
}

function renderProblems(lines: readonly string[]): void {
  const list = find('problems');
  if (list.innerText.trim() === lines.join('\n')) return;
  list.replaceChildren(...lines.map((line) => element('li', '', line)));
}

function renderSummary(watched: Watched, text: (key: TextKey) => string): void {
  const { servicesUp, serversUp, active, connections, bytesIn, bytesOut, sorry } =
    summaryOf(watched);
  const ratio = (pair: readonly [number, number] | null) => (pair ? `${pair[0]}/${pair[1]}` : '-');
  const isBad = (pair: readonly [number, number] | null) => pair !== null && pair[0] < pair[1];
  const cards: [TextKey, string, string][] = [
    ['servicesUp', ratio(servicesUp), isBad(servicesUp) ? 'down' : ''],
    ['serversUp', ratio(serversUp), isBad(serversUp) ? 'warn' : ''],
    ...(sorry > 0 ? [['sorryOn', String(sorry), 'down'] as [TextKey, string, string]] : []),
    ['connections', short(active), ''],
    ['conns', short(connections), ''],
    ['bytesIn', short(bytesIn), ''],
    ['bytesOut', short(bytesOut), ''],
  ];
  find('summary').replaceChildren(
    ...cards.map(([key, value, mood]) => {
      const card = element('div');
      card.append(element('dt', '', text(key)), element('dd', mood, value));
      return card;
    }),
  );
}

function renderEvents(events: readonly EventLine[], language: PageLanguage): void {
  const list = find('events');
  setHidden(find('no-events'), events.length > 0);
  const lines = events.toReversed().map((one) => {
    const line = element('li');
    const time = element('time', '', new Date(one.time).toLocaleString(language));
    time.dateTime = one.time;
    const { service, server, event, check, reason } = one;
    const why = [check, reason].filter((part) => part).join(': ');
    line.append(time, [service, server, event].filter((part) => part).join(' '));
    if (why !== '') line.append(' ', element('small', '', why));
    return line;
  });
  list.replaceChildren(...lines);
}

/** Whether a dialog was closed with OK. */
function confirmed(id: string): Promise<boolean> {
  const dialog = find<HTMLDialogElement>(id);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'ok'), { once: true });
  });
}

function chooseLanguage(first: PageLanguage, take: (language: PageLanguage) => void): void {
  const select = find<HTMLSelectElement>('language');
  const saved = localStorage.getItem('language');
  select.value = saved ?? first;
  if (saved === 'en' || saved === 'zh') take(saved);
  select.onchange = () => {
    localStorage.setItem('language', select.value);
    take(select.value as PageLanguage);
  };
}

function chooseTheme(charts: Charts): void {
  const select = find<HTMLSelectElement>('theme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const isDark = select.value === 'dark' || (select.value === 'auto' && system.matches);
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
    charts.repaint();
  };
  select.value = localStorage.getItem('theme') ?? 'auto';
  select.onchange = () => {
    localStorage.setItem('theme', select.value);
    apply();
  };
  system.onchange = apply;
  apply();
}

function focusFilterBySlash(): void {
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof HTMLInputElement;
    if (event.key !== '/' || isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    find('filter').focus();
  });
}

void main();
