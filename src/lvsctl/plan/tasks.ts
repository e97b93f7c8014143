// What a run does to one resource: brings a state about, or restores what was there before. Each
// knows what to record ahead of the change and after it.
import type { Executor } from './executor.js';
import type { JournalEntry, Position } from './journal.js';
import { localAddresses, prefixed } from './network.js';
import { type Renames, renamedResource, renamedState } from './rename.js';
import {
  type BoundResource,
  type Resource,
  type ResourceState,
  resourceWith,
  type Setting,
} from './resources.js';
import { isRule } from './rulechanges.js';

/** One resource whose change is about to be made. */
export interface Task {
  /** as the record has it: interfaces by the names that they had then */
  readonly resource: Resource;
  /** by the names that they have now */
  readonly live: Resource;
  readonly bound: BoundResource;
  readonly from: ResourceState;
  /** undefined: it stays as it is, and only the record changes */
  readonly to: { readonly state: ResourceState } | undefined;
  /** its lines in the record before the run */
  readonly position: Position;
  /** records it ahead of the change */
  begin(): void;
  /** records that the change has been made */
  end(): void;
}

/** @returns undefined when there is nothing to do */
export async function bringAbout(
  { resource, desired }: Setting,
  executor: Executor,
): Promise<Task | undefined> {
  const { journal, others } = executor;
  if (await isKept(resource, executor)) return undefined;
  const bound = resourceWith(resource);
  const from = await readState(resource, executor);
  const common = {
    resource,
    live: resource,
    bound,
    from,
    position: journal.position(resource),
    end: () => journal.commit(resource),
  };
  if (!bound.same(from, desired))
    return {
      ...common,
      to: { state: desired },
      begin: () => journal.note(resource, from, desired),
    };
  // it is so because another file made it so: it is this file's as well from now on
  const other = others.find(resource);
  if (!other || journal.find(resource)) return undefined;
  const { previous } = other.entry;
  return { ...common, to: undefined, begin: () => journal.note(resource, previous, desired) };
}

/**
 * The previous state of an entry, where no other file or program has changed it since.
 * @returns undefined when there is nothing to do
 */
export async function restore(
  entry: JournalEntry,
  renames: Renames,
  executor: Executor,
): Promise<Task | undefined> {
  const { journal, report } = executor;
  const { resource } = entry;
  const live = renamedResource(resource, renames);
  if (await isKept(live, executor)) return undefined;
  const bound = resourceWith(live);
  const from = await readState(live, executor);
  const previous = renamedState(resource, entry.previous, renames);
  const set = renamedState(resource, entry.set, renames);
  const common = {
    resource,
    live,
    bound,
    from,
    position: journal.position(resource),
    end: () => journal.forget(resource),
  };
  const kept = reasonToKeep({ ...entry, resource: live, previous, set }, bound, from, executor);
  if (kept === undefined) {
    const changes = bound.commands(from, previous).length > 0;
    const begin = () => changes && journal.reopen(resource);
    return { ...common, to: { state: previous }, begin };
  }
  return { ...common, to: undefined, begin: () => kept !== '' && report.warn(kept) };
}

/** Rules as they were before the run: they are read once. */
function readState(resource: Resource, { rules, machine }: Executor): Promise<ResourceState> {
  return isRule(resource) ? rules.state(resource) : resourceWith(resource).read(machine);
}

async function isKept(resource: Resource, { rules, report }: Executor): Promise<boolean> {
  const why = isRule(resource) ? await rules.keptBy(resource) : undefined;
  if (why !== undefined) report.warn(why);
  return why !== undefined;
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
    const elsewhere = localAddresses(machine).find((one) => prefixed(one) === resource.address);
    if (elsewhere !== undefined)
      return (
        `${bound.title}: it is on ${elsewhere.device} now, where lvsctl ` +
        `did not put it; left there`
      );
  }
  const changedSince =
    committed && actual !== null && !bound.same(actual, set) && !bound.same(actual, previous);
  if (!bound.shared || !changedSince) return undefined;
  return (
    `${bound.title}: left at ${bound.show(actual)}: changed by others ` +
    `after up set ${bound.show(set)}`
  );
}
