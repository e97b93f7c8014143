// When each check goes out: starts spread over time, no check of a server overlapping itself, a bound on how many are open.
import type { Clock } from './outside.js';

export interface Pace {
  readonly intervalMs: number;
  readonly fastIntervalMs: number;
  /** share of the interval by which starts vary, 0..1 */
  readonly jitter: number;
}

export interface Job {
  readonly pace: Pace;
  /** results after which it must be certain */
  readonly enough: number;
  /** Does it once. Never rejects. @returns whether the next one should come fast */
  readonly work: () => Promise<boolean>;
}

export interface Schedule {
  /** Puts these jobs in the place of the former ones. Those under way end unnoticed. */
  replace(jobs: readonly Job[]): void;
  readonly open: () => number;
}

/**
 * Intervals count from start to start and jitter only shortens them, so `fall` failures are known after `fall` intervals and one
 * time limit. A job that takes longer than its interval starts again at once when it ends.
 * @param limit jobs that may be open at a time; the others wait in line
 */
export function createSchedule(clock: Clock, random: () => number, limit: number): Schedule {
  const waiting: (() => void)[] = [];
  let open = 0;
  let generation = 0;
  let timers = new Set<() => void>();

  function later(delayMs: number, work: () => void): void {
    const cancel = clock.after(delayMs, () => {
      timers.delete(cancel);
      work();
    });
    timers.add(cancel);
  }

  function begin(job: Job, mine: number): void {
    if (open >= limit) {
      waiting.push(() => begin(job, mine));
      return;
    }
    open++;
    const started = clock.now();
    void job.work().then((fast) => {
      open--;
      if (mine === generation) {
        const { pace } = job;
        const interval = fast ? pace.fastIntervalMs : pace.intervalMs;
        const due = started + interval * (1 - pace.jitter * random());
        later(Math.max(0, due - clock.now()), () => begin(job, mine));
      }
      waiting.shift()?.();
    });
  }

  return {
    replace(jobs) {
      generation++;
      for (const cancel of timers) cancel();
      timers = new Set();
      // What still waits belongs to a former generation: let it fall out of the line.
      waiting.length = 0;
      const mine = generation;
      for (const job of jobs) later(job.pace.intervalMs * job.pace.jitter * random(), () => begin(job, mine));
    },
    open: () => open,
  };
}

/** Does something with all items, `limit` of them at a time. */
export async function pooled<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
