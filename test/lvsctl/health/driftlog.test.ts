// How often drift is reported that does not end.
import { expect, test } from 'vitest';
import { createDriftLog } from '../../../src/lvsctl/health/driftlog.js';
import type { MonitorEvent } from '../../../src/lvsctl/health/events.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function stage() {
  const told: { at: number; event: MonitorEvent }[] = [];
  const clock = { at: 0 };
  const report = createDriftLog(
    () => clock.at,
    (event) => told.push({ at: clock.at, event }),
  );
  const change = (server: string | undefined, service = 'web') =>
    report({ service, server, what: 'was removed', outcome: 'repaired' });
  return { told, clock, change };
}

test('a day of two changes every two seconds: three of each, then after 0, 1, 3, 7 … minutes, then hourly', () => {
  const { told, clock, change } = stage();
  for (; clock.at < 24 * HOUR; clock.at += 2000) {
    change('10.0.0.1:80');
    change('10.0.0.2:80');
  }
  const minutes = told.slice(6).map(({ at }) => Math.round((at - 6000) / MINUTE));
  expect(minutes.slice(0, 9)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
  expect(told).toHaveLength(6 + 7 + 22);
  expect(told[6]?.event.reason).toMatch(
    /^was removed again \(for the 4th time\); repaired\. Another/,
  );
  expect(told[7]?.event.reason).toMatch(
    /\(still, 61 changes in 60 s; with it 1 more of this service\)/,
  );
});

test('rare changes are each reported', () => {
  const { told, clock, change } = stage();
  for (let i = 0; i < 100; i++, clock.at += 6 * MINUTE) change(undefined);
  expect(told.map(({ event }) => event)).toEqual(
    Array(100).fill({ event: 'foreign', service: 'web', reason: 'was removed; repaired' }),
  );
});

test('many servers once are not a conflict, and another service has its own reports', () => {
  const { told, change } = stage();
  for (let i = 0; i < 2000; i++) change(`10.0.${i >> 8}.${i & 255}:80`);
  expect(told).toHaveLength(2000);
  for (let i = 0; i < 10; i++) change('10.0.0.1:80');
  const count = told.length;
  expect(count).toBe(2000 + 2 + 1);
  change('10.0.0.1:80', 'mail');
  expect(told).toHaveLength(count + 1);
});
