// What each real server got, with bars; and several schedulers side by side.
import { Chalk } from 'chalk';
import { serverKey } from '../../model/table.js';
import { fairness, sharesByWeight } from '../../simulator/fairness.js';
import type { Result } from '../../simulator/simulation.js';
import { plainTable, type Terminal, withoutTrailingBlanks } from './comparison.js';

const BAR = 30;

/**
 * One table for a run: connections, share, the share that the weight gives, most sessions at once,
 * a bar.
 */
export function resultTable(result: Result, { colour }: Pick<Terminal, 'colour'>): string {
  const { bold, cyan, red } = new Chalk({ level: colour ? 1 : 0 });
  const table = plainTable(
    ['server', 'weight', 'connections', 'share', 'by weight', 'peak', ''].map((word) => bold(word)),
    ['left', 'right', 'right', 'right', 'right', 'right', 'left'],
  );
  const served = result.arrivals - result.refused;
  const wanted = sharesByWeight(result.servers.map(({ destination }) => destination));
  const most = Math.max(1, ...result.servers.map(({ connections }) => connections));
  for (const [i, { destination, connections, peak }] of result.servers.entries()) {
    const bar = '█'.repeat(Math.round((connections / most) * BAR));
    table.push([
      serverKey(destination),
      destination.weight,
      connections,
      percent(connections / (served || 1)),
      percent(wanted[i] ?? 0),
      peak,
      cyan(bar),
    ]);
  }
  return `${withoutTrailingBlanks(table.toString())}\n${result.scheduler}: ${summary(result, red)}\n`;
}

/** One row a scheduler: fairness, refusals, clients that moved, and the share of each server. */
export function compareTable(
  results: readonly Result[],
  { colour }: Pick<Terminal, 'colour'>,
): string {
  const { bold, red } = new Chalk({ level: colour ? 1 : 0 });
  const servers = results[0]?.servers.map(({ destination }) => serverKey(destination)) ?? [];
  const table = plainTable(
    ['scheduler', 'fairness', 'worst', 'refused', 'moved', ...servers].map((word) => bold(word)),
    ['left', ...new Array<'right'>(4 + servers.length).fill('right')],
  );
  if (servers.length === 0)
    return `${red(`no servers: all ${results[0]?.arrivals ?? 0} connections refused`)}\n`;
  for (const result of results) {
    const { jain, worst } = fairness(result);
    const { clients } = result;
    const served = result.arrivals - result.refused || 1;
    table.push([
      result.scheduler,
      jain.toFixed(3),
      `+${percent(worst)}`,
      result.refused,
      clients ? percent(clients.moved / (clients.seen || 1)) : '-',
      ...result.servers.map(({ connections }) => percent(connections / served)),
    ]);
  }
  return `${withoutTrailingBlanks(table.toString())}\n`;
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
