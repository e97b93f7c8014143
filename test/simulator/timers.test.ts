// The heap of timers beside a list that is searched.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Timed, Timers } from '../../src/simulator/timers.js';

interface Item extends Timed {
  readonly name: number;
}

const step = fc.record({
  name: fc.nat({ max: 150 }),
  expiresAt: fc.double({ min: 1, max: 20, noNaN: true }),
});

test('what is due comes out once, however often it was moved', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 400 }),
      fc.nat({ max: 25 }),
      (steps, now) => {
        const timers = new Timers<Item>();
        const items = new Map<number, Item>();
        for (const { name, expiresAt } of steps) {
          const item = items.get(name) ?? { name, expiresAt: 0, queuedAt: 0 };
          items.set(name, item);
          timers.set(item, expiresAt);
        }
        const expected = [...items.values()].filter(({ expiresAt }) => expiresAt <= now);
        expected.sort((a, b) => a.expiresAt - b.expiresAt);
        const due: number[] = [];
        for (let item = timers.due(now); item !== undefined; item = timers.due(now))
          due.push(item.expiresAt);
        // one that was moved on comes at its old place, if it is due by then
        expect(due.sort((a, b) => a - b)).toEqual(expected.map(({ expiresAt }) => expiresAt));
        expect(timers.next).toBeGreaterThan(now);
      },
    ),
  );
});

test('what was never moved comes out in the order of time', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 400 }), (steps) => {
      const timers = new Timers<Item>();
      for (const { name, expiresAt } of steps)
        timers.set({ name, expiresAt: 0, queuedAt: 0 }, expiresAt);
      const due: number[] = [];
      for (let item = timers.due(99); item !== undefined; item = timers.due(99))
        due.push(item.expiresAt);
      expect(due).toEqual(steps.map(({ expiresAt }) => expiresAt).sort((a, b) => a - b));
    }),
  );
});
