// When the table is written: soon after a decision, several together; regularly; never twice at a
// time.
import type { Clock } from '../runtime.js';

export interface Writer {
  /** Writes in a moment, with what else is decided until then. */
  soon(): void;
  /** Writes at once, after a write in progress. Resolves also when it failed. */
  now(): Promise<void>;
  /** Writes regularly from now on, the next time `intervalMs()` after the end of the last. */
  every(intervalMs: () => number): void;
  /** Waits for a write in progress; nothing is written afterwards. */
  end(): Promise<void>;
  /** Resolves when a write has ended well for the first time. */
  readonly first: Promise<void>;
  /** Milliseconds since a write ended well. */
  idleMs(): number;
  /** Why the last write failed; undefined = it did not. */
  error(): string | undefined;
}

export interface Outcome {
  /** An error of `write` as text; what it throws ends the program. */
  explain(error: unknown): string;
  /** A write failed, for another reason than the one before. */
  failed(reason: string): void;
  /** A write ended well after others that did not. */
  recovered(): void;
}

/** Checks that fail together end within this of each other. */
const TOGETHER_MS = 10;

export function createWriter(clock: Clock, write: () => Promise<void>, outcome: Outcome): Writer {
  return new TableWriter(clock, write, outcome);
}

class TableWriter implements Writer {
  readonly #clock: Clock;
  readonly #write: () => Promise<void>;
  readonly #outcome: Outcome;
  readonly first: Promise<void>;
  #wroteFirst = () => {};
  #chain: Promise<void> = Promise.resolve();
  /** one that has not begun yet, and writes what is decided until then */
  #queued: Promise<void> | undefined;
  #cancelSoon: (() => void) | undefined;
  #cancelNext: (() => void) | undefined;
  #ended = false;
  #lastError: string | undefined;
  #wrote: number;

  constructor(clock: Clock, write: () => Promise<void>, outcome: Outcome) {
    this.#clock = clock;
    this.#write = write;
    this.#outcome = outcome;
    this.#wrote = clock.now();
    this.first = new Promise((resolve) => {
      this.#wroteFirst = resolve;
    });
  }

  soon(): void {
    if (!this.#ended) this.#cancelSoon ??= this.#clock.after(TOGETHER_MS, () => void this.now());
  }

  now(): Promise<void> {
    this.#cancelSoon?.();
    this.#cancelSoon = undefined;
    if (this.#queued) return this.#queued;
    this.#queued = this.#chain.then(() => {
      this.#queued = undefined;
      return this.#ended ? undefined : this.#attempt();
    });
    this.#chain = this.#queued;
    return this.#chain;
  }

  every(intervalMs: () => number): void {
    this.#cancelNext?.();
    this.#cancelNext = this.#clock.after(intervalMs(), () => {
      void this.now().then(() => {
        if (!this.#ended) this.every(intervalMs);
      });
    });
  }

  end(): Promise<void> {
    this.#ended = true;
    this.#cancelSoon?.();
    this.#cancelNext?.();
    return this.#chain;
  }

  idleMs(): number {
    return this.#clock.now() - this.#wrote;
  }

  error(): string | undefined {
    return this.#lastError;
  }

  async #attempt(): Promise<void> {
    try {
      await this.#write();
      this.#wrote = this.#clock.now();
      if (this.#lastError !== undefined) this.#outcome.recovered();
      this.#lastError = undefined;
      this.#wroteFirst();
    } catch (error) {
      const reason = this.#outcome.explain(error);
      if (reason !== this.#lastError) this.#outcome.failed(reason);
      this.#lastError = reason;
    }
  }
}
