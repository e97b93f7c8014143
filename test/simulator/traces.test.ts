import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { replay, type Trace } from '../traces/replay.js';

const { traces } = JSON.parse(
  readFileSync(new URL('../traces/recorded.json', import.meta.url), 'utf8'),
) as { traces: readonly Trace[] };

test.each(traces.map((trace) => [trace.id, trace] as const))('%s', (_, trace) => {
  expect(replay(trace)).toBeUndefined();
});

describe('a difference is found', () => {
  const trace = (id: string) => traces.find((one) => one.id === id) ?? expect.fail(id);
  test('in a pick', () => {
    const [first, ...rest] = trace('rr-1').events;
    expect(
      replay({ ...trace('rr-1'), events: [{ ...first, t: 'open', pick: '10.0.1.2:80' }, ...rest] }),
    ).toMatch(/^event 0 \(open\): pick "10\.0\.1\.3:80", recorded/);
  });
  test('in a counter', () => {
    const events = trace('wlc-1').events.map((event, i) =>
      i === 5 ? { ...event, counters: {} } : event,
    );
    expect(replay({ ...trace('wlc-1'), events })).toMatch(/^event 5 .*counters/);
  });
  test('in a tally', () => {
    expect(
      replay({
        ...trace('twos-1'),
        tally: { '10.0.1.3:53': 2000, '10.0.1.2:53': 2000, '10.0.1.1:53': 2000 },
      }),
    ).toMatch(/^tally deviates/);
    expect(replay({ ...trace('twos-3'), tally: { '10.0.1.1:53': 1, '10.0.1.2:53': 199 } })).toMatch(
      /never can be/,
    );
  });
});
