// How the real servers are: a row each.
import { Chalk } from 'chalk';
import { printable } from '../../render/printable.js';
import type { ServerStatus, ServiceStatus, Standing, Status } from '../health/status.js';
import { plainTable, type Terminal, withoutTrailingBlanks } from './comparison.js';

const HEAD = [
  'service',
  'server',
  'state',
  'for',
  'weight',
  'active',
  'inactive',
  'latency',
  'last error',
];
const RIGHT = new Set(['for', 'weight', 'active', 'inactive', 'latency']);
const COLOURS: Readonly<Record<Standing, 'green' | 'red' | 'yellow'>> = {
  up: 'green',
  down: 'red',
  held: 'red',
  checking: 'yellow',
  disabled: 'yellow',
  drained: 'yellow',
};

/** @param now for ages */
export function serverTable(
  { file, pid, trouble, services }: Status,
  now: Date,
  { colour }: Terminal,
): string {
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  const table = plainTable(
    HEAD.map((word) => chalk.bold(word)),
    HEAD.map((word) => (RIGHT.has(word) ? 'right' : 'left')),
  );
  for (const service of services) {
    for (const server of service.servers) {
      const { red } = chalk;
      const wrong = server.weightWanted !== server.weightActual;
      table.push([
        service.name,
        server.server,
        chalk[COLOURS[server.state]](server.state),
        age(server.since, now),
        wrong ? red(weights(server)) : weights(server),
        server.active,
        server.inactive,
        server.latencyMs === null ? '' : `${server.latencyMs} ms`,
        printable(whyOf(server)),
      ]);
    }
    const { sorry } = service;
    if (sorry)
      table.push([
        service.name,
        sorry.server,
        'sorry',
        '',
        sorry.actual ? '1' : '-',
        '',
        '',
        '',
        sorryText(service),
      ]);
    for (const { server, weight, active, inactive } of service.others) {
      table.push([
        service.name,
        server,
        'foreign',
        '',
        String(weight),
        active,
        inactive,
        '',
        'not in the file',
      ]);
    }
  }
  const all = services.flatMap(({ servers }) => servers);
  const up = all.filter(({ state }) => state === 'up').length;
  const told =
    trouble === null
      ? ''
      : chalk.red(`the table cannot be read or written: ${printable(trouble)}\n`);
  return `${withoutTrailingBlanks(table.toString())}\n${told}${up} of ${all.length} up; ${file}, pid ${pid}\n`;
}

/**
 * `2` when it is as it should be, `1 (2)` when the second is wanted; a dash is not in the table.
 */
function weights({ weightWanted, weightActual }: ServerStatus): string {
  const text = (weight: number | null) => (weight === null ? '-' : String(weight));
  return weightWanted === weightActual
    ? text(weightActual)
    : `${text(weightActual)} (${text(weightWanted)})`;
}

/** What an administrator said, else why it is out, else why it was. */
function whyOf({ reason, lastError }: ServerStatus): string {
  return reason ?? lastError ?? '';
}

function sorryText({ sorry }: ServiceStatus): string {
  if (sorry?.wanted === sorry?.actual) return '';
  return sorry?.wanted ? 'should be in' : 'should be out';
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
