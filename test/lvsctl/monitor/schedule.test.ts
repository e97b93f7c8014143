// When checks go out, with a clock that only moves when told to.
import { expect, test } from 'vitest';
import {
  createSchedule,
  type Job,
  type Pace,
} from '../../../src/lvsctl/monitor/checks/schedule.js';
import { random } from '../../support/random.js';
import { PASSES, simulatedRuntime } from '../../support/simulated.js';

const PACE: Pace = { intervalMs: 1000, fastIntervalMs: 200, jitter: 0 };

function schedule(limit: number, random = () => 0.5) {
  const { clock, pass, pending } = simulatedRuntime({
    probe: () => ({ outcome: PASSES, tookMs: 0 }),
  });
  const starts: number[] = [];
  let open = 0;
  let most = 0;
  let serial = 0;
  /** A job that takes so long and wants the next one fast or not. */
  const job = (tookMs = 0, fast = () => false, pace = PACE): Job => ({
    key: `job ${serial++}`,
    pace,
    members: [],
    enough: 1,
    async work() {
      starts.push(clock.now());
      most = Math.max(most, ++open);
      await new Promise<void>((done) => void clock.after(tookMs, done));
      open--;
      return { fast: fast(), at: clock.now() };
    },
  });
  return {
    ...createSchedule(clock, random, limit),
    clock,
    pass,
    pending,
    starts,
    job,
    open: () => open,
    most: () => most,
  };
}

test('intervals count from start to start', async () => {
  const { replace, pass, starts, job } = schedule(10);
  replace([job(300)]);
  await pass(3500);
  expect(starts).toEqual([0, 1000, 2000, 3000]);
});

test('one that takes longer than its interval is followed at once, and never overlaps itself', async () => {
  const { replace, pass, starts, job, most } = schedule(10);
  replace([job(2500)]);
  await pass(8000);
  expect(starts).toEqual([0, 2500, 5000, 7500]);
  expect(most()).toBe(1);
});

test('fast while it is wanted', async () => {
  const { replace, pass, starts, job } = schedule(10);
  replace([job(0, () => starts.length % 4 !== 0)]);
  await pass(2500);
  expect(starts).toEqual([0, 200, 400, 600, 1600, 1800, 2000, 2200]);
});

test('500 checks do not start together, and jitter only ever shortens an interval', async () => {
  const next = random(7);
  const { replace, pass, starts, job } = schedule(1000, next);
  const spread: Pace = { ...PACE, jitter: 1 };
  replace(Array.from({ length: 500 }, () => job(0, () => false, spread)));
  await pass(999);
  const tenths = Array.from(
    { length: 10 },
    (_, i) => starts.filter((at) => Math.floor(at / 100) === i).length,
  );
  for (const count of tenths) {
    expect(count).toBeGreaterThan(20);
    expect(count).toBeLessThan(150);
  }
  // several at the same moments, so that the process wakes up for them together
  expect(new Set(starts).size).toBeLessThanOrEqual(21);

  const one = schedule(1, next);
  one.replace([one.job(0, () => false, { ...PACE, jitter: 0.1 })]);
  await one.pass(60_000);
  const gaps = one.starts.slice(1).map((at, i) => at - (one.starts[i] ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1000);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(900);
  expect(new Set(gaps).size).toBeGreaterThanOrEqual(4);
});

test('no more than the limit are open at a time, and those in line begin when others end', async () => {
  const { replace, pass, starts, job, most, open } = schedule(3);
  replace(Array.from({ length: 10 }, () => job(100)));
  await pass(150);
  expect(open()).toBe(3);
  await pass(350);
  expect(starts).toEqual([0, 0, 0, 100, 100, 100, 200, 200, 200, 300]);
  expect(most()).toBe(3);
});

test('a job that was never done comes before all that were', async () => {
  const { replace, pass, job, clock } = schedule(2);
  const old = Array.from({ length: 20 }, () => job(400));
  replace(old);
  await pass(4500); // each was done, and most are in line again
  let first: number | undefined;
  const fresh: Job = {
    ...job(),
    async work() {
      first ??= clock.now();
      return { fast: false, at: clock.now() };
    },
  };
  replace([...old, fresh]);
  const began = clock.now();
  await pass(5000);
  expect((first ?? Number.POSITIVE_INFINITY) - began).toBeLessThanOrEqual(400);
});

test('new jobs take the place of the former: neither those due nor those in line begin any more', async () => {
  const { replace, pass, starts, job, pending, clock } = schedule(2);
  replace(Array.from({ length: 5 }, () => job(500)));
  await pass(100);
  let later = 0;
  const count: Job = {
    key: 'count',
    pace: PACE,
    members: [],
    enough: 1,
    async work() {
      later++;
      return { fast: false, at: clock.now() };
    },
  };
  replace([count]);
  // the two under way end, and have no successors
  await pass(5000);
  expect(starts).toEqual([0, 0]);
  expect(later).toBe(5);
  expect(pending()).toBe(1);
  replace([]);
  expect(pending()).toBe(0);
});

test('those under way keep their places until they end', async () => {
  const { replace, pass, starts, job, most } = schedule(2);
  replace([job(1000), job(1000)]);
  await pass(10);
  replace([job(10), job(10)]);
  await pass(500);
  expect(starts).toEqual([0, 0]);
  await pass(600);
  expect(starts).toEqual([0, 0, 1000, 1000]);
  expect(most()).toBe(2);
});

test('a job of the same key keeps its time, and is done as the new one says', async () => {
  const { replace, pass, job, clock } = schedule(10);
  const done: string[] = [];
  const named = (text: string): Job => ({
    ...job(),
    key: 'same',
    async work() {
      done.push(`${text} ${clock.now()}`);
      await new Promise<void>((resolve) => void clock.after(600, resolve));
      return { fast: false, at: clock.now() };
    },
  });
  replace([named('first')]);
  // more often than a job takes: it must come to its end all the same
  for (let i = 0; i < 10; i++) {
    await pass(250);
    replace([named('second')]);
  }
  expect(done).toEqual(['first 0', 'second 1000', 'second 2000']);
});

test('however many are slow, the others find a place', async () => {
  const { replace, pass, job, clock } = schedule(8);
  const quick: number[] = [];
  const one: Job = {
    ...job(),
    key: 'quick',
    async work() {
      quick.push(clock.now());
      return { fast: false, at: clock.now() };
    },
  };
  replace([...Array.from({ length: 50 }, () => job(30_000)), one]);
  // who is slow is known after the first round
  await pass(30_000 * 8);
  quick.length = 0;
  await pass(20_000);
  expect(quick.length).toBeGreaterThanOrEqual(20);
});
