// One command line, or the lines of a restore, from arguments to text and an exit status: the table
// of contents of the program.
import type { Change } from '../model/change.js';
import { applyChanges } from './apply.js';
import { LONGEST_LINE, linesOf, PAUSE } from './lines.js';
import { list } from './list.js';
import type { Command } from './parse.js';
import { type CommandSource, commandOf, commandsOf } from './source.js';
import { VERSION_LINE } from './version.js';
import { errnoNameOf, type IpvsadmWorld } from './world.js';

/** Carries out one command line. @returns the exit status */
export function run(args: readonly string[], world: IpvsadmWorld): Promise<number> {
  return carryOut(commandOf(args, world), world);
}

/**
 * Carries out commands in their order. Changes are gathered and handed over together; anything else
 * is asked for first waits until they are through.
 *
 * A refusal by IPVS or by the option parser is printed and the next command follows; every other
 * refusal, a failed listing, `-h` and `-v` end the run.
 * @returns the exit status: that of the last command
 */
export async function carryOut(source: CommandSource, world: IpvsadmWorld): Promise<number> {
  const changes: Change[] = [];
  let status = 0;

  const flush = async () => {
    if (changes.length === 0) return;
    status = await applyChanges(changes.splice(0), world);
  };

  for (const next of source) {
    const item = next instanceof Promise ? await next : next;
    if (item === PAUSE) {
      await flush(); // so that lines which are piped in slowly take effect as they come
      continue;
    }
    if (item.kind === 'change') {
      if (changes.push(item.change) < world.backend.batchSize) continue;
      world.expectMuch?.();
      await flush();
      continue;
    }
    await flush();
    if (item.kind === 'refused') {
      world.err(`${item.error.message}\n`);
      status = item.error.exitCode;
      if (item.error.kind !== 'parser') return status;
      continue;
    }
    status = await execute(item, world);
    if (status !== 0 || item.kind === 'help' || item.kind === 'version') return status;
  }
  await flush();
  return status;
}

/** Carries out a command that is no change. @returns the exit status */
async function execute(
  command: Exclude<Command, { kind: 'change' }>,
  world: IpvsadmWorld,
): Promise<number> {
  switch (command.kind) {
    case 'restore':
      return carryOut(commandsOf(linesOf(untilError(world.read), LONGEST_LINE), world), world);
    case 'help':
      world.out(VERSION_LINE + (await world.help(world.argv0)));
      return 0;
    case 'version':
      world.out(VERSION_LINE);
      return 0;
    default:
      return list(command, world);
  }
}

/** An input that cannot be read ends here as it does in the real tool: without a message. */
function untilError(read: IpvsadmWorld['read']): IpvsadmWorld['read'] {
  return () => {
    try {
      return read();
    } catch (error) {
      if (errnoNameOf(error) === undefined) throw error;
      return '';
    }
  };
}
