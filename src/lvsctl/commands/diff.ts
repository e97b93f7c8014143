// lvsctl diff FILE: what of the live table differs from the file.
import { jsonText } from '../json.js';
import type { Subcommand } from '../subcommand.js';
import { transactedJson } from '../transaction/json.js';
import { diffText } from '../view/plan.js';
import type { World } from '../world.js';
import { configurePlanning, type PlanningOptions, transactFile } from './planning.js';

const DIFFERS = 1;

export const configure: Subcommand['configure'] = (program, finish) => {
  configurePlanning(program).action((file: string, options: PlanningOptions) =>
    finish((world) => diff(file, options, world)),
  );
};

async function diff(file: string, options: PlanningOptions, world: World): Promise<number> {
  const dry = { command: `diff ${file}`, dryRun: true, unchecked: true };
  const made = await transactFile(file, options, dry, world);
  const { steps, leftOut } = made.plan;
  if (options.json) world.out(`${jsonText(transactedJson(made), 2)}\n`);
  else world.out(diffText(made.plan, world));
  return steps.length + leftOut.length === 0 ? 0 : DIFFERS;
}
