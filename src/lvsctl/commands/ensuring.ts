// ensure, absent and set: one rule, or several as one transaction, with the options of ipvsadm.
import type { Command as Program } from 'commander';
import { shellLine } from '../../render/shell.js';
import { type Ensured, ensureLines, type Verb } from '../config/ensure.js';
import { LvsctlError } from '../errors.js';
import type { Finish } from '../subcommand.js';
import { ensureRules } from '../transaction/ensure.js';
import { transactedJson } from '../transaction/json.js';
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
  const command = shellLine([verb, ...args]);
  const { results, made } = await ensureRules(verb, lines, { command, dryRun, force }, world);
  if (options.json) world.out(`${JSON.stringify(transactedJson(made))}\n`);
  else for (const one of results) world.out(`${isMany ? withSubject(one) : ensuredText(one)}\n`);
  return options.exitCode && made.plan.steps.length > 0 ? CHANGED : 0;
}

function withSubject(one: Ensured): string {
  const text = ensuredText(one);
  return text.endsWith(one.subject) ? text : `${one.subject}: ${text}`;
}
