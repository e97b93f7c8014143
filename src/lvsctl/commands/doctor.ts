// lvsctl doctor [FILE]: what breaks LVS on this machine, and what repairs it.
import { Option } from 'commander';
import { shellLine } from '../../render/shell.js';
import type { Config } from '../config/file.js';
import type { Ha } from '../config/ha.js';
import { readConfig } from '../config/read.js';
import { examineAll } from '../doctor/examine.js';
import type { Finding } from '../doctor/finding.js';
import { type InspectedMachine, type InspectedRole, inspect, ROLES } from '../doctor/inspection.js';
import { withMachineNames } from '../doctor/machinenames.js';
import { gatherMachineFacts } from '../facts/gather.js';
import { factsText, parseFacts } from '../facts/json.js';
import { otherDirectors, type RemoteFacts, remoteFacts, serversOf } from '../facts/remote.js';
import { inspectHa } from '../ha/inspect.js';
import { knownDirectors, type PairProblem } from '../ha/known.js';
import { examinePair } from '../ha/pair.js';
import { FACTS_LIMIT } from '../limits.js';
import { hostOf, type PathHost } from '../path/host.js';
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
    .option(
      '--all',
      'examine the real servers and the other directors too, whose facts come by ssh',
    )
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
  const { machines, notes, asked } = await machinesOf(facts, options.all === true, config, world);
  const hosts = machines.map((one) => hostOf(one.facts));
  // packets do not pass the other directors of the file, which have the same VIPs
  const directors = config?.ha ? knownDirectors(config.ha, hosts.map(uninspected)) : [];
  const isDirector = (host: PathHost) => directors.some((one) => one.host === host);
  const inspections = machines.map((one, i) =>
    inspect(config, role, {
      ...one,
      others: hosts.filter((host, at) => at !== i && !isDirector(host)),
    }),
  );
  const found = await examineAll(inspections, notes);
  const ha =
    file === undefined || config?.ha === undefined
      ? undefined
      : await haDiagnosis(
          file,
          config,
          config.ha,
          { hosts, asked, isHere: facts === undefined },
          world,
        );
  const findings = [...found.findings, ...(ha?.findings ?? [])];
  const diagnosis = {
    ...found,
    findings: hosts.length > 1 ? withMachineNames(findings, hosts) : findings,
    skipped: [...found.skipped, ...(ha?.unknown ?? [])],
  };
  world.out(
    json ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : diagnosisText(diagnosis, world),
  );
  return diagnosis.findings.length === 0 ? 0 : FINDINGS;
}

const uninspected = (host: PathHost) => ({ host, isInspected: false });

interface KnownHosts {
  readonly hosts: readonly PathHost[];
  readonly asked: RemoteFacts['asked'] | undefined;
  /** the first of them is this machine */
  readonly isHere: boolean;
}

/** What is wrong with the directors of a file: with this one, and with those whose facts are there. */
async function haDiagnosis(
  file: string,
  config: Config,
  ha: Ha,
  { hosts, asked, isHere }: KnownHosts,
  world: World,
): Promise<{ readonly findings: readonly Finding[]; readonly unknown: readonly string[] }> {
  const known = knownDirectors(
    ha,
    hosts.map((host, i) => ({ host, isInspected: isHere && i === 0 })),
  );
  const own = known.some(({ isInspected }) => isInspected);
  const here = own ? (await inspectHa(config, ha, world)).problems : [];
  const pair = known.length > 0 ? examinePair({ config, ha, known, asked }) : undefined;
  const problems: readonly PairProblem[] = [...here, ...(pair?.problems ?? [])];
  const typed = (line: string) => line.replace('FILE', shellLine([file]));
  return {
    findings: problems.map(({ repair, ...problem }) => ({
      id: 'directors',
      why: 'Several directors share the VIPs: when one fails, another must be able to take over.',
      ...problem,
      repair: repair.map(typed),
    })),
    unknown: (pair?.unknown ?? []).map(typed),
  };
}

/** The machines of files, or this one; with it the real servers, by ssh. */
async function machinesOf(
  paths: readonly string[] | undefined,
  all: boolean,
  config: Config | undefined,
  world: World,
): Promise<{
  readonly machines: readonly InspectedMachine[];
  readonly notes: readonly string[];
  readonly asked?: RemoteFacts['asked'];
}> {
  if (paths !== undefined)
    return {
      machines: paths.map((path) => ({
        facts: parseFacts(world.readText(path, FACTS_LIMIT), path),
      })),
      notes: [],
    };
  const own = { facts: await gatherMachineFacts(world), machine: world.machine };
  if (!all) return { machines: [own], notes: [] };
  const others = [...serversOf(config, own.facts), ...otherDirectors(config, own.facts)];
  const { facts, notes, asked } = await remoteFacts([...new Set(others)], world);
  return { machines: [own, ...facts.map((one) => ({ facts: one }))], notes, asked };
}
