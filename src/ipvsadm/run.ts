// One command line from words to text and an exit status: the table of contents of the program.
import type { IpvsError } from '../model/errors.js';
import { messageFor } from '../render/messages.js';
import { list } from './list.js';
import { type Command, DEFAULT_COMMAND, lookupsOf, parse } from './parse.js';
import { restore } from './restore.js';
import { scan, type Token } from './scan.js';
import { UsageError } from './usage.js';
import type { Names } from './values.js';
import { VERSION_LINE } from './version.js';
import type { World } from './world.js';

const REFUSED = 255;
const NO_NAMES: Names = { host: () => undefined, port: () => undefined };

/** Carries out one command line. @returns the exit status */
export async function run(words: readonly string[], world: World): Promise<number> {
  try {
    return await execute(words.length === 0 ? DEFAULT_COMMAND : await read(words, world), world);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    world.err(`${error.message}\n`);
    return error.exitCode;
  }
}

/**
 * Words to a command. A promise only when they name hosts or services that must be looked up: a
 * restore has no time for one a line.
 * @throws UsageError
 */
export function read(words: readonly string[], world: World): Command | Promise<Command> {
  const tokens = scan(words, world);
  world.trace?.('tokens', tokens);
  const lookups = lookupsOf(tokens);
  return lookups === undefined
    ? finish(tokens, NO_NAMES, world)
    : world.names.resolve(lookups).then((names) => finish(tokens, names, world));
}

function finish(tokens: readonly Token[], names: Names, world: World): Command {
  const command = parse(tokens, world.argv0, names);
  world.trace?.('command', command);
  return command;
}

/** Carries out a command. @returns the exit status @throws UsageError from a line of a restore */
export async function execute(command: Command, world: World): Promise<number> {
  switch (command.kind) {
    case 'change': {
      const [error] = await world.backend.apply([command.change]);
      return error === undefined ? 0 : refused(error, world);
    }
    case 'restore':
      return restore(world);
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

/** Tells why IPVS refused a change. @returns the exit status */
export function refused(error: IpvsError, world: World): number {
  world.err(`${messageFor(error)}\n`);
  return REFUSED;
}
