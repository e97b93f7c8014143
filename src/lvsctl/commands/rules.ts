// lvsctl rules load|save|unload: the live table from and to the files by which this distribution
// loads rules at boot.
import type { Command as Program } from 'commander';
import { Option } from 'commander';
import { desiredAtBoot } from '../boot/load.js';
import { type BootFiles, bootFiles } from '../boot/place.js';
import { save, savedRules } from '../boot/save.js';
import { CONVENTIONS, type Convention } from '../boot/settings.js';
import { hasCode } from '../errors.js';
import { printCommand } from '../plan/command.js';
import { errorText } from '../report.js';
import type { Subcommand } from '../subcommand.js';
import { refuseOwned } from '../transaction/owners.js';
import { errorOf, type Transacted, transact } from '../transaction/transact.js';
import type { World } from '../world.js';

interface Options {
  readonly convention?: Convention['name'];
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

const INCOMPLETE = 1;

export const configure: Subcommand['configure'] = (program, finish) => {
  const action = (
    name: string,
    help: string,
    work: (files: BootFiles, options: Options, world: World) => Promise<number>,
  ): Program =>
    program
      .command(name)
      .description(help)
      .addOption(
        new Option(
          '--convention <name>',
          'files of this distribution (default: those that exist)',
        ).choices(CONVENTIONS.map((one) => one.name)),
      )
      .action((options: Options) =>
        finish((world) => work(bootFiles(options.convention, world.machine), options, world)),
      );
  action('load', 'load the saved rules into the live table, changing only what differs', load)
    .option('-n, --dry-run', 'print the commands and change nothing')
    .option('-f, --force', 'change a table that another program keeps');
  action(
    'save',
    'write the live table, its timeouts and sync daemons to the saved rules',
    saveRules,
  )
    .option('-n, --dry-run', 'print what would be saved')
    .option('-f, --force', FORCE);
  action(
    'unload',
    'stop the sync daemons and clear the table; save it first if the settings ask for that',
    unload,
  )
    .option('-n, --dry-run', 'print the commands and change nothing')
    .option('-f, --force', FORCE);
};

const FORCE = 'let an empty table replace saved rules';

async function load(
  files: BootFiles,
  { dryRun = false, force = false }: Options,
  world: World,
): Promise<number> {
  const { convention, settings } = files;
  if (!settings.load) {
    world.err(`lvsctl: ${convention.settings} does not set AUTO=true: nothing loaded\n`);
    return 0;
  }
  const done = await transact(
    () => desiredAtBoot(files, world),
    {
      command: 'rules load',
      dryRun,
      historyOptional: true,
      refuse: async (plan) => {
        if (!dryRun) await refuseOwned(plan, force, world);
      },
    },
    world,
  );
  report(done, dryRun, world);
  return 0;
}

async function saveRules(
  files: BootFiles,
  { dryRun, force = false }: Options,
  world: World,
): Promise<number> {
  if (!dryRun) return reportOmitted(await save(files, force, world), world);
  const { text, omitted } = await savedRules(await world.machine.backend(), files.settings);
  world.out(text);
  return reportOmitted(omitted, world);
}

function reportOmitted(omitted: readonly string[], { err }: World): number {
  for (const one of omitted) err(`lvsctl: ${one}: not saved, ipvsadm has no option for it\n`);
  return omitted.length === 0 ? 0 : INCOMPLETE;
}

async function unload(
  files: BootFiles,
  { dryRun, force = false }: Options,
  world: World,
): Promise<number> {
  const status = files.settings.saveOnStop && !dryRun ? await saveOnStop(files, force, world) : 0;
  const done = await transact(
    (live) => ({
      table: new Map(),
      removed: 'others',
      timeouts: undefined,
      daemons: new Map(live.daemons.map(({ role }) => [role, null])),
    }),
    { command: 'rules unload', dryRun: dryRun ?? false, historyOptional: true },
    world,
  );
  report(done, dryRun, world);
  return status;
}

/** An empty table leaves the saved rules as they are, which is reported and no failure. */
async function saveOnStop(files: BootFiles, force: boolean, world: World): Promise<number> {
  try {
    return reportOmitted(await save(files, force, world), world);
  } catch (error) {
    if (!hasCode(error, 'EMPTY_TABLE')) throw error;
    world.err(errorText(error));
    return 0;
  }
}

/** The commands of a dry run; throws what ended a change. */
function report({ plan, result }: Transacted, dryRun: boolean | undefined, { out }: World): void {
  if (dryRun)
    for (const { change } of plan.steps) out(`${printCommand({ kind: 'rule', change })}\n`);
  const error = result && errorOf(result);
  if (error !== undefined) throw error;
}
