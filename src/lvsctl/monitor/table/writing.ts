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
  let chain: Promise<void> = Promise.resolve();
  /** one that has not begun yet, and writes what is decided until then */
  let queued: Promise<void> | undefined;
  let cancelSoon: (() => void) | undefined;
  let cancelNext: (() => void) | undefined;
  let ended = false;
  let lastError: string | undefined;
  let wrote = clock.now();
  let begin: () => void;
  const first = new Promise<void>((resolve) => {
    begin = resolve;
  });

  async function attempt(): Promise<void> {
    try {
      await write();
      wrote = clock.now();
      if (lastError !== undefined) outcome.recovered();
      lastError = undefined;
      begin();
    } catch (error) {
      const reason = outcome.explain(error);
      if (reason !== lastError) outcome.failed(reason);
      lastError = reason;
    }
  }

  function now(): Promise<void> {
    cancelSoon?.();
    cancelSoon = undefined;
    if (queued) return queued;
    queued = chain.then(() => {
      queued = undefined;
      return ended ? undefined : attempt();
    });
    chain = queued;
    return chain;
  }

  function every(intervalMs: () => number): void {
    cancelNext?.();
    cancelNext = clock.after(intervalMs(), () => {
      void now().then(() => {
        if (!ended) every(intervalMs);
      });
    });
  }

  return {
    soon() {
      if (!ended) cancelSoon ??= clock.after(TOGETHER_MS, () => void now());
    },
    now,
    every,
    end() {
      ended = true;
      cancelSoon?.();
      cancelNext?.();
      return chain;
    },
    first,
    idleMs: () => clock.now() - wrote,
    error: () => lastError,
  };
}
