// The one reader of table and monitor behind `show rates`, `top` and `serve`: however many ask, one
// reading is made at a time, and a fresh one serves all.
import type { Clock } from '../monitor/runtime.js';
import { type RatedService, type Rates, rateOf, ratesOf } from '../show/rates.js';
import type { TableReading } from './reading.js';

/** A reading, with the rates since an earlier one. */
export interface Sample extends TableReading {
  /** seconds that the rates are over; null = there are none yet */
  readonly seconds: number | null;
  /** of the services that there are now; empty where the table could not be read */
  readonly rated: readonly RatedService[];
  /** of all services; null = not known */
  readonly total_rates: Rates | null;
}

export interface Sampler {
  /**
   * The latest sample, or a new one where it is older, or than twice the time that reading it took.
   * @param maxAgeMs 0 = always a new one
   */
  current(maxAgeMs: number): Promise<Sample>;
  /** The same, with rates: waits until an earlier reading is old enough. */
  rated(maxAgeMs: number): Promise<Sample>;
  /**
   * Takes a sample again and again, for as long as there are followers.
   * @returns what ends it
   */
  follow(take: (sample: Sample) => void): () => void;
}

/**
 * The kernel's counters move every two seconds, so that two readings of less than four seconds
 * apart may differ by nothing, or by twice of what came.
 */
export const WINDOW_MS = 4000;
/** between two readings while there are followers */
export const PERIOD_MS = 2000;
/** of the time, reading may take at most this share: large tables are read less often */
const LARGEST_SHARE = 0.1;

export interface SamplerOptions {
  readonly read: () => Promise<TableReading>;
  readonly clock: Clock;
  /** milliseconds that the rates are over, at least */
  readonly windowMs?: number;
  readonly periodMs?: number;
}

export function createSampler({
  read,
  clock,
  windowMs = WINDOW_MS,
  periodMs = PERIOD_MS,
}: SamplerOptions): Sampler {
  /** the oldest first: those that a later sample may compare with */
  let earlier: readonly TableReading[] = [];
  let latest: Sample | undefined;
  /** when its reading ended */
  let readAt = 0;
  let reading: Promise<Sample> | undefined;

  async function take(): Promise<Sample> {
    const snapshot = await read();
    const sample = sampleOf(earlier, snapshot, windowMs);
    earlier = kept([...earlier, snapshot], windowMs);
    latest = sample;
    readAt = clock.now();
    return sample;
  }
  function current(maxAgeMs: number): Promise<Sample> {
    if (latest && maxAgeMs > 0 && clock.now() - readAt <= freshMs(latest, maxAgeMs))
      return Promise.resolve(latest);
    reading ??= take().finally(() => {
      reading = undefined;
    });
    return reading;
  }
  async function rated(maxAgeMs: number): Promise<Sample> {
    let sample = await current(maxAgeMs);
    // a reading that had begun before may be a little too early
    while (sample.seconds === null && sample.report !== undefined) {
      const oldest = earlier.find(({ report }) => report !== undefined)?.at ?? sample.at;
      const wait = Math.max(0, oldest + windowMs - clock.now());
      await new Promise<void>((resolve) => void clock.after(wait, resolve));
      sample = await current(0);
    }
    return sample;
  }
  return { current, rated, follow: following(() => current(0), clock, periodMs) };
}

/** Readings for as long as there are followers, the next one a period after the last one began. */
function following(
  reading: () => Promise<Sample>,
  clock: Clock,
  periodMs: number,
): Sampler['follow'] {
  const followers = new Set<(sample: Sample) => void>();
  let isRunning = false;
  let cancel: (() => void) | undefined;

  /** A fault in a reading reaches the process, as everywhere: none is expected. */
  async function run(): Promise<void> {
    isRunning = true;
    cancel = undefined;
    const began = clock.now();
    const sample = await reading();
    for (const each of [...followers]) each(sample);
    if (followers.size === 0) {
      isRunning = false;
      return;
    }
    const next = began + Math.max(periodMs, (sample.took * 1000) / LARGEST_SHARE);
    cancel = clock.after(Math.max(0, next - clock.now()), () => void run());
  }
  return (each) => {
    followers.add(each);
    if (!isRunning) void run();
    return () => {
      if (!followers.delete(each) || followers.size > 0 || !cancel) return;
      cancel();
      cancel = undefined;
      isRunning = false;
    };
  };
}

/** What takes long to read is fresh for longer. */
function freshMs({ took }: Sample, maxAgeMs: number): number {
  return Math.max(maxAgeMs, 2 * took * 1000);
}

/** A reading with its rates since the latest earlier one that is at least `windowMs` older. */
export function sampleOf(
  earlier: readonly TableReading[],
  now: TableReading,
  windowMs: number,
): Sample {
  if (now.report === undefined) return { ...now, seconds: null, rated: [], total_rates: null };
  const then = earlier.findLast((one) => isBase(one, now, windowMs));
  const seconds = then ? (now.at - then.at) / 1000 : null;
  return {
    ...now,
    seconds,
    rated: ratesOf(then?.report?.services ?? [], now.report.services, seconds ?? 0),
    total_rates: rateOf(then?.report?.total, now.report.total, seconds ?? 0),
  };
}

function isBase({ at, report }: TableReading, now: TableReading, windowMs: number): boolean {
  return report !== undefined && now.at - at >= windowMs;
}

/** Without those that no later sample compares with: of the old enough ones only the latest. */
function kept(all: readonly TableReading[], windowMs: number): readonly TableReading[] {
  const now = all.at(-1);
  const first = now ? all.findLastIndex((one) => isBase(one, now, windowMs)) : -1;
  return first < 0 ? all.slice(-LONGEST) : all.slice(first);
}

/** of a table that cannot be read for hours nothing is kept but this */
const LONGEST = 100;
