// Where the transactions of this machine are recorded, and their lock: for lvsctl and the library.
import { dirname, join, resolve } from 'node:path';
import { isDead, ownIdentity } from '../system/identity.js';
import { recordDirectory, type TakeLock } from '../system/records.js';
import { places } from './namespace.js';
import type { TransactionStore, WriterIdentity } from './transaction/store.js';

export interface StoreParts {
  readonly takeLock: TakeLock;
  /** takes the descriptor that programs inherit while the lock is held */
  readonly held: (fd: number | undefined) => void;
  /** @param file the table file, undefined of the kernel's rules */
  readonly startGuard: (
    entry: number,
    seconds: number,
    file: string | undefined,
  ) => Promise<WriterIdentity>;
}

/**
 * Of the kernel's rules below /run and /var/lib, as the record of `up` and the monitor's; those of
 * a table file are beside it.
 * @param backend LVS_BACKEND
 * @returns undefined of rules that are kept nowhere
 */
export function openStore(
  backend: string | undefined,
  { takeLock, held, startGuard }: StoreParts,
): TransactionStore | undefined {
  if (backend === 'memory') return undefined;
  const file = backend?.startsWith('file:') ? `${resolve(backend.slice(5))}.lvsctl` : undefined;
  const running = file ?? dirname(places().socket);
  const lasting = join(file ?? dirname(places().state), 'history');
  const open = (path: string) => recordDirectory(path, takeLock, held, '.json');
  const writer = ownIdentity();
  const pending = open(running);
  return {
    history: open(lasting),
    pending,
    lock: pending.lock,
    writer,
    lasting: file !== undefined,
    // of an earlier boot none is alive
    isDead: (other) => other.boot !== writer.boot || isDead(other, writer),
    startGuard: (entry, seconds) => startGuard(entry, seconds, file),
  };
}
