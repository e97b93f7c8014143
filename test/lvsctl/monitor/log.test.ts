// Log, hook, systemd, and successions of files.
import { describe, expect, test } from 'vitest';
import { NOTHING_LASTING } from '../../../src/lvsctl/monitor/state/lasting.js';
import { IpvsError } from '../../../src/model/errors.js';
import { FILE, KEY, say, stage } from '../../support/stage.js';

describe('log, hook and systemd', () => {
  test('the file has the lines of stderr, the hook hears of changes in their order', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    one.down.add('10.0.0.1:80').add('10.0.0.2:80');
    await one.pass(5000);
    expect(
      one.files
        .get('/var/log/lvs.log')
        ?.split('\n')
        .map((line) => line.slice(25)),
    ).toEqual([...one.log(), '']);
    expect(
      one.hooks.map(({ LVS_EVENT, LVS_SERVER, LVS_REASON }) => [LVS_EVENT, LVS_SERVER, LVS_REASON]),
    ).toEqual([
      ['up', '10.0.0.1:80', ''],
      ['service-up', '', 'weight 3 of 4 is up, quorum 1'],
      ['up', '10.0.0.2:80', ''],
      ['down', '10.0.0.1:80', 'refused'],
      ['down', '10.0.0.2:80', 'refused'],
      ['service-down', '', 'weight 0 of 4 is up, quorum 1'],
      ['sorry-up', '10.0.9.9:80', ''],
    ]);
    one.signal('SIGTERM');
  });

  test('a hook that cannot keep up: the last thousand wait, others are dropped and reported, and it catches up', async () => {
    const heard: string[] = [];
    const one = stage(
      {},
      {
        async run(_, { LVS_EVENT = '' }) {
          await new Promise<void>((done) => void one.runtime.clock.after(100, done));
          heard.push(LVS_EVENT);
          return undefined;
        },
      },
    );
    void one.run();
    await one.pass(5000);
    for (let i = 0; i < 600; i++) {
      await one.ask({
        ask: 'admin',
        state: i % 2 === 0 ? 'disabled' : null,
        server: '10.0.0.1',
        service: null,
        reason: '',
        by: 'alice',
        for_seconds: null,
      });
      await one.ask({
        ask: 'admin',
        state: i % 2 === 0 ? 'disabled' : null,
        server: '10.0.0.2',
        service: null,
        reason: '',
        by: 'alice',
        for_seconds: null,
      });
    }
    expect(
      one.log().filter((line) => line.includes('1000 events are waiting')).length,
    ).toBeGreaterThan(0);
    await one.pass(200_000);
    heard.length = 0;
    await one.ask({
      ask: 'admin',
      state: 'disabled',
      server: '10.0.0.1',
      service: null,
      reason: '',
      by: 'alice',
      for_seconds: null,
    });
    await one.pass(1000);
    expect(heard).toEqual(['disabled']);
    one.signal('SIGTERM');
  });

  test('JSON lines', async () => {
    const one = stage();
    one.texts.file = FILE.replace('format: text', 'format: json');
    void one.run();
    await one.pass(5000);
    const lines = one.files
      .get('/var/log/lvs.log')
      ?.trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { event: 'started', reason: 'web.yaml' },
      { event: 'up', service: 'web', server: '10.0.0.1:80' },
      { event: 'service-up', service: 'web', vip: '192.0.2.1' },
      {},
    ]);
    one.signal('SIGTERM');
  });

  test('a hook that hangs does not hold the end for ever', async () => {
    let ends = 0;
    const one = stage({}, { run: () => new Promise(() => {}), endPrograms: () => void ends++ });
    const ended = one.run();
    await one.pass(5000);
    one.signal('SIGTERM');
    await one.pass(9_000);
    expect(ends).toBe(0);
    await one.pass(2_000);
    expect(await ended).toBe(0);
    expect(ends).toBe(1);
    expect(one.log().at(-1)).toBe('error: hook: 3 events not reported at the end');
  });

  test('after the ten seconds of the end no further hook is started', async () => {
    const started: string[] = [];
    let endCurrent = () => {};
    const one = stage(
      {},
      {
        run: (_, { LVS_EVENT = '' }) =>
          new Promise((resolve) => {
            started.push(LVS_EVENT);
            endCurrent = () => resolve('the check was ended');
          }),
        endPrograms: () => endCurrent(),
      },
    );
    const ended = one.run();
    await one.pass(5000);
    one.down.add('10.0.0.1:80').add('10.0.0.2:80');
    await one.pass(5000);
    one.signal('SIGTERM');
    await one.pass(11_000);
    expect(await ended).toBe(0);
    await one.pass(60_000);
    expect(started).toEqual(['up']);
    expect(one.log().at(-1)).toBe('error: hook: 7 events not reported at the end');
  });

  test('a hook that ends within them is followed by the next', async () => {
    const started: string[] = [];
    const one = stage(
      {},
      {
        async run(_, { LVS_EVENT = '' }) {
          started.push(LVS_EVENT);
          await new Promise<void>((done) => void one.runtime.clock.after(4000, done));
          return undefined;
        },
      },
    );
    const ended = one.run();
    await one.pass(1000);
    one.down.add('10.0.0.1:80').add('10.0.0.2:80');
    await one.pass(5000);
    one.signal('SIGTERM');
    await one.pass(11_000);
    expect(await ended).toBe(0);
    await one.pass(60_000);
    expect(started).toEqual(['up', 'service-up', 'up', 'down']);
  });

  describe('another file', () => {
    const service = (name: string, port: number, server: string, more = '') =>
      `  - {name: ${name}, address: 192.0.2.1, port: ${port}, mode: nat, ${more} servers: [{address: ${server}, port: 80}], checks: [{kind: tcp, interval: 2, timeout: 1, rise: 3, fall: 3}]}\n`;
    const fileOf = (...services: string[]) =>
      `vips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n${services.join('')}`;
    async function started(...services: string[]) {
      const one = stage();
      one.texts.file = fileOf(...services);
      void one.run();
      await one.pass(20_000);
      const become = async (ms: number, ...next: string[]) => {
        one.texts.file = fileOf(...next);
        one.signal('SIGHUP');
        await one.pass(ms);
      };
      const ports = async () =>
        (await one.backend.services())
          .map(({ service: { id } }) => ('port' in id ? id.port : 0))
          .sort();
      return { ...one, become, ports };
    }
    test('and another before the new server has a verdict: the former one stays', async () => {
      const one = await started(service('a', 80, '10.0.0.1'));
      one.hanging.add('10.0.0.2:80');
      await one.become(10, service('a', 80, '10.0.0.2'));
      await one.become(10, service('a', 80, '10.0.0.2').replace('rise: 3', 'rise: 2'));
      expect(await one.weights()).toEqual({ '10.0.0.1': 1 });
      one.hanging.clear();
      await one.pass(3000);
      expect(await one.weights()).toEqual({ '10.0.0.2': 1 });
      expect(one.log().filter((line) => line.includes('down'))).toEqual([]);
    });
    test('a service stays while the one that has its name is refused, and only for that one', async () => {
      const one = await started(service('a', 80, '10.0.0.1'), service('b', 81, '10.0.0.1'));
      const { apply } = one.backend;
      one.backend.apply = async (changes) =>
        Promise.all(
          changes.map(async (change) =>
            change.kind === 'add-service'
              ? new IpvsError('add-service', 'ENOMEM')
              : (await apply.call(one.backend, [change]))[0],
          ),
        );
      await one.become(5000, service('a', 82, '10.0.0.1'));
      expect(await one.ports()).toEqual([80]);
      one.backend.apply = apply;
      await one.pass(5000);
      expect(await one.ports()).toEqual([82]);
    });
    test('a service that comes back while it waits to go: its new servers need one pass', async () => {
      const one = await started(service('a', 80, '10.0.0.1'));
      one.hanging.add('10.0.0.3:80');
      await one.become(10, service('a', 81, '10.0.0.3'));
      expect(await one.ports()).toEqual([80, 81]);
      one.hanging.add('10.0.0.2:80');
      await one.become(10, service('a', 81, '10.0.0.3'), service('b', 80, '10.0.0.2'));
      expect(await one.weights()).toEqual({ '10.0.0.1': 1 });
    });
    test('a state goes with its service to the new name, not to the service that has the previous one', async () => {
      const one = await started(service('a', 80, '10.0.0.1'));
      await one.ask(say('disabled', '10.0.0.1'));
      await one.become(5000, service('b', 80, '10.0.0.1'), service('a', 81, '10.0.0.1'));
      expect(JSON.parse(one.files.get('/var/s.json') ?? '').admin).toMatchObject([
        { service: KEY, name: 'b' },
      ]);
      const { services } = (await one.ask({ ask: 'status' })) as {
        services: { name: string; servers: { state: string }[] }[];
      };
      expect(services.map(({ name, servers }) => `${name} ${servers[0]?.state}`)).toEqual([
        'b disabled',
        'a up',
      ]);
    });
    test('a state stays with its service when another one takes the name', async () => {
      const one = await started(service('a', 80, '10.0.0.1'), service('b', 81, '10.0.0.1'));
      await one.ask({ ...say('disabled', '10.0.0.1'), service: 'b' });
      await one.become(5000, service('b', 80, '10.0.0.1'));
      expect(JSON.parse(one.files.get('/var/s.json') ?? '').admin).toMatchObject([
        { service: 'tcp 192.0.2.1:81', server: '10.0.0.1:80' },
      ]);
      expect(await one.weights()).toEqual({ '10.0.0.1': 1 });
    });
    test('with a slow start: who has been up for long keeps its weight', async () => {
      const one = await started(
        service('a', 80, '10.0.0.1').replace('port: 80}', 'port: 80, weight: 100}'),
      );
      one.down.add('10.0.0.1:80');
      await one.pass(10_000);
      one.down.clear();
      await one.pass(60_000);
      await one.become(
        5000,
        service('a', 80, '10.0.0.1', 'health: {slow_start: 600},').replace(
          'port: 80}',
          'port: 80, weight: 100}',
        ),
      );
      expect(await one.weights()).toEqual({ '10.0.0.1': 100 });
    });
  });

  test('a check of the VIP that failed while its way was not there says nothing of the server', async () => {
    const one = stage();
    one.texts.file = FILE.replace('mode: nat', 'mode: dr')
      .replace('{kind: tcp,', '{kind: tcp, target: vip,')
      .replace('monitor:', 'monitor:\n  check_netns: c');
    void one.run();
    await one.pass(5000);
    one.down.add('192.0.2.1:80');
    await one.pass(20_000); // the program that shows what is there shows nothing here
    expect(await one.weights()).toMatchObject({ '10.0.0.1': 3, '10.0.0.2': 1 });
    expect(one.log().filter((line) => /error| down/.test(line))).toEqual([
      'error: tcp: the route to the VIP was missing; the states of the servers stay',
    ]);
    one.signal('SIGTERM');
  });

  test('an administrative state of a server that is not in the file is reported at the start, and kept', async () => {
    const one = stage();
    const entry = {
      service: KEY,
      name: 'web',
      server: '10.0.0.9:80',
      state: 'disabled',
      reason: 'fan',
      by: '',
      since: '2026-01-01T00:00:00.000Z',
      until: null,
    } as const;
    one.files.set('/var/s.json', JSON.stringify({ ...NOTHING_LASTING, admin: [entry] }));
    void one.run();
    await one.pass(10);
    expect(one.log()).toContain(
      'web 10.0.0.9:80 not-in-file: disabled (fan), but not in the file; remembered',
    );
    expect(await one.ask(say('disabled', '10.0.0.9'))).toMatchObject({
      refused: expect.stringContaining('no server 10.0.0.9'),
    });
    expect(await one.ask(say(null, '10.0.0.9'))).toEqual({
      servers: [{ service: KEY, name: 'web', server: '10.0.0.9:80', changed: true }],
      error: null,
    });
    expect(JSON.parse(one.files.get('/var/s.json') ?? '').admin).toEqual([]);
    one.signal('SIGTERM');
  });

  test('a log file that cannot be written and a hook that fails are reported, and change nothing', async () => {
    const one = stage(
      {},
      {
        appendText: () => {
          throw new Error('ENOSPC');
        },
        run: async () => 'status 1: no pager',
      },
    );
    void one.run();
    await one.pass(5000);
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
    expect(one.log().filter((line) => line.startsWith('error'))).toEqual([
      'error: log file: ENOSPC',
      'error: hook /usr/local/bin/page: status 1: no pager',
      'error: hook /usr/local/bin/page: status 1: no pager',
      'error: hook /usr/local/bin/page: status 1: no pager',
    ]);
    one.signal('SIGTERM');
  });

  test('ready when the table is written, alive as long as it is', async () => {
    const one = stage({}, { watchdogMs: 10_000 });
    void one.run();
    await one.pass(1);
    expect(one.notified).toEqual(['WATCHDOG=1']);
    await one.pass(20_000);
    expect(one.notified).toEqual(['WATCHDOG=1', '--ready', ...Array(4).fill('WATCHDOG=1')]);
    one.backend.services = async () => {
      throw new IpvsError('list-services', 'EPERM');
    };
    await one.pass(60_000);
    expect(one.notified.length).toBeLessThanOrEqual(8);
    one.signal('SIGTERM');
    await one.pass(10);
    expect(one.notified.at(-1)).toBe('STOPPING=1');
  });

  // The table is written every five seconds at most: no sign of life is withheld in between.
  test.each([1000, 2000, 4000, 10_000, 60_000])(
    'a sign of life every half of WatchdogSec = %i ms, until the table was not written for long',
    async (watchdogMs) => {
      const one = stage({}, { watchdogMs });
      // checks that come seldom: the table is written every five seconds
      one.texts.file = FILE.replace('interval: 2', 'interval: 60');
      void one.run();
      await one.pass(1);
      const signs = () => one.notified.filter((line) => line === 'WATCHDOG=1').length;
      for (let ms = watchdogMs / 2; ms <= 60_000; ms += watchdogMs / 2) {
        const before = signs();
        await one.pass(watchdogMs / 2);
        expect({ ms, signs: signs() - before }).toEqual({ ms, signs: 1 });
      }
      one.backend.services = async () => {
        throw new IpvsError('list-services', 'EPERM');
      };
      await one.pass(2 * Math.max(watchdogMs, 15_000));
      const last = signs();
      await one.pass(10 * watchdogMs);
      expect(signs()).toBe(last);
      one.signal('SIGTERM');
    },
  );
});
