// How often drift is reported that does not end.
import { expect, test } from 'vitest';
import { createDriftLog } from '../../../src/lvsctl/monitor/process/driftlog.js';
import type { MonitorEvent } from '../../../src/lvsctl/monitor/state/events.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function stage() {
  const reported: { at: number; event: MonitorEvent }[] = [];
  const clock = { at: 0 };
  const report = createDriftLog(
    () => clock.at,
    (event) => reported.push({ at: clock.at, event }),
  );
  const change = (server: string | undefined, service = 'web') =>
    report({
      event: 'drift',
      service,
      ...(server === undefined ? {} : { server }),
      reason: 'was removed',
      outcome: 'corrected',
    });
  return { reported, clock, change };
}

test('a day of two changes every two seconds: three of each, then after 0, 1, 3, 7 … minutes, then hourly', () => {
  const { reported, clock, change } = stage();
  for (; clock.at < 24 * HOUR; clock.at += 2000) {
    change('10.0.0.1:80');
    change('10.0.0.2:80');
  }
  const minutes = reported.slice(6).map(({ at }) => Math.round((at - 6000) / MINUTE));
  expect(minutes.slice(0, 9)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
  expect(reported).toHaveLength(6 + 7 + 22);
  expect(reported[6]?.event.reason).toMatch(/^was removed again \(for the 4th time\): a program/);
  expect(reported[7]?.event.reason).toMatch(
    /\(still, 61 changes in 60 s; with it 1 more of this service\)/,
  );
});

test('rare changes are each reported', () => {
  const { reported, clock, change } = stage();
  for (let i = 0; i < 100; i++, clock.at += 6 * MINUTE) change(undefined);
  expect(reported.map(({ event }) => event)).toEqual(
    Array(100).fill({
      event: 'drift',
      service: 'web',
      reason: 'was removed',
      outcome: 'corrected',
    }),
  );
});

test('many servers once are not a conflict, and another service has its own reports', () => {
  const { reported, change } = stage();
  for (let i = 0; i < 2000; i++) change(`10.0.${i >> 8}.${i & 255}:80`);
  expect(reported).toHaveLength(2000);
  for (let i = 0; i < 10; i++) change('10.0.0.1:80');
  const count = reported.length;
  expect(count).toBe(2000 + 2 + 1);
  change('10.0.0.1:80', 'mail');
  expect(reported).toHaveLength(count + 1);
});
