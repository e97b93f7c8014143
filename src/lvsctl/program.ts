// lvsctl as a commander program: one row per subcommand, each in a file of its own that is loaded when it is called.
import { CommanderError, Command as Program } from 'commander';
import type { World } from './world.js';

/** A subcommand's file: adds arguments, options and the action to the command it is given. The action's result is the exit status. */
export interface Subcommand {
  readonly configure: (program: Program, finish: (work: (world: World) => Promise<number>) => Promise<void>) => void;
}

/** Subcommands by name, with the line that `lvsctl --help` shows. */
// biome-ignore format: a table
const SUBCOMMANDS: readonly { readonly name: string; readonly help: string; readonly load: () => Promise<Subcommand> }[] = [
  { name: 'check', help: 'read an lvsctl file and name its first slip', load: () => import('./commands/check.js') },
];

const USAGE_STATUS = 2;

/** Carries out one command line. @returns the exit status: that of the subcommand, or 2 when the line makes no sense */
export async function run(words: readonly string[], world: World): Promise<number> {
  let status = 0;
  const program = new Program('lvsctl').description('Linux Virtual Server: the companion of ipvsadm').version(VERSION);
  for (const { name, help } of SUBCOMMANDS) program.command(name).description(help);
  const chosen = SUBCOMMANDS.find(({ name }) => name === words.find((word) => !word.startsWith('-')));
  const command = program.commands.find((candidate) => candidate.name() === chosen?.name);
  if (chosen && command) {
    const { configure } = await chosen.load();
    configure(command, async (work) => {
      status = await work(world);
    });
  }
  program.exitOverride().configureOutput({ writeOut: world.out, writeErr: world.err });
  for (const each of program.commands) each.copyInheritedSettings(program);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_STATUS;
    throw error;
  }
}

const VERSION = '0.1.0';
