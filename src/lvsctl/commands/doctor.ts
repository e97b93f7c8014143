// lvsctl doctor [FILE]: what breaks LVS on this machine, and what repairs it.
import { Option } from 'commander';
import { shellLine } from '../../render/shell.js';
import type { Config } from '../config/file.js';
import { readConfig } from '../config/read.js';
import { examineAll } from '../doctor/examine.js';
import type { Finding } from '../doctor/finding.js';
import { type InspectedMachine, type InspectedRole, inspect, ROLES } from '../doctor/inspection.js';
import { gatherMachineFacts } from '../facts/gather.js';
import { factsText, parseFacts } from '../facts/json.js';
import { remoteFacts, serversOf } from '../facts/remote.js';
import { inspectHa } from '../ha/inspect.js';
import { directors } from '../ha/own.js';
import { FACTS_LIMIT } from '../limits.js';
import { hostOf } from '../path/host.js';
import { gatherFacts, holdersOf } from '../plan/facts.js';
import type { Subcommand } from '../subcommand.js';
import { diagnosisText } from '../view/diagnosis.js';
import type { World } from '../world.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';

interface Options extends VariableOptions {
  readonly role?: InspectedRole;
  readonly json?: boolean;
  readonly facts?: true | readonly string[];
  readonly all?: boolean;
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
    .option(
      '--facts [file...]',
      'print what was read of this machine as JSON; with files of it, examine those machines',
    )
    .option('--all', 'examine the real servers too, whose facts come by ssh')
    .action((file: string | undefined, options: Options) =>
      finish((world) => doctor(file, options, world)),
    );
};

async function doctor(file: string | undefined, options: Options, world: World): Promise<number> {
  const { role, json = false, facts } = options;
  if (facts === true) {
    world.out(factsText(await gatherMachineFacts(world)));
    return 0;
  }
  const config =
    file === undefined
      ? undefined
      : readConfig(world.readText(file), file, fileContext(options, world));
  const { machines, notes } = await machinesOf(facts, options.all === true, config, world);
  const hosts = machines.map((one) => hostOf(one.facts));
  const inspections = machines.map((one, i) =>
    inspect(config, role, { ...one, others: hosts.filter((_, at) => at !== i) }),
  );
  const found = await examineAll(inspections, notes);
  const ha = facts === undefined ? await haFindings(file, config, world) : [];
  const diagnosis = { ...found, findings: [...found.findings, ...ha] };
  world.out(
    json ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : diagnosisText(diagnosis, world),
  );
  return diagnosis.findings.length === 0 ? 0 : FINDINGS;
}

/** What is wrong with this machine as one of several directors. */
async function haFindings(
  file: string | undefined,
  config: Config | undefined,
  world: World,
): Promise<readonly Finding[]> {
  if (file === undefined || config?.ha === undefined) return [];
  const own = directors(config.ha.peers).some(
    ({ address }) => holdersOf(address, gatherFacts(world.machine)).length > 0,
  );
  if (!own) return []; // a real server
  const { problems } = await inspectHa(config, config.ha, world);
  return problems.map(({ what, repair }) => ({
    id: 'directors',
    what,
    why: 'Several directors share the VIPs: when one fails, another must be able to take over.',
    repair: repair.map((line) => line.replace('FILE', shellLine([file]))),
  }));
}

/** The machines of files, or this one; with it the real servers, by ssh. */
async function machinesOf(
  paths: readonly string[] | undefined,
  all: boolean,
  config: Config | undefined,
  world: World,
): Promise<{ readonly machines: readonly InspectedMachine[]; readonly notes: readonly string[] }> {
  if (paths !== undefined)
    return {
      machines: paths.map((path) => ({
        facts: parseFacts(world.readText(path, FACTS_LIMIT), path),
      })),
      notes: [],
    };
  const own = { facts: await gatherMachineFacts(world), machine: world.machine };
  if (!all) return { machines: [own], notes: [] };
  const { facts, notes } = await remoteFacts(serversOf(config, own.facts), world);
  return { machines: [own, ...facts.map((one) => ({ facts: one }))], notes };
}
