// The commands of lvsctl as plain data, for what is made from them: manual pages and completion.
import type { Argument, Option, Command as Program } from 'commander';
import { fullName } from './usage.js';

export interface CommandNode {
  /** as in `director up`; '' = lvsctl itself */
  readonly name: string;
  /** the first line of its help text, without `Usage:` */
  readonly usage: string;
  readonly help: string;
  readonly arguments: readonly ArgumentNode[];
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
}

export interface ArgumentNode {
  readonly name: string;
  readonly help: string;
  readonly variadic: boolean;
  readonly choices: readonly string[];
}

export interface OptionNode {
  /** as the help text has them: `-n, --dry-run`, `--file <path>` */
  readonly flags: string;
  readonly long: string;
  readonly short?: string;
  /** what its value is called; absent for an option without one */
  readonly value?: string;
  readonly choices: readonly string[];
  /** with choices and default, as in the help text */
  readonly help: string;
}

/** @param program with the options of its command, and those of all below it */
export function commandTree(program: Program): CommandNode {
  const help = program.createHelp();
  const visible = help.visibleCommands(program).filter((one) => one.name() !== 'help');
  return {
    name: fullName(program).replace(/^lvsctl ?/, ''),
    usage: help.commandUsage(program),
    help: program.description(),
    arguments: program.registeredArguments.map((one) => ({
      ...argumentNode(one),
      help: help.argumentDescription(one),
    })),
    options: help.visibleOptions(program).map((one) => ({
      ...optionNode(one),
      help: help.optionDescription(one),
    })),
    commands: visible.map(commandTree),
  };
}

/** A command and all below it, in order. */
export function allCommands(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.commands.flatMap(allCommands)];
}

function argumentNode(argument: Argument): Omit<ArgumentNode, 'help'> {
  return {
    name: argument.name(),
    variadic: argument.variadic,
    choices: argument.argChoices ?? [],
  };
}

function optionNode({ flags, short, long, argChoices }: Option): Omit<OptionNode, 'help'> {
  const [, value] = /[<[]([^>\]]+)[>\]]$/.exec(flags) ?? [];
  return {
    flags,
    long: long ?? '',
    ...(short === undefined ? {} : { short }),
    ...(value === undefined ? {} : { value }),
    choices: argChoices ?? [],
  };
}
