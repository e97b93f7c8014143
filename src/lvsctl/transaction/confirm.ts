// The confirmation of a transaction: given by any process, waited for by the one that applied it.
import { LvsctlError } from '../errors.js';
import type { World } from '../world.js';
import { conclude, timeOf, waiting } from './begin.js';
import type { TransactionEntry } from './entry.js';
import { readEntry } from './history.js';
import { type Pending, readPending, removePending } from './pending.js';
import type { TransactionStore } from './store.js';
import { errorOf } from './transact.js';

const LOOK_MS = 200;
const NOT_CONFIRMED = 1;
const CTRL_C = '\x03';

/**
 * Keeps the transaction that waits. Under the lock, so that it is either this or the guard.
 * @throws NOT_FOUND when none waits
 */
export function confirmTransaction(store: TransactionStore, world: World): Pending {
  const release = store.lock();
  try {
    const pending = waiting(store, world);
    if (pending === undefined)
      throw new LvsctlError('NOT_FOUND', 'no transaction waits for its confirmation');
    const entry = readEntry(store.history, pending.entry);
    // one that was interrupted keeps to have no outcome
    if (entry.outcome?.result === 'unconfirmed')
      conclude(store, entry, { result: 'done', time: timeOf(world), details: [] }, world);
    removePending(store.pending);
    return pending;
  } finally {
    release();
  }
}

/**
 * Waits until the transaction is confirmed, here by ENTER or by another process, or taken back.
 * @returns the exit status: 0 confirmed, 1 taken back, or left to its guard by Ctrl-C
 * @throws NOT_RESTORED when it could not be taken back; PENDING when the guard has ended
 */
export async function waitForConfirmation(
  number: number,
  store: TransactionStore,
  world: World,
): Promise<number> {
  const runtime = await world.runtime();
  const { until } = readPending(store.pending) ?? {};
  world.err(
    `lvsctl: transaction ${number} is taken back at ${until} unless it is confirmed: ` +
      `press ENTER, or \`lvsctl confirm\` in any shell\n`,
  );
  let pressed = '';
  let wake = () => {};
  const giveBack = runtime.readKeys((key) => {
    if (['\r', '\n', CTRL_C].includes(key)) pressed = key;
    wake();
  });
  try {
    for (;;) {
      const pending = readPending(store.pending);
      if (pending?.entry !== number) return statusOf(readEntry(store.history, number), world);
      if (pressed === CTRL_C) return NOT_CONFIRMED;
      if (pressed !== '') confirmTransaction(store, world);
      else if (pending.guard === null || store.isDead(pending.guard)) throw guardHasEnded(number);
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
          runtime.clock.after(LOOK_MS, resolve);
        });
    }
  } finally {
    giveBack();
  }
}

function guardHasEnded(number: number): LvsctlError {
  return new LvsctlError(
    'PENDING',
    `the process that was to take transaction ${number} back has ended: nothing will be taken back`,
    `\`lvsctl confirm\` keeps it, \`lvsctl undo ${number}\` takes it back`,
  );
}

function statusOf({ number, outcome }: TransactionEntry, { err }: World): number {
  if (outcome?.result === 'done') {
    err(`lvsctl: transaction ${number} is confirmed\n`);
    return 0;
  }
  if (outcome?.result === 'partial') {
    const [error = '', ...differences] = outcome.details;
    throw errorOf({ kind: 'partial', error, differences });
  }
  err(`lvsctl: transaction ${number} is taken back\n`);
  return NOT_CONFIRMED;
}
