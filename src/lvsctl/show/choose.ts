// Connections of the kernel's list, or of a backend that keeps its own, by what is asked for.
import type { Connection } from '../../model/connection.js';
import type { World } from '../world.js';
import { type ConnectionFilter, Counter, matchesFilter, parseGrouping } from './connections.js';
import { connectionOf, LineCounting } from './counting.js';
import { procPath } from './report.js';

/** All there are, line by line where /proc has them. @throws a system error */
export async function readConnections(world: World): Promise<Iterable<Connection>> {
  const path = procPath(world, 'ip_vs_conn');
  return (await ownConnections(world)) ?? parsed(world.lines(path), path);
}

/** @throws SYSTEM for a line that makes no sense */
function* parsed(lines: Iterable<string>, path: string): Generator<Connection> {
  let number = 0;
  for (const line of lines) {
    number++;
    if (number > 1 && line.trim() !== '') yield connectionOf(line, number, path); // 1: titles
  }
}

/** @returns undefined where /proc has them */
async function ownConnections({ machine }: World): Promise<readonly Connection[] | undefined> {
  return machine.hasKernelRules ? undefined : (await machine.backend()).connections();
}

/**
 * Counts in steps: each taken element is one, so that a server can do other work between them.
 * @param by as `parseGrouping` reads it
 * @throws a system error; SYSTEM for a line that makes no sense
 */
export async function counting(
  by: string,
  filter: ConnectionFilter,
  world: World,
): Promise<{ readonly counter: Counter; readonly steps: Iterable<void> }> {
  const counter = new Counter(parseGrouping(by) ?? (() => ''));
  const own = await ownConnections(world);
  const path = procPath(world, 'ip_vs_conn');
  const steps =
    own === undefined
      ? lineSteps(new LineCounting(by, filter, counter, path), world.pieces(path))
      : ownSteps(own, filter, counter);
  return { counter, steps };
}

function* lineSteps(lines: LineCounting, pieces: Iterable<Uint8Array>): Generator<void> {
  for (const piece of pieces) yield lines.take(piece);
  lines.end();
}

function* ownSteps(
  all: readonly Connection[],
  filter: ConnectionFilter,
  counter: Counter,
): Generator<void> {
  for (const one of all) if (matchesFilter(one, filter)) yield counter.add(one);
}
