// A backend for a daemon: when it fails (the module was loaded anew, the kernel
// did not answer) it is opened again.
import { BackendError, IpvsError } from '../model/errors.js';
import type { Backend } from './backend.js';

/** Between two attempts to open what cannot be opened. */
const PAUSE_MS = 5000;

/**
 * Opens it now, and again before the first call after a failure, which itself still rejects.
 * @param now milliseconds of a clock that never jumps
 * @throws what `open` throws the first time
 */
export async function openReopening(
  open: () => Promise<Backend>,
  now: () => number,
): Promise<Backend> {
  let last = await open();
  let current: Backend | undefined = last;
  let opening: Promise<Backend> | undefined;
  let failed: { readonly error: unknown; readonly at: number } | undefined;

  async function reopen(): Promise<Backend> {
    if (failed && now() - failed.at < PAUSE_MS) throw failed.error;
    try {
      last = await open();
      failed = undefined;
      current = last;
      return last;
    } catch (error) {
      failed = { error, at: now() };
      throw error;
    }
  }

  /** Callers that come while it is being opened wait for the same one. */
  async function opened(): Promise<Backend> {
    if (current) return current;
    opening ??= reopen().finally(() => {
      opening = undefined;
    });
    return opening;
  }

  async function use<T>(work: (backend: Backend) => Promise<T>): Promise<T> {
    const mine = await opened();
    try {
      return await work(mine);
    } catch (error) {
      if (isBroken(error) && current === mine) {
        current = undefined;
        await mine.close().catch(() => {}); // it has failed already
      }
      throw error;
    }
  }

  return {
    get batchSize() {
      return last.batchSize;
    },
    info: () => use((backend) => backend.info()),
    apply: (changes) => use((backend) => backend.apply(changes)),
    services: (detail) => use((backend) => backend.services(detail)),
    service: (id) => use((backend) => backend.service(id)),
    destinations: (id, detail) => use((backend) => backend.destinations(id, detail)),
    timeouts: () => use((backend) => backend.timeouts()),
    daemons: () => use((backend) => backend.daemons()),
    connections: () => use((backend) => backend.connections()),
    close: async () => current?.close(),
  };
}

/**
 * A list is never refused by a kernel that has IPVS: the family is removed, or has another number.
 */
function isBroken(error: unknown): boolean {
  return (
    error instanceof BackendError || (error instanceof IpvsError && LISTS.has(error.operation))
  );
}

const LISTS: ReadonlySet<string> = new Set(['list-services', 'list-destinations']);
