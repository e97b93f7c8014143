// The process that takes a transaction back unless it is confirmed in time.
import type { World } from '../world.js';
import { conclude } from './begin.js';
import { execute } from './execute.js';
import { readEntry } from './history.js';
import { takenBack } from './merge.js';
import { readPending, removePending } from './pending.js';
import { planChanges } from './plan.js';
import { readLive } from './state.js';
import type { TransactionStore } from './store.js';
import { outcomeOf } from './transact.js';

/** between two checks whether it was confirmed */
const LOOK_MS = 500;

/**
 * Waits until the transaction is confirmed, or its time is up; then everything that is still as it
 * left it is made as it was before. SIGTERM ends the waiting: what is not confirmed is taken back.
 * @param ready called when SIGHUP and the end of the parent do no harm any more
 */
export async function guardTransaction(
  entry: number,
  seconds: number,
  ready: () => void,
  world: World,
): Promise<void> {
  const store = world.transactions();
  const runtime = await world.runtime();
  if (store === undefined) return;
  const end = runtime.clock.now() + seconds * 1000;
  let stopped = false;
  let wake = () => {};
  runtime.onSignal((signal) => {
    if (signal === 'SIGHUP') return;
    stopped = true;
    wake();
  });
  ready();
  while (!stopped && runtime.clock.now() < end && isPending(entry, store))
    await new Promise<void>((resolve) => {
      wake = resolve;
      runtime.clock.after(Math.min(LOOK_MS, end - runtime.clock.now()), resolve);
    });
  await takeBackPending(entry, store, world);
}

/** Takes a transaction back that still waits for its confirmation. */
export async function takeBackPending(
  entry: number,
  store: TransactionStore,
  world: World,
): Promise<void> {
  const release = store.lock();
  try {
    if (isPending(entry, store)) await takeBack(entry, store, world);
  } finally {
    release();
  }
}

function isPending(entry: number, store: TransactionStore): boolean {
  return readPending(store.pending)?.entry === entry;
}

/** Under the lock. The entry is finished, with any result. */
async function takeBack(number: number, store: TransactionStore, world: World): Promise<void> {
  const entry = readEntry(store.history, number);
  // from here on the table is neither side, until there is an outcome
  conclude(store, { ...entry, writer: store.writer }, null, world);
  const backend = await world.machine.backend();
  const live = await readLive(backend);
  const plan = planChanges(live, takenBack(live, entry));
  const result = await execute(plan, live, backend);
  const outcome = outcomeOf(result, false, world);
  conclude(
    store,
    entry,
    result.kind === 'done'
      ? { ...outcome, result: 'not confirmed' }
      : { ...outcome, result: 'partial' },
    world,
  );
  removePending(store.pending);
}
