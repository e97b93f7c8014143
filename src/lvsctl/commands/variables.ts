// `--set` and `--host`: values of the variables of an lvsctl file, for all commands that read one.
import { InvalidArgumentError, type Command as Program } from 'commander';
import type { FileContext, SetVariable } from '../config/context.js';
import { isSystemError, subjectOf, systemErrorText } from '../systemerror.js';
import type { World } from '../world.js';

export interface VariableOptions {
  readonly set?: readonly SetVariable[];
  readonly host?: string;
}

/** Adds both options. */
export function addVariables(program: Program): Program {
  return program
    .option('--set <name=value>', 'give a variable of the lvsctl file a value', addAssignment)
    .option('--host <name>', 'take the values of this host from hosts (default: this host)');
}

function addAssignment(text: string, before: readonly SetVariable[] = []): readonly SetVariable[] {
  const [, name = '', value = ''] = /^([^=]*)=([\s\S]*)$/.exec(text) ?? [];
  if (!/^[A-Za-z_]\w*$/.test(name))
    throw new InvalidArgumentError(`${text}: a name and a value are needed, like port=8080`);
  return [...before.filter((one) => one.name !== name), { name, value }];
}

/** What a file is read with; `readText` may be another one than that of the world. */
export function fileContext(
  { set = [], host }: VariableOptions,
  world: Pick<World, 'readText' | 'filesMatching' | 'hostName'>,
): FileContext {
  return {
    readText: (path) => world.readText(path),
    filesMatching: world.filesMatching,
    host: host ?? world.hostName(),
    set,
    reasonOf(error) {
      if (!isSystemError(error)) return undefined;
      const [text, subject] = [systemErrorText(error), `${subjectOf(error)}: `];
      return text.startsWith(subject) ? text.slice(subject.length) : text;
    },
  };
}
