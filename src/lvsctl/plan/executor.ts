// What carries out a plan: the machine itself, or a printer.
import { type PlanCommand, perform } from './command.js';
import type { Journal } from './journal.js';
import type { Machine } from './machine.js';
import type { Others } from './others.js';
import type { RuleChanges } from './rulechanges.js';
import { type MachineSnapshot, snapshot } from './snapshot.js';

export interface Executor {
  readonly journal: Journal;
  readonly others: Others;
  readonly machine: MachineSnapshot;
  readonly rules: RuleChanges;
  perform(command: PlanCommand): Promise<void>;
  readonly report: Reporter;
}

/** Where an executor reports what it does. */
export interface Reporter {
  /** a command was carried out */
  ran(command: PlanCommand): void;
  /** something is not restored, or not as expected: one line */
  warn(text: string): void;
}

/** Makes the changes. */
export function executor(
  machine: Machine,
  journal: Journal,
  others: Others,
  report: Reporter,
  rules: RuleChanges,
): Executor {
  const view = snapshot(machine);
  return {
    journal,
    others,
    machine: view,
    rules,
    report,
    async perform(command) {
      await perform(command, view);
      report.ran(command);
    },
  };
}

/**
 * Only reports what would be done.
 * @param journal writes nowhere
 * @param rules that change nothing
 */
export function dryRun(
  machine: Machine,
  journal: Journal,
  others: Others,
  report: Reporter,
  rules: RuleChanges,
): Executor {
  return {
    ...executor(machine, journal, others, report, rules),
    perform: async (command) => report.ran(command),
  };
}
