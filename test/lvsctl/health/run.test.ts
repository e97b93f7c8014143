// The monitor as a process, in a simulated world: signals, socket, log, hook, systemd.
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { renderId, wantedTable } from '../../../src/lvsctl/config/wanted.js';
import { failureText } from '../../../src/lvsctl/failure.js';
import { waitEmpty } from '../../../src/lvsctl/health/drain.js';
import type { Outside, Signal } from '../../../src/lvsctl/health/outside.js';
import { once, watch } from '../../../src/lvsctl/health/run.js';
import type { ServerStatus, Status } from '../../../src/lvsctl/health/status.js';
import { parseAddress } from '../../../src/model/address.js';
import { IpvsError } from '../../../src/model/errors.js';
import { simulatedOutside } from '../../support/simulated.js';

const FILE = `
vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: nat
    servers: [{address: 10.0.0.1, weight: 3}, {address: 10.0.0.2}]
    sorry: {address: 10.0.9.9}
    checks: [{kind: tcp, interval: 2, timeout: 1, rise: 1, fall: 1}]
monitor:
  hook: [/usr/local/bin/page, --now]
  log: {format: text, file: /var/log/lvs.log}
`;
const OPTIONS = {
  file: 'web.yaml',
  socket: '/run/s',
  record: '/var/r.json',
  onExit: 'leave' as const,
};

function stage(
  options: Partial<typeof OPTIONS> | { onExit: 'remove' } = {},
  more: Partial<Outside> = {},
) {
  const down = new Set<string>();
  const hanging = new Set<string>();
  const base = simulatedOutside({
    probe: (server) => ({
      verdict: down.has(server) ? 'refused' : undefined,
      tookMs: hanging.has(server) ? 1e9 : 1,
    }),
  });
  let handle: (signal: Signal) => void = () => {};
  let stderr = '';
  let answer: ((line: string) => Promise<string>) | undefined;
  const notified: string[] = [];
  const hooks: Record<string, string>[] = [];
  const outside: Outside = {
    ...base,
    onSignal(listen) {
      handle = listen;
      return () => {};
    },
    async serve(_, listen) {
      answer = listen;
      return {
        close() {
          answer = undefined;
        },
      };
    },
    async ask(_, line) {
      if (!answer) throw Object.assign(new Error('nobody'), { code: 'ENOENT' });
      return answer(line);
    },
    async notify(words) {
      notified.push(words.join(' '));
      return undefined;
    },
    async run(_, environment) {
      hooks.push({ ...environment });
      return undefined;
    },
    createLogOutput: () => ({
      write(text) {
        stderr += text;
      },
    }),
    ...more,
  };
  const ran: string[] = [];
  const backend = new MemoryBackend();
  const texts = { file: FILE };
  const world = {
    outside,
    backend,
    readText: () => texts.file,
    sysctl: () => '0\n',
    run: (_: string, words: readonly string[], input = '') => {
      ran.push(words.join(' ') + (input === '' ? '' : `: ${input.trim().replaceAll('\n', '; ')}`));
      return {
        status: words.includes('broken') ? 1 : 0,
        stdout: '',
        stderr: 'no such namespace\n',
      };
    },
    failureText,
  };
  return {
    outside,
    backend,
    texts,
    ran,
    down,
    hanging,
    notified,
    hooks,
    files: base.files,
    pass: base.pass,
    log: () =>
      stderr
        .split('\n')
        .slice(0, -1)
        .map((line) => line.slice(25)),
    signal: (signal: Signal) => handle(signal),
    ask: async (request: object) =>
      JSON.parse(await outside.ask('', JSON.stringify(request))) as unknown,
    watch: () => watch({ ...OPTIONS, ...options }, world),
    once: () => once({ ...OPTIONS, ...options }, world),
    weights: async () =>
      Object.fromEntries(
        (
          await Promise.all(
            (await backend.services()).map(({ service }) => backend.destinations(service.id)),
          )
        )
          .flat()
          .map(({ destination }) => [
            destination.address.family === 'ipv4' ? destination.address.value >>> 0 : 0,
            destination.weight,
          ])
          .map(([value = 0, weight]) => [
            `10.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`,
            weight,
          ]),
      ),
  };
}

const say = (state: string | null, server: string, reason = '') => ({
  ask: 'admin',
  state,
  server,
  service: null,
  reason,
});

describe('signals', () => {
  test('SIGHUP takes the file anew, SIGTERM ends and leaves the rules', async () => {
    const one = stage();
    const ended = one.watch();
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
      'web 10.0.0.1:80 back',
      'web 10.0.0.2:80 back',
      'reloaded: web.yaml',
      'web 10.0.0.3:80 back',
      'stopped: the rules stay',
    ]);
  });

  test.each([
    [
      FILE.replace('weight: 3', 'weight: many'),
      /^reload-refused: web\.yaml:8:\d+: .*the former file stays in force$/,
    ],
    [
      FILE.replace('port: 80', 'port: 0').replace(
        'mode: nat',
        'mode: nat\n    persistence: {timeout: 60}',
      ),
      /^reload-refused: web\.yaml:\d+:\d+: services\[0\]\.checks\[0\]: check tcp needs `port'/,
    ],
  ])('a broken file is refused, and the old one stays', async (text, line) => {
    const one = stage();
    void one.watch();
    await one.pass(5000);
    one.texts.file = text;
    one.signal('SIGHUP');
    one.down.add('10.0.0.2:80');
    await one.pass(5000);
    expect(one.log()[3]).toMatch(line);
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
    await expect(broken.watch()).rejects.toThrow('ip -n broken -o link show: no such namespace');
    expect(await broken.weights()).toEqual({});
    const one = stage();
    one.texts.file = ways('good');
    void one.watch();
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
    expect(one.log().at(-1)).toMatch(/^reload-refused: ip -n broken/);
    one.signal('SIGTERM');
  });

  test('what a new file makes of health is told: other combinations, min_up, no checks', async () => {
    const one = stage();
    const two = FILE.replace(
      'checks: [',
      'checks: [{kind: tcp, port: 81, interval: 2, timeout: 1, rise: 1, fall: 1}, ',
    );
    one.down.add('10.0.0.1:81').add('10.0.0.2:81');
    const any = two.replace('monitor:', '    health: {combine: any}\nmonitor:');
    one.texts.file = any;
    void one.watch();
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
      'web 10.0.0.1:80 gone: tcp: refused',
      'web 10.0.0.2:80 gone: tcp: refused',
      'web 10.0.9.9:80 sorry-in',
      'reloaded: web.yaml',
      expect.stringMatching(/^web 10\.0\.0\.[12]:80 held: tcp: refused$/),
      'web 10.0.9.9:80 sorry-out',
      'reloaded: web.yaml',
      'web 10.0.0.1:80 back',
      'web 10.0.0.2:80 back',
      'reloaded: web.yaml',
    ]);
    expect(one.hooks.filter(({ LVS_EVENT }) => LVS_EVENT === 'gone')).toHaveLength(2);
    one.signal('SIGTERM');
  });

  test('the former sorry server goes when the file names another', async () => {
    const one = stage();
    one.down.add('10.0.0.1:80').add('10.0.0.2:80');
    void one.watch();
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
    const ended = one.watch();
    await one.pass(5000);
    await one.ask({
      ask: 'admin',
      state: 'drained',
      server: '10.0.0.1',
      service: null,
      reason: 'new disk',
    });
    one.texts.file = FILE.replace('name: web', 'name: www');
    one.signal('SIGHUP');
    await one.pass(10);
    const wanted = { '10.0.0.1': 0, '10.0.9.9': 1 };
    expect(await one.weights()).toEqual(wanted);
    one.signal('SIGTERM');
    await one.pass(10);
    await ended;
    void one.watch();
    await one.pass(5000);
    expect(await one.weights()).toEqual(wanted);
    expect(JSON.parse(one.files.get('/var/r.json') ?? '').servers).toMatchObject([
      { service: 'www', server: '10.0.0.1:80' },
    ]);
    one.signal('SIGTERM');
  });

  test('when all servers are other ones, the former stay until one of these serves, and the sorry server out', async () => {
    const one = stage();
    void one.watch();
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
      'web 10.0.1.1:80 gone: tcp: refused',
      'web 10.0.1.2:80 back',
    ]);
    one.signal('SIGTERM');
  });

  test('when none of the new servers serves, the former go all the same', async () => {
    const one = stage();
    void one.watch();
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
      void one.watch();
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
              empty.add(renderId(service.id));
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
      expect(empty).toEqual(['tcp 192.0.2.1 port 8080']);
      expect(served).toBe(true);
    });
    test('a server that was put in by hand and then into the file, in the place of the other', async () => {
      const { empty, log } = await emptied(
        TWO,
        TWO.replace('10.0.0.1', '10.0.0.9'),
        async ({ backend }) => {
          const service = (await backend.services())
            .map((one) => one.service)
            .find(({ id }) => renderId(id) === 'tcp 192.0.2.1 port 80');
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
      expect(log.filter((line) => /gone|back/.test(line)).slice(2)).toEqual([]);
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
    void one.watch();
    await one.pass(5000);
    const two = FILE.replace('port: 80', 'port: 81').replace('name: web', 'name: two');
    const [service] = wantedTable(readConfig(two, 'f'));
    if (!service) throw new Error('no service');
    one.backend.applyNow([
      { kind: 'add-service', service: { ...service.service, scheduler: 'rr' } },
    ]);
    const [head = '', tail = ''] = FILE.split('services:\n');
    one.texts.file = `${head}services:\n${two.split('services:\n')[1]?.split('monitor:')[0]}${tail}`;
    one.signal('SIGHUP');
    await one.pass(5000);
    expect(one.log().filter((line) => line.includes('foreign'))).toEqual([]);
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
      void one.watch();
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

    test('also when the table could not be written at the reload, which is told', async () => {
      const one = stage();
      one.texts.file = both;
      void one.watch();
      await one.pass(5000);
      const { apply } = one.backend;
      one.backend.apply = () => Promise.reject(new IpvsError('list-services', 'EPERM'));
      one.texts.file = ONE;
      one.signal('SIGHUP');
      await one.pass(1000);
      expect(one.log().slice(-2)).toEqual([
        expect.stringMatching(/^trouble: /),
        'reloaded: web.yaml',
      ]);
      one.backend.apply = apply;
      await one.pass(10_000);
      expect([await one.weights(), await ports(one)]).toEqual([{ '10.0.0.2': 1 }, [80]]);
      one.signal('SIGTERM');
    });

    test('a service that is refused to go at the end is told', async () => {
      const one = stage({ onExit: 'remove' });
      const ended = one.watch();
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
    void one.watch();
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
    await expect(one.watch()).rejects.toThrow('another process answers there');
    expect(one.ran).toEqual([]);
    expect(one.log()).toEqual([]);
  });

  test('services that cannot be removed at the end are told, and it ends', async () => {
    const one = stage({ onExit: 'remove' });
    const ended = one.watch();
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
    void one.watch();
    await one.pass(5000);
    const { services } = one.backend;
    one.backend.services = async () => {
      throw new IpvsError('list-services', 'EPERM');
    };
    one.signal('SIGHUP');
    await one.pass(10);
    one.backend.services = services;
    await one.pass(5000);
    expect(one.log()[3]).toMatch(/^reload-refused: IPVS: .*; the former file stays in force$/);
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
    const ended = one.watch();
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

describe('administrators', () => {
  test('win over health, are remembered over a restart, and enable gives the weight back', async () => {
    const one = stage();
    void one.watch();
    await one.pass(5000);
    expect(await one.ask(say('disabled', '10.0.0.1', 'new disk'))).toEqual({
      servers: [{ service: 'web', server: '10.0.0.1:80', changed: true }],
      trouble: null,
    });
    expect(await one.weights()).toEqual({ '10.0.0.2': 1 });
    await one.ask(say('drained', '10.0.0.2:80'));
    expect(await one.weights()).toEqual({ '10.0.0.2': 0, '10.0.9.9': 1 });
    one.signal('SIGTERM');
    await one.pass(10);
    void one.watch();
    await one.pass(60_000);
    expect(await one.weights()).toEqual({ '10.0.0.2': 0, '10.0.9.9': 1 });
    const { services } = (await one.ask({ ask: 'status' })) as Status;
    expect(services[0]?.servers).toMatchObject([
      { state: 'disabled', reason: 'new disk', weight: 3, weightWanted: null, weightActual: null },
      { state: 'drained', reason: null, weight: 1, weightWanted: 0, weightActual: 0 },
    ]);
    await one.ask(say(null, '10.0.0.1'));
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 0 });
    expect(JSON.parse(one.files.get('/var/r.json') ?? '').servers).toHaveLength(1);
    one.signal('SIGTERM');
  });

  test('saying the same again changes nothing and is not logged; another reason is', async () => {
    const one = stage();
    void one.watch();
    await one.pass(5000);
    const server = { service: 'web', server: '10.0.0.1:80' };
    const answer = (changed: boolean) => ({ servers: [{ ...server, changed }], trouble: null });
    expect(await one.ask(say(null, '10.0.0.1'))).toEqual(answer(false));
    expect(await one.ask(say('drained', '10.0.0.1', 'fan'))).toEqual(answer(true));
    const record = one.files.get('/var/r.json');
    await one.pass(5000);
    expect(await one.ask(say('drained', '10.0.0.1'))).toEqual(answer(false));
    expect(await one.ask(say('drained', '10.0.0.1', 'fan'))).toEqual(answer(false));
    expect(one.files.get('/var/r.json')).toBe(record);
    expect(await one.ask(say('drained', '10.0.0.1', 'disk'))).toEqual(answer(true));
    expect(await one.ask(say(null, '10.0.0.1'))).toEqual(answer(true));
    expect(one.log().slice(3)).toEqual([
      'web 10.0.0.1:80 drained: fan',
      'web 10.0.0.1:80 drained: disk',
      'web 10.0.0.1:80 enabled',
    ]);
    one.signal('SIGTERM');
  });

  test('are remembered before the table is touched', async () => {
    const one = stage();
    void one.watch();
    await one.pass(5000);
    one.backend.apply = () => new Promise(() => {});
    void one.ask(say('disabled', '10.0.0.1'));
    await one.pass(100);
    expect(JSON.parse(one.files.get('/var/r.json') ?? '{}').servers).toHaveLength(1);
    one.signal('SIGTERM');
  });

  test('are told when the kernel refuses what they said', async () => {
    const one = stage();
    void one.watch();
    await one.pass(5000);
    const { apply } = one.backend;
    one.backend.apply = async (changes) =>
      changes.map(() => new IpvsError('edit-destination', 'EINVAL'));
    expect(await one.ask(say('drained', '10.0.0.1'))).toMatchObject({
      trouble: 'web 10.0.0.1:80 has weight 3 there',
    });
    expect(await one.ask(say('disabled', '10.0.0.2'))).toMatchObject({
      trouble: 'web 10.0.0.2:80 has weight 1 there',
    });
    one.backend.apply = apply;
    one.signal('SIGTERM');
  });

  test('many at a time cost two writes, not one each', async () => {
    const one = stage();
    void one.watch();
    await one.pass(5000);
    let writes = 0;
    const services = one.backend.services.bind(one.backend);
    one.backend.services = async (...words) => {
      writes++;
      await new Promise<void>((done) => void one.outside.clock.after(300, done));
      return services(...words);
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

  test('are told when the table does not have it yet', async () => {
    const one = stage();
    void one.watch();
    await one.pass(5000);
    const { services } = one.backend;
    one.backend.services = async () => {
      throw new IpvsError('list-services', 'EPERM');
    };
    const { trouble } = (await one.ask(say('disabled', '10.0.0.1'))) as { trouble: string };
    expect(trouble).toMatch(/./);
    one.backend.services = services;
    await one.pass(5000);
    expect(await one.weights()).toEqual({ '10.0.0.2': 1 });
    one.signal('SIGTERM');
  });

  test.each([
    [say('disabled', '10.0.0.7'), 'no server 10.0.0.7; there are 10.0.0.1:80, 10.0.0.2:80'],
    [
      { ask: 'admin', state: 'asleep', server: '10.0.0.1', service: null, reason: '' },
      'not a question of this version of lvsctl',
    ],
    [{ ask: 'reboot' }, 'not a question of this version of lvsctl'],
  ])('%j is refused', async (request, error) => {
    const one = stage();
    void one.watch();
    await one.pass(5000);
    expect(await one.ask(request)).toEqual({ error, hint: null });
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
    one.signal('SIGTERM');
  });
});

describe('waiting until a drained server is empty', () => {
  type Seen = Partial<
    Pick<ServerStatus, 'state' | 'active' | 'inactive' | 'persistent' | 'weightActual'>
  >;
  /** @param seen what the monitor answers, one after the other; undefined = nobody is there */
  const holds = (seen: readonly (Seen | undefined)[], more: Partial<Status> = {}) => {
    const outside = simulatedOutside({ probe: () => ({ verdict: undefined, tookMs: 1 }) });
    let at = 0;
    const ask = async () => {
      const now = seen[Math.min(at++, seen.length - 1)];
      if (now === undefined) throw Object.assign(new Error('nobody'), { code: 'ECONNREFUSED' });
      const server = {
        server: '10.0.0.1:80',
        state: 'drained',
        since: '2026-01-01T00:00:00.000Z',
        reason: null,
        lastError: null,
        latencyMs: null,
        weight: 1,
        weightWanted: 0,
        weightActual: 0,
        checks: [],
        active: 0,
        inactive: 0,
        persistent: 0,
        ...now,
      };
      const service = { name: 'web', id: 'tcp', servers: [server], sorry: null, others: [] };
      return JSON.stringify({
        version: 1,
        file: 'f',
        pid: 1,
        started: '2026-01-01T00:00:00.000Z',
        templatesExpire: false,
        trouble: null,
        services: [service],
        ...more,
      });
    };
    let told = '';
    let result: unknown;
    const wait = async (passMs: number, timeout?: number) => {
      void waitEmpty(
        [{ service: 'web', server: '10.0.0.1:80' }],
        timeout,
        '/s',
        { clock: outside.clock, ask },
        (text) => {
          told += text;
        },
      ).then(
        (status) => {
          result = status;
        },
        (error: Error) => {
          result = error.message;
        },
      );
      await outside.pass(passMs);
      return { result, told };
    };
    return wait;
  };

  test('tells what holds it, and returns when nothing does', async () => {
    const wait = holds([
      { active: 2, inactive: 1, persistent: 1 },
      { active: 2, inactive: 1, persistent: 1 },
      { inactive: 1, persistent: 2 },
      { persistent: 1 },
      {},
    ]);
    expect(await wait(2500)).toEqual({
      result: 0,
      told: [
        'web 10.0.0.1:80: 2 active, 1 inactive, 1 persistence template (net.ipv4.vs.expire_quiescent_template is 0: clients come back)\n',
        'web 10.0.0.1:80: 1 inactive, 2 persistence templates (net.ipv4.vs.expire_quiescent_template is 0: clients come back)\n',
        'web 10.0.0.1:80: 1 persistence template (net.ipv4.vs.expire_quiescent_template is 0: clients come back)\n',
      ].join(''),
    });
  });

  test('templates that expire bring nobody back, and are not waited for', async () => {
    const wait = holds([{ active: 1, persistent: 3 }, { persistent: 3 }], {
      templatesExpire: true,
    });
    expect(await wait(1000)).toEqual({ result: 0, told: 'web 10.0.0.1:80: 1 active\n' });
  });

  test('gives up in time', async () => {
    const wait = holds([{ active: 3 }]);
    const { result, told } = await wait(2300, 2.2);
    expect(result).toBe(1);
    expect(told).toMatch(
      /3 active\nlvsctl: after 2\.2 s connections are left; the server stays drained\n$/,
    );
  });

  test('ends when somebody enables the server meanwhile', async () => {
    const wait = holds([{ active: 3 }, { active: 3, state: 'up' }]);
    expect(await wait(1000)).toEqual({
      result: 1,
      told: 'web 10.0.0.1:80: 3 active\nweb 10.0.0.1:80: is not drained any more, but up\n',
    });
  });

  test.each([
    [{ trouble: 'Operation not permitted' }, {}, 'cannot be seen: Operation not permitted'],
    [{}, { weightActual: null }, 'is not in the table'],
  ] as const)('what cannot be seen is not empty: %j %j', async (more, seen, why) => {
    expect(await holds([seen], more)(5000)).toEqual({
      result: undefined,
      told: `web 10.0.0.1:80: ${why}\n`,
    });
  });

  test('a monitor that is started again is waited for, half a minute', async () => {
    expect(await holds([{ active: 1 }, undefined, undefined, {}])(5000)).toEqual({
      result: 0,
      told: 'web 10.0.0.1:80: 1 active\n',
    });
    expect((await holds([{ active: 1 }, undefined])(29_000)).result).toBeUndefined();
    expect((await holds([{ active: 1 }, undefined])(32_000)).result).toBe(
      'no monitor is running at /s',
    );
  });
});

describe('log, hook and systemd', () => {
  test('the file has the lines of stderr, the hook hears of changes in their order', async () => {
    const one = stage();
    void one.watch();
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
      ['back', '10.0.0.1:80', ''],
      ['back', '10.0.0.2:80', ''],
      ['gone', '10.0.0.1:80', 'refused'],
      ['gone', '10.0.0.2:80', 'refused'],
      ['sorry-in', '10.0.9.9:80', ''],
    ]);
    one.signal('SIGTERM');
  });

  test('a hook that cannot keep up: the last thousand wait, others are dropped and told, and it catches up', async () => {
    const heard: string[] = [];
    const one = stage(
      {},
      {
        async run(_, { LVS_EVENT = '' }) {
          await new Promise<void>((done) => void one.outside.clock.after(100, done));
          heard.push(LVS_EVENT);
          return undefined;
        },
      },
    );
    void one.watch();
    await one.pass(5000);
    for (let i = 0; i < 600; i++) {
      await one.ask({
        ask: 'admin',
        state: i % 2 === 0 ? 'disabled' : null,
        server: '10.0.0.1',
        service: null,
        reason: '',
      });
      await one.ask({
        ask: 'admin',
        state: i % 2 === 0 ? 'disabled' : null,
        server: '10.0.0.2',
        service: null,
        reason: '',
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
    });
    await one.pass(1000);
    expect(heard).toEqual(['disabled']);
    one.signal('SIGTERM');
  });

  test('JSON lines', async () => {
    const one = stage();
    one.texts.file = FILE.replace('format: text', 'format: json');
    void one.watch();
    await one.pass(5000);
    const lines = one.files
      .get('/var/log/lvs.log')
      ?.trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { event: 'started', reason: 'web.yaml' },
      { event: 'back', service: 'web', server: '10.0.0.1:80' },
      {},
    ]);
    one.signal('SIGTERM');
  });

  test('a hook that hangs does not hold the end for ever', async () => {
    let ends = 0;
    const one = stage({}, { run: () => new Promise(() => {}), endPrograms: () => void ends++ });
    const ended = one.watch();
    await one.pass(5000);
    one.signal('SIGTERM');
    await one.pass(9_000);
    expect(ends).toBe(0);
    await one.pass(2_000);
    expect(await ended).toBe(0);
    expect(ends).toBe(1);
    expect(one.log().at(-1)).toBe('trouble: hook: 2 events not told at the end');
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
    const ended = one.watch();
    await one.pass(5000);
    one.down.add('10.0.0.1:80').add('10.0.0.2:80');
    await one.pass(5000);
    one.signal('SIGTERM');
    await one.pass(11_000);
    expect(await ended).toBe(0);
    await one.pass(60_000);
    expect(started).toEqual(['back']);
    expect(one.log().at(-1)).toBe('trouble: hook: 5 events not told at the end');
  });

  test('a hook that ends within them is followed by the next', async () => {
    const started: string[] = [];
    const one = stage(
      {},
      {
        async run(_, { LVS_EVENT = '' }) {
          started.push(LVS_EVENT);
          await new Promise<void>((done) => void one.outside.clock.after(4000, done));
          return undefined;
        },
      },
    );
    const ended = one.watch();
    await one.pass(1000);
    one.down.add('10.0.0.1:80').add('10.0.0.2:80');
    await one.pass(5000);
    one.signal('SIGTERM');
    await one.pass(11_000);
    expect(await ended).toBe(0);
    await one.pass(60_000);
    expect(started).toEqual(['back', 'back', 'gone', 'gone']);
  });

  describe('another file', () => {
    const service = (name: string, port: number, server: string, more = '') =>
      `  - {name: ${name}, address: 192.0.2.1, port: ${port}, mode: nat, ${more} servers: [{address: ${server}, port: 80}], checks: [{kind: tcp, interval: 2, timeout: 1, rise: 3, fall: 3}]}\n`;
    const fileOf = (...services: string[]) =>
      `vips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n${services.join('')}`;
    async function started(...services: string[]) {
      const one = stage();
      one.texts.file = fileOf(...services);
      void one.watch();
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
      expect(one.log().filter((line) => line.includes('gone'))).toEqual([]);
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
    test('words go with their service to its new name, not to the one that has the former name', async () => {
      const one = await started(service('a', 80, '10.0.0.1'));
      await one.ask(say('disabled', '10.0.0.1'));
      await one.become(5000, service('b', 80, '10.0.0.1'), service('a', 81, '10.0.0.1'));
      expect(JSON.parse(one.files.get('/var/r.json') ?? '').servers).toMatchObject([
        { service: 'b' },
      ]);
      const { services } = (await one.ask({ ask: 'status' })) as {
        services: { name: string; servers: { state: string }[] }[];
      };
      expect(services.map(({ name, servers }) => `${name} ${servers[0]?.state}`)).toEqual([
        'b disabled',
        'a up',
      ]);
    });
    test('words about the former owner of a name are forgotten when another service takes it', async () => {
      const one = await started(service('a', 80, '10.0.0.1'), service('b', 81, '10.0.0.1'));
      await one.ask({ ...say('disabled', '10.0.0.1'), service: 'b' });
      await one.become(5000, service('b', 80, '10.0.0.1'));
      expect(JSON.parse(one.files.get('/var/r.json') ?? '').servers).toEqual([]);
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
    void one.watch();
    await one.pass(5000);
    one.down.add('192.0.2.1:80');
    await one.pass(20_000); // the program that shows what is there shows nothing here
    expect(await one.weights()).toMatchObject({ '10.0.0.1': 3, '10.0.0.2': 1 });
    expect(one.log().filter((line) => /trouble|gone/.test(line))).toEqual([
      'trouble: tcp: the way to the VIP was not there; what was known before counts',
    ]);
    one.signal('SIGTERM');
  });

  test('a word about a server that is not in the file is told at the start, and remembered', async () => {
    const one = stage();
    const entry = {
      service: 'web',
      server: '10.0.0.9:80',
      state: 'disabled',
      reason: 'fan',
      since: '2026-01-01T00:00:00.000Z',
    };
    one.files.set('/var/r.json', JSON.stringify({ version: 1, servers: [entry] }));
    void one.watch();
    await one.pass(10);
    expect(one.log()).toContain(
      'web 10.0.0.9:80 unknown: disabled (fan), but not in the file; remembered',
    );
    expect(await one.ask(say('disabled', '10.0.0.9'))).toMatchObject({
      error: expect.stringContaining('no server 10.0.0.9'),
    });
    expect(await one.ask(say(null, '10.0.0.9'))).toEqual({
      servers: [{ service: 'web', server: '10.0.0.9:80', changed: true }],
      trouble: null,
    });
    expect(JSON.parse(one.files.get('/var/r.json') ?? '').servers).toEqual([]);
    one.signal('SIGTERM');
  });

  test('a log file that cannot be written and a hook that fails are told, and change nothing', async () => {
    const one = stage(
      {},
      {
        appendText: () => {
          throw new Error('ENOSPC');
        },
        run: async () => 'status 1: no pager',
      },
    );
    void one.watch();
    await one.pass(5000);
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
    expect(one.log().filter((line) => line.startsWith('trouble'))).toEqual([
      'trouble: log file: ENOSPC',
      'trouble: hook /usr/local/bin/page: status 1: no pager',
      'trouble: hook /usr/local/bin/page: status 1: no pager',
    ]);
    one.signal('SIGTERM');
  });

  test('ready when the table is written, alive as long as it is', async () => {
    const one = stage({}, { watchdogMs: 10_000 });
    void one.watch();
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
});

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
    const [service] = wantedTable(readConfig(one.texts.file, 'f'));
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
      await new Promise<void>((resolve) => void one.outside.clock.after(100, resolve));
      return apply.call(one.backend, changes);
    };
    const ended = one.once();
    await one.pass(60_000);
    expect(await ended).toBe(0);
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
  });

  test('does not disturb a monitor at work', async () => {
    const one = stage();
    void one.watch();
    await one.pass(5000);
    await expect(one.once()).rejects.toMatchObject({ code: 'MONITOR_RUNNING' });
    one.signal('SIGTERM');
  });
});
