// ipvsadm-save and ipvsadm-restore: what the real ones do as shell scripts around ipvsadm, except
// that a restore is checked before the table is flushed.
import { errnoText } from '../render/errno.js';
import { LONGEST_LINE, linesOf, PAUSE, withoutComments } from './lines.js';
import { carryOut, run } from './run.js';
import { type CommandSource, commandsOf, type Refusal } from './source.js';
import type { Names } from './values.js';
import { errnoNameOf, type IpvsadmWorld } from './world.js';

const SAVE_USAGE_STATUS = 1;
const RESTORE_REFUSED = 2;
/** characters of all rules together */
const MOST_RULES = 512 << 20;
/** so many refused lines are named, the rest is counted */
const MOST_NAMED = 10;

/**
 * `ipvsadm-save [-n]`: arguments that are no options are ignored, other options get the usage text.
 */
export async function saveScript(args: readonly string[], world: IpvsadmWorld): Promise<number> {
  const options = args.filter((arg) => arg.startsWith('-'));
  if (options.some((option) => option !== '-n')) {
    world.err(
      `Usage: ${world.argv0} [-n]\n  write the rules of IPVS to stdout; -n: addresses and ports as numbers\n`,
    );
    return SAVE_USAGE_STATUS;
  }
  return run(options.length > 0 ? ['-S', '-n'] : ['-S'], asIpvsadm(world));
}

/**
 * `ipvsadm-restore`: reads all of stdin, drops comment lines, and checks every other line; then
 * flushes the table and carries the lines out. What can be refused without asking the kernel is
 * refused before the flush. `-n` is ignored, since the real script ignores all arguments and this
 * one is the default.
 * @returns the exit status: 2 when nothing was changed, else that of the last line
 */
export async function restoreScript(args: readonly string[], world: IpvsadmWorld): Promise<number> {
  if (args.some((arg) => arg !== '-n')) {
    world.err(
      `Usage: ${world.argv0} < FILE\n  replace the rules of IPVS by those on stdin, as written by ipvsadm-save\n`,
    );
    return RESTORE_REFUSED;
  }
  if (await world.interactive())
    world.err('hint: rules are read from stdin; Ctrl-D ends them, Ctrl-C changes nothing\n');
  const pieces: string[] = [];
  const problem = readAll(world, pieces);
  if (problem !== undefined) return refused([problem], 0, world);

  const checked = { ...asIpvsadm(world), names: { ...world.names, resolve: remembering(world) } };
  const commands = (world: IpvsadmWorld) =>
    commandsOf(withoutComments(linesOf(replay(pieces), LONGEST_LINE)), world);
  const { named, more } = await refusalsOf(commands({ ...checked, trace: undefined }));
  if (named.length > 0) return refused(named.map(textOf), more, world);
  await run(['-C'], checked);
  return carryOut(commands(checked), checked);
}

/** Reads stdin to its end into `pieces`. @returns why that could not be done */
function readAll(world: IpvsadmWorld, pieces: string[]): string | undefined {
  let length = 0;
  try {
    for (let piece = world.read(); piece !== ''; piece = world.read()) {
      length += piece.length;
      if (length > MOST_RULES) return `more than ${MOST_RULES >> 20} MiB of rules`;
      pieces.push(piece);
    }
    return undefined;
  } catch (error) {
    const code = errnoNameOf(error);
    if (code === undefined) throw error;
    return `cannot read stdin: ${errnoText(code)}`;
  }
}

/** The lines that are refused, up to the one that would end the run. */
async function refusalsOf(source: CommandSource): Promise<{ named: Refusal[]; more: number }> {
  const named: Refusal[] = [];
  let more = 0;
  for (const next of source) {
    const item = next instanceof Promise ? await next : next;
    if (item === PAUSE) continue;
    if (item.kind === 'help' || item.kind === 'version') break;
    if (item.kind !== 'refused') continue;
    if (named.length < MOST_NAMED) named.push(item);
    else more++;
  }
  return { named, more };
}

function textOf({ line, error }: Refusal): string {
  if (error.kind === 'no-command') return `line ${line}: the first option must be a command`;
  return error.message.startsWith(`line ${line} `)
    ? error.message
    : `line ${line}: ${error.message}`;
}

function refused(problems: readonly string[], more: number, { argv0, err }: IpvsadmWorld): number {
  for (const problem of problems) err(`${argv0}: ${problem}\n`);
  if (more > 0) err(`${argv0}: and ${more} more lines\n`);
  err(`${argv0}: nothing was changed\n`);
  return RESTORE_REFUSED;
}

function asIpvsadm(world: IpvsadmWorld): IpvsadmWorld {
  return { ...world, argv0: 'ipvsadm' };
}

function replay(pieces: readonly string[]): () => string {
  let next = 0;
  return () => pieces[next++] ?? '';
}

/** Look-ups that are made once: what was checked is what is carried out. */
function remembering({ names }: IpvsadmWorld): IpvsadmWorld['names']['resolve'] {
  const found = new Map<string, Promise<Names>>();
  return (lookups) => {
    const key = `${lookups.services} ${[...lookups.hosts].join(' ')}`;
    const known = found.get(key) ?? names.resolve(lookups);
    found.set(key, known);
    return known;
  };
}
