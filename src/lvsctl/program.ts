// lvsctl as a commander program: one row per subcommand, each in a file of its own that is loaded
// when it is called.
import { CommanderError, Command as Program } from 'commander';
import { VERSION } from '../render/version.js';
import { FAILED } from './errors.js';
import { report } from './report.js';
import type { World } from './world.js';

/**
 * A subcommand's file: adds arguments, options and the action to the command it is given. The
 * action's result is the exit status.
 */
export interface Subcommand {
  readonly configure: (program: Program, finish: Finish) => void;
}
export type Finish = (work: (world: World) => Promise<number>) => Promise<void>;

/** Subcommands by name, with the line that `lvsctl --help` shows. */
// biome-ignore format: a table
const SUBCOMMANDS: readonly { readonly name: string; readonly help: string; readonly load: () => Promise<Subcommand> }[] = [
  { name: 'check', help: 'check an lvsctl file: all errors with their lines, and warnings', load: () => import('./commands/check.js') },
  { name: 'import', help: 'make an lvsctl file from saved rules or from the live table', load: () => import('./commands/import.js') },
  { name: 'rules', help: "load, save and clear rules where this distribution keeps them", load: () => import('./commands/rules.js') },
  { name: 'director', help: 'set a director up from a file, take that back, compare', load: () => import('./commands/director.js') },
  { name: 'realserver', help: 'set a real server up from a file, take that back, compare', load: () => import('./commands/realserver.js') },
  { name: 'doctor', help: 'find what breaks LVS on this machine, and say what repairs it', load: () => import('./commands/doctor.js') },
  { name: 'monitor', help: 'check real servers and keep the table true; status of that', load: () => import('./commands/monitor.js') },
  { name: 'disable', help: 'take a server out, whatever its checks say', load: () => import('./commands/disable.js') },
  { name: 'enable', help: 'leave a server to its checks again', load: () => import('./commands/enable.js') },
  { name: 'drain', help: 'give a server no new connections, and wait until it has none', load: () => import('./commands/drain.js') },
  { name: 'simulate', help: 'send invented or recorded arrivals through rules and show who gets what', load: () => import('./commands/simulate.js') },
];

/**
 * Carries out one command line.
 * @returns the exit status: that of the subcommand, or 2 when the line makes no sense or cannot be
 *   obeyed
 */
export async function run(words: readonly string[], world: World): Promise<number> {
  let status = 0;
  const program = new Program('lvsctl')
    .description('Linux Virtual Server: the companion of ipvsadm')
    .version(VERSION)
    .enablePositionalOptions();
  for (const { name, help } of SUBCOMMANDS) program.command(name).description(help);
  const chosen = SUBCOMMANDS.find(
    ({ name }) => name === words.find((word) => !word.startsWith('-')),
  );
  const command = program.commands.find((candidate) => candidate.name() === chosen?.name);
  if (chosen && command) {
    const { configure } = await chosen.load();
    configure(command, async (work) => {
      status = await work(world);
    });
  }
  program.exitOverride().configureOutput({ writeOut: world.out, writeErr: world.err });
  passOn(program);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : FAILED;
    return report(error, words.includes('--json'), world);
  }
}

/** Nested subcommands behave as the whole program does. */
function passOn(program: Program): void {
  for (const each of program.commands) {
    each.copyInheritedSettings(program);
    passOn(each);
  }
}
