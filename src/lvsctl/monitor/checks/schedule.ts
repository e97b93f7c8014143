// When each check goes out: starts spread over time, no check of a server overlapping itself, a
// bound on how many are open.
import type { Clock, Timer } from '../runtime.js';

export interface Pace {
  readonly intervalMs: number;
  readonly fastIntervalMs: number;
  /** share of the interval by which starts vary, 0..1 */
  readonly jitter: number;
}

export interface Job {
  /**
   * identifies it; the job of the same name in another file goes on where this one was
   */
  readonly key: string;
  readonly pace: Pace;
  /** what its results are for; a new one gets its first result as soon as a new job would */
  readonly members: readonly string[];
  /** results after which it must be certain */
  readonly enough: number;
  /** Does it once. Never rejects. */
  readonly work: () => Promise<JobResult>;
}

/** A job that was done once. */
export interface JobResult {
  /** whether the next one should come fast */
  readonly fast: boolean;
  /** clock milliseconds of its end */
  readonly at: number;
}

export interface Schedule {
  /**
   * Replaces the previous jobs by these. Those with the same key keep their time.
   * @param withinMs the most that a new one waits
   */
  replace(jobs: readonly Job[], withinMs?: number): void;
}

interface Entry {
  job: Job;
  /** for its next start */
  readonly timer: Timer;
  /** for its time, and not in progress or in line */
  waiting: boolean;
  /** it was done once */
  known: boolean;
  /** the last one took longer than half its interval */
  slow: boolean;
  dropped: boolean;
}

/** of what may be open, what slow jobs leave to the others */
const SLOW_SHARE = 0.75;

/**
 * Intervals count from start to start and jitter only shortens them, so `fall` failures are known
 * after `fall` intervals and one time limit. A job that takes longer than its interval starts again
 * at once when it ends.
 * @param limit jobs that may be open at a time; the others wait in line, those that were never done
 *   in the first and the slow ones in the last
 */
export function createSchedule(clock: Clock, random: () => number, limit: number): Schedule {
  const schedule = new JobSchedule(clock, random, limit);
  return { replace: (jobs, withinMs) => schedule.replace(jobs, withinMs) };
}

class JobSchedule {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #limit: number;
  /** those in line: first results, which decide what is served, then the others */
  readonly #lines: readonly [first: Entry[], quick: Entry[], slow: Entry[]] = [[], [], []];
  #entries = new Map<string, Entry>();
  #open = 0;
  #openSlow = 0;

  constructor(clock: Clock, random: () => number, limit: number) {
    this.#clock = clock;
    this.#random = random;
    this.#limit = limit;
  }

  replace(jobs: readonly Job[], withinMs = Number.POSITIVE_INFINITY): void {
    const previous = this.#entries;
    this.#entries = new Map();
    for (const job of jobs) this.#take(job, previous.get(job.key), withinMs);
    for (const [key, entry] of previous) if (!this.#entries.has(key)) this.#drop(entry);
  }

  #take(job: Job, kept: Entry | undefined, withinMs: number): void {
    const isNew = !kept || (kept.waiting && hasNewMember(kept.job, job));
    const entry = kept ?? this.#createEntry(job);
    entry.job = job;
    this.#entries.set(job.key, entry);
    if (!isNew) return;
    const now = this.#clock.now();
    const spread = Math.min(withinMs, job.pace.intervalMs * job.pace.jitter);
    later(entry, startWithin(now, spread, this.#random()) - now, now);
  }

  #drop(entry: Entry): void {
    entry.dropped = true;
    entry.timer.clear();
    for (const line of this.#lines) if (line.includes(entry)) line.splice(line.indexOf(entry), 1);
  }

  #createEntry(job: Job): Entry {
    const timer = this.#clock.timer(() => this.#onTime(entry));
    const entry: Entry = { job, timer, waiting: false, known: false, slow: false, dropped: false };
    return entry;
  }

  #onTime(entry: Entry): void {
    entry.waiting = false;
    if (this.#mayBegin(entry)) this.#begin(entry);
    else this.#lines[entry.known ? (entry.slow ? 2 : 1) : 0].push(entry);
  }

  #mayBegin({ slow }: Entry): boolean {
    const slowLimit = Math.ceil(this.#limit * SLOW_SHARE);
    return this.#open < this.#limit && (!slow || this.#openSlow < slowLimit);
  }

  #begin(entry: Entry): void {
    const { job, slow } = entry;
    const started = this.#clock.now();
    this.#open++;
    if (slow) this.#openSlow++;
    void job.work().then((result) => {
      this.#open--;
      if (slow) this.#openSlow--;
      this.#ended(entry, started, result);
    });
  }

  #ended(entry: Entry, started: number, { fast, at }: JobResult): void {
    // it may be another one by now, of the same key
    const { pace } = entry.job;
    entry.known = true;
    entry.slow = at - started > pace.intervalMs / 2;
    if (!entry.dropped) {
      const interval = fast ? pace.fastIntervalMs : pace.intervalMs;
      const spread = interval * pace.jitter;
      const next = startWithin(started + interval - spread, spread, this.#random());
      later(entry, Math.max(0, next - at), at);
    }
    for (const line of this.#lines)
      while (line[0] && this.#mayBegin(line[0])) this.#begin(line.shift() as Entry);
  }
}

function later(entry: Entry, delayMs: number, now: number): void {
  entry.waiting = true;
  entry.timer.set(delayMs, now);
}

/** milliseconds that starts may be apart and come together */
const TOGETHER_MS = 50;

/**
 * A moment within `spread` ms from `from`, by `share` (0..1) of it. Many checks get the same
 * moments, at most a quarter of the spread and 50 ms apart: several checks in one turn cost half of
 * what they cost one by one.
 */
function startWithin(from: number, spread: number, share: number): number {
  const start = from + spread * share;
  const step = Math.min(TOGETHER_MS, spread / 4);
  if (step < 1) return start;
  const next = Math.ceil(start / step) * step;
  return next <= from + spread ? next : next - step;
}

function hasNewMember(before: Job, after: Job): boolean {
  const known = new Set(before.members);
  return after.members.some((member) => !known.has(member));
}

/** Does something with all items, `limit` of them at a time. */
export async function pooled<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
