// What each real server got, with bars; and several schedulers side by side.
import { Chalk } from 'chalk';
import { serverKey } from '../../model/table.js';
import { fairness, sharesByWeight } from '../../simulator/fairness.js';
import type { Result } from '../../simulator/simulation.js';
import type { Terminal } from '../terminal.js';
import { type Cell, type Column, renderTable, tableWidth } from './table.js';

const LONGEST_BAR = 30;
const SHORTEST_BAR = 4;

/**
 * One table for a run: connections, share, the share that the weight gives, most sessions at once,
 * a bar.
 */
export function resultTable(result: Result, terminal: Terminal): string {
  const { bold, cyan, red } = new Chalk({ level: terminal.colour ? 1 : 0 });
  const titles = ['server', 'weight', 'connections', 'share', 'by weight', 'peak', ''];
  const columns = titles.map((title, i) => column(bold(title), i > 0 && i < 6));
  const served = result.arrivals - result.refused;
  const targets = sharesByWeight(result.servers.map(({ destination }) => destination));
  const rows = result.servers.map(({ destination, connections, peak }, i) => [
    serverKey(destination),
    destination.weight,
    connections,
    percent(connections / (served || 1)),
    percent(targets[i] ?? 0),
    peak,
  ]);
  const bars = barsOf(
    result,
    terminal.width -
      tableWidth(
        columns,
        rows.map((row) => [...row, '']),
      ),
    terminal.unicode ? '█' : '#',
  );
  const text = renderTable(
    columns,
    rows.map((row, i) => [...row, cyan(bars[i])]),
    terminal,
  );
  return `${text}${result.scheduler}: ${summary(result, red)}\n`;
}

function barsOf({ servers }: Result, room: number, mark: string): readonly string[] {
  if (room < SHORTEST_BAR) return servers.map(() => '');
  const longest = Math.min(LONGEST_BAR, room);
  const most = Math.max(1, ...servers.map(({ connections }) => connections));
  return servers.map(({ connections }) => mark.repeat(Math.round((connections / most) * longest)));
}

/**
 * One row a scheduler: fairness, refusals, clients that moved, and the share of each server. With
 * too many servers for the terminal, a column a scheduler.
 */
export function compareTable(results: readonly Result[], terminal: Terminal): string {
  const { bold, red } = new Chalk({ level: terminal.colour ? 1 : 0 });
  const servers = results[0]?.servers.map(({ destination }) => serverKey(destination)) ?? [];
  if (servers.length === 0)
    return `${red(`no servers: all ${results[0]?.arrivals ?? 0} connections refused`)}\n`;
  const titles = ['scheduler', 'fairness', 'worst', 'refused', 'moved', ...servers];
  const cells = results.map(comparedCells);
  const wide = titles.map((title, i) => column(bold(title), i > 0));
  const tall = [titles[0] ?? '', ...cells.map(([name]) => String(name))].map((title, i) =>
    column(bold(title), i > 0),
  );
  const turned = titles
    .slice(1)
    .map((title, i) => [title, ...cells.map((row) => row[i + 1] ?? '')]);
  const isTooWide = tableWidth(wide, cells) > terminal.width;
  return isTooWide && tableWidth(tall, turned) < tableWidth(wide, cells)
    ? renderTable(tall, turned, terminal)
    : renderTable(wide, cells, terminal);
}

function comparedCells(result: Result): readonly Cell[] {
  const { jain, worst } = fairness(result);
  const { clients } = result;
  const served = result.arrivals - result.refused || 1;
  return [
    result.scheduler,
    jain.toFixed(3),
    `+${percent(worst)}`,
    result.refused,
    clients ? percent(clients.moved / (clients.seen || 1)) : '-',
    ...result.servers.map(({ connections }) => percent(connections / served)),
  ];
}

function column(title: string, right: boolean): Column {
  return { title, align: right ? 'right' : 'left' };
}

function summary(result: Result, alarm: (text: string) => string): string {
  const { jain, worst } = fairness(result);
  const { clients, refused, reused = 0 } = result;
  if (result.servers.length === 0)
    return alarm(`no servers: all ${result.arrivals} connections refused`);
  return [
    `${result.arrivals} connections`,
    refused > 0 ? alarm(`${refused} refused`) : 'none refused',
    ...(reused > 0 ? [`${reused} on a connection that was open already`] : []),
    `fairness ${jain.toFixed(3)}`,
    `worst +${percent(worst)}`,
    ...(clients ? [`${clients.moved} of ${clients.seen} clients moved without need`] : []),
  ].join(', ');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
