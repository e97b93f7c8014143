// Makes the changes of a plan, all or none: a refusal takes back what took effect.
import type { Backend } from '../../backend/backend.js';
import type { Change } from '../../model/change.js';
import { changesOf, diffServices } from '../../model/diff.js';
import type { IpvsError } from '../../model/errors.js';
import type { ServiceKey } from '../../model/table.js';
import { messageFor } from '../../render/messages.js';
import type { LvsctlError } from '../errors.js';
import { expectedError } from '../failure.js';
import { printCommand } from '../plan/command.js';
import { DAEMON, TIMEOUTS } from '../plan/rules.js';
import { differences } from './compare.js';
import { stateAfter, type TablePlan } from './plan.js';
import { type RulesState, readTouched, type Touched, touchedBy } from './state.js';

/** groups of removed services in one transaction */
const MOST_REMOVALS = 100;
/** so many removed services go at once where all or none can be removed (a table file) */
const MANY_REMOVALS = 100;

export type ExecutionResult =
  | { readonly kind: 'done' }
  /** the table is as before */
  | {
      readonly kind: 'reverted';
      readonly error: string;
      /** services whose connections and counters are lost although their rules are back */
      readonly lost: readonly ServiceKey[];
      /** what another program had changed at the same time in the touched services; it is as before too */
      readonly others: readonly string[];
    }
  /** the table is neither */
  | { readonly kind: 'partial'; readonly error: string; readonly differences: readonly string[] };

export interface ExecuteOptions {
  /** called before each group of changes, for a display */
  readonly progress?: (done: number, all: number) => void;
  /**
   * whether servers may be removed for a moment so that their order is that of before: it ends
   * connections where net.ipv4.vs.expire_nodest_conn is 1
   */
  readonly ordered?: boolean;
}

/**
 * Makes the steps in their order; after a refusal everything that was touched becomes what it was.
 * The table is read again in either case, and that reading is the result.
 * @throws only bugs
 */
export async function execute(
  plan: Pick<TablePlan, 'steps' | 'after'>,
  before: RulesState,
  backend: Backend,
  { progress = () => {}, ordered = true }: ExecuteOptions = {},
): Promise<ExecutionResult> {
  const changes = plan.steps.map(({ change }) => change);
  const touched = touchedBy(changes);
  const made: Change[] = [];
  const refused = await makeAll(changes, backend, { progress, made: (one) => made.push(one) });
  if (refused !== undefined) return takeBack(refused, made, before, touched, backend, ordered);
  const left = await check(backend, plan.after, touched);
  return left.length === 0
    ? { kind: 'done' }
    : { kind: 'partial', error: 'the table is not as planned', differences: left };
}

/** Why a change did not take effect. */
export interface RefusedStep {
  readonly why: string;
  /** the backend itself failed: which changes took effect is not known */
  readonly uncertain: boolean;
}

/** Called while changes are made. */
export interface Watching {
  /** before each group of changes, for a display */
  readonly progress?: (done: number, all: number) => void;
  /** after each change that took effect */
  readonly made?: (change: Change) => void;
}

/**
 * Makes changes in their order until one is refused.
 * @returns the refusal; later ones were not tried, but for those beside it
 * @throws only bugs
 */
export async function makeAll(
  changes: readonly Change[],
  backend: Backend,
  { progress = () => {}, made = () => {} }: Watching = {},
): Promise<RefusedStep | undefined> {
  for (let from = 0; from < changes.length; ) {
    progress(from, changes.length);
    const removed = removalsAt(changes, from);
    const whole = backend.applyWhole !== undefined && removed.length >= MANY_REMOVALS;
    const group = whole ? removed : groupAt(changes, from, backend.batchSize);
    const refused = await (whole ? makeWhole : make)(group, backend, made);
    if (refused !== undefined) return refused;
    from += group.length;
  }
  return undefined;
}

/** The services in a row that are removed from here on. */
function removalsAt(changes: readonly Change[], from: number): readonly Change[] {
  if (changes[from]?.kind !== 'delete-service') return [];
  const end = changes.findIndex(({ kind }, i) => i > from && kind !== 'delete-service');
  return changes.slice(from, end < 0 ? undefined : end);
}

/**
 * Changes of one group go together. Removed services, which cannot come back whole, go alone, or a
 * hundredth of all together where there are many.
 */
function groupAt(changes: readonly Change[], from: number, most: number): readonly Change[] {
  const group = groupOf(changes[from]);
  const limit =
    group === 'delete-service' ? Math.min(most, Math.ceil(changes.length / MOST_REMOVALS)) : most;
  let to = from + 1;
  while (to < changes.length && to - from < limit && groupOf(changes[to]) === group) to++;
  return changes.slice(from, to);
}

/** Services and their servers come in turn. */
function groupOf(change: Change | undefined): string | undefined {
  if (change?.kind === 'add-service') return 'add-destination';
  return change?.kind === 'edit-service' ? 'edit-destination' : change?.kind;
}

async function make(
  group: readonly Change[],
  backend: Backend,
  made: (change: Change) => void,
): Promise<RefusedStep | undefined> {
  try {
    const errors = await backend.apply(group);
    for (const [i, change] of group.entries()) if (errors[i] === undefined) made(change);
    return refusal(
      group,
      errors.findIndex((error) => error !== undefined),
      errors.find((error) => error !== undefined),
    );
  } catch (error) {
    return failure(group, error);
  }
}

/** All of a group or none, which costs a table file one write. */
async function makeWhole(
  group: readonly Change[],
  backend: Backend,
  made: (change: Change) => void,
): Promise<RefusedStep | undefined> {
  try {
    const refused = await backend.applyWhole?.(group);
    if (refused !== undefined) return refusal(group, refused.at, refused.error);
    for (const change of group) made(change);
    return undefined;
  } catch (error) {
    return failure(group, error);
  }
}

function refusal(
  group: readonly Change[],
  at: number,
  error: IpvsError | undefined,
): RefusedStep | undefined {
  const change = group[at];
  return error && change && { why: `${line(change)}: ${messageFor(error)}`, uncertain: false };
}

/** @throws the error itself when it is a bug */
function failure([first]: readonly Change[], error: unknown): RefusedStep {
  const { message } = requireExpected(error);
  return { why: first ? `${line(first)}: ${message}` : message, uncertain: true };
}

/** @throws the error itself when it is a bug */
function requireExpected(error: unknown): LvsctlError {
  const expected = expectedError(error);
  if (expected === undefined) throw error;
  return expected;
}

function line(change: Change): string {
  return printCommand({ kind: 'rule', change });
}

async function takeBack(
  { why: error, uncertain }: RefusedStep,
  made: readonly Change[],
  before: RulesState,
  touched: Touched,
  backend: Backend,
  ordered: boolean,
): Promise<ExecutionResult> {
  try {
    const actual = await readTouched(backend, touched);
    const lost = removedIn(actual, before, touched);
    const others = uncertain ? [] : differences(actual, stateAfter(before, made), touched);
    await makeEach(inverse(actual, before, touched, ordered), backend);
    const left = differences(await readTouched(backend, touched), before, touched, { ordered });
    return left.length === 0
      ? { kind: 'reverted', error, lost, others }
      : { kind: 'partial', error, differences: left };
  } catch (failure) {
    const why = requireExpected(failure).message;
    return { kind: 'partial', error, differences: [`what is in the table is not known: ${why}`] };
  }
}

/**
 * Makes changes in their order; one that is refused does not keep the next from being made.
 * @throws BackendError when the backend itself fails
 */
export async function makeEach(
  changes: readonly Change[],
  backend: Backend,
  made: (change: Change) => void = () => {},
): Promise<void> {
  for (let from = 0; from < changes.length; from += backend.batchSize) {
    const group = changes.slice(from, from + backend.batchSize);
    const errors = await backend.apply(group);
    for (const [i, change] of group.entries()) if (errors[i] === undefined) made(change);
  }
}

/** Services that are missing, by whomever they were removed: their rules can be added again. */
export function removedIn(
  actual: RulesState,
  before: RulesState,
  { services }: Touched,
): readonly ServiceKey[] {
  return [...services].filter((key) => before.table.has(key) && !actual.table.has(key));
}

/** The changes that make the previous state of the actual one, for what was touched. */
export function inverse(
  actual: RulesState,
  before: RulesState,
  touched: Touched,
  ordered: boolean,
): readonly Change[] {
  // the kernel puts a new service first, so in its order what comes first is added last
  const keys = [...new Set([...before.table.keys()].reverse().concat([...touched.services]))];
  const services = keys
    .filter((key) => touched.services.has(key))
    .flatMap((key) =>
      // what is added whole gets its order for nothing
      changesOf(
        diffServices(actual.table.get(key), before.table.get(key), {
          ordered: ordered || !actual.table.has(key),
        }),
      ),
    );
  const daemons = [...touched.daemons].flatMap((role) => {
    const find = ({ daemons: all }: RulesState) => all.find((one) => one.role === role) ?? null;
    return DAEMON.commands({ role }, find(actual), find(before)).flatMap((command) =>
      command.kind === 'rule' ? [command.change] : [],
    );
  });
  const timeouts: readonly Change[] =
    touched.timeouts && !TIMEOUTS.same(actual.timeouts, before.timeouts)
      ? [{ kind: 'set-timeouts', timeouts: before.timeouts }]
      : [];
  return [...services, ...timeouts, ...daemons];
}

/** What is not as it should be; that it cannot be read is a difference as well. */
async function check(
  backend: Backend,
  desired: RulesState,
  touched: Touched,
): Promise<readonly string[]> {
  try {
    return differences(await readTouched(backend, touched), desired, touched);
  } catch (error) {
    return [`the table cannot be read: ${requireExpected(error).message}`];
  }
}
