// How a transaction begins and ends in the history: what refuses it, its entry, its outcome.
import { LvsctlError } from '../errors.js';
import { failureText } from '../failure.js';
import { loginName } from '../login.js';
import type { World } from '../world.js';
import type { TransactionEntry, TransactionOutcome } from './entry.js';
import {
  type Caller,
  entryOf,
  isInterrupted,
  lastEntry,
  nextNumber,
  readEntry,
  writeEntry,
} from './history.js';
import { type Pending, readPending, removePending } from './pending.js';
import type { TablePlan } from './plan.js';
import type { LiveRules } from './state.js';
import type { TransactionStore } from './store.js';

/** Whether the connections of a removed server end with their next packet. */
export function expiresNodest({ machine }: Pick<World, 'machine'>): boolean {
  return (
    machine.hasKernelRules &&
    machine.read('/proc/sys/net/ipv4/vs/expire_nodest_conn')?.trim() === '1'
  );
}

/** What the entry has of its origin. */
export type RecordedAs = Omit<Caller, 'by' | 'time'> & {
  /** goes on where the history cannot be written */
  readonly historyOptional?: boolean;
};

/**
 * Writes the entry of a plan that is about to be carried out.
 * @returns undefined when it cannot be written and need not be
 * @throws a system error of the history
 */
export function record(
  plan: TablePlan,
  live: LiveRules,
  { historyOptional = false, ...caller }: RecordedAs,
  store: TransactionStore,
  world: Pick<World, 'now' | 'env' | 'err'>,
): TransactionEntry | undefined {
  try {
    const entry = entryOf(nextNumber(store.history), plan, live, store.writer, {
      ...caller,
      by: loginName(world),
      time: timeOf(world),
    });
    writeEntry(store.history, entry);
    return entry;
  } catch (error) {
    const why = failureText(error);
    if (!historyOptional || why === undefined) throw error;
    world.err(`lvsctl: warning: ${why}: this transaction is not in the history\n`);
    return undefined;
  }
}

/**
 * Adds the outcome to an entry; null = its changes go on, by `entry.writer`. A full disk then is only
 * worth a warning: the table is as it is.
 */
export function conclude(
  store: TransactionStore,
  entry: TransactionEntry,
  outcome: TransactionOutcome | null,
  { err }: Pick<World, 'err'>,
): void {
  try {
    writeEntry(store.history, { ...entry, outcome });
  } catch (error) {
    const why = failureText(error);
    if (why === undefined) throw error;
    err(`lvsctl: warning: ${why}: the outcome of transaction ${entry.number} is not recorded\n`);
  }
}

/**
 * The transaction that waits for its confirmation. One that a reboot has cleared from the kernel
 * waits no more: its entry is concluded, which is reported.
 * @throws BAD_RECORD when its file is damaged
 */
export function waiting(
  store: TransactionStore,
  world: Pick<World, 'now' | 'err'>,
): Pending | undefined {
  const pending = readPending(store.pending);
  if (pending === undefined || store.lasting) return pending;
  const { boot } = pending.guard ?? readEntry(store.history, pending.entry).writer;
  if (boot === store.writer.boot) return pending;
  const { entry, command } = pending;
  const why = 'the table was lost with a reboot';
  world.err(`lvsctl: warning: transaction ${entry} (lvsctl ${command}) waits no more: ${why}\n`);
  const outcome = { result: 'not confirmed', time: timeOf(world), details: [why] } as const;
  conclude(store, readEntry(store.history, entry), outcome, world);
  removePending(store.pending);
  return undefined;
}

/**
 * @param except the entry that may wait
 * @throws PENDING while another transaction waits for its confirmation
 */
export function refusePending(
  store: TransactionStore,
  except: number | undefined,
  world: Pick<World, 'now' | 'err'>,
): void {
  const pending = waiting(store, world);
  if (pending === undefined || pending.entry === except) return;
  const { entry, command, until, guard } = pending;
  const isGuarded = guard !== null && !store.isDead(guard);
  if (!isGuarded) refuseHalf(readEntry(store.history, entry), store);
  throw new LvsctlError(
    'PENDING',
    isGuarded
      ? `transaction ${entry} (lvsctl ${command}) waits for its confirmation until ${until}`
      : `transaction ${entry} (lvsctl ${command}) was not confirmed, and the ` +
          `process that was to take it back has ended`,
    `\`lvsctl confirm\` keeps it, \`lvsctl undo ${entry}\` takes it back`,
  );
}

/** @throws PENDING when the changes of a transaction, or those that take it back, were interrupted */
export function refuseHalf(entry: TransactionEntry, store: TransactionStore): void {
  if (!isInterrupted(entry, store)) return;
  const { number, command } = entry;
  throw new LvsctlError(
    'PENDING',
    `transaction ${number} (lvsctl ${command}) was interrupted before it was confirmed`,
    `\`lvsctl history finish ${number}\` makes the rest, \`lvsctl undo ${number}\` takes it back`,
  );
}

/** Reports on stderr that the last transaction was interrupted. @param except the entry that needs no report */
export function warnInterrupted(
  store: TransactionStore,
  except: number | undefined,
  { err }: Pick<World, 'err'>,
): void {
  try {
    const last = lastEntry(store.history);
    if (last === undefined || last.number === except || !isInterrupted(last, store)) return;
    // the table went with the boot
    if (last.writer.boot !== store.writer.boot && !store.lasting) return;
    err(
      `lvsctl: warning: transaction ${last.number} (lvsctl ${last.command}) was interrupted: ` +
        `\`lvsctl history show ${last.number}\` lists what is missing\n`,
    );
  } catch (error) {
    const why = failureText(error);
    if (why === undefined) throw error;
    err(`lvsctl: warning: ${why}\n`);
  }
}

/** Now, ISO 8601. */
export function timeOf({ now }: Pick<World, 'now'>): string {
  return new Date(now() * 1000).toISOString();
}
