// monitor --once.
import { describe, expect, test } from 'vitest';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { FILE, stage } from '../../support/stage.js';

describe('once', () => {
  test.each([
    [[], 0, { '10.0.0.1': 3, '10.0.0.2': 1 }],
    [['10.0.0.1:80'], 1, { '10.0.0.2': 1 }],
    [['10.0.0.1:80', '10.0.0.2:80'], 3, { '10.0.9.9': 1 }],
  ] as const)('with %j down the status is %i', async (down, status, weights) => {
    const one = stage();
    for (const server of down) one.down.add(server);
    const ended = one.once();
    await one.pass(60_000);
    expect(await ended).toBe(status);
    expect(await one.weights()).toEqual(weights);
  });

  test('weights are whole at once, and that is well', async () => {
    const one = stage();
    one.texts.file = FILE.replace('monitor:', '    health: {slow_start: 60}\nmonitor:');
    const [service] = desiredServices(readConfig(one.texts.file, 'f'));
    if (!service?.destinations[1]) throw new Error('no service');
    one.backend.applyNow([
      { kind: 'add-service', service: service.service },
      { kind: 'add-destination', id: service.service.id, destination: service.destinations[1] },
    ]);
    const ended = one.once();
    await one.pass(60_000);
    expect(await ended).toBe(0);
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
  });

  test('a signal ends it, and the table is as it was', async () => {
    const one = stage();
    one.hanging.add('10.0.0.1:80');
    const ended = one.once();
    const failed = expect(ended).rejects.toThrow(
      'SIGTERM: ended before it was certain, and the table is as it was',
    );
    await one.pass(500);
    one.signal('SIGTERM');
    await one.pass(10);
    await failed;
    await one.pass(60_000);
    expect(await one.weights()).toEqual({});
  });

  test('a signal while it writes comes too late: it ends as without', async () => {
    const one = stage();
    const { apply } = one.backend;
    one.backend.apply = async (changes) => {
      one.signal('SIGTERM');
      await new Promise<void>((resolve) => void one.runtime.clock.after(100, resolve));
      return apply.call(one.backend, changes);
    };
    const ended = one.once();
    await one.pass(60_000);
    expect(await ended).toBe(0);
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
  });

  test('does not disturb a monitor at work', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    await expect(one.once()).rejects.toMatchObject({ code: 'MONITOR_RUNNING' });
    one.signal('SIGTERM');
  });
});
