// up, down and status are the same for a director and for a real server: only the settings differ.
import type { Command as Program } from 'commander';
import { shellLine } from '../../render/shell.js';
import type { Config } from '../config/file.js';
import { readConfig } from '../config/read.js';
import { toJson } from '../json.js';
import { type Command, printCommand } from '../plan/command.js';
import {
  type Comparison,
  compare,
  down,
  dryDoer,
  realDoer,
  type Said,
  up,
} from '../plan/engine.js';
import { type Facts, gatherFacts } from '../plan/facts.js';
import { Journal } from '../plan/journal.js';
import { bind } from '../plan/kinds.js';
import type { Setting } from '../plan/setting.js';
import type { Finish } from '../program.js';
import { comparisonTable } from '../view/comparison.js';
import type { World } from '../world.js';

export type Plan = (config: Config, facts: Facts) => readonly Setting[];

interface Options {
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly stateDir?: string;
}

const DIFFERS = 1;

/** Adds up, down and status to `lvsctl director` or `lvsctl realserver`. */
export function configureRole(
  program: Program,
  finish: Finish,
  role: 'director' | 'realserver',
  plan: Plan,
): void {
  const action = (
    name: string,
    help: string,
    work: (file: string, options: Options, world: World) => Promise<number>,
  ) =>
    program
      .command(name)
      .description(help)
      .argument('<file>', 'the lvsctl file')
      .option(
        '--state-dir <directory>',
        'directory of the record of changes (default: below /run/lvsctl)',
      )
      .action((file: string, options: Options) => finish((world) => work(file, options, world)));
  const changing = (name: string, help: string, work: Parameters<typeof action>[2]) =>
    action(name, help, work)
      .option('-n, --dry-run', 'print the commands and change nothing')
      .option('-q, --quiet', 'do not print the commands');
  changing('up', `make this machine the ${NOUNS[role]} of the file`, (file, options, world) => {
    const config = readConfig(world.readText(file), file);
    return carryOut(role, file, options, world, (doer) =>
      up(plan(config, gatherFacts(world.machine)), world.machine, doer),
    );
  });
  changing('down', 'revert what up changed', (file, options, world) =>
    carryOut(role, file, options, world, (doer) => down(world.machine, doer)),
  );
  action('status', 'compare desired and actual state', async (file, options, world) => {
    const config = readConfig(world.readText(file), file);
    const lines = await compare(plan(config, gatherFacts(world.machine)), world.machine);
    if (options.json) world.out(`${JSON.stringify(lines.map(comparisonJson), undefined, 2)}\n`);
    else world.out(comparisonTable(lines, world));
    return lines.every(({ same }) => same) ? 0 : DIFFERS;
  }).option('--json', 'print JSON');
}

function comparisonJson({ subject, title, same, states }: Comparison): unknown {
  return toJson({ subject, title, ...states, same });
}

const NOUNS = { director: 'director', realserver: 'real server' } as const;

async function carryOut(
  role: string,
  file: string,
  { dryRun = false, quiet = false, stateDir }: Options,
  world: World,
  work: (doer: ReturnType<typeof realDoer>) => Promise<void>,
): Promise<number> {
  const store = world.journal(role, file, stateDir);
  const said = tell(world, quiet && !dryRun);
  if (dryRun) {
    await work(dryDoer(new Journal(readOnly(store)), said));
    return 0;
  }
  const release = store.lock();
  try {
    await work(realDoer(world.machine, new Journal(store), said));
  } finally {
    release();
  }
  return 0;
}

/** Prints the commands on stdout, and on stderr what is left alone. */
function tell({ out, err, netns }: World, quiet: boolean): Said {
  const prefix = netns === undefined ? '' : `${shellLine(entering(netns))} `;
  return {
    did(command: Command) {
      if (!quiet) out(`${prefix}${printCommand(command)}\n`);
    },
    left(subject, actual, set) {
      const { title, show } = bind(subject);
      err(
        `lvsctl: ${title}: left at ${show(actual)}: changed by others after up set ${show(set)}\n`,
      );
    },
  };
}

/** What puts a command into a network namespace. */
function entering(netns: string): readonly string[] {
  return netns.includes('/') ? ['nsenter', `--net=${netns}`] : ['ip', 'netns', 'exec', netns];
}

function readOnly(store: ReturnType<World['journal']>): ReturnType<World['journal']> {
  return {
    ...store,
    load: () => store.load(),
    others: () => store.others(),
    append() {},
    replace() {},
  };
}
