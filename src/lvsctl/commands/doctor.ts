// lvsctl doctor [FILE]: what breaks LVS on this machine, and what repairs it.
import { Option } from 'commander';
import { readConfig } from '../config/read.js';
import { examine } from '../doctor/examine.js';
import { type InspectedRole, inspect, ROLES } from '../doctor/inspection.js';
import { gatherMachineFacts } from '../facts/gather.js';
import { factsText } from '../facts/json.js';
import type { Subcommand } from '../subcommand.js';
import { diagnosisText } from '../view/diagnosis.js';
import type { World } from '../world.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';

interface Options extends VariableOptions {
  readonly role?: InspectedRole;
  readonly json?: boolean;
  readonly facts?: true;
}

const FINDINGS = 1;

export const configure: Subcommand['configure'] = (program, finish) => {
  addVariables(
    program.argument('[file]', 'the lvsctl file (default: the role is taken from the live table)'),
  )
    .addOption(
      new Option('--role <role>', 'the role of this machine (default: detected)').choices([
        ...ROLES,
      ]),
    )
    .option('--json', 'print JSON')
    .option('--facts', 'print what was read of this machine as JSON, and stop')
    .action((file: string | undefined, options: Options) =>
      finish((world) => doctor(file, options, world)),
    );
};

async function doctor(file: string | undefined, options: Options, world: World): Promise<number> {
  const { role, json = false, facts } = options;
  if (facts) {
    world.out(factsText(await gatherMachineFacts(world)));
    return 0;
  }
  const config =
    file === undefined
      ? undefined
      : readConfig(world.readText(file), file, fileContext(options, world));
  const diagnosis = await examine(await inspect(config, role, world.machine));
  world.out(
    json ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : diagnosisText(diagnosis, world),
  );
  return diagnosis.findings.length === 0 ? 0 : FINDINGS;
}
