// How the real servers are: a row each.
import { Chalk, type ChalkInstance } from 'chalk';
import { printable } from '../../render/printable.js';
import type { ServerStatus, ServiceStatus, Status } from '../monitor/status.js';
import type { Terminal } from '../terminal.js';
import { type Cell, renderTable } from './table.js';

// biome-ignore format: a table
const COLUMNS = [
  { title: 'service' }, { title: 'server' }, { title: 'state' }, { title: 'for', align: 'right' },
  { title: 'weight', align: 'right' }, { title: 'act', align: 'right' }, { title: 'inact', align: 'right' },
  { title: 'ms', align: 'right' }, { title: 'last error' },
] as const;
const COLOURS: Readonly<Record<ServerStatus['state'], 'green' | 'red' | 'yellow'>> = {
  up: 'green',
  down: 'red',
  held: 'yellow',
  'forced-up': 'red',
  checking: 'yellow',
  disabled: 'yellow',
  drained: 'yellow',
};

/** @param now for ages */
export function serverTable(
  { file, pid, error, services }: Status,
  now: Date,
  terminal: Terminal,
): string {
  const chalk = new Chalk({ level: terminal.colour ? 1 : 0 });
  const columns = COLUMNS.map((column) => ({ ...column, title: chalk.bold(column.title) }));
  const rows = services.flatMap((service) => rowsOf(service, now, chalk));
  const note =
    error === null ? '' : chalk.red(`the table cannot be read or written: ${printable(error)}\n`);
  const states = services.map((service) => stateLine(service, chalk)).join('');
  return (
    `${renderTable(columns, rows, terminal)}${states}${note}${summaryOf(services)}; ` +
    `${file}, pid ${pid}\n`
  );
}

/** A line about a service that is down, in standby or has a quorum of its own. */
function stateLine(service: ServiceStatus, chalk: ChalkInstance): string {
  const { name, up, standby, weight_up: weight, quorum, hysteresis, servers } = service;
  if (standby)
    return chalk.yellow(
      `${name}: standby, its VIP is not on this machine: nothing is checked, and the states are old\n`,
    );
  if (up !== false && quorum === 1 && hysteresis === 0) return '';
  const all = servers.reduce((sum, one) => sum + one.weight, 0);
  const more = hysteresis === 0 ? '' : `, hysteresis ${hysteresis}`;
  const state = up === null ? 'not known yet' : up ? 'up' : 'down';
  const text = `${name}: ${state}, weight ${weight} of ${all} is up, quorum ${quorum}${more}\n`;
  return up === false ? chalk.red(text) : text;
}

/** `2 of 3 up`, and those that an administrator took out. */
export function summaryOf(services: readonly ServiceStatus[]): string {
  const all = services.flatMap(({ servers }) => servers);
  const count = (one: ServerStatus['state']) => all.filter(({ state }) => state === one).length;
  const out = (['held', 'disabled', 'drained'] as const)
    .filter((state) => count(state) > 0)
    .map((state) => `, ${count(state)} ${state}`);
  return `${count('up')} of ${all.length} up${out.join('')}`;
}

function rowsOf(service: ServiceStatus, now: Date, chalk: ChalkInstance): readonly Cell[][] {
  const { name, servers, sorry, unmanaged } = service;
  return [
    ...servers.map((server) => serverRow(name, server, now, chalk)),
    ...(sorry
      ? [
          [
            name,
            sorry.server,
            'sorry',
            '',
            sorry.actual ? '1' : '-',
            '',
            '',
            '',
            sorryText(service),
          ],
        ]
      : []),
    ...unmanaged.map(({ server, weight, active, inactive }) => [
      name,
      server,
      'unmanaged',
      '',
      String(weight),
      active,
      inactive,
      '',
      'not in the file',
    ]),
  ];
}

function serverRow(name: string, server: ServerStatus, now: Date, chalk: ChalkInstance): Cell[] {
  const wrong = server.weight_desired !== server.weight_actual;
  return [
    name,
    server.name === null ? server.server : `${server.name} ${server.server}`,
    chalk[COLOURS[server.state]](server.state),
    age(server.since, now),
    wrong ? chalk.red(weights(server)) : weights(server),
    server.active,
    server.inactive,
    server.latency_ms === null ? '' : server.latency_ms.toFixed(1),
    printable(whyOf(server)),
  ];
}

/**
 * `2` when it is as it should be, `1 (2)` when the second is desired; a dash is not in the table.
 */
function weights({ weight_desired, weight_actual }: ServerStatus): string {
  const text = (weight: number | null) => (weight === null ? '-' : String(weight));
  return weight_desired === weight_actual
    ? text(weight_actual)
    : `${text(weight_actual)} (${text(weight_desired)})`;
}

/** The administrator's reason, else why it is out, else why it was. */
function whyOf({ reason, last_error }: ServerStatus): string {
  return reason ?? last_error ?? '';
}

function sorryText({ sorry }: ServiceStatus): string {
  if (sorry?.desired === sorry?.actual) return '';
  return sorry?.desired ? 'should be in' : 'should be out';
}

/** `12s`, `3m05s`, `2h07m`, `5d03h`. */
function age(since: string, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${two((seconds % 86_400) / 3600)}h`;
}
