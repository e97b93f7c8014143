// The lock that lvsctl's transactions take: what the library changes waits for theirs, without
// keeping the program from its other work.
import { takeLock } from '../backend/table/lock.js';
import { LvsctlError } from '../lvsctl/errors.js';
import { openStore } from '../lvsctl/store.js';
import { readPending } from '../lvsctl/transaction/pending.js';
import type { TransactionStore } from '../lvsctl/transaction/store.js';
import { BackendError } from '../model/errors.js';
import { LvsError } from './errors.js';

const POLL_MS = 20;
const LONGEST_WAIT_MS = 30_000;

/**
 * Does the work while no command of lvsctl changes the same table, and no other call of this one.
 * @param home of the table, as LVS_BACKEND has it
 * @throws LvsError LOCKED when a transaction waits for its confirmation, or another program changes
 *   the table for more than 30 s; BACKEND when the lock cannot be made
 */
export async function whileLocked(home: string, work: () => Promise<void>): Promise<void> {
  const store = openStore(home, {
    takeLock: (path) => takeLock(path, { longestWaitMs: 0 }),
    held: () => {},
    startGuard: () => Promise.reject(new Error('the library has no confirmations')),
  });
  const release = store === undefined ? () => {} : await acquired(() => store.lock());
  try {
    if (store) refusePending(store);
    await work();
  } finally {
    release();
  }
}

async function acquired(lock: () => () => void): Promise<() => void> {
  const deadline = Date.now() + LONGEST_WAIT_MS;
  for (;;) {
    try {
      return lock();
    } catch (error) {
      if (!(error instanceof BackendError)) throw asBackendError(error);
      if (Date.now() > deadline) throw new LvsError('LOCKED', error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** @throws LvsError LOCKED, BACKEND */
function refusePending({ pending: files, lasting, writer }: TransactionStore): void {
  try {
    const pending = readPending(files);
    if (pending === undefined) return;
    const { entry, command, until, guard } = pending;
    // the kernel's table was lost with an earlier boot
    if (!lasting && guard !== null && guard.boot !== writer.boot) return;
    throw new LvsError(
      'LOCKED',
      `transaction ${entry} (lvsctl ${command}) waits for its confirmation until ${until}`,
    );
  } catch (error) {
    throw error instanceof LvsctlError
      ? new LvsError('BACKEND', error.message)
      : asBackendError(error);
  }
}

/** A system error has its code; anything else is a fault. */
function asBackendError(error: unknown): unknown {
  if (error instanceof LvsError) return error;
  const isSystem =
    error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
  return isSystem ? new LvsError('BACKEND', error.message) : error;
}
