// Takes a machine to the desired settings and back. Each change is recorded before it is made, so
// that what was there before is known after any failure; each is made only when it is
// needed, so that everything can be done again.
import { expectedError } from '../failure.js';
import { CommandError, type PlanCommand, perform } from './command.js';
import type { Journal, JournalEntry, Position } from './journal.js';
import type { Machine } from './machine.js';
import { localAddresses, prefixed } from './network.js';
import type { Others } from './others.js';
import { type Renames, renamedResource, renamedState, renamesSince } from './rename.js';
import {
  type BoundResource,
  keyOf,
  type Resource,
  type ResourceState,
  resourceWith,
  type Setting,
} from './resources.js';
import { type MachineSnapshot, snapshot } from './snapshot.js';

/** What carries out a plan: the machine itself, or a printer. */
export interface Executor {
  readonly journal: Journal;
  readonly others: Others;
  readonly machine: MachineSnapshot;
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
): Executor {
  const view = snapshot(machine);
  return {
    journal,
    others,
    machine: view,
    report,
    async perform(command) {
      await perform(command, view);
      report.ran(command);
    },
  };
}

/** Only reports what would be done. @param journal writes nowhere */
export function dryRun(
  machine: Machine,
  journal: Journal,
  others: Others,
  report: Reporter,
): Executor {
  return {
    journal,
    others,
    machine: snapshot(machine),
    report,
    perform: async (command) => report.ran(command),
  };
}

/**
 * A resource that this run touched, what it was before the run, and its lines in the record then.
 */
interface Done {
  readonly resource: Resource;
  readonly bound: BoundResource;
  readonly from: ResourceState;
  readonly position: Position;
}

/**
 * Brings every setting about, in their order; what the record has of settings that are no longer
 * desired is reverted first.
 * @throws CommandError, or a system error of the record, when a change fails; what this run changed
 *   is then as it was before, or the message names what is not
 */
export async function up(settings: readonly Setting[], executor: Executor): Promise<void> {
  const { journal } = executor;
  const desired = new Set(settings.map(({ resource }) => keyOf(resource)));
  const obsolete = journal.entries.filter(
    ({ resource }) => !desired.has(keyOf(resource)) && !staysAway(resource, settings),
  );
  const done: Done[] = [];
  try {
    const renames = renamesOf(journal, executor.machine);
    for (const entry of obsolete.reverse()) await restore(entry, executor, renames, done);
    for (const setting of settings) await bringAbout(setting, executor, done);
  } catch (error) {
    await rollback(done, executor, error);
    throw error;
  }
  journal.finish();
}

/** An address that was taken away is no setting any more once it is removed; its VIP still is. */
function staysAway(resource: Resource, settings: readonly Setting[]): boolean {
  if (resource.kind !== 'extra_address') return false;
  const [host] = resource.address.split('/');
  return settings.some(
    ({ resource: one }) => one.kind === 'address' && one.address.split('/')[0] === host,
  );
}

/**
 * Restores what is in the record, last change first. One that fails does not keep the others
 * from being restored, and stays in the record.
 * @throws CommandError with all that failed
 */
export async function down(executor: Executor): Promise<void> {
  const { journal, machine } = executor;
  const failures: string[] = [];
  const renames = renamesOf(journal, machine);
  for (const [from, to] of renames) executor.report.warn(`interface ${from} is called ${to} now`);
  for (const entry of [...journal.entries].reverse()) {
    try {
      await restore(entry, executor, renames, []);
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  journal.finish();
  if (failures.length > 0) throw new CommandError(failures.join('\n'));
}

function renamesOf(journal: Journal, machine: MachineSnapshot): Renames {
  return renamesSince(journal.header?.links ?? {}, machine);
}

async function bringAbout(
  { resource, desired }: Setting,
  executor: Executor,
  done: Done[],
): Promise<void> {
  const { journal, machine, others } = executor;
  const bound = resourceWith(resource);
  const from = await bound.read(machine);
  const position = journal.position(resource);
  if (bound.same(from, desired)) {
    // it is so because another file made it so: it is this file's as well from now on
    const other = others.find(resource);
    if (!other || journal.find(resource)) return;
    done.push({ resource, bound, from, position });
    journal.note(resource, other.entry.previous, desired);
  } else {
    done.push({ resource, bound, from, position });
    journal.note(resource, from, desired);
    for (const command of bound.commands(from, desired)) await executor.perform(command);
  }
  journal.commit(resource);
}

/** Restores the previous state of an entry, where no other file or program has changed it since. */
async function restore(
  entry: JournalEntry,
  executor: Executor,
  renames: Renames,
  done: Done[],
): Promise<void> {
  const { journal, machine, report } = executor;
  const { resource } = entry;
  const live = renamedResource(resource, renames);
  const bound = resourceWith(live);
  const actual = await bound.read(machine);
  done.push({ resource, bound, from: actual, position: journal.position(resource) });
  const previous = renamedState(resource, entry.previous, renames);
  const set = renamedState(resource, entry.set, renames);
  const kept = reasonToKeep({ ...entry, resource: live, previous, set }, bound, actual, executor);
  if (kept !== undefined) {
    if (kept !== '') report.warn(kept);
    journal.forget(resource);
    return;
  }
  const commands = bound.commands(actual, previous);
  if (commands.length > 0) journal.reopen(resource);
  for (const command of commands) await executor.perform(command);
  journal.forget(resource);
}

/** @returns why it stays as it is, '' when that needs no message; undefined when it is restored */
function reasonToKeep(
  { resource, previous, set, committed }: JournalEntry,
  bound: BoundResource,
  actual: ResourceState,
  { others, machine }: Executor,
): string | undefined {
  if (resource.kind === 'sysctl' && actual === null) return ''; // removed with its interface
  const other = others.find(resource);
  if (other) return `${bound.title}: left at ${bound.show(actual)}, which ${other.file} needs`;
  if (resource.kind === 'address' && actual === false && previous === false) {
    const elsewhere = holderOf(resource.address, machine);
    if (elsewhere !== undefined)
      return `${bound.title}: it is on ${elsewhere} now, where lvsctl did not put it; left there`;
  }
  const changedSince =
    committed && actual !== null && !bound.same(actual, set) && !bound.same(actual, previous);
  if (!bound.shared || !changedSince) return undefined;
  return `${bound.title}: left at ${bound.show(actual)}: changed by others after up set ${bound.show(set)}`;
}

function holderOf(address: string, machine: MachineSnapshot): string | undefined {
  return localAddresses(machine).find((one) => prefixed(one) === address)?.device;
}

/** After a failure: what this run changed becomes what it was before the run. */
async function rollback(
  done: readonly Done[],
  { journal, machine, perform, report }: Executor,
  reason: unknown,
): Promise<void> {
  machine.refresh();
  const failures: string[] = [];
  let changed = 0;
  for (const { resource, bound, from, position } of [...done].reverse()) {
    try {
      const actual = await bound.read(machine);
      const commands = bound.commands(actual, from);
      if (commands.length > 0) {
        journal.reopenAt(resource, position);
        changed++;
      }
      for (const command of commands) await perform(command);
      journal.reset(resource, position);
    } catch (error) {
      failures.push(`${bound.title} is not as before: ${messageOf(error)}`);
    }
  }
  try {
    journal.finish();
  } catch (error) {
    failures.push(messageOf(error));
  }
  if (failures.length > 0 && reason instanceof Error)
    throw new CommandError([messageOf(reason), ...failures].join('\n'));
  report.warn(
    changed > 0 ? 'what this run had changed is as it was before' : 'nothing was changed',
  );
}

/** @throws the error itself when it is a bug */
function messageOf(error: unknown): string {
  const expected = expectedError(error);
  if (!expected) throw error;
  return expected.message;
}

export interface Comparison {
  readonly resource: Resource;
  readonly title: string;
  /** as text */
  readonly desired: string;
  readonly actual: string;
  readonly same: boolean;
  /** the same as values */
  readonly states: { readonly desired: ResourceState; readonly actual: ResourceState };
}

/** Desired and actual state, line by line. */
export async function compare(
  settings: readonly Setting[],
  machine: Machine,
): Promise<Comparison[]> {
  const view = snapshot(machine);
  const lines: Comparison[] = [];
  for (const { resource, desired } of settings) {
    const bound = resourceWith(resource);
    const actual = await bound.read(view);
    lines.push({
      resource,
      title: bound.title,
      desired: bound.show(desired),
      actual: bound.show(actual),
      same: bound.same(actual, desired),
      states: { desired: desired, actual },
    });
  }
  return lines;
}
