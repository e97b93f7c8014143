// lvsctl undo [N]: takes a transaction back, by another one.
import { LvsctlError } from '../errors.js';
import { jsonText } from '../json.js';
import type { Subcommand } from '../subcommand.js';
import { transactedJson } from '../transaction/json.js';
import { errorOf } from '../transaction/transact.js';
import { type TransactionSide, toSide, transactionToUndo } from '../transaction/undo.js';
import { planText } from '../view/plan.js';
import type { World } from '../world.js';
import { whole } from './numbers.js';

export interface UndoOptions {
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly force?: boolean;
}

export const NUMBER = whole(1, 999_999_999);

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .argument(
      '[number]',
      'of the history; the last transaction that took effect by default',
      NUMBER,
    )
    .option('-n, --dry-run', 'print the plan and change nothing')
    .option('-q, --quiet', 'do not print the steps')
    .option('--json', 'print JSON')
    .option('--force', 'change a table of others')
    .action((number: number | undefined, options: UndoOptions) =>
      finish((world) => change(number, 'previous', options, world)),
    );
};

/** To the state before a transaction, or to the one that it was to reach. */
export async function change(
  number: number | undefined,
  side: TransactionSide,
  options: UndoOptions,
  world: World,
): Promise<number> {
  const store = world.transactions();
  if (store === undefined) throw new LvsctlError('NOT_FOUND', 'no history is kept of this table');
  const entry = transactionToUndo(store, number);
  const made = await toSide(entry, side, options, store, world);
  const error = made.result && errorOf(made.result);
  if (error !== undefined) throw error;
  if (options.json) world.out(`${jsonText(transactedJson(made), 2)}\n`);
  else if (!options.quiet) world.out(planText(made.plan, world));
  return 0;
}
