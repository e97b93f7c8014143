// up, down and status are the same for a director and for a real server: only the settings differ.
import type { Command as Program } from 'commander';
import { readConfig } from '../config/read.js';
import { prepareStandby } from '../ha/place.js';
import { jsonText } from '../json.js';
import { type Comparison, compare, up } from '../plan/engine.js';
import { gatherFacts } from '../plan/facts.js';
import { linksOf } from '../plan/rename.js';
import { snapshot } from '../plan/snapshot.js';
import type { Finish } from '../subcommand.js';
import { comparisonTable } from '../view/comparison.js';
import type { World } from '../world.js';
import { revert } from './revert.js';
import { addVariables, fileContext } from './variables.js';
import { type RecordOptions, type RoleCommand, reporter, withRecord } from './withrecord.js';

const DIFFERS = 1;

/** Adds up, down and status to `lvsctl director` or `lvsctl realserver`. */
export function configureRole(program: Program, finish: Finish, role: RoleCommand): void {
  type Work = (file: string, options: RecordOptions, world: World) => Promise<number>;
  const action = (name: string, help: string, work: Work) =>
    addVariables(program.command(name).description(help).argument('<file>', 'the lvsctl file'))
      .option(
        '--state-dir <directory>',
        'directory of the record of changes (default: below /run/lvsctl)',
      )
      .action((file: string, options: RecordOptions) =>
        finish((world) => work(file, options, world)),
      );
  const changing = (name: string, help: string, work: Work) =>
    action(name, help, work)
      .option('-n, --dry-run', 'print the commands and change nothing')
      .option('-q, --quiet', 'do not print the commands');
  const upCommand = changing(
    'up',
    `make this machine the ${role.noun} of the file`,
    (file, options, world) => bringUp(role, file, options, world),
  );
  if (role.name === 'director')
    upCommand.option(
      '--force',
      'add a VIP even if another machine answers ARP for it; change rules that a monitor or kube-proxy keeps',
    );
  const downCommand = changing('down', 'revert what up changed', (file, options, world) =>
    revert(role, file, options, world),
  );
  if (role.name === 'director')
    downCommand.option('--force', 'restore rules that a monitor or kube-proxy keeps');
  action('status', 'compare desired and actual state', (file, options, world) =>
    showStatus(role, file, options, world),
  ).option('--json', 'print JSON');
}

async function bringUp(
  role: RoleCommand,
  file: string,
  options: RecordOptions,
  world: World,
): Promise<number> {
  const text = world.readText(file);
  const config = readConfig(text, file, fileContext(options, world));
  const facts = gatherFacts(world.machine);
  const settings = role.plan(config, facts);
  const report = reporter(world, options);
  for (const warning of role.warnings(config, facts)) report.warn(warning);
  if (!options.force) await role.refuse(settings, world.machine, report);
  const links = linksOf(settings, snapshot(world.machine));
  await withRecord({ role, verb: 'up', file, text, links }, options, world, (work) =>
    up(settings, work),
  );
  if (role.name === 'director' && config.ha !== undefined && !options.dryRun) {
    const { writeText } = await world.runtime();
    prepareStandby({ ...world, writeText });
  }
  return 0;
}

async function showStatus(
  role: RoleCommand,
  file: string,
  options: RecordOptions,
  world: World,
): Promise<number> {
  const { json = false } = options;
  const config = readConfig(world.readText(file), file, fileContext(options, world));
  const settings = await compare(role.plan(config, gatherFacts(world.machine)), world.machine);
  const lines = [...settings, ...role.unmanaged(config, world.machine)];
  if (json) world.out(`${jsonText(lines.map(comparisonJson), 2)}\n`);
  else world.out(comparisonTable(lines, world));
  return lines.every(({ same }) => same) ? 0 : DIFFERS;
}

function comparisonJson({ resource, title, same, states }: Comparison): unknown {
  return { resource, title, ...states, same };
}
