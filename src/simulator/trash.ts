// Deleted servers: they keep their connections, and come back with them when they are added again.
import type { LiveServer } from './server.js';

const RUN_SECONDS = 60;
const KEEP_SECONDS = 120;

export class Trash {
  readonly #entries = new Map<
    string,
    { readonly server: LiveServer; stampedAt: number | undefined }
  >();
  #nextRun = Number.POSITIVE_INFINITY;

  /** When servers may be forgotten next, Infinity when there are none. */
  get nextRun(): number {
    return this.#nextRun;
  }

  /** @param key of service and server (`trashKey`) */
  put(key: string, server: LiveServer, now: number): void {
    this.#entries.set(key, { server, stampedAt: undefined });
    if (this.#nextRun === Number.POSITIVE_INFINITY) this.#nextRun = now + RUN_SECONDS;
  }

  /** Takes a server out again; undefined when it is not there any more. */
  take(key: string): LiveServer | undefined {
    const found = this.#entries.get(key);
    this.#entries.delete(key);
    return found?.server;
  }

  /** A server without connections is marked at one run and forgotten at one late enough after it. */
  run(now: number): void {
    for (const [key, entry] of this.#entries) {
      const { active, inactive, persistent } = entry.server;
      if (active + inactive + persistent > 0) entry.stampedAt = undefined;
      else if (entry.stampedAt === undefined) entry.stampedAt = now;
      else if (now >= entry.stampedAt + KEEP_SECONDS) this.#entries.delete(key);
    }
    this.#nextRun = this.#entries.size > 0 ? now + RUN_SECONDS : Number.POSITIVE_INFINITY;
  }
}
