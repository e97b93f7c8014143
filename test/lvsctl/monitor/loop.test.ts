// The whole loop on the memory backend, with a clock that only moves when told to: case by case.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { serviceStatus } from '../../../src/lvsctl/monitor/status.js';
import type { Change } from '../../../src/model/change.js';
import type { Destination } from '../../../src/model/destination.js';
import { IpvsError } from '../../../src/model/errors.js';
import { serverKey } from '../../../src/model/table.js';
import type { ProbeOutcome } from '../../../src/system/probe/outcome.js';
import { FULL } from '../../support/full.js';
import {
  allUp,
  type Behaviour,
  configOf,
  FALL,
  foreignChanges,
  ID,
  INTERVAL,
  KEY,
  log,
  nameOf,
  RISE,
  SERVERS,
  SETTLED,
  SORRY,
  scene,
  serves,
  TIMEOUT,
  weightsOf,
} from '../../support/scene.js';

describe('from fault to removal', () => {
  test.each(['refuses', 'hangs'] as const)(
    'a server that %s is out within fall x interval + timeout, and back with its weight',
    async (behaviour) => {
      const { runtime, behaviours, table, start, events } = scene();
      const monitor = await start();
      monitor.start();
      await runtime.pass(5000);
      expect(weightsOf(await table())).toEqual(allUp());
      behaviours[2] = behaviour;
      let took = 0;
      for (; (await table()).has(nameOf(2)) && took < 60_000; took += 50) await runtime.pass(50);
      expect(took).toBeLessThanOrEqual(FALL * INTERVAL + TIMEOUT + 50);
      behaviours[2] = 'well';
      took = 0;
      for (; !(await table()).has(nameOf(2)) && took < 60_000; took += 50) await runtime.pass(50);
      expect(took).toBeLessThanOrEqual(RISE * INTERVAL + TIMEOUT + 50);
      expect((await table()).get(nameOf(2))?.weight).toBe(3);
      const why = behaviour === 'refuses' ? 'connection refused' : 'no answer';
      expect(log(events).slice(5)).toEqual([
        `web ${nameOf(2)} down: tcp: ${why}`,
        `web ${nameOf(2)} up`,
      ]);
      await monitor.stop('remove');
      expect(await table()).toEqual(new Map());
      await runtime.pass(TIMEOUT); // probes in progress end
      expect(runtime.pending()).toBe(0);
    },
  );

  test('all down: the sorry server comes before the last leaves, and goes after the first is back', async () => {
    const held: boolean[] = [];
    const { runtime, behaviours, table, start, events } = scene((now) => held.push(serves(now)));
    const monitor = await start();
    monitor.start();
    await runtime.pass(5000);
    const before = held.length;
    behaviours.fill('refuses');
    await runtime.pass(10_000);
    expect([...(await table()).keys()]).toEqual([SORRY]);
    behaviours[1] = 'slow';
    await runtime.pass(10_000);
    expect([...(await table()).keys()]).toEqual([nameOf(1)]);
    expect(held.slice(before)).toEqual(held.slice(before).map(() => true));
    expect(log(events).filter((line) => line.includes('sorry'))).toEqual([
      `web ${SORRY} sorry-up`,
      `web ${SORRY} sorry-down`,
    ]);
  });

  test('a new table waits for verdicts before the sorry server goes in', async () => {
    const { runtime, table, start, events } = scene();
    (await start()).start();
    await runtime.pass(3000);
    expect([...(await table()).keys()].sort()).toEqual([0, 1, 2, 3].map(nameOf));
    expect(log(events).some((line) => line.includes('sorry'))).toBe(false);
  });

  describe('a cold start of two services, of which one has its results first', () => {
    const service = (name: string, port: number, ...servers: number[]) =>
      `  - {name: ${name}, address: 192.0.2.1, port: ${port}, mode: nat, sorry: {address: 10.0.9.9}, servers: [${servers
        .map((server) => `{address: 10.0.0.${server + 1}, port: 80}`)
        .join(', ')}], checks: [{kind: tcp, interval: 2, timeout: 1, jitter: 0}]}\n`;
    const config = readConfig(
      `vips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n${service('web', 80, 0)}${service('mail', 25, 1, 2)}`,
      'two.yaml',
    );
    const sorryOf = async (behaviours: Partial<Record<number, Behaviour>>, ms: number) => {
      const one = scene();
      for (const [i, behaviour] of Object.entries(behaviours))
        if (behaviour) one.behaviours[Number(i)] = behaviour;
      const monitor = await one.start(config);
      monitor.start();
      await one.runtime.pass(ms);
      const [, service] = monitor.state.services;
      if (service === undefined) throw new Error('no service');
      const live = await one.backend.destinations(service.spec.service.id);
      const at = () => new Date(0);
      const mail = serviceStatus(service, live, monitor.moment(), at);
      const events = log(one.events).filter((line) => line.includes(' sorry-'));
      return { events, sorry: mail.sorry };
    };
    const OUT = { server: '10.0.9.9:25', desired: false, actual: false };

    test('no false alarm: its sorry server waits for the results', async () => {
      // web is written at once, mail has no result before 700 ms
      expect(await sorryOf({ 1: 'slow', 2: 'slow' }, 300)).toEqual({ events: [], sorry: OUT });
      expect(await sorryOf({ 1: 'slow', 2: 'slow' }, 5000)).toEqual({ events: [], sorry: OUT });
    });

    test('one server failed already, the other has no result yet', async () => {
      expect(await sorryOf({ 1: 'refuses', 2: 'slow' }, 5000)).toEqual({ events: [], sorry: OUT });
    });

    test('all failed: it comes in with the last result', async () => {
      expect((await sorryOf({ 1: 'refuses', 2: 'hangs' }, 900)).events).toEqual([]);
      expect(await sorryOf({ 1: 'refuses', 2: 'hangs' }, 1100)).toEqual({
        events: ['mail 10.0.9.9:25 sorry-up'],
        sorry: { ...OUT, desired: true, actual: true },
      });
    });

    test('checks that cannot be made: it comes in when the time for first results is over', async () => {
      const blind: Partial<Record<number, Behaviour>> = { 1: 'refuses', 2: 'blind' };
      expect((await sorryOf(blind, 2900)).events).toEqual([]);
      expect((await sorryOf(blind, 6000)).events).toEqual(['mail 10.0.9.9:25 sorry-up']);
    });

    test('a service that has served gets it at once, whatever is not known of a new server', async () => {
      const one = scene();
      one.behaviours[2] = 'hangs';
      const before = readConfig(
        `vips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n${service('mail', 25, 1)}`,
        'one.yaml',
      );
      const monitor = await one.start(before);
      monitor.start();
      await one.runtime.pass(5000);
      one.behaviours[1] = 'refuses';
      await one.runtime.pass(4500); // two failures of three
      await monitor.reload(config);
      const count = one.events.length;
      await one.runtime.pass(600);
      expect(log(one.events.slice(count)).filter((line) => line.startsWith('mail'))).toEqual([
        'mail 10.0.0.2:80 down: tcp: connection refused',
        'mail service-down: weight 0 of 2 is up, quorum 1',
        'mail 10.0.9.9:25 sorry-up',
      ]);
    });
  });

  test('a flapping server stays where it is', async () => {
    const { runtime, behaviours, table, start, events } = scene();
    (await start()).start();
    await runtime.pass(5000);
    behaviours[0] = 'flaps';
    behaviours[1] = 'refuses';
    await runtime.pass(20_000);
    behaviours[1] = 'flaps';
    const before = events.length;
    await runtime.pass(600_000);
    expect(log(events.slice(before))).toEqual([]);
    expect((await table()).has(nameOf(0))).toBe(true);
    expect((await table()).has(nameOf(1))).toBe(false);
  });
});

describe('drift', () => {
  const fail = 'drift: ignore';
  test('is noticed within one interval, reported, and corrected', async () => {
    const { runtime, backend, start, events, table } = scene();
    (await start()).start();
    await runtime.pass(5000);
    backend.applyNow(foreignChanges({ server: 1, what: 'delete' }));
    backend.applyNow(foreignChanges({ server: 2, what: 'weight' }));
    const before = events.length;
    await runtime.pass(INTERVAL);
    expect(log(events.slice(before))).toEqual([
      `web ${nameOf(1)} drift: was removed by another program; corrected`,
      `web ${nameOf(2)} drift: got weight 77 instead of 3 by another program; corrected`,
    ]);
    expect(weightsOf(await table())).toEqual(allUp());
  });

  test('is ignored where the file says so, until something is decided about that server', async () => {
    const { runtime, backend, start, events, behaviours, table } = scene();
    (await start(configOf({ monitor: fail }))).start();
    await runtime.pass(5000);
    backend.applyNow(foreignChanges({ server: 2, what: 'weight' }));
    backend.applyNow(foreignChanges({ server: 1, what: 'delete' }));
    await runtime.pass(60_000);
    expect((await table()).get(nameOf(2))?.weight).toBe(77);
    expect((await table()).has(nameOf(1))).toBe(false);
    behaviours[2] = 'refuses';
    await runtime.pass(SETTLED);
    expect((await table()).has(nameOf(2))).toBe(false);
    behaviours[2] = 'well';
    await runtime.pass(SETTLED);
    expect((await table()).get(nameOf(2))?.weight).toBe(3);
    expect(events.filter(({ event }) => event === 'drift')).toHaveLength(2);
  });
});

test('a sorry server that an earlier monitor left in is no news', async () => {
  const { runtime, start, kill, behaviours, events, table } = scene();
  behaviours.fill('refuses');
  (await start()).start();
  await runtime.pass(20_000);
  expect([...(await table()).keys()]).toEqual([SORRY]);
  kill();
  const before = events.length;
  (await start()).start();
  await runtime.pass(20_000);
  behaviours.fill('well');
  await runtime.pass(20_000);
  expect(
    log(events.slice(before))
      .filter((line) => line.includes('sorry'))
      .map((line) => line.split(' ')[2]),
  ).toEqual(['sorry-down']);
});

test('after a restart it is ready as soon as every check has ended, though nothing changes', async () => {
  const { runtime, start, kill } = scene();
  (await start()).start();
  await runtime.pass(20_000);
  kill();
  const slow = configOf({ checks: ', fast_interval: 2' });
  const monitor = await start(slow);
  let at: number | undefined;
  const began = runtime.clock.now();
  void monitor.ready.then(() => {
    at = runtime.clock.now() - began;
  });
  monitor.start();
  await runtime.pass(20_000);
  expect(at).toBeLessThan(INTERVAL / 2);
});

test('after a restart who is in the table stays until it has failed often enough, who is not needs as many passes', async () => {
  const { runtime, start, table, kill, behaviours } = scene();
  (await start()).start();
  behaviours[1] = 'refuses';
  await runtime.pass(20_000);
  behaviours[0] = 'refuses';
  behaviours[1] = 'well';
  kill();
  (await start()).start();
  await runtime.pass((FALL - 1) * INTERVAL - 500);
  expect((await table()).has(nameOf(0))).toBe(true);
  await runtime.pass(INTERVAL);
  expect((await table()).has(nameOf(0))).toBe(false);
  expect((await table()).get(nameOf(1))?.weight).toBe(2);
});

test('the result of a check that began under a previous file counts for no server', async () => {
  const { runtime, start, table, behaviours, events } = scene();
  const monitor = await start();
  monitor.start();
  await runtime.pass(5000);
  // the checks of the first server are on their way for a second each, and the file that drops it
  // makes the second one the first
  behaviours[0] = 'hangs';
  for (let i = 0; i < 10; i++) {
    await runtime.pass(INTERVAL / 2);
    await monitor.reload(configOf({ skip: i % 2 === 0 ? 1 : 0 }));
  }
  await monitor.reload(configOf({ skip: 1 }));
  await runtime.pass(60_000);
  expect(log(events).filter((line) => line.includes(' down') && !line.includes(nameOf(0)))).toEqual(
    [],
  );
  expect([...(await table()).keys()].sort()).toEqual([1, 2, 3].map(nameOf));
});

describe('a check that cannot be made', () => {
  const cannot: ProbeOutcome = { outcome: 'error', reason: 'too many open files' };
  test('says nothing of servers: who is in stays, who is out stays out; it is reported once, and when it is over', async () => {
    const { runtime, behaviours, start, table, events } = scene();
    behaviours[3] = 'refuses';
    (await start()).start();
    await runtime.pass(20_000);
    const { probe } = runtime;
    const replaceable = runtime as { probe: typeof probe };
    replaceable.probe = async () => cannot;
    const before = events.length;
    await runtime.pass(60_000);
    expect([...(await table()).keys()].sort()).toEqual([0, 1, 2].map(nameOf));
    replaceable.probe = probe;
    await runtime.pass(5000);
    expect(log(events.slice(before))).toEqual([
      'error: tcp: too many open files; the states of the servers stay',
      'recovered: tcp: too many open files',
    ]);
  });

  test('a check that can never be made does not keep --once for ever, nor the others from the table', async () => {
    const { runtime, start, table } = scene();
    const { probe } = runtime;
    (runtime as { probe: typeof probe }).probe = async (spec, target) =>
      target.address === '10.0.0.1' ? cannot : probe(spec, target);
    let done = false;
    void (await start()).once().then(() => {
      done = true;
    });
    await runtime.pass(60_000);
    expect(done).toBe(true);
    expect([...(await table()).keys()].sort()).toEqual([1, 2, 3].map(nameOf));
  });
});

test('a server that the file does not name is reported once, shows in the status, and is left alone', async () => {
  const { runtime, backend, start, table, events } = scene();
  const monitor = await start();
  monitor.start();
  await runtime.pass(5000);
  const destination = {
    ...(desiredServices(configOf())[0]?.destinations[0] as Destination),
    port: 4711,
    weight: 7,
  };
  backend.applyNow([{ kind: 'add-destination', id: ID, destination }]);
  const before = events.length;
  await runtime.pass(60_000);
  expect(log(events.slice(before))).toEqual([
    'web 10.0.0.1:4711 unmanaged: is in the table with weight 7, but not in the file; left alone',
  ]);
  const [service] = monitor.state.services;
  if (service === undefined) throw new Error('no service');
  const live = await backend.destinations(ID);
  expect(serviceStatus(service, live, 0, () => new Date(0)).unmanaged).toEqual([
    { server: '10.0.0.1:4711', weight: 7, active: 0, inactive: 0 },
  ]);
  expect(weightsOf(await table())).toEqual({ ...allUp(), '10.0.0.1:4711': 7 });
});

test('an edited service is ignored drift, and an administrator is not undone', async () => {
  const { runtime, backend, start, table, events } = scene();
  const monitor = await start(configOf({ monitor: 'drift: ignore' }));
  monitor.start();
  await runtime.pass(5000);
  backend.applyNow(foreignChanges({ server: 0, what: 'edit-service' }));
  await runtime.pass(60_000);
  expect((await backend.service(ID)).service.scheduler).toBe('rr');
  monitor.setAdmin([{ service: KEY, server: nameOf(2) }], {
    state: 'drained',
    reason: '',
    by: '',
    since: '2026-01-01T00:00:00.000Z',
    until: undefined,
  });
  await runtime.pass(5000);
  backend.applyNow(foreignChanges({ server: 2, what: 'weight' }));
  await runtime.pass(5000);
  expect((await table()).get(nameOf(2))?.weight).toBe(0);
  expect(log(events).filter((line) => line.includes('drift'))).toEqual([
    'web drift: the service was edited by another program; ignored',
    `web ${nameOf(2)} drift: got weight 77 instead of 0 by another program; corrected`,
  ]);
});

test('a write that failed in the middle is not reported as drift', async () => {
  const { runtime, backend, start, behaviours, table, events } = scene();
  (await start(configOf({ monitor: 'drift: ignore' }))).start();
  await runtime.pass(5000);
  const apply = backend.apply.bind(backend);
  backend.apply = async (changes) => {
    await apply(changes);
    backend.apply = apply;
    throw new IpvsError('list-services', 'EPERM');
  };
  behaviours[1] = 'refuses';
  await runtime.pass(20_000);
  behaviours[1] = 'well';
  await runtime.pass(20_000);
  expect(log(events).filter((line) => line.includes('drift'))).toEqual([]);
  expect(weightsOf(await table())).toEqual(allUp());
});

test.each(['disabled', 'drained'] as const)(
  'a server that another program added while its checks fail is out once it is %s',
  async (state) => {
    const { runtime, backend, start, table, behaviours } = scene();
    const monitor = await start(configOf({ monitor: 'drift: ignore' }));
    behaviours[2] = 'refuses';
    monitor.start();
    await runtime.pass(SETTLED);
    backend.applyNow(foreignChanges({ server: 2, what: 'add' }));
    await runtime.pass(5000);
    expect((await table()).get(nameOf(2))?.weight).toBe(3);
    const admin = { state, reason: '', by: '', since: '', until: undefined };
    monitor.setAdmin([{ service: KEY, server: nameOf(2) }], admin);
    await runtime.pass(5000);
    expect((await table()).get(nameOf(2))?.weight).toBe(state === 'drained' ? 0 : undefined);
  },
);

test('drift is ignored until the file is read again', async () => {
  const { runtime, backend, start, table } = scene();
  const monitor = await start(configOf({ monitor: 'drift: ignore' }));
  monitor.start();
  await runtime.pass(5000);
  backend.applyNow(foreignChanges({ server: 0, what: 'delete-service' }));
  await runtime.pass(60_000);
  expect(await backend.services()).toEqual([]);
  await monitor.reload(configOf({ monitor: 'drift: ignore' }));
  expect(weightsOf(await table())).toEqual(allUp());
});

test('a slow start goes on after a restart where it was', async () => {
  const { runtime, start, table, kill, behaviours } = scene();
  const file = configOf({ factor: 10, health: 'slow_start: 60' });
  (await start(file)).start();
  await runtime.pass(5000);
  behaviours[3] = 'refuses';
  await runtime.pass(20_000);
  behaviours[3] = 'well';
  await runtime.pass(30_000);
  const before = (await table()).get(nameOf(3))?.weight ?? 0;
  expect(before).toBeGreaterThanOrEqual(12);
  expect(before).toBeLessThan(30);
  kill();
  (await start(file)).start();
  await runtime.pass(1000);
  const after = (await table()).get(nameOf(3))?.weight ?? 0;
  expect(after).toBeGreaterThanOrEqual(before);
  expect(after).toBeLessThan(40);
  await runtime.pass(60_000);
  expect(weightsOf(await table())).toEqual(allUp({ factor: 10 }));
});

describe('a table that cannot be written', () => {
  test('a refused server does not keep the others from leaving', async () => {
    const { runtime, backend, behaviours, start, table } = scene();
    const apply = backend.apply.bind(backend);
    backend.apply = async (changes) => {
      const [change] = changes;
      const odd = change?.kind === 'add-destination' && serverKey(change.destination) === nameOf(0);
      return odd ? [new IpvsError('add-destination', 'EINVAL')] : apply(changes);
    };
    (await start()).start();
    await runtime.pass(5000);
    behaviours[1] = 'refuses';
    await runtime.pass(SETTLED);
    expect([...(await table()).keys()].sort()).toEqual([nameOf(2), nameOf(3)]);
  });

  test('where the sorry server is refused the last server stays, and the refusal is reported once', async () => {
    const { runtime, backend, behaviours, start, table, events } = scene();
    (await start()).start();
    await runtime.pass(5000);
    const apply = backend.apply.bind(backend);
    backend.apply = async ([change, ...rest]) => {
      expect(rest).toEqual([]);
      const sorry = change?.kind === 'add-destination' && serverKey(change.destination) === SORRY;
      return sorry ? [new IpvsError('add-destination', 'EINVAL')] : apply(change ? [change] : []);
    };
    behaviours.fill('refuses');
    await runtime.pass(60_000);
    expect(serves(await table())).toBe(true);
    expect(log(events).filter((line) => line.includes('refused: add'))).toHaveLength(1);
    backend.apply = apply;
    await runtime.pass(INTERVAL);
    expect([...(await table()).keys()]).toEqual([SORRY]);
  });

  test('is reported once, and again when it is over', async () => {
    const { runtime, backend, start, events } = scene();
    const monitor = await start();
    monitor.start();
    await runtime.pass(5000);
    const before = events.length;
    const services = backend.services.bind(backend);
    backend.services = async () => {
      throw new IpvsError('list-services', 'EPERM');
    };
    await runtime.pass(20_000);
    expect(monitor.idleMs()).toBeGreaterThan(15_000);
    backend.services = services;
    await runtime.pass(5000);
    expect(log(events.slice(before)).map((line) => line.replace(/:.*/, ''))).toEqual([
      'error',
      'recovered',
    ]);
    expect(monitor.idleMs()).toBeLessThan(3000);
  });
});

test('once: every check until it is certain, one write, no slow start', async () => {
  const { runtime, start, table, backend, behaviours } = scene();
  const service = desiredServices(configOf())[0];
  if (!service) throw new Error('no service');
  const down = service.destinations[1];
  backend.applyNow([
    { kind: 'add-service', service: service.service },
    ...service.destinations
      .filter((one) => one !== down)
      .map((destination): Change => ({ kind: 'add-destination', id: ID, destination })),
  ]);
  behaviours[0] = 'hangs';
  const monitor = await start(configOf({ health: 'slow_start: 60' }));
  let done = false;
  void monitor.once().then(() => {
    done = true;
  });
  await runtime.pass(60_000);
  expect(done).toBe(true);
  expect(weightsOf(await table())).toEqual({
    [nameOf(1)]: 2,
    [nameOf(2)]: 3,
    [nameOf(3)]: 4,
  });
});

const ROUNDS = FULL ? 5 : 3;
const MINUTES = FULL ? 60 : 4;
test(`${ROUNDS * MINUTES} minutes of 20 servers, some of which come and go, leave nothing behind: no timer, no memory`, {
  timeout: 120_000,
}, async () => {
  const { runtime, start, behaviours, events, forgetHistory } = scene();
  const monitor = await start(configOf({ servers: 20 }));
  monitor.start();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (let minute = 0; minute < MINUTES; minute++) {
      behaviours[minute % SERVERS] = minute % 2 === 0 ? 'refuses' : 'well';
      await runtime.pass(60_000);
      expect(runtime.pending()).toBeLessThanOrEqual(20 + 2 + 20);
    }
    // what the test keeps is not the monitor's
    events.length = 0;
    forgetHistory();
    collect();
    used.push(getHeapStatistics().used_heap_size);
  }
  const [, second = 0] = used;
  // a leak grows, other tests of this process only add to a single reading
  expect(Math.min(...used.slice(-3)) - second).toBeLessThan(200_000);
  await monitor.stop('leave');
  expect(runtime.pending()).toBeLessThanOrEqual(20);
});
