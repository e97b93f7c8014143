// lvsctl apply FILE: makes the live table the same as the file, all or nothing.

import { shellLine } from '../../render/shell.js';
import { LvsctlError } from '../errors.js';
import { jsonText } from '../json.js';
import type { Subcommand } from '../subcommand.js';
import { waitForConfirmation } from '../transaction/confirm.js';
import { transactedJson } from '../transaction/json.js';
import { errorOf, type Transacted } from '../transaction/transact.js';
import { planText } from '../view/plan.js';
import type { World } from '../world.js';
import { duration } from './numbers.js';
import { showPlan } from './plan.js';
import { configurePlanning, type PlanningOptions, transactFile } from './planning.js';

interface Options extends PlanningOptions {
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly label?: string;
  /** seconds */
  readonly confirmTimeout?: number;
}

const LEFT_OUT = 1;

export const configure: Subcommand['configure'] = (program, finish) => {
  configurePlanning(program)
    .option('-n, --dry-run', 'print the plan and change nothing')
    .option('-q, --quiet', 'do not print the steps')
    .option('--label <text>', 'a note for the history')
    .option(
      '--confirm-timeout <time>',
      'take it back unless it is confirmed in this time: 90, 30m, 2h',
      duration,
    )
    .action((file: string, options: Options) =>
      finish((world) =>
        options.dryRun ? showPlan(file, options, world) : apply(file, options, world),
      ),
    );
};

async function apply(file: string, options: Options, world: World): Promise<number> {
  const { label, confirmTimeout, json = false, quiet = false } = options;
  const made = await transactFile(
    file,
    options,
    {
      command: shellLine(['apply', file]),
      ...(label === undefined ? {} : { label }),
      ...(confirmTimeout === undefined ? {} : { confirmTimeout }),
    },
    world,
  );
  const error = made.result && errorOf(made.result);
  if (error !== undefined) throw error;
  if (json) world.out(`${jsonText(transactedJson(made), 2)}\n`);
  else if (!quiet) world.out(planText(made.plan, world));
  const status = await confirmed(made, confirmTimeout, world);
  return status === 0 && made.plan.leftOut.length > 0 ? LEFT_OUT : status;
}

/** @returns the exit status */
async function confirmed(
  { entry }: Transacted,
  seconds: number | undefined,
  world: World,
): Promise<number> {
  if (seconds === undefined || entry === undefined) return 0;
  const store = world.transactions();
  if (store === undefined) throw new LvsctlError('BAD_USAGE', '--confirm-timeout: no history');
  return waitForConfirmation(entry, store, world);
}
