// What can be typed after lvsctl, from its commands.

import type { ArgumentNode, CommandNode, OptionNode } from '../lvsctl/tree.js';
import { allCommands } from '../lvsctl/tree.js';
import { FLAG_NAMES, SCHEDULER_NAMES } from '../model/scheduler.js';
import { STATE_NAMES } from '../simulator/states.js';
import { ruleOptions } from './ipvsadm.js';
import {
  ANY,
  ask,
  type CompletedProgram,
  FILE,
  list,
  type OfferedValues,
  type Spot,
  type SpotOption,
} from './spot.js';

/**
 * OfferedValues of options and arguments that have no choices of their own: by command and name, by name
 * alone, else by what the value is called.
 */
// biome-ignore format: a table
const VALUES: Readonly<Record<string, OfferedValues>> = {
  'show connections --service': ask('live-services'),
  'show connections --server': ask('live-servers'),
  'show connections --state': list(STATE_NAMES),
  'show connections --count': list(['client', 'client/24', 'service', 'server', 'state']),
  'simulate --service': ask('rule-services'),
  '--service': ask('file-services'),
  '--compare': list(SCHEDULER_NAMES),
  '--only': list(['add', 'edit', 'remove']),
  '--netns': ask('namespaces'),
  '--interface': ask('interfaces'),
  '--flags': list(FLAG_NAMES.map(({ name }) => name)),
  '<server>': ask('file-servers'),
  '<number>': ask('transactions'),
  '<file>': FILE,
  '<path>': FILE,
  '<rules>': FILE,
};

/** Commands whose arguments are a rule with the options of ipvsadm. */
const RULE = 'rule';

/** @param tree lvsctl with all its commands */
export function lvsctlSpots(tree: CommandNode): CompletedProgram {
  return { name: 'lvsctl', commandsAre: 'arguments', spots: allCommands(tree).map(spot) };
}

function spot({ name, commands, options, arguments: own }: CommandNode): Spot {
  const takesRule = own.some((one) => one.name === RULE);
  return {
    path: name,
    commands: commands.map((one) => ({ name: lastOf(one.name), help: one.help })),
    options: [...options.map((one) => option(name, one)), ...(takesRule ? ruleOptions() : [])],
    arguments: own.length === 0 ? [ANY] : own.map((one) => argument(name, one)),
  };
}

const lastOf = (name: string) => name.split(' ').at(-1) ?? '';

function option(command: string, node: OptionNode): SpotOption {
  const { short, long, help, value } = node;
  return {
    names: [...(short === undefined ? [] : [short]), long],
    help,
    ...(value === undefined ? {} : { value: valuesOf(command, long, value, node.choices) }),
  };
}

function argument(command: string, { name, choices }: ArgumentNode): OfferedValues {
  return valuesOf(command, `<${name}>`, name, choices);
}

function valuesOf(
  command: string,
  name: string,
  value: string,
  choices: readonly string[],
): OfferedValues {
  if (choices.length > 0)
    return { kind: 'choices', choices: choices.map((one) => ({ name: one, help: '' })) };
  const keys = [`${command} ${name}`, name, `<${value}>`];
  const found = keys.find((key) => Object.hasOwn(VALUES, key));
  return found === undefined ? ANY : (VALUES[found] ?? ANY);
}
