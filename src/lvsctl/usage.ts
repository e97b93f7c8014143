// Errors of a command line, in lvsctl's own form.
import type { CommanderError, Command as Program } from 'commander';
import { LvsctlError } from './errors.js';
import { nearest } from './nearest.js';
import { isSystemError } from './systemerror.js';

/** Names that people try as commands, and what to use instead. */
// biome-ignore format: a table
const POINTERS: Readonly<Record<string, string>> = {
  status: '`lvsctl director status FILE`, `lvsctl realserver status FILE` or `lvsctl monitor status`',
  up: '`lvsctl director up FILE` or `lvsctl realserver up FILE`',
  down: '`lvsctl director down FILE` or `lvsctl realserver down FILE`',
  start: '`lvsctl director up FILE`, `lvsctl realserver up FILE` or `lvsctl monitor FILE`',
  stop: '`lvsctl director down FILE` or `lvsctl realserver down FILE`; a signal ends the monitor',
  reload: 'SIGHUP makes the monitor reload its file',
  load: '`lvsctl rules load`',
  save: '`lvsctl rules save`',
  restore: '`lvsctl rules load`',
  unload: '`lvsctl rules unload`',
  list: '`ipvsadm -Ln` lists the table, `lvsctl monitor status` the servers of the monitor',
  show: '`ipvsadm -Ln` lists the table, `lvsctl monitor status` the servers of the monitor',
  validate: '`lvsctl check FILE`',
  test: '`lvsctl check FILE`',
  convert: '`lvsctl import FILE`',
};

/** Messages of commander, as lvsctl prints them. */
const REWORDED: readonly (readonly [RegExp, string])[] = [
  [/^option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. (.*?)\.?$/s, "$1: `$2': $3"],
  [/^option '(?:-\w, )?(--[\w-]+)[^']*' argument missing$/, '$1: its value is missing'],
  [/^missing required argument '(.*)'$/, 'missing argument: $1'],
  [
    /^too many arguments.*Expected (\d+) arguments? but got (\d+)\.?$/s,
    'too many arguments: expected $1, got $2',
  ],
  [/^unknown (\w+) '(.*)'$/s, "unknown $1 `$2'"],
  [/^command-argument value '(.*)' is invalid for argument '(.*)'\. (.*?)\.?$/s, "$2: `$1': $3"],
];

/** @param command the one whose line has the error */
export function usageError(error: CommanderError, command: Program): LvsctlError {
  const [first = '', ...suggestions] = error.message.replace(/^error: /, '').split('\n');
  const [, suggestion] = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(suggestions.join(' ')) ?? [];
  const rule = REWORDED.find(([pattern]) => pattern.test(first));
  const message = rule ? first.replace(...rule) : first;
  return new LvsctlError('BAD_USAGE', message, hintFor(first, suggestion, command));
}

function hintFor(message: string, suggestion: string | undefined, command: Program): string {
  const [, unknown] = /^unknown command '(.*)'$/.exec(message) ?? [];
  const pointer =
    command.parent === null && unknown !== undefined
      ? pointerFor(unknown, namesOf(command))
      : undefined;
  if (pointer !== undefined) return pointer;
  // commander has suggested an option, or it is a command
  const near = suggestion ?? nearest(unknown ?? '', namesOf(command));
  if (near !== undefined) return `did you mean \`${near}'?`;
  return `\`${fullName(command)} --help\` shows what there is`;
}

/** A command of its own comes before a pointer that is only nearly the same. */
function pointerFor(unknown: string, names: readonly string[]): string | undefined {
  const near = nearest(unknown, [...names, ...Object.keys(POINTERS)]);
  return near === undefined ? undefined : POINTERS[near];
}

function namesOf(command: Program): string[] {
  return command.commands.map((one) => one.name());
}

/** `lvsctl director up` */
export function fullName(command: Program): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/**
 * The hint for a file that does not exist and has nearly the name of a subcommand (`monitor
 * stauts`).
 */
export function similarSubcommand(error: unknown, command: Program): string | undefined {
  if (!isSystemError(error) || error.code !== 'ENOENT') return undefined;
  const { path = '' } = error;
  const name = nearest(path, namesOf(command));
  return name === undefined || !command.args.includes(path)
    ? undefined
    : `did you mean \`${fullName(command)} ${name}\`?`;
}
