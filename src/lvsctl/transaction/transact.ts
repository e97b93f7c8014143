// One transaction from the desired rules to its outcome: under the lock, recorded, all or nothing.
import type { Backend } from '../../backend/backend.js';
import { LvsctlError } from '../errors.js';
import { hasRules } from '../plan/rules.js';
import type { World } from '../world.js';
import {
  conclude,
  expiresNodest,
  record,
  refusePending,
  timeOf,
  warnInterrupted,
} from './begin.js';
import { checkPlan } from './check.js';
import type { TransactionEntry, TransactionOutcome } from './entry.js';
import { type ExecutionResult, execute } from './execute.js';
import { removePending, writePending } from './pending.js';
import { type DesiredRules, type PlanOptions, planChanges, type TablePlan } from './plan.js';
import { type LiveRules, NO_RULES, readLive } from './state.js';
import type { TransactionStore } from './store.js';

export interface TransactionOptions extends PlanOptions {
  /** the arguments of `lvsctl` */
  readonly command: string;
  readonly label?: string;
  /** plans also what the kernel would refuse */
  readonly unchecked?: boolean;
  /** only plans: nothing is locked, recorded or changed */
  readonly dryRun?: boolean;
  /** goes on where the history cannot be written, as at boot */
  readonly historyOptional?: boolean;
  /** seconds after which it is taken back unless it is confirmed */
  readonly confirmTimeout?: number;
  /** the entry whose confirmation is no obstacle, for it is this one that is taken back */
  readonly takesBack?: number;
  /** refuses a plan; called before anything is recorded */
  readonly refuse?: (plan: TablePlan, live: LiveRules) => Promise<void>;
}

export interface Transacted {
  readonly plan: TablePlan;
  readonly live: LiveRules;
  /** done: also when there was nothing to do; undefined of a dry run */
  readonly result: ExecutionResult | undefined;
  /** its number in the history; undefined when nothing was changed or nothing is kept */
  readonly entry: number | undefined;
}

/**
 * Plans the changes to the desired rules and makes them.
 * @param desire makes them of the actual ones
 * @throws LvsctlError when it is refused before the first change; a system error of the history
 */
export async function transact(
  desire: (live: LiveRules) => DesiredRules | Promise<DesiredRules>,
  options: TransactionOptions,
  world: World,
): Promise<Transacted> {
  if (options.dryRun) return { ...(await prepare(desire, options, world)), ...NOTHING_MADE };
  const store = world.transactions();
  const release = store?.lock() ?? (() => {});
  try {
    if (store) refusePending(store, options.takesBack, world);
    if (store) warnInterrupted(store, options.takesBack, world);
    const prepared = await prepare(desire, options, world);
    if (prepared.plan.steps.length === 0)
      return { ...prepared, ...NOTHING_MADE, result: { kind: 'done' } };
    return await carryOut(prepared, options, store, world);
  } finally {
    release();
  }
}

const NOTHING_MADE = { result: undefined, entry: undefined } as const;

type Prepared = Pick<Transacted, 'plan' | 'live'>;

async function prepare(
  desire: (live: LiveRules) => DesiredRules | Promise<DesiredRules>,
  options: TransactionOptions,
  world: World,
): Promise<Prepared> {
  const { machine } = world;
  const absent = options.dryRun && !hasRules(machine);
  const live = absent ? NO_RULES : await readLive(await machine.backend());
  const desired = await desire(live);
  const plan = planChanges(live, desired, { ...options, expireNodest: expiresNodest(world) });
  await options.refuse?.(plan, live);
  if (!options.unchecked) checkPlan(plan, live, machine);
  return { plan, live };
}

async function carryOut(
  { plan, live }: Prepared,
  options: TransactionOptions,
  store: TransactionStore | undefined,
  world: World,
): Promise<Transacted> {
  const entry = store && record(plan, live, options, store, world);
  if (options.confirmTimeout !== undefined && (store === undefined || entry === undefined))
    throw new LvsctlError('BAD_USAGE', '--confirm-timeout: this table is not kept anywhere');
  if (store && entry && options.confirmTimeout !== undefined)
    await startPending(entry, options.confirmTimeout, options.command, store, world);
  const backend: Backend = await world.machine.backend();
  const result = await execute(plan, live, backend, { ordered: !expiresNodest(world) });
  if (store && entry) {
    if (result.kind === 'reverted') removePending(store.pending);
    const waits = result.kind === 'done' && options.confirmTimeout !== undefined;
    conclude(store, entry, outcomeOf(result, waits, world), world);
  }
  return { plan, live, result, entry: entry?.number };
}

async function startPending(
  { number }: TransactionEntry,
  seconds: number,
  command: string,
  store: TransactionStore,
  world: World,
): Promise<void> {
  const until = new Date((world.now() + seconds) * 1000).toISOString();
  writePending(store.pending, { entry: number, command, until, guard: null });
  try {
    const guard = await store.startGuard(number, seconds);
    writePending(store.pending, { entry: number, command, until, guard });
  } catch (error) {
    removePending(store.pending);
    throw error;
  }
}

/** A result as the history has it. */
export function outcomeOf(
  result: ExecutionResult,
  waits: boolean,
  world: Pick<World, 'now'>,
): TransactionOutcome {
  const time = timeOf(world);
  switch (result.kind) {
    case 'done':
      return { result: waits ? 'unconfirmed' : 'done', time, details: [] };
    case 'reverted':
      return { result: 'reverted', time, details: [result.error, ...othersIn(result.others)] };
    case 'partial':
      return { result: 'partial', time, details: [result.error, ...result.differences] };
    default:
      return result satisfies never;
  }
}

/** @param others what another program changed at the same time, a line each */
function othersIn(others: readonly string[]): readonly string[] {
  return others.length === 0
    ? []
    : ['another program had changed this at the same time, which is as before too:', ...others];
}

/** The error of a transaction that was not done; undefined when it was. */
export function errorOf(result: ExecutionResult): LvsctlError | undefined {
  switch (result.kind) {
    case 'done':
      return undefined;
    case 'reverted': {
      const lost = result.lost.map((key) => `connections and counters of ${key} are lost`);
      const whole = [result.error, 'the table is as before', ...lost].join('; ');
      return new LvsctlError('IPVS', [whole, ...othersIn(result.others)].join('\n  '));
    }
    case 'partial':
      return new LvsctlError(
        'NOT_RESTORED',
        [result.error, 'the table is not as before:', ...result.differences].join('\n  '),
        '`lvsctl undo` tries again',
      );
    default:
      return result satisfies never;
  }
}
