// Rules with the options of ipvsadm as one transaction: what ensure, absent and set do, and a weight
// that is set from `top` or the status page.
import { type Ensured, type EnsureLine, ensured, type Verb } from '../config/ensure.js';
import type { World } from '../world.js';
import { refuseOwned } from './owners.js';
import type { DesiredRules } from './plan.js';
import type { LiveRules } from './state.js';
import { errorOf, type Transacted, transact } from './transact.js';

export interface EnsuringOptions {
  /** the arguments of `lvsctl`, for the history */
  readonly command: string;
  readonly dryRun?: boolean;
  /** changes a table that another program keeps */
  readonly force?: boolean;
}

/**
 * @param lines each with what it does, and where it is
 * @returns with the outcome of each line
 * @throws as `transact`, `ensured` and `refuseOwned`; LvsctlError when a change was refused
 */
export async function ensureRules(
  verb: Verb,
  lines: readonly EnsureLine[],
  { command, dryRun = false, force = false }: EnsuringOptions,
  world: World,
): Promise<{ readonly results: readonly Ensured[]; readonly made: Transacted }> {
  let results: readonly Ensured[] = [];
  const made = await transact(
    async (live) => {
      results = [];
      let { table } = live;
      for (const line of lines) {
        const one = await ensured(verb, line, table, world.names);
        results = [...results, one];
        table = one.table;
      }
      return desired(results, table, live);
    },
    {
      command,
      dryRun,
      refuse: async (plan) => {
        if (!dryRun) await refuseOwned(plan, force, world);
      },
    },
    world,
  );
  const error = made.result && errorOf(made.result);
  if (error !== undefined) throw error;
  return { results, made };
}

/** Only what the lines name; the kernel's order has the newest server first. */
function desired(
  results: readonly Ensured[],
  table: LiveRules['table'],
  live: LiveRules,
): DesiredRules {
  const keys = new Set(results.flatMap(({ change, subject }) => (change ? [keyOf(subject)] : [])));
  const kept = [...table].filter(([key]) => keys.has(key));
  return {
    table: new Map(
      kept.map(([key, one]) => [key, { ...one, destinations: one.destinations.toReversed() }]),
    ),
    removed: new Set([...live.table.keys()].filter((key) => !table.has(key))),
    timeouts: undefined,
    daemons: new Map(),
  };
}

/** The service of a subject: `fwmark 7 ipv4` has three parts, `tcp 192.0.2.1:80` two. */
function keyOf(subject: string): string {
  return subject
    .split(' ')
    .slice(0, subject.startsWith('fwmark ') ? 3 : 2)
    .join(' ');
}
