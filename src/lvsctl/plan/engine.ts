// Takes a machine to the desired settings and back. Each change is recorded before it is made, so
// that what was there before is known after any failure; each is made only when it is
// needed, so that everything can be done again.
import { readTable } from '../../backend/readtable.js';
import { LvsctlError } from '../errors.js';
import { expectedError } from '../failure.js';
import { CommandError } from './command.js';
import type { Executor } from './executor.js';
import type { Journal } from './journal.js';
import type { Machine } from './machine.js';
import { type Renames, renamesSince } from './rename.js';
import { type Resource, type ResourceState, resourceWith, type Setting } from './resources.js';
import { hasRules, serviceIn } from './rules.js';
import { type MachineSnapshot, snapshot } from './snapshot.js';
import { rulesIn, type Stage, stagesDown, stagesUp, targetsOf } from './stages.js';
import type { Task } from './tasks.js';

/** What a stage of this run was about. */
interface Done {
  readonly kind: Stage['kind'];
  readonly tasks: readonly Task[];
}

/**
 * Brings every setting about, in their order; what the record has of settings that are no longer
 * desired is reverted. All rules of IPVS are one transaction, checked before the first change.
 * @throws CommandError, or a system error of the record, when a change fails: what this run changed
 *   is as it was before; NOT_RESTORED when the message names what is not
 */
export async function up(settings: readonly Setting[], executor: Executor): Promise<void> {
  const { journal, rules } = executor;
  const done: Done[] = [];
  const stages = await stagesUp(settings, renamesOf(journal, executor.machine), executor);
  await rules.begin(targetsOf(stages));
  try {
    for (const stage of stages) await carryOut(stage, executor, done);
  } catch (error) {
    await rollback(done, executor, error);
    throw error;
  }
  const differing = await rules.end();
  journal.finish();
  if (differing !== undefined) throw notRestored([differing]);
}

async function carryOut(stage: Stage, executor: Executor, done: Done[]): Promise<void> {
  if (stage.kind === 'rules') return makeRules(stage.tasks, executor, done);
  const task = await stage.prepare();
  if (task === undefined) return;
  done.push({ kind: 'machine', tasks: [task] });
  task.begin();
  if (task.to !== undefined)
    for (const command of task.bound.commands(task.from, task.to.state))
      await executor.perform(command);
  task.end();
}

async function makeRules(tasks: readonly Task[], { rules }: Executor, done: Done[]): Promise<void> {
  done.push({ kind: 'rules', tasks });
  for (const task of tasks) task.begin();
  await rules.make(rulesIn(tasks));
  for (const task of tasks) task.end();
}

/**
 * Restores what is in the record, last change first. One that fails does not keep the others
 * from being restored, and stays in the record; of the rules all are restored, or none.
 * @throws NOT_RESTORED with all that failed
 */
export async function down(executor: Executor): Promise<void> {
  const { journal, machine, rules } = executor;
  const renames = renamesOf(journal, machine);
  for (const [from, to] of renames) executor.report.warn(`interface ${from} is called ${to} now`);
  const stages = await stagesDown(renames, executor);
  await rules.begin(targetsOf(stages));
  const failures: string[] = [];
  const restored: Done[] = [];
  let refused: string | undefined;
  for (const stage of stages) {
    if (stage.kind === 'rules' && refused !== undefined) continue;
    try {
      if (stage.kind === 'machine') await carryOut(stage, executor, []);
      else await restoreRules(stage.tasks, executor, restored);
    } catch (error) {
      failures.push(messageOf(error));
      if (stage.kind === 'machine') continue;
      refused = messageOf(error);
      failures.push(...(await takeBack(restored, executor)).failures);
    }
  }
  if (refused === undefined) for (const { tasks } of restored) for (const task of tasks) task.end();
  const differing = await rules.end(refused);
  if (differing !== undefined) failures.push(differing);
  journal.finish();
  if (failures.length > 0) throw notRestored(failures);
}

/** What this run left is neither what was there before nor what was to be. */
function notRestored(lines: readonly string[]): LvsctlError {
  return new LvsctlError('NOT_RESTORED', lines.join('\n'));
}

/** Their record goes when all rules are restored. */
async function restoreRules(
  tasks: readonly Task[],
  { rules }: Executor,
  restored: Done[],
): Promise<void> {
  restored.push({ kind: 'rules', tasks });
  for (const task of tasks) task.begin();
  await rules.make(rulesIn(tasks));
}

function renamesOf(journal: Journal, machine: MachineSnapshot): Renames {
  return renamesSince(journal.header?.links ?? {}, machine);
}

/** After a failure: what this run changed becomes what it was before the run. */
async function rollback(done: readonly Done[], executor: Executor, reason: unknown): Promise<void> {
  const { journal, machine, rules, report } = executor;
  machine.refresh();
  const { changed, failures } = await takeBack(done, executor);
  await rules.end(reason instanceof Error ? reason.message : String(reason));
  const unfinished: string[] = [];
  try {
    journal.finish();
  } catch (error) {
    unfinished.push(messageOf(error));
  }
  if (failures.length > 0) throw notRestored([messageOf(reason), ...failures, ...unfinished]);
  if (unfinished.length > 0) throw new CommandError([messageOf(reason), ...unfinished].join('\n'));
  report.warn(changed ? 'what this run had changed is as it was before' : 'nothing was changed');
}

async function takeBack(
  done: readonly Done[],
  executor: Executor,
): Promise<{ readonly changed: boolean; readonly failures: string[] }> {
  const { journal } = executor;
  const failures: string[] = [];
  let changed = false;
  for (const { kind, tasks } of [...done].reverse()) {
    const before = () => {
      changed = true;
      for (const { resource, position } of tasks) journal.reopenAt(resource, position);
    };
    try {
      if (kind === 'rules') await executor.rules.takeBack(rulesIn(tasks), before);
      else for (const task of tasks) await undo(task, executor, before);
      for (const { resource, position } of [...tasks].reverse()) journal.reset(resource, position);
    } catch (error) {
      const [only] = kind === 'machine' ? tasks : [];
      failures.push(`${only ? `${only.bound.title} is not as before: ` : ''}${messageOf(error)}`);
    }
  }
  return { changed, failures };
}

async function undo(
  { bound, from }: Task,
  { machine, perform }: Executor,
  before: () => void,
): Promise<void> {
  const commands = bound.commands(await bound.read(machine), from);
  if (commands.length > 0) before();
  for (const command of commands) await perform(command);
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
  const isService = settings.some(({ resource }) => resource.kind === 'service');
  // nothing changes here: one reading of the table will do for thousands of services
  const table =
    isService && hasRules(machine) ? await readTable(await machine.backend()) : undefined;
  for (const { resource, desired } of settings) {
    const bound = resourceWith(resource);
    const actual =
      resource.kind === 'service'
        ? serviceIn(table ?? new Map(), resource.id)
        : await bound.read(view);
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
