// The wheel of timers, in real time: when calls come, together, and what is cancelled.
import { expect, test } from 'vitest';
import { createWheel } from '../../src/system/wheel.js';

/** The functions of a wheel of its own. */
function wheel() {
  const one = createWheel();
  return {
    now: () => one.now(),
    after: (delayMs: number, work: () => void) => one.after(delayMs, work),
    timer: (work: () => void) => one.timer(work),
  };
}
const passed = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test('calls come in the order of their times, never early', async () => {
  const { after, now } = wheel();
  const began = now();
  const calls: { readonly delay: number; readonly at: number }[] = [];
  for (const delay of [90, 0, 250, 5, 40, 41])
    after(delay, () => calls.push({ delay, at: performance.now() }));
  await passed(400);
  // 40 and 41 may come in one turn, in the order in which they were set
  expect(calls.map(({ delay }) => delay)).toEqual([0, 5, 40, 41, 90, 250]);
  for (const { delay, at } of calls) expect(at - began).toBeGreaterThanOrEqual(delay);
});

test('what is cancelled is not called, and does not keep the others back', async () => {
  const { after } = wheel();
  const calls: string[] = [];
  const cancels = ['a', 'b', 'c'].map((name) => after(20, () => calls.push(name)));
  cancels[1]?.();
  await passed(60);
  expect(calls).toEqual(['a', 'c']);
  cancels[0]?.(); // it is over
  after(10, () => calls.push('d'));
  await passed(40);
  expect(calls).toEqual(['a', 'c', 'd']);
});

test('a call may cancel others of the same turn and set new ones', async () => {
  const { after } = wheel();
  const calls: string[] = [];
  const cancels: (() => void)[] = [];
  after(20, () => {
    calls.push('first');
    for (const cancel of cancels) cancel();
    after(0, () => calls.push('new'));
  });
  for (let i = 0; i < 3; i++) cancels.push(after(20, () => calls.push(`cancelled ${i}`)));
  after(20, () => calls.push('last'));
  await passed(80);
  expect(calls).toEqual(['first', 'last', 'new']);
});

test('a timer is set again, also by another call of the same turn', async () => {
  const { timer, now } = wheel();
  const began = now();
  const calls: string[] = [];
  const again = timer(() => calls.push(`again ${Math.floor((now() - began) / 50)}`));
  const first = timer(() => {
    calls.push('first');
    again.set(100);
  });
  first.set(20);
  again.set(20);
  const cleared = timer(() => calls.push('cleared'));
  cleared.set(20);
  cleared.clear();
  cleared.clear();
  await passed(40);
  expect(calls).toEqual(['first']);
  await passed(160);
  expect(calls).toHaveLength(2);
  expect(Number(calls[1]?.split(' ')[1])).toBeGreaterThanOrEqual(2); // 100 ms after the first
  again.set(5);
  await passed(40);
  expect(calls).toHaveLength(3);
});

test('the loop gets its turn between many calls, and time stands still in each turn', async () => {
  const { after, now } = wheel();
  const turns: number[] = [];
  let turn = 0;
  let running = true;
  const count = () => {
    turn++;
    if (running) setImmediate(count);
  };
  count();
  const times = new Map<number, Set<number>>();
  for (let i = 0; i < 100; i++)
    after(20, () => {
      turns.push(turn);
      times.set(turn, (times.get(turn) ?? new Set()).add(now()));
    });
  await passed(150);
  running = false;
  expect(turns).toHaveLength(100);
  const most = Math.max(...[...new Set(turns)].map((one) => turns.filter((t) => t === one).length));
  // two turns may come between two of the counter's
  expect(most).toBeLessThanOrEqual(32);
  for (const seen of times.values()) expect(seen.size).toBe(1);
});

test('a delay longer than a timer or a revolution can wait', async () => {
  const { after } = wheel();
  const calls: string[] = [];
  const cancels = [Number.POSITIVE_INFINITY, 2 ** 33, 10_250].map((delay) =>
    after(delay, () => calls.push(`after ${delay}`)),
  );
  after(5, () => calls.push('after 5'));
  await passed(50);
  expect(calls).toEqual(['after 5']);
  for (const cancel of cancels) cancel();
});

test('a wheel on which nothing waits keeps no process alive', async () => {
  const { after } = wheel();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const cancel = after(60_000, () => {});
  expect(timers()).toBe(before + 1);
  cancel();
  expect(timers()).toBe(before);
});

test('one that throws does not stop the others', async () => {
  const { after } = wheel();
  const errors: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', (error) => errors.push(error));
  const calls: string[] = [];
  after(10, () => {
    throw new Error('thrown');
  });
  after(10, () => calls.push('same turn'));
  after(30, () => calls.push('later'));
  await passed(80);
  for (const listener of listeners) process.on('uncaughtException', listener);
  expect(errors).toEqual([new Error('thrown')]);
  expect(calls).toEqual(['same turn', 'later']);
});
