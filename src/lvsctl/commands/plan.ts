// lvsctl plan FILE: the steps that `apply` would make, and what each ends.
import { jsonText } from '../json.js';
import type { Subcommand } from '../subcommand.js';
import { transactedJson } from '../transaction/json.js';
import { planText } from '../view/plan.js';
import type { World } from '../world.js';
import { configurePlanning, type PlanningOptions, transactFile } from './planning.js';

export const configure: Subcommand['configure'] = (program, finish) => {
  configurePlanning(program).action((file: string, options: PlanningOptions) =>
    finish((world) => showPlan(file, options, world)),
  );
};

/** Also for `apply --dry-run`. */
export async function showPlan(
  file: string,
  options: PlanningOptions,
  world: World,
): Promise<number> {
  const made = await transactFile(file, options, { command: `plan ${file}`, dryRun: true }, world);
  if (options.json) world.out(`${jsonText(transactedJson(made), 2)}\n`);
  else world.out(planText(made.plan, world));
  return 0;
}
