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

test('the text of a report: how often, how long, how many servers, when the next one comes', () => {
  const { reported, clock, change } = stage();
  const again = (...servers: readonly string[]) => {
    for (const server of servers) change(server);
    clock.at += 1000;
  };
  const END =
    ': a program keeps changing this service, perhaps a second monitor; the next report is in';
  for (let i = 0; i < 65; i++) again('10.0.0.1:80');
  for (let i = 0; i < 125; i++) again('10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80');
  expect(reported.map(({ at, event }) => `${at / 1000} ${event.server} ${event.reason}`)).toEqual([
    ...[0, 1, 2].map((at) => `${at} 10.0.0.1:80 was removed`),
    `3 10.0.0.1:80 was removed again (for the 4th time)${END} 1 min or later`,
    `63 10.0.0.1:80 was removed again (still, 61 changes in 60 s)${END} 2 min or later`,
    ...[65, 66, 67].flatMap((at) =>
      ['10.0.0.2:80', '10.0.0.3:80'].map((server) => `${at} ${server} was removed`),
    ),
    `183 10.0.0.1:80 was removed again (still, 411 changes in 180 s; with it 2 more of this service)${END} 4 min or later`,
  ]);
  expect(new Set(reported.map(({ event }) => event.outcome))).toEqual(new Set(['corrected']));
});

test('a change of the service itself, and events that are no drift', () => {
  const { reported, clock, change } = stage();
  for (let i = 0; i < 4; i++, clock.at += 1000) change(undefined);
  expect(reported.map(({ event }) => event.reason?.slice(0, 17))).toEqual([
    ...Array(3).fill('was removed'),
    'was removed again',
  ]);
  const others: MonitorEvent[] = [];
  const report = createDriftLog(
    () => 0,
    (event) => others.push(event),
  );
  const up: MonitorEvent = { event: 'up', service: 'web', server: '10.0.0.1:80' };
  for (let i = 0; i < 9; i++) report(up);
  expect(others).toEqual(Array(9).fill(up));
});

test.each([
  ['five minutes after the last it goes on', 300_000, false],
  ['after more it begins again', 300_001, true],
])('%s', (_, pause, isNew) => {
  const { reported, clock, change } = stage();
  for (let i = 0; i < 20; i++) change('10.0.0.1:80');
  expect(reported).toHaveLength(4);
  clock.at += pause;
  change('10.0.0.1:80');
  expect(reported[4]?.event.reason).toMatch(isNew ? /^was removed$/ : /^was removed again \(still/);
  // and the conflict of its service as well
  for (let i = 0; i < 3; i++) change('10.0.0.1:80');
  expect(reported[7]?.event.reason).toEqual(
    isNew ? expect.stringMatching(/again \(for the 4th time\)/) : undefined,
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
