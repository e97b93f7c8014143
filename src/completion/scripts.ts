// The completion scripts: tables as shell functions, with the part that reads them.
import { commandOptions, encodeValues, quote, valuePlaces } from './shell.js';
import type { Choice, CompletedProgram, Spot } from './spot.js';

export type Shell = 'bash' | 'zsh' | 'fish';

/** The fixed parts, by file: engine.sh is for bash and zsh. */
export interface Engines {
  readonly sh: string;
  readonly bash: string;
  readonly zsh: string;
  readonly fish: string;
}

/** One script for all programs. */
export function completionScript(
  shell: Shell,
  programs: readonly CompletedProgram[],
  engines: Engines,
): string {
  const head = '# Made from the tables of lvs-cli by its build. Changes are lost.\n';
  if (shell === 'fish') return `${head}\n${fishTables(programs)}\n${engines.fish}`;
  const describe = shell === 'zsh' ? zshSpot : bashSpot;
  const first = shell === 'zsh' ? '#compdef lvsctl lvs-cli ipvsadm\n' : '';
  return `${first}${head}\n${shTables(programs, describe)}\n${engines.sh}\n${engines[shell]}`;
}

function shTables(programs: readonly CompletedProgram[], describe: (spot: Spot) => string): string {
  const spots = programs.flatMap(({ name, spots: all }) =>
    all.map((spot) => `    ${quote(`${name}:${spot.path}`)}) ${describe(spot)} ;;`),
  );
  const values = valuePlaces(programs).map(
    ({ keys, values: one }) =>
      `    ${keys.map(quote).join('|')})\n      __lvs_values=${quote(encodeValues(one))} ;;`,
  );
  const commands = commandOptions(programs).map(
    ([spelling, path]) => `    ${spelling}) __lvs_path=${path} ;;`,
  );
  return [
    shFunction('__lvs_spot', '# PROGRAM:PATH: sets its commands and options.', spots),
    shFunction(
      '__lvs_find',
      '# PROGRAM:PATH:OPTION: sets what its value can be; fails without one.',
      values,
    ),
    shFunction('__lvs_command', '# OPTION: sets the path of the command of ipvsadm.', commands),
  ].join('\n');
}

function shFunction(name: string, comment: string, cases: readonly string[]): string {
  const lines = [comment, `${name}() {`, '  case $1 in', ...cases];
  return [...lines, '    *) return 1 ;;', '  esac', '}', ''].join('\n');
}

const namesOf = ({ options }: Spot) => options.flatMap(({ names }) => names);
const commandsOf = ({ path, commands }: Spot): readonly Choice[] =>
  path === '' && commands.length > 0
    ? [...commands, { name: 'help', help: 'show the help of a command' }]
    : commands;

function bashSpot(spot: Spot): string {
  const commands = commandsOf(spot).map(({ name }) => name);
  return (
    `__lvs_commands=${quote(commands.join(' '))} ` +
    `__lvs_options=${quote(namesOf(spot).join(' '))}`
  );
}

function zshSpot(spot: Spot): string {
  const commands = commandsOf(spot);
  const colon = (text: string) => text.replaceAll(':', '\\:');
  const shown = commands.map(({ name, help }) => quote(`${colon(name)}:${help}`));
  const options = spot.options.flatMap(({ names, help }) =>
    names.map((name) => quote(`${colon(name)}:${help}`)),
  );
  const all = commands.map(({ name }) => name).join(' ');
  return (
    `__lvs_commands=${quote(all)}\n      ` +
    `__lvs_shown=(${shown.join(' ')})\n      __lvs_options=(${options.join(' ')})`
  );
}

function fishTables(programs: readonly CompletedProgram[]): string {
  const spots = programs.flatMap(({ name, spots: all }) =>
    all.map((spot) => [quote(`${name}:${spot.path}`), fishSpot(spot)] as const),
  );
  const values = valuePlaces(programs).map(
    ({ keys, values: one }) =>
      [keys.map(quote).join(' '), [`set -g __lvs_values ${quote(encodeValues(one))}`]] as const,
  );
  const commands = commandOptions(programs).map(
    ([spelling, path]) => [spelling, [`set -g __lvs_path ${path}`]] as const,
  );
  return [
    fishFunction('__lvs_spot', '# PROGRAM:PATH: sets its commands and options.', spots),
    fishFunction(
      '__lvs_find',
      '# PROGRAM:PATH:OPTION: sets what its value can be; fails without one.',
      values,
    ),
    fishFunction('__lvs_command', '# OPTION: sets the path of the command of ipvsadm.', commands),
  ].join('\n');
}

function fishFunction(
  name: string,
  comment: string,
  cases: readonly (readonly [patterns: string, body: readonly string[]])[],
): string {
  const lines = cases.flatMap(([patterns, body]) => [
    `        case ${patterns}`,
    ...body.map((line) => `            ${line}`),
  ]);
  const head = [comment, `function ${name}`, '    switch "$argv[1]"', ...lines];
  return [...head, "        case '*'", '            return 1', '    end', 'end', ''].join('\n');
}

function fishSpot(spot: Spot): readonly string[] {
  const commands = commandsOf(spot);
  const tabbed = ({ name, help }: Choice) => quote(`${name}\t${help}`);
  const options = spot.options.flatMap(({ names, help }) =>
    names.map((name) => tabbed({ name, help })),
  );
  return [
    `set -g __lvs_commands ${commands.map(({ name }) => name).join(' ')}`,
    `set -g __lvs_shown ${commands.map(tabbed).join(' ')}`,
    `set -g __lvs_options ${options.join(' ')}`,
  ];
}
