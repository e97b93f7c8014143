// Where commands come from: the arguments of one command line, or the lines of a restore, each of
// which is a command line of its own.
import { argsOf, PAUSE } from './lines.js';
import { type Command, DEFAULT_COMMAND, lookupsOf, parse } from './parse.js';
import { plainChange } from './plainchange.js';
import { scan, type Token } from './scan.js';
import { refuseFirst, UsageError } from './usage.js';
import type { Names } from './values.js';
import type { IpvsadmWorld } from './world.js';

/** A command, the refusal of a line, or PAUSE where no more input is at hand for the moment. */
export type Item = Command | Refusal | typeof PAUSE;

export interface Refusal {
  readonly kind: 'refused';
  readonly error: UsageError;
  /** counted from 1 */
  readonly line: number;
}

/** Items in their order; those that wait for names are promises. */
export type CommandSource = Iterable<Item | Promise<Item>>;

/** The arguments of one command line. */
export function* commandOf(args: readonly string[], world: IpvsadmWorld): CommandSource {
  const change = world.trace ? undefined : plainChange(args);
  if (change !== undefined) yield { kind: 'change', change };
  else yield args.length === 0 ? DEFAULT_COMMAND : read(args, undefined, world);
}

/**
 * The command lines of a restore. A restore within a restore is refused.
 * @param lines what `linesOf` gives; a line that it refuses is the last
 */
export function* commandsOf(
  lines: Iterable<string | typeof PAUSE>,
  world: IpvsadmWorld,
): CommandSource {
  let number = 0;
  // a hint and a trace are made of the arguments
  const isQuick = !world.refusals && !world.trace;
  for (const line of readable(lines)) {
    if (line === PAUSE) {
      yield PAUSE;
      continue;
    }
    number++;
    if (typeof line !== 'string') {
      yield refusal(line, [], number, world);
      continue;
    }
    const change = isQuick ? plainChange(line.split(' ')) : undefined;
    if (change !== undefined) {
      yield { kind: 'change', change };
      continue;
    }
    const args = argsOf(line);
    if (args.length === 0) continue;
    const item = read(args, number, world);
    if (!(item instanceof Promise) && item.kind === 'restore')
      yield refusing(args, number, world, () => refuseFirst(world.argv0));
    else {
      if (!(item instanceof Promise) && item.kind === 'change')
        world.refusals?.read(item.change, args, number);
      yield item;
    }
  }
}

/** The lines, and the refusal of one that is too long in its place. */
function* readable(
  lines: Iterable<string | typeof PAUSE>,
): Generator<string | typeof PAUSE | UsageError> {
  try {
    yield* lines;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    yield error;
  }
}

const NO_NAMES: Names = { host: () => undefined, port: () => undefined };

/**
 * Arguments to a command. A promise only when they name hosts or services that must be looked up: a
 * restore has no time for one a line.
 */
function read(
  args: readonly string[],
  line: number | undefined,
  world: IpvsadmWorld,
): Command | Refusal | Promise<Command | Refusal> {
  const tokens = scan(args, world);
  world.trace?.('tokens', tokens);
  const lookups = lookupsOf(tokens);
  const finish = (names: Names) =>
    refusing(args, line, world, () => commandFrom(tokens, world, names));
  return lookups === undefined ? finish(NO_NAMES) : world.names.resolve(lookups).then(finish);
}

function commandFrom(tokens: readonly Token[], world: IpvsadmWorld, names: Names): Command {
  const command = parse(tokens, world.argv0, names);
  world.trace?.('command', command);
  return command;
}

function refusing(
  args: readonly string[],
  line: number | undefined,
  world: IpvsadmWorld,
  command: () => Command,
): Command | Refusal {
  try {
    return command();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return refusal(error, args, line, world);
  }
}

function refusal(
  error: UsageError,
  args: readonly string[],
  line: number | undefined,
  { refusals }: IpvsadmWorld,
): Refusal {
  refusals?.usage(error, args, line);
  return { kind: 'refused', error, line: line ?? 1 };
}
