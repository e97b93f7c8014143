// A backend for a daemon: when it fails (the module was loaded anew, the kernel
// did not answer) it is opened again.
import type { Change } from '../model/change.js';
import { BackendError, IpvsError } from '../model/errors.js';
import type { ServiceId } from '../model/service.js';
import type { Backend, Detail } from './backend.js';

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
  return new ReopeningBackend(open, now, await open());
}

class ReopeningBackend implements Backend {
  readonly #open: () => Promise<Backend>;
  readonly #now: () => number;
  /** undefined from a failure until it is opened again */
  #current: Backend | undefined;
  #last: Backend;
  #opening: Promise<Backend> | undefined;
  #failed: { readonly error: unknown; readonly at: number } | undefined;

  constructor(open: () => Promise<Backend>, now: () => number, first: Backend) {
    this.#open = open;
    this.#now = now;
    this.#last = first;
    this.#current = first;
  }

  get batchSize(): number {
    return this.#last.batchSize;
  }

  info = () => this.#use((backend) => backend.info());
  apply = (changes: readonly Change[]) => this.#use((backend) => backend.apply(changes));
  services = (detail?: Detail) => this.#use((backend) => backend.services(detail));
  service = (id: ServiceId) => this.#use((backend) => backend.service(id));
  destinations = (id: ServiceId, detail?: Detail) =>
    this.#use((backend) => backend.destinations(id, detail));
  timeouts = () => this.#use((backend) => backend.timeouts());
  daemons = () => this.#use((backend) => backend.daemons());
  connections = () => this.#use((backend) => backend.connections());
  close = async () => this.#current?.close();

  async #use<T>(work: (backend: Backend) => Promise<T>): Promise<T> {
    const mine = await this.#opened();
    try {
      return await work(mine);
    } catch (error) {
      if (isBroken(error) && this.#current === mine) {
        this.#current = undefined;
        await mine.close().catch(() => {}); // it has failed already
      }
      throw error;
    }
  }

  /** Callers that come while it is being opened wait for the same one. */
  async #opened(): Promise<Backend> {
    if (this.#current) return this.#current;
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #reopen(): Promise<Backend> {
    if (this.#failed && this.#now() - this.#failed.at < PAUSE_MS) throw this.#failed.error;
    try {
      this.#last = await this.#open();
      this.#failed = undefined;
      this.#current = this.#last;
      return this.#last;
    } catch (error) {
      this.#failed = { error, at: this.#now() };
      throw error;
    }
  }
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
