// Signals and reloads of the monitor.
import { describe, expect, test } from 'vitest';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { parseAddress } from '../../../src/model/address.js';
import { IpvsError } from '../../../src/model/errors.js';
import { serviceKey } from '../../../src/model/table.js';
import { FILE, KEY, stage } from '../../support/stage.js';

describe('signals', () => {
  test('SIGHUP takes the file anew, SIGTERM ends and leaves the rules', async () => {
    const one = stage();
    const ended = one.run();
    await one.pass(5000);
    one.texts.file = FILE.replace('weight: 3', 'weight: 8').replace(
      '{address: 10.0.0.2}',
      '{address: 10.0.0.3}',
    );
    one.signal('SIGHUP');
    await one.pass(5000);
    expect(await one.weights()).toEqual({ '10.0.0.1': 8, '10.0.0.3': 1 });
    one.signal('SIGTERM');
    await one.pass(10);
    expect(await ended).toBe(0);
    expect(await one.weights()).toEqual({ '10.0.0.1': 8, '10.0.0.3': 1 });
    expect(one.log()).toEqual([
      'started: web.yaml',
      'web 10.0.0.1:80 up',
      'web service-up: weight 3 of 4 is up, quorum 1',
      'web 10.0.0.2:80 up',
      'reloaded: web.yaml',
      'web 10.0.0.3:80 up',
      'stopped: the rules stay',
    ]);
  });

  test.each([
    [
      FILE.replace('weight: 3', 'weight: many'),
      /^reload-failed: web\.yaml:8:\d+: .*the previous file stays in force$/,
    ],
    [
      FILE.replace('port: 80', 'port: 0').replace(
        'mode: nat',
        'mode: nat\n    persistence: {timeout: 60}',
      ),
      /^reload-failed: web\.yaml:\d+:\d+: services\[0\]\.checks\[0\]: check tcp needs `port'/,
    ],
  ])('a broken file is refused, and the old one stays', async (text, line) => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    one.texts.file = text;
    one.signal('SIGHUP');
    one.down.add('10.0.0.2:80');
    await one.pass(5000);
    expect(one.log()[4]).toMatch(line);
    expect(await one.weights()).toEqual({ '10.0.0.1': 3 });
    one.signal('SIGTERM');
  });

  test('ways to the VIP that cannot be made: refused at the start, and at a reload the former ones are made again', async () => {
    const ways = (netns: string) =>
      FILE.replace('mode: nat', 'mode: dr')
        .replace('{kind: tcp,', '{kind: tcp, target: vip,')
        .replace('monitor:', `monitor:\n  check_netns: ${netns}`);
    const broken = stage();
    broken.texts.file = ways('broken');
    await expect(broken.run()).rejects.toThrow('ip -n broken -o link show: no such namespace');
    expect(await broken.weights()).toEqual({});
    const one = stage();
    one.texts.file = ways('good');
    void one.run();
    await one.pass(5000);
    const made = one.ran.slice();
    expect(made.slice(-3)).toEqual([
      expect.stringMatching(
        /^-n good -4 -batch -: rule flush; rule add pref 32766 lookup main; rule add pref 20000 sport 20000-20063 lookup 20000; /,
      ),
      '-n good -6 rule show',
      '-n good -6 -batch -: rule flush; rule add pref 32766 lookup main',
    ]);
    one.texts.file = ways('broken');
    one.signal('SIGHUP');
    await one.pass(10);
    expect(one.ran.slice(made.length + 1)).toEqual(made);
    expect(one.log().at(-1)).toMatch(/^reload-failed: ip -n broken/);
    one.signal('SIGTERM');
  });

  test('what a new file makes of health is reported: other combinations, min_up, no checks', async () => {
    const one = stage();
    const two = FILE.replace(
      'checks: [',
      'checks: [{kind: tcp, port: 81, interval: 2, timeout: 1, rise: 1, fall: 1}, ',
    );
    one.down.add('10.0.0.1:81').add('10.0.0.2:81');
    const any = two.replace('monitor:', '    health: {combine: any}\nmonitor:');
    one.texts.file = any;
    void one.run();
    await one.pass(5000);
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
    const from = one.log().length;
    const reload = async (text: string) => {
      one.texts.file = text;
      one.signal('SIGHUP');
      await one.pass(5000);
    };
    await reload(two);
    expect(await one.weights()).toEqual({ '10.0.9.9': 1 });
    await reload(two.replace('monitor:', '    health: {min_up: 0.5}\nmonitor:'));
    await reload(any);
    expect(one.log().slice(from)).toEqual([
      'web 10.0.0.1:80 down: tcp: refused',
      'web 10.0.0.2:80 down: tcp: refused',
      'web service-down: weight 0 of 4 is up, quorum 1',
      'web 10.0.9.9:80 sorry-up',
      'reloaded: web.yaml',
      expect.stringMatching(/^web 10\.0\.0\.[12]:80 forced-up: tcp: refused$/),
      expect.stringMatching(/^web service-up: weight [13] of 4 is up, quorum 1$/),
      'web 10.0.9.9:80 sorry-down',
      'reloaded: web.yaml',
      'web 10.0.0.1:80 up',
      'web 10.0.0.2:80 up',
      'reloaded: web.yaml',
    ]);
    expect(one.hooks.filter(({ LVS_EVENT }) => LVS_EVENT === 'down')).toHaveLength(2);
    one.signal('SIGTERM');
  });

  test('the former sorry server goes when the file names another', async () => {
    const one = stage();
    one.down.add('10.0.0.1:80').add('10.0.0.2:80');
    void one.run();
    await one.pass(5000);
    expect(await one.weights()).toEqual({ '10.0.9.9': 1 });
    one.texts.file = FILE.replace('10.0.9.9', '10.0.9.8');
    one.signal('SIGHUP');
    await one.pass(5000);
    expect(await one.weights()).toEqual({ '10.0.9.8': 1 });
    one.signal('SIGTERM');
  });

  test('a service with another name keeps its health, and what administrators said', async () => {
    const one = stage();
    one.down.add('10.0.0.2:80');
    const ended = one.run();
    await one.pass(5000);
    await one.ask({
      ask: 'admin',
      state: 'drained',
      server: '10.0.0.1',
      service: null,
      reason: 'new disk',
      by: 'alice',
      for_seconds: null,
    });
    one.texts.file = FILE.replace('name: web', 'name: www');
    one.signal('SIGHUP');
    await one.pass(10);
    const wanted = { '10.0.0.1': 0, '10.0.9.9': 1 };
    expect(await one.weights()).toEqual(wanted);
    one.signal('SIGTERM');
    await one.pass(10);
    await ended;
    void one.run();
    await one.pass(5000);
    expect(await one.weights()).toEqual(wanted);
    expect(JSON.parse(one.files.get('/var/s.json') ?? '').admin).toMatchObject([
      { service: KEY, name: 'www', server: '10.0.0.1:80' },
    ]);
    one.signal('SIGTERM');
  });

  test('when all servers are other ones, the former stay until one of these serves, and the sorry server out', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    const from = one.log().length;
    one.down.add('10.0.1.1:80');
    one.texts.file = FILE.replaceAll('10.0.0.', '10.0.1.');
    // asked for the first time a moment after the reload
    one.signal('SIGHUP');
    await one.pass(0);
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
    await one.pass(5000);
    expect(await one.weights()).toEqual({ '10.0.1.2': 1 });
    expect(one.log().slice(from)).toEqual([
      'reloaded: web.yaml',
      'web 10.0.1.1:80 down: tcp: refused',
      'web 10.0.1.2:80 up',
    ]);
    one.signal('SIGTERM');
  });

  test('when none of the new servers serves, the former go all the same', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    one.down.add('10.0.1.1:80').add('10.0.1.2:80');
    one.texts.file = FILE.replaceAll('10.0.0.', '10.0.1.');
    one.signal('SIGHUP');
    await one.pass(5000);
    expect(await one.weights()).toEqual({ '10.0.9.9': 1 });
    one.signal('SIGTERM');
  });

  describe('no service is empty while one could serve', () => {
    const TWO = `vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - {name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: 10.0.0.1}],
     checks: [{kind: tcp, interval: 2, timeout: 1, rise: 1, fall: 1}]}
  - {name: b, address: 192.0.2.1, port: 81, mode: dr, servers: [{address: 10.0.0.2}],
     checks: [{kind: tcp, interval: 2, timeout: 1, rise: 1, fall: 1}]}
`;
    /** Watches after each change. @returns services that were empty at some time, by port */
    async function emptied(
      before: string,
      after: string,
      prepare: (one: ReturnType<typeof stage>) => Promise<void> = async () => {},
    ) {
      const one = stage();
      one.texts.file = before;
      void one.run();
      await one.pass(5000);
      await prepare(one);
      const empty = new Set<string>();
      let served = true;
      const apply = one.backend.apply.bind(one.backend);
      one.backend.apply = async (changes) => {
        const results = [];
        for (const change of changes) {
          results.push(...(await apply([change])));
          served &&= Object.keys(await one.weights()).length > 1;
          for (const { service } of await one.backend.services()) {
            if (
              (await one.backend.destinations(service.id)).every(
                ({ destination }) => destination.weight === 0,
              )
            )
              empty.add(serviceKey(service.id));
          }
        }
        return results;
      };
      one.texts.file = after;
      one.signal('SIGHUP');
      await one.pass(5000);
      one.signal('SIGTERM');
      return { empty: [...empty], served, weights: await one.weights(), log: one.log() };
    }

    test('names swapped', async () => {
      const { empty, weights } = await emptied(
        TWO,
        TWO.replace('name: a', 'name: c')
          .replace('name: b', 'name: a')
          .replace('name: c', 'name: b'),
      );
      expect(empty).toEqual([]);
      expect(weights).toEqual({ '10.0.0.1': 1, '10.0.0.2': 1 });
    });
    test('another port of a DR service: the former one stays until the new one has a server', async () => {
      const { empty, served } = await emptied(TWO, TWO.replace('port: 80', 'port: 8080'));
      // the new one begins empty
      expect(empty).toEqual(['tcp 192.0.2.1:8080']);
      expect(served).toBe(true);
    });
    test('a server that was put in by hand and then into the file, in the place of the other', async () => {
      const { empty, log } = await emptied(
        TWO,
        TWO.replace('10.0.0.1', '10.0.0.9'),
        async ({ backend }) => {
          const service = (await backend.services())
            .map((one) => one.service)
            .find(({ id }) => serviceKey(id) === 'tcp 192.0.2.1:80');
          if (!service) throw new Error('no service');
          const [entry] = await backend.destinations(service.id);
          const address = parseAddress('10.0.0.9');
          if (!entry || !address) throw new Error('no server');
          backend.applyNow([
            {
              kind: 'add-destination',
              id: service.id,
              destination: { ...entry.destination, address },
            },
          ]);
        },
      );
      expect(empty).toEqual([]);
      // it was there before the file named it, and counts as up
      expect(log.filter((line) => / (down|up)(:|$)/.test(line)).slice(2)).toEqual([]);
    });
    test('a server that becomes the sorry server', async () => {
      const sorry = FILE.replace(
        'sorry: {address: 10.0.9.9}',
        'sorry: {address: 10.0.0.1}',
      ).replace('{address: 10.0.0.1, weight: 3}, ', '');
      const { empty, weights } = await emptied(FILE, sorry);
      expect(empty).toEqual([]);
      expect(weights).toEqual({ '10.0.0.2': 1 });
    });
  });

  test('a service that a new file names and that is there already is no news', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    const two = FILE.replace('port: 80', 'port: 81').replace('name: web', 'name: two');
    const [service] = desiredServices(readConfig(two, 'f'));
    if (!service) throw new Error('no service');
    one.backend.applyNow([
      { kind: 'add-service', service: { ...service.service, scheduler: 'rr' } },
    ]);
    const [head = '', tail = ''] = FILE.split('services:\n');
    one.texts.file = `${head}services:\n${two.split('services:\n')[1]?.split('monitor:')[0]}${tail}`;
    one.signal('SIGHUP');
    await one.pass(5000);
    expect(one.log().filter((line) => line.includes('drift'))).toEqual([]);
    expect((await one.backend.service(service.service.id)).service.scheduler).toBe('wlc');
    one.signal('SIGTERM');
  });

  describe('what a former file left goes in the end', () => {
    const ONE = FILE.replace('{address: 10.0.0.1, weight: 3}, ', '');
    const [head = '', tail = ''] = FILE.split('services:\n');
    const second =
      tail
        .split('monitor:')[0]
        ?.replace('name: web', 'name: two')
        .replace('port: 80', 'port: 81') ?? '';
    const both = `${head}services:\n${second}${tail}`;
    const refuse = (one: ReturnType<typeof stage>, kind: string) => {
      const apply = one.backend.apply.bind(one.backend);
      one.backend.apply = async (changes) =>
        (
          await Promise.all(
            changes.map((change) =>
              change.kind === kind ? [new IpvsError(kind, 'EINVAL')] : apply([change]),
            ),
          )
        ).flat();
      return () => {
        one.backend.apply = apply;
      };
    };
    const ports = async (one: ReturnType<typeof stage>) =>
      (await one.backend.services()).map(({ service: { id } }) =>
        id.kind === 'address' ? id.port : 0,
      );

    test.each([
      ['a server', FILE, ONE, 'delete-destination', { '10.0.0.2': 1 }, [80]],
      ['a service', both, FILE, 'delete-service', { '10.0.0.1': 3, '10.0.0.2': 1 }, [80]],
    ] as const)('%s that was refused to go', async (_, before, after, kind, weights, there) => {
      const one = stage();
      one.texts.file = before;
      void one.run();
      await one.pass(5000);
      const allow = refuse(one, kind);
      one.texts.file = after;
      one.signal('SIGHUP');
      await one.pass(5000);
      expect(one.log().filter((line) => line.includes('refused'))).toHaveLength(1);
      // another file meanwhile does not forget it
      one.signal('SIGHUP');
      await one.pass(5000);
      allow();
      await one.pass(5000);
      expect([await one.weights(), await ports(one)]).toEqual([weights, there]);
      one.signal('SIGTERM');
    });

    test('also when the table could not be written at the reload, which is reported', async () => {
      const one = stage();
      one.texts.file = both;
      void one.run();
      await one.pass(5000);
      const { apply } = one.backend;
      one.backend.apply = () => Promise.reject(new IpvsError('list-services', 'EPERM'));
      one.texts.file = ONE;
      one.signal('SIGHUP');
      await one.pass(1000);
      expect(one.log().slice(-2)).toEqual([
        expect.stringMatching(/^error: /),
        'reloaded: web.yaml',
      ]);
      one.backend.apply = apply;
      await one.pass(10_000);
      expect([await one.weights(), await ports(one)]).toEqual([{ '10.0.0.2': 1 }, [80]]);
      one.signal('SIGTERM');
    });

    test('a service that is refused to go at the end is reported', async () => {
      const one = stage({ onExit: 'remove' });
      const ended = one.run();
      await one.pass(5000);
      refuse(one, 'delete-service');
      one.signal('SIGTERM');
      await one.pass(10);
      expect(await ended).toBe(2);
      expect(one.log().at(-1)).toMatch(/^stopped: the services could not be removed: /);
    });
  });

  test('reloads more frequent than the time limit do not hide a server that hangs', async () => {
    const one = stage({}, {});
    one.texts.file = FILE.replace('interval: 2, timeout: 1', 'interval: 5, timeout: 3');
    void one.run();
    await one.pass(10_000);
    one.hanging.add('10.0.0.1:80');
    for (let i = 0; i < 10; i++) {
      one.signal('SIGHUP');
      await one.pass(1000);
    }
    expect(await one.weights()).toEqual({ '10.0.0.2': 1 });
    one.signal('SIGTERM');
  });

  test('a second monitor is refused before it touches anything', async () => {
    const one = stage(
      {},
      { serve: () => Promise.reject(new Error('/run/s: another process answers there')) },
    );
    one.texts.file = FILE.replace('mode: nat', 'mode: dr')
      .replace('{kind: tcp,', '{kind: tcp, target: vip,')
      .replace('monitor:', 'monitor:\n  check_netns: c');
    await expect(one.run()).rejects.toThrow('another process answers there');
    expect(one.ran).toEqual([]);
    expect(one.log()).toEqual([]);
  });

  test('services that cannot be removed at the end are reported, and it ends', async () => {
    const one = stage({ onExit: 'remove' });
    const ended = one.run();
    await one.pass(5000);
    one.backend.services = async () => {
      throw new IpvsError('list-services', 'EPERM');
    };
    one.signal('SIGTERM');
    await one.pass(10);
    expect(await ended).toBe(2);
    expect(one.log().at(-1)).toMatch(/^stopped: the services could not be removed: IPVS: /);
    await expect(one.ask({ ask: 'status' })).rejects.toThrow('nobody');
  });

  test('what cannot be read at a reload is refused as well', async () => {
    const one = stage();
    void one.run();
    await one.pass(5000);
    const { services } = one.backend;
    one.backend.services = async () => {
      throw new IpvsError('list-services', 'EPERM');
    };
    one.signal('SIGHUP');
    await one.pass(10);
    one.backend.services = services;
    await one.pass(5000);
    expect(one.log()[4]).toMatch(/^reload-failed: IPVS: .*; the previous file stays in force$/);
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
    one.signal('SIGTERM');
  });

  test('services that a new file leaves out go, others are not touched; --on-exit remove takes the rest', async () => {
    const one = stage({ onExit: 'remove' });
    const second =
      FILE.split('monitor:')[0]
        ?.split('services:\n')[1]
        ?.replace('name: web', 'name: two')
        .replace('port: 80', 'port: 81') ?? '';
    one.texts.file = FILE.replace('services:\n', `services:\n${second}`);
    const ended = one.run();
    await one.pass(5000);
    const [{ service } = { service: undefined }] = await one.backend.services();
    if (service?.id.kind !== 'address') throw new Error('no service');
    one.backend.applyNow([
      { kind: 'add-service', service: { ...service, id: { ...service.id, port: 9 } } },
    ]);
    const ports = async () =>
      (await one.backend.services())
        .map(({ service: { id } }) => (id.kind === 'address' ? id.port : 0))
        .sort();
    expect(await ports()).toEqual([80, 81, 9]);
    one.texts.file = FILE;
    one.signal('SIGHUP');
    await one.pass(100);
    expect(await ports()).toEqual([80, 9]);
    one.signal('SIGINT');
    await one.pass(10);
    expect(await ended).toBe(0);
    expect(await ports()).toEqual([9]);
  });
});
