// The stages of a run: a setting of the machine alone, rules that follow each other together.
import type { Executor } from './executor.js';
import type { JournalEntry } from './journal.js';
import type { Renames } from './rename.js';
import { keyOf, type Resource, type Setting } from './resources.js';
import { isRule, type RuleKind, type RuleTarget } from './rulechanges.js';
import { bringAbout, restore, type Task } from './tasks.js';

export type Stage =
  /** is read when its turn comes: an earlier one may have changed it */
  | { readonly kind: 'machine'; prepare(): Promise<Task | undefined> }
  /** read before the first change */
  | { readonly kind: 'rules'; readonly tasks: readonly Task[] };

/** What is to be done, in order. */
type StageItem = { readonly resource: Resource; prepare(): Promise<Task | undefined> };

/**
 * First what the record has and the settings no longer do, the last change first; then the
 * settings. Services that are no longer desired go with the desired ones, so that additions come
 * first.
 */
export async function stagesUp(
  settings: readonly Setting[],
  renames: Renames,
  executor: Executor,
): Promise<readonly Stage[]> {
  const desired = new Set(settings.map(({ resource }) => keyOf(resource)));
  const obsolete = [...executor.journal.entries]
    .reverse()
    .filter(({ resource }) => !desired.has(keyOf(resource)) && !staysAway(resource, settings))
    .map((entry) => restoring(entry, renames, executor));
  const items = settings.map(
    (setting): StageItem => ({
      resource: setting.resource,
      prepare: () => bringAbout(setting, executor),
    }),
  );
  const first = items.findIndex(({ resource }) => isTable(resource));
  if (first < 0) return grouped([...obsolete, ...items]);
  return grouped([
    ...obsolete.filter(({ resource }) => !isTable(resource)),
    ...items.slice(0, first),
    ...obsolete.filter(({ resource }) => isTable(resource)),
    ...items.slice(first),
  ]);
}

/** An address that was taken away is no setting any more once it is removed; its VIP still is. */
function staysAway(resource: Resource, settings: readonly Setting[]): boolean {
  if (resource.kind !== 'extra_address') return false;
  const [host] = resource.address.split('/');
  return settings.some(
    ({ resource: one }) => one.kind === 'address' && one.address.split('/')[0] === host,
  );
}

/** Everything in the record, the last change first. */
export function stagesDown(renames: Renames, executor: Executor): Promise<readonly Stage[]> {
  const entries = [...executor.journal.entries].reverse();
  return grouped(entries.map((entry) => restoring(entry, renames, executor)));
}

/** The rules that are to be changed, of all stages. */
export function targetsOf(stages: readonly Stage[]): readonly RuleTarget[] {
  return stages.flatMap((stage) =>
    stage.kind === 'rules'
      ? changing(stage.tasks).map(
          ({ live, to }) => ({ resource: live, state: to.state }) as RuleTarget,
        )
      : [],
  );
}

/** The rules of a stage that are to be changed. */
export function rulesIn(tasks: readonly Task[]): readonly Resource<RuleKind>[] {
  return changing(tasks).flatMap(({ live }) => (isRule(live) ? [live] : []));
}

function changing(tasks: readonly Task[]) {
  return tasks.filter(
    (task): task is Task & { to: NonNullable<Task['to']> } => task.to !== undefined,
  );
}

function restoring(entry: JournalEntry, renames: Renames, executor: Executor): StageItem {
  return { resource: entry.resource, prepare: () => restore(entry, renames, executor) };
}

/** Not the sync daemons, which have their own place in the order. */
function isTable({ kind }: Resource): boolean {
  return kind === 'service' || kind === 'timeouts';
}

async function grouped(items: readonly StageItem[]): Promise<readonly Stage[]> {
  const stages: Stage[] = [];
  let tasks: Task[] | undefined;
  for (const { resource, prepare } of items) {
    if (!isRule(resource)) {
      tasks = undefined;
      stages.push({ kind: 'machine', prepare });
      continue;
    }
    if (tasks === undefined) {
      tasks = [];
      stages.push({ kind: 'rules', tasks });
    }
    const task = await prepare();
    if (task) tasks.push(task);
  }
  return stages;
}
