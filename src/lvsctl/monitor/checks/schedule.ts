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
  /** those in line: first results, which decide what is served, then the others */
  const lines: readonly [first: Entry[], quick: Entry[], slow: Entry[]] = [[], [], []];
  const lineOf = ({ known, slow }: Entry) => lines[known ? (slow ? 2 : 1) : 0];
  let entries = new Map<string, Entry>();
  let open = 0;
  let openSlow = 0;

  function createEntry(job: Job): Entry {
    const onTime = () => {
      entry.waiting = false;
      if (mayBegin(entry)) begin(entry);
      else lineOf(entry).push(entry);
    };
    const timer = clock.timer(onTime);
    const entry: Entry = { job, timer, waiting: false, known: false, slow: false, dropped: false };
    return entry;
  }

  function later(entry: Entry, delayMs: number, now: number): void {
    entry.waiting = true;
    entry.timer.set(delayMs, now);
  }

  function mayBegin({ slow }: Entry): boolean {
    return open < limit && (!slow || openSlow < Math.ceil(limit * SLOW_SHARE));
  }

  function begin(entry: Entry): void {
    const { job, slow } = entry;
    const started = clock.now();
    open++;
    if (slow) openSlow++;
    void job.work().then(({ fast, at }) => {
      open--;
      if (slow) openSlow--;
      // it may be another one by now, of the same key
      const { pace } = entry.job;
      entry.known = true;
      entry.slow = at - started > pace.intervalMs / 2;
      if (!entry.dropped) {
        const interval = fast ? pace.fastIntervalMs : pace.intervalMs;
        const spread = interval * pace.jitter;
        const next = startWithin(started + interval - spread, spread, random());
        later(entry, Math.max(0, next - at), at);
      }
      for (const line of lines) while (line[0] && mayBegin(line[0])) begin(line.shift() as Entry);
    });
  }

  return {
    replace(jobs, withinMs = Number.POSITIVE_INFINITY) {
      const previous = entries;
      entries = new Map();
      for (const job of jobs) {
        const kept = previous.get(job.key);
        const isNew = !kept || (kept.waiting && hasNewMember(kept.job, job));
        const entry = kept ?? createEntry(job);
        entry.job = job;
        entries.set(job.key, entry);
        if (!isNew) continue;
        const now = clock.now();
        const spread = Math.min(withinMs, job.pace.intervalMs * job.pace.jitter);
        later(entry, startWithin(now, spread, random()) - now, now);
      }
      for (const [key, entry] of previous) {
        if (entries.has(key)) continue;
        entry.dropped = true;
        entry.timer.clear();
        for (const line of lines) if (line.includes(entry)) line.splice(line.indexOf(entry), 1);
      }
    },
  };
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
