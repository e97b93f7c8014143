// What diff, plan and apply have in common: their options, and the file.
import { InvalidArgumentError, type Command as Program } from 'commander';
import { type FileOptions, readDesired } from '../transaction/desired.js';
import { refuseOwned } from '../transaction/owners.js';
import type { PlanOptions } from '../transaction/plan.js';
import { ACTIONS, type Action } from '../transaction/step.js';
import { type Transacted, type TransactionOptions, transact } from '../transaction/transact.js';
import type { World } from '../world.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';

export interface PlanningOptions extends PlanOptions, FileOptions, VariableOptions {
  readonly json?: boolean;
}

/** Adds the argument and the options. */
export function configurePlanning(program: Program): Program {
  return addVariables(program.argument('<file>', 'saved rules or an lvsctl file, - for stdin'))
    .option('--prune', 'remove services that the file does not name')
    .option('--keep-weights', 'keep the live weight of servers that are there')
    .option('--only <actions>', 'only these, separated by commas: add, edit, remove', actions)
    .option('--json', 'print JSON')
    .option(
      '--force',
      'let a file without services remove all (--prune); change a table of others',
    );
}

function actions(text: string): readonly Action[] {
  return text.split(',').map((name) => {
    const action = ACTIONS.find((one) => one === name);
    if (action === undefined)
      throw new InvalidArgumentError(`${name}: use add, edit, remove, separated by commas`);
    return action;
  });
}

/** The steps from the live table to the file. */
export function transactFile(
  file: string,
  options: PlanningOptions,
  more: TransactionOptions,
  world: World,
): Promise<Transacted> {
  const refuse: TransactionOptions['refuse'] = more.dryRun
    ? undefined
    : (plan) => refuseOwned(plan, options.force ?? false, world);
  return transact(
    () => readDesired(file, { ...options, around: fileContext(options, world) }, world),
    {
      ...(options.keepWeights ? { keepWeights: true } : {}),
      ...(options.only ? { only: options.only } : {}),
      ...(refuse ? { refuse } : {}),
      ...more,
    },
    world,
  );
}
