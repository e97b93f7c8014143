// simulate --show and --step: each connection as it is decided.
import type { Destination } from '../../model/destination.js';
import { serverKey } from '../../model/table.js';
import type { Seen } from '../../simulator/watch.js';
import type { Arrival } from '../../simulator/workload.js';
import { LvsctlError } from '../errors.js';
import { jsonText } from '../json.js';
import { decisionBlock, decisionJson, decisionLine, decisionTitles } from '../view/decision.js';
import type { World } from '../world.js';

export interface ShowOptions {
  readonly show?: boolean;
  readonly step?: boolean;
  readonly json?: boolean;
  readonly keep?: boolean;
  readonly compare?: readonly string[];
  readonly log?: string;
  readonly arrivals?: string;
  readonly events?: string;
}

/** What a run hands its connections to. */
export interface Display {
  show(seen: Seen): void;
  /** The same arrivals, until the viewer ends the run. */
  arrivals(all: Iterable<Arrival>): Iterable<Arrival>;
  /** What was shown was of an attempt that is made again. */
  restart(): void;
  /** The run is over: prints what was held back. */
  finish(): void;
}

const STDIN = '/dev/stdin';
const PROMPT = 'ENTER: the next one, N: so many, q: end > ';

/**
 * @param file of rules, when one was named
 * @returns undefined when nothing is to be shown
 * @throws BAD_USAGE where options exclude each other
 */
export function displayOf(
  file: string | undefined,
  options: ShowOptions,
  world: World,
): ((destinations: readonly Destination[]) => Display) | undefined {
  const { show, step, compare, keep } = options;
  if (!show && !step) return undefined;
  const option = step ? '--step' : '--show';
  if (compare) throw new LvsctlError('BAD_USAGE', `${option} and --compare exclude each other`);
  if (step) refuseStep(file, options);
  return (destinations) => {
    // a table in a file may be played again, so nothing is printed before it is written
    const held: string[] = [];
    const print = keep ? (text: string) => void held.push(text) : world.out;
    const write = writerOf(destinations, options, world, print);
    return {
      show: write.seen,
      arrivals: (all) => (step ? stepped(all, world) : all),
      restart() {
        held.length = 0;
        write.begin();
      },
      finish() {
        for (const text of held) world.out(text);
        if (!options.json) world.out('\n');
      },
    };
  };
}

function refuseStep(file: string | undefined, options: ShowOptions): void {
  const { keep, log, arrivals, events } = options;
  if (keep)
    throw new LvsctlError('BAD_USAGE', '--step and --keep exclude each other', 'use --show --keep');
  if ([file, log, arrivals, events].includes('-'))
    throw new LvsctlError('BAD_USAGE', '--step reads ENTER from stdin: name a file instead of -');
}

/** Titles, then a line (JSON, text) or a block (--step) each. */
function writerOf(
  destinations: readonly Destination[],
  { step, json }: ShowOptions,
  world: World,
  print: (text: string) => void,
) {
  const servers = destinations.map(serverKey);
  let number = 0;
  return {
    begin() {
      number = 0;
      if (!json && !step) print(decisionTitles(servers, world));
    },
    seen(seen: Seen) {
      if (seen.kind === 'connection') number++;
      if (json) print(`${jsonText(decisionJson(seen))}\n`);
      else if (step) print(decisionBlock(seen, number, world));
      else print(decisionLine(seen, servers, world));
    },
  };
}

/** One arrival for each line of stdin, as many as a number asks for; ends with `q` and with stdin. */
function* stepped(all: Iterable<Arrival>, world: World): Generator<Arrival> {
  const lines = world.lines(STDIN)[Symbol.iterator]();
  const source = all[Symbol.iterator]();
  try {
    let left = 1;
    for (let now = source.next(); !now.done; ) {
      yield now.value;
      now = source.next();
      if (now.done || --left > 0) continue;
      if (world.isTerminal) world.err(PROMPT);
      const line = lines.next();
      if (line.done || /^\s*q/i.test(line.value)) return;
      left = Math.max(1, Number.parseInt(line.value, 10) || 1);
    }
  } finally {
    lines.return?.();
  }
}
