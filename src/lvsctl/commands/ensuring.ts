// ensure, absent and set: one rule, or several as one transaction, with the options of ipvsadm.
import type { Command as Program } from 'commander';
import { shellLine } from '../../render/shell.js';
import { type Ensured, ensured, ensureLines, type Verb } from '../config/ensure.js';
import { LvsctlError } from '../errors.js';
import type { Finish } from '../subcommand.js';
import { transactedJson } from '../transaction/json.js';
import { refuseOwned } from '../transaction/owners.js';
import type { DesiredRules } from '../transaction/plan.js';
import type { LiveRules } from '../transaction/state.js';
import { errorOf, transact } from '../transaction/transact.js';
import { ensuredText } from '../view/ensured.js';
import type { World } from '../world.js';

interface Options {
  readonly json?: boolean;
  readonly exitCode?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

const CHANGED = 1;

export function configureEnsure(program: Program, finish: Finish, verb: Verb): void {
  program
    .argument(
      '[rule...]',
      'options of ipvsadm: -t VIP:PORT [-r SERVER] …; - reads lines from stdin',
    )
    .allowUnknownOption()
    .option('--dry-run', 'print what would change and change nothing')
    .option('--json', 'print JSON')
    .option('--exit-code', 'end with 1 when something was changed')
    .option('--force', 'change a table that another program keeps')
    .action((args: readonly string[], options: Options) =>
      finish((world) => ensure(verb, args, options, world)),
    );
}

async function ensure(
  verb: Verb,
  args: readonly string[],
  options: Options,
  world: World,
): Promise<number> {
  const { dryRun = false, force = false } = options;
  const isMany = args.length === 1 && args[0] === '-';
  const lines = isMany ? ensureLines(world.readText('-')) : [{ args, where: '' }];
  if (args.length === 0)
    throw new LvsctlError(
      'BAD_USAGE',
      `${verb} what?`,
      `lvsctl ${verb} -t VIP:PORT -r SERVER -w 3`,
    );
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
      command: shellLine([verb, ...args]),
      dryRun,
      refuse: async (plan) => {
        if (!dryRun) await refuseOwned(plan, force, world);
      },
    },
    world,
  );
  const error = made.result && errorOf(made.result);
  if (error !== undefined) throw error;
  if (options.json) world.out(`${JSON.stringify(transactedJson(made))}\n`);
  else for (const one of results) world.out(`${isMany ? withSubject(one) : ensuredText(one)}\n`);
  return options.exitCode && made.plan.steps.length > 0 ? CHANGED : 0;
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

function withSubject(one: Ensured): string {
  const text = ensuredText(one);
  return text.endsWith(one.subject) ? text : `${one.subject}: ${text}`;
}
