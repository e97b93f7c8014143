// A transaction taken back, or an interrupted one finished: each by a transaction of its own.
import { shellLine } from '../../render/shell.js';
import { LvsctlError } from '../errors.js';
import type { World } from '../world.js';
import { conclude, timeOf } from './begin.js';
import type { DirectorRun, TransactionEntry } from './entry.js';
import { entryNumbers, isInterrupted, readEntry, sideOf } from './history.js';
import { refuseOwned } from './owners.js';
import { readPending, removePending } from './pending.js';
import { planChanges, type TablePlan } from './plan.js';
import { readLive } from './state.js';
import type { TransactionStore } from './store.js';
import { type Transacted, transact } from './transact.js';

/** `previous`: as it was before; `set`: as it was to be */
export type TransactionSide = 'previous' | 'set';

export interface SideOptions {
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** results after which nothing of a transaction is in the table */
const WITHOUT_EFFECT: readonly unknown[] = ['reverted', 'not confirmed', 'undone'];

/**
 * @param number undefined = the last one that took effect
 * @throws NOT_FOUND; BAD_RECORD
 */
export function transactionToUndo(
  { history }: TransactionStore,
  number: number | undefined,
): TransactionEntry {
  if (number !== undefined) return readEntry(history, number);
  for (const each of [...entryNumbers(history)].reverse()) {
    const entry = readEntry(history, each);
    if (!WITHOUT_EFFECT.includes(entry.outcome?.result)) return entry;
  }
  throw new LvsctlError('NOT_FOUND', 'the history has no transaction that took effect');
}

/** What takes a run of the director back, and what goes on with it: commands of lvsctl. */
export function directorCommands({
  verb,
  file,
  state_dir,
}: DirectorRun): Readonly<Record<TransactionSide, string>> {
  const line = (one: DirectorRun['verb']) =>
    shellLine([
      'lvsctl',
      'director',
      one,
      file,
      ...(state_dir === null ? [] : ['--state-dir', state_dir]),
    ]);
  return verb === 'up'
    ? { previous: line('down'), set: line('up') }
    : { previous: line('up'), set: line('down') };
}

/** Its rules alone would leave VIPs without services, or services without VIPs. */
function refuseDirector({ number, director }: TransactionEntry, side: TransactionSide): void {
  if (director === null) return;
  const { verb, file } = director;
  throw new LvsctlError(
    'BAD_USAGE',
    `transaction ${number} is a part of \`director ${verb}\` of ${file}, which changed more than rules`,
    `\`${directorCommands(director)[side]}\` ` +
      `${side === 'previous' ? 'takes back all of it' : 'makes the rest'}`,
  );
}

/** @throws BAD_USAGE for a run of the director; else as `transact` */
export async function toSide(
  entry: TransactionEntry,
  side: TransactionSide,
  { dryRun = false, force = false }: SideOptions,
  store: TransactionStore,
  world: World,
): Promise<Transacted> {
  refuseDirector(entry, side);
  const { number } = entry;
  const verb = side === 'previous' ? 'undo' : 'history finish';
  const made = await transact(
    () => sideOf(entry, side),
    {
      command: `${verb} ${number}`,
      dryRun,
      takesBack: number,
      refuse: async (plan) => {
        if (!dryRun) await refuseOwned(plan, force, world);
      },
    },
    world,
  );
  if (made.result?.kind === 'done') recordUndo(entry, side, made.entry, store, world);
  return made;
}

/** The entry is done with. */
function recordUndo(
  { number }: TransactionEntry,
  side: TransactionSide,
  by: number | undefined,
  store: TransactionStore,
  world: World,
): void {
  const release = store.lock();
  try {
    if (readPending(store.pending)?.entry === number) removePending(store.pending);
    conclude(
      store,
      readEntry(store.history, number),
      {
        result: side === 'previous' ? 'undone' : 'done',
        time: timeOf(world),
        details: by === undefined ? [] : [`by transaction ${by}`],
      },
      world,
    );
  } finally {
    release();
  }
}

/** What is missing of an interrupted transaction, and what would take it back. */
export interface LeftToDo {
  readonly finish: TablePlan;
  readonly undo: TablePlan;
}

/** @returns undefined when the transaction was not interrupted */
export async function leftToDo(
  entry: TransactionEntry,
  store: TransactionStore,
  world: World,
): Promise<LeftToDo | undefined> {
  if (!isInterrupted(entry, store)) return undefined;
  const live = await readLive(await world.machine.backend());
  return {
    finish: planChanges(live, sideOf(entry, 'set')),
    undo: planChanges(live, sideOf(entry, 'previous')),
  };
}
