// Takes a machine to the wanted settings and back. Each change is noted before it is made, so that
// whatever happens in between, what was there before is known; each is made only when it is needed,
// so that everything can be done again.
import { type Command, CommandError, perform } from './command.js';
import type { Entry, Journal } from './journal.js';
import { bind } from './kinds.js';
import type { Machine } from './machine.js';
import type { Setting, State, Subject } from './setting.js';

/** Who carries out a plan: the machine itself, or a printer. */
export interface Doer {
  readonly journal: Journal;
  /** Notes and makes the change of one subject. */
  change(subject: Subject, from: State, to: State, commands: readonly Command[]): Promise<void>;
  /**
   * A subject is as wanted because another file made it so: it is this file's as well from now on.
   */
  claim(subject: Subject, former: State, set: State): void;
  /** A subject is as it was before all of this. */
  restored(subject: Subject): void;
  /** A subject is left as it is: somebody else changed it since. */
  foreign(subject: Subject, actual: State, set: State): void;
}

/** Does what it is told, and keeps the record. */
export function realDoer(machine: Machine, journal: Journal, said: Said): Doer {
  return {
    journal,
    async change(subject, from, to, commands) {
      journal.note(subject, from, to);
      for (const command of commands) {
        await perform(command, machine);
        said.did(command);
      }
      journal.settle(subject);
    },
    claim(subject, former, set) {
      journal.note(subject, former, set);
      journal.settle(subject);
    },
    restored: (subject) => journal.forget(subject),
    foreign(subject, actual, set) {
      journal.forget(subject);
      said.left(subject, actual, set);
    },
  };
}

/** Only says what would be done. */
export function dryDoer(journal: Journal, said: Said): Doer {
  return {
    journal,
    async change(_, __, ___, commands) {
      for (const command of commands) said.did(command);
    },
    claim() {},
    restored() {},
    foreign: said.left,
  };
}

/** Where a doer tells what it does. */
export interface Said {
  did(command: Command): void;
  left(subject: Subject, actual: State, set: State): void;
}

/**
 * Brings every setting about, in their order; what the record has of settings that are no longer
 * wanted is taken back first.
 * @throws CommandError when a change fails; what this run changed is taken back then
 */
export async function up(
  settings: readonly Setting[],
  machine: Machine,
  doer: Doer,
): Promise<void> {
  const wanted = new Set(settings.map(({ subject }) => JSON.stringify(subject)));
  await undo(
    doer.journal.entries.filter(({ subject }) => !wanted.has(JSON.stringify(subject))),
    machine,
    doer,
  );
  const done: Done[] = [];
  try {
    for (const { subject, wanted } of settings) {
      const bound = bind(subject);
      const from = await bound.read(machine);
      if (bound.same(from, wanted)) {
        const other = doer.journal.shared(subject);
        if (other && !doer.journal.find(subject)) doer.claim(subject, other.former, wanted);
        continue;
      }
      done.push({ subject, from, fresh: doer.journal.find(subject) === undefined });
      await doer.change(subject, from, wanted, bound.commands(from, wanted));
    }
  } catch (error) {
    await takeBack(done, machine, doer, error);
    throw error;
  }
}

/** Puts back what the record tells of, last change first. */
export async function down(machine: Machine, doer: Doer): Promise<void> {
  await undo(doer.journal.entries, machine, doer);
}

export interface Comparison {
  readonly subject: Subject;
  readonly title: string;
  /** as text */
  readonly wanted: string;
  readonly actual: string;
  readonly same: boolean;
  /** the same as values */
  readonly states: { readonly desired: State; readonly actual: State };
}

/** Wanted and actual, line by line. */
export async function compare(
  settings: readonly Setting[],
  machine: Machine,
): Promise<Comparison[]> {
  const lines: Comparison[] = [];
  for (const { subject, wanted } of settings) {
    const bound = bind(subject);
    const actual = await bound.read(machine);
    lines.push({
      subject,
      title: bound.title,
      wanted: bound.show(wanted),
      actual: bound.show(actual),
      same: bound.same(actual, wanted),
      states: { desired: wanted, actual },
    });
  }
  return lines;
}

async function undo(entries: readonly Entry[], machine: Machine, doer: Doer): Promise<void> {
  for (const { subject, former, set, settled } of [...entries].reverse()) {
    const bound = bind(subject);
    const actual = await bound.read(machine);
    const interfaceGone = subject.kind === 'sysctl' && actual === null;
    if (interfaceGone || doer.journal.shared(subject)) {
      doer.restored(subject); // nothing is left to restore, or another file still needs it and will restore it
      continue;
    }
    if (
      bound.shared &&
      settled &&
      actual !== null &&
      !bound.same(actual, set) &&
      !bound.same(actual, former)
    ) {
      doer.foreign(subject, actual, set);
      continue;
    }
    const commands = bound.commands(actual, former);
    if (commands.length > 0) await doer.change(subject, actual, former, commands);
    doer.restored(subject);
  }
}

interface Done {
  readonly subject: Subject;
  readonly from: State;
  /** first changed by this run */
  readonly fresh: boolean;
}

/** After a failure: what this run changed becomes what it was before the run. */
async function takeBack(
  done: readonly Done[],
  machine: Machine,
  doer: Doer,
  reason: unknown,
): Promise<void> {
  try {
    for (const { subject, from, fresh } of [...done].reverse()) {
      const bound = bind(subject);
      const actual = await bound.read(machine);
      const commands = bound.commands(actual, from);
      if (commands.length > 0) await doer.change(subject, actual, from, commands);
      if (fresh) doer.restored(subject);
    }
  } catch (error) {
    if (!(error instanceof CommandError && reason instanceof Error)) throw error;
    throw new CommandError(
      `${reason.message}\nand taking back what was done failed: ${error.message}`,
    );
  }
}
