// One thing done to the machine, as data: it can be printed as a line that a person could type, and
// it can be done.
import type { Change } from '../../model/change.js';
import { changeArguments } from '../../render/rules.js';
import { shellLine } from '../../render/shell.js';
import { LvsctlError } from '../errors.js';
import { reasonOf } from '../failure.js';
import type { Machine } from './machine.js';

export type PlanCommand =
  | {
      readonly kind: 'run';
      readonly program: string;
      readonly args: readonly string[];
      readonly ignoreFailure?: boolean;
    }
  /** @param key below /proc/sys, with slashes */
  | { readonly kind: 'sysctl'; readonly key: string; readonly value: string }
  | { readonly kind: 'rule'; readonly change: Change };

/** A command failed; `message` names it and the reason, for stderr. */
export class CommandError extends LvsctlError {
  override readonly name = 'CommandError';
  constructor(message: string) {
    super('COMMAND_FAILED', message);
  }
}

/** The command as a line for a shell; a comment where ipvsadm has no option for it. */
export function printCommand(command: PlanCommand): string {
  switch (command.kind) {
    case 'run':
      return shellLine([command.program, ...command.args]);
    case 'sysctl':
      return shellLine(['sysctl', '-w', `${sysctlName(command.key)}=${command.value}`]);
    case 'rule': {
      const args = changeArguments(command.change);
      return args
        ? shellLine(['ipvsadm', ...args])
        : `# ${command.change.kind}: ipvsadm has no option for this`;
    }
    default:
      return command satisfies never;
  }
}

/** Does it; rules are the transaction's. @throws CommandError, unless the command may fail */
export async function perform(command: PlanCommand, machine: Machine): Promise<void> {
  switch (command.kind) {
    case 'run': {
      const { status, stderr } = machine.run(command.program, command.args);
      if (status !== 0 && !command.ignoreFailure)
        throw failure(command, stderr.trim() || `exit status ${status}`);
      return;
    }
    case 'sysctl':
      try {
        machine.write(`/proc/sys/${command.key}`, command.value);
      } catch (error) {
        throw Object.assign(failure(command, reasonOf(error)), { cause: error });
      }
      return;
    case 'rule':
      throw new Error(`${printCommand(command)}: rules are changed by their transaction alone`);
    default:
      return command satisfies never;
  }
}

/**
 * `net.ipv4.ip_forward`; names of interfaces may hold dots, and then the slashes stay, which
 * sysctl(8) takes as well.
 */
export function sysctlName(key: string): string {
  return key.includes('.') ? key : key.replaceAll('/', '.');
}

function failure(command: PlanCommand, why: string): CommandError {
  return new CommandError(`${printCommand(command)}: ${why}`);
}
