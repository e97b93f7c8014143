// Requests of administrators to the running monitor.
import { describe, expect, test } from 'vitest';
import type { Status } from '../../../src/lvsctl/monitor/status.js';
import { IpvsError } from '../../../src/model/errors.js';
import { KEY, say, stage } from '../../support/stage.js';

describe('administrators', () => {
  test('win over health, are remembered over a restart, and enable gives the weight back', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    expect(await one.ask(say('disabled', '10.0.0.1', 'new disk'))).toEqual({
      servers: [{ service: KEY, name: 'web', server: '10.0.0.1:80', changed: true }],
      error: null,
    });
    expect(await one.weights()).toEqual({ '10.0.0.2': 1 });
    await one.ask(say('drained', '10.0.0.2:80'));
    expect(await one.weights()).toEqual({ '10.0.0.2': 0, '10.0.9.9': 1 });
    one.signal('SIGTERM');
    await one.pass(10);
    void one.run();
    await one.pass(60_000);
    expect(await one.weights()).toEqual({ '10.0.0.2': 0, '10.0.9.9': 1 });
    const { services } = (await one.ask({ ask: 'status' })) as Status;
    expect(services[0]?.servers).toMatchObject([
      {
        state: 'disabled',
        reason: 'new disk',
        weight: 3,
        weight_desired: null,
        weight_actual: null,
      },
      { state: 'drained', reason: null, weight: 1, weight_desired: 0, weight_actual: 0 },
    ]);
    await one.ask(say(null, '10.0.0.1'));
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 0 });
    expect(JSON.parse(one.files.get('/var/s.json') ?? '').admin).toHaveLength(1);
    one.signal('SIGTERM');
  });

  test('saying the same again changes nothing and is not logged; another reason is', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    const server = { service: KEY, name: 'web', server: '10.0.0.1:80' };
    const answer = (changed: boolean) => ({ servers: [{ ...server, changed }], error: null });
    expect(await one.ask(say(null, '10.0.0.1'))).toEqual(answer(false));
    expect(await one.ask(say('drained', '10.0.0.1', 'fan'))).toEqual(answer(true));
    const record = one.files.get('/var/s.json');
    await one.pass(5000);
    expect(await one.ask(say('drained', '10.0.0.1'))).toEqual(answer(false));
    expect(await one.ask(say('drained', '10.0.0.1', 'fan'))).toEqual(answer(false));
    expect(one.files.get('/var/s.json')).toBe(record);
    expect(await one.ask(say('drained', '10.0.0.1', 'disk'))).toEqual(answer(true));
    expect(await one.ask(say(null, '10.0.0.1'))).toEqual(answer(true));
    expect(one.log().slice(4)).toEqual([
      'web 10.0.0.1:80 drained: fan',
      'web 10.0.0.1:80 drained: disk',
      'web 10.0.0.1:80 enabled',
    ]);
    one.signal('SIGTERM');
  });

  test('are remembered before the table is touched', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    one.backend.apply = () => new Promise(() => {});
    void one.ask(say('disabled', '10.0.0.1'));
    await one.pass(100);
    expect(JSON.parse(one.files.get('/var/s.json') ?? '{}').admin).toHaveLength(1);
    one.signal('SIGTERM');
  });

  test('are reported when the kernel refuses what they said', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    const { apply } = one.backend;
    one.backend.apply = async (changes) =>
      changes.map(() => new IpvsError('edit-destination', 'EINVAL'));
    expect(await one.ask(say('drained', '10.0.0.1'))).toMatchObject({
      error: 'web 10.0.0.1:80 has weight 3 there',
    });
    expect(await one.ask(say('disabled', '10.0.0.2'))).toMatchObject({
      error: 'web 10.0.0.2:80 has weight 1 there',
    });
    one.backend.apply = apply;
    one.signal('SIGTERM');
  });

  test('many at a time cost two writes, not one each', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    let writes = 0;
    const services = one.backend.services.bind(one.backend);
    one.backend.services = async (...args) => {
      writes++;
      await new Promise<void>((done) => void one.runtime.clock.after(300, done));
      return services(...args);
    };
    const all = Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        one.ask(say(i % 2 === 0 ? 'disabled' : null, '10.0.0.1')),
      ),
    );
    await one.pass(1500);
    await all;
    expect(writes).toBeLessThanOrEqual(5);
    one.signal('SIGTERM');
  });

  test('are reported when the table does not have it yet', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    const { services } = one.backend;
    one.backend.services = async () => {
      throw new IpvsError('list-services', 'EPERM');
    };
    const { error } = (await one.ask(say('disabled', '10.0.0.1'))) as { error: string };
    expect(error).toMatch(/./);
    one.backend.services = services;
    await one.pass(5000);
    expect(await one.weights()).toEqual({ '10.0.0.2': 1 });
    one.signal('SIGTERM');
  });

  test.each([
    [say('disabled', '10.0.0.7'), 'no server 10.0.0.7; there are 10.0.0.1:80, 10.0.0.2:80'],
  ])('%j is refused', async (request, error) => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    expect(await one.ask(request)).toEqual({ refused: error, hint: null });
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
    one.signal('SIGTERM');
  });
});
