// The whole loop on the memory backend, with a clock that only moves when told to: random histories of failing servers, administrators,
// others who write to the table, and deaths of the monitor in the middle of a change.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { MemoryBackend } from '../../../src/backend/memory.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { wantedTable } from '../../../src/lvsctl/config/wanted.js';
import { type MonitorEvent, renderEvent } from '../../../src/lvsctl/health/events.js';
import { createMonitor, type Monitor } from '../../../src/lvsctl/health/monitor.js';
import type { Admin } from '../../../src/lvsctl/health/service.js';
import { formatServer } from '../../../src/lvsctl/plan/diff.js';
import type { Change } from '../../../src/model/change.js';
import type { Destination } from '../../../src/model/destination.js';
import { IpvsError } from '../../../src/model/errors.js';
import { type SimulatedOutside, simulatedOutside } from '../../support/simulated.js';

const INTERVAL = 2000;
const TIMEOUT = 1000;
const RISE = 2;
const FALL = 3;
const SERVERS = 4;

function textOf({ servers = SERVERS, sorry = true, health = '', monitor = '', checks = '' } = {}): string {
  const list = Array.from({ length: servers }, (_, i) => `{address: 10.0.0.${i + 1}, weight: ${i + 1}}`);
  return `
vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: nat
    scheduler: wrr
    servers: [${list.join(', ')}]
    ${sorry ? 'sorry: {address: 10.0.9.9}' : ''}
    checks: [{kind: tcp, interval: 2, timeout: 1, rise: ${RISE}, fall: ${FALL}${checks}}]
    health: {${health}}
monitor: {${monitor}}
`;
}
const configOf = (options = {}) => readConfig(textOf(options), 'test.yaml');

const BEHAVIOURS: Record<
  'well' | 'slow' | 'refuses' | 'hangs' | 'flaps',
  (nth: number) => { verdict: string | undefined; tookMs: number }
> = {
  well: () => ({ verdict: undefined, tookMs: 5 }),
  slow: () => ({ verdict: undefined, tookMs: 700 }),
  refuses: () => ({ verdict: 'connection refused', tookMs: 1 }),
  hangs: () => ({ verdict: undefined, tookMs: 1e9 }),
  /** never three failures, never two passes in a row */
  flaps: (nth: number) => ({ verdict: nth % 3 === 0 ? undefined : 'connection reset', tookMs: 3 }),
};
type Behaviour = keyof typeof BEHAVIOURS;

interface Scene {
  readonly outside: SimulatedOutside;
  readonly backend: MemoryBackend;
  readonly events: MonitorEvent[];
  readonly behaviours: Behaviour[];
  table(): Promise<Map<string, Destination>>;
  start(config?: ReturnType<typeof configOf>): Promise<Monitor>;
  /** Ends the monitor as SIGKILL would, perhaps after some changes of its next batch. */
  kill(changes?: number): void;
  readonly admin: Map<string, Admin>;
}

const ID = wantedTable(configOf())[0]?.service.id ?? { kind: 'fwmark', mark: 1, family: 'ipv4' };
const SORRY = '10.0.9.9:80';
const nameOf = (i: number) => `10.0.0.${i + 1}:80`;

/** @param observe is called after each single change */
function scene(observe: (table: Map<string, Destination>) => void = () => {}): Scene {
  const behaviours: Behaviour[] = Array.from({ length: SERVERS }, () => 'well');
  const counts = new Map<string, number>();
  const outside = simulatedOutside({
    probe(server) {
      const nth = counts.get(server) ?? 0;
      counts.set(server, nth + 1);
      return BEHAVIOURS[behaviours[Number(/\.(\d+):/.exec(server)?.[1]) - 1] ?? 'well'](nth);
    },
    random: fixedRandom(),
  });
  const backend = new MemoryBackend();
  const events: MonitorEvent[] = [];
  const admin = new Map<string, Admin>();
  /** changes until the present monitor is dead */
  let life = { left: Number.POSITIVE_INFINITY };
  const table = async () =>
    new Map((await backend.destinations(ID)).map(({ destination }) => [formatServer(destination), destination] as const));
  return {
    outside,
    backend,
    events,
    behaviours,
    admin,
    table,
    start(config = configOf()) {
      const mine = { left: Number.POSITIVE_INFINITY };
      life = mine;
      const mortal: Backend = {
        batchSize: backend.batchSize,
        info: () => backend.info(),
        services: () => backend.services(),
        service: (id) => backend.service(id),
        destinations: (id) => backend.destinations(id),
        timeouts: () => backend.timeouts(),
        daemons: () => backend.daemons(),
        connections: () => backend.connections(),
        close: () => backend.close(),
        async apply(changes) {
          const results: (IpvsError | undefined)[] = [];
          for (const change of changes) {
            if (mine.left-- <= 0) return new Promise(() => {}); // dead
            results.push(...(await backend.apply([change])));
            observe(await table());
          }
          return results;
        },
      };
      return createMonitor(config, {
        backend: mortal,
        outside,
        adminOf: (_, server) => admin.get(server),
        tell: (event) => void (mine.left > 0 && events.push(event)),
        limit: 100,
      });
    },
    kill(changes = 0) {
      life.left = changes;
      if (changes === 0) outside.forgetTimers();
    },
  };
}

function fixedRandom(): () => number {
  let x = 1;
  return () => {
    x = (x * 48271) % 2147483647;
    return x / 2147483647;
  };
}

const serves = (table: Map<string, Destination>) => [...table.values()].some(({ weight }) => weight > 0);
const log = (events: readonly MonitorEvent[]) => events.map((event) => renderEvent(event, new Date(0), 'text').slice(25).trim());

describe('from fault to removal', () => {
  test.each(['refuses', 'hangs'] as const)(
    'a server that %s is out within fall x interval + timeout, and back with its weight',
    async (behaviour) => {
      const { outside, behaviours, table, start, events } = scene();
      const monitor = await start();
      monitor.start();
      await outside.pass(5000);
      expect(Object.fromEntries([...(await table())].map(([name, { weight }]) => [name, weight]))).toEqual({
        [nameOf(0)]: 1,
        [nameOf(1)]: 2,
        [nameOf(2)]: 3,
        [nameOf(3)]: 4,
      });
      behaviours[2] = behaviour;
      let took = 0;
      for (; (await table()).has(nameOf(2)) && took < 60_000; took += 50) await outside.pass(50);
      expect(took).toBeLessThanOrEqual(FALL * INTERVAL + TIMEOUT + 50);
      behaviours[2] = 'well';
      took = 0;
      for (; !(await table()).has(nameOf(2)) && took < 60_000; took += 50) await outside.pass(50);
      expect(took).toBeLessThanOrEqual(RISE * INTERVAL + TIMEOUT + 50);
      expect((await table()).get(nameOf(2))?.weight).toBe(3);
      const why = behaviour === 'refuses' ? 'connection refused' : 'no answer';
      expect(log(events).slice(4)).toEqual([`web ${nameOf(2)} gone: tcp: ${why}`, `web ${nameOf(2)} back`]);
      await monitor.stop('remove');
      expect(await table()).toEqual(new Map());
      expect(outside.pending()).toBe(0);
    },
  );

  test('all down: the sorry server comes before the last leaves, and goes after the first is back', async () => {
    const held: boolean[] = [];
    const { outside, behaviours, table, start, events } = scene((now) => held.push(serves(now)));
    const monitor = await start();
    monitor.start();
    await outside.pass(5000);
    const before = held.length;
    behaviours.fill('refuses');
    await outside.pass(10_000);
    expect([...(await table()).keys()]).toEqual([SORRY]);
    behaviours[1] = 'slow';
    await outside.pass(10_000);
    expect([...(await table()).keys()]).toEqual([nameOf(1)]);
    expect(held.slice(before)).toEqual(held.slice(before).map(() => true));
    expect(log(events).filter((line) => line.includes('sorry'))).toEqual([`web ${SORRY} sorry-in`, `web ${SORRY} sorry-out`]);
  });

  test('a new table waits for verdicts before the sorry server goes in', async () => {
    const { outside, table, start, events } = scene();
    (await start()).start();
    await outside.pass(3000);
    expect([...(await table()).keys()].sort()).toEqual([0, 1, 2, 3].map(nameOf));
    expect(log(events).some((line) => line.includes('sorry'))).toBe(false);
  });

  test('a flapping server stays where it is', async () => {
    const { outside, behaviours, table, start, events } = scene();
    (await start()).start();
    await outside.pass(5000);
    behaviours[0] = 'flaps';
    behaviours[1] = 'refuses';
    await outside.pass(20_000);
    behaviours[1] = 'flaps';
    const before = events.length;
    await outside.pass(600_000);
    expect(log(events.slice(before))).toEqual([]);
    expect((await table()).has(nameOf(0))).toBe(true);
    expect((await table()).has(nameOf(1))).toBe(false);
  });
});

type Act =
  | { readonly kind: 'behave'; readonly server: number; readonly behaviour: Behaviour }
  | { readonly kind: 'admin'; readonly server: number; readonly state: Admin['state'] | undefined }
  | { readonly kind: 'foreign'; readonly server: number; readonly what: 'delete' | 'weight' | 'add' | 'delete-service' | 'edit-service' }
  | { readonly kind: 'die'; readonly changes: number }
  | { readonly kind: 'reload' };
interface Moment {
  readonly ms: number;
  readonly act: Act;
}

const server = fc.integer({ min: 0, max: SERVERS - 1 });
const behave = fc.record({
  kind: fc.constant('behave' as const),
  server,
  behaviour: fc.constantFrom<Behaviour>('well', 'slow', 'refuses', 'hangs', 'flaps'),
});
const adminAct = fc.record({
  kind: fc.constant('admin' as const),
  server,
  state: fc.constantFrom('disabled' as const, 'drained' as const, undefined),
});
const foreignAct = fc.record({
  kind: fc.constant('foreign' as const),
  server: fc.integer({ min: 0, max: SERVERS }),
  what: fc.constantFrom('delete' as const, 'weight' as const, 'add' as const, 'delete-service' as const, 'edit-service' as const),
});
const die = fc.record({ kind: fc.constant('die' as const), changes: fc.integer({ min: 0, max: 3 }) });
const reload = fc.constant({ kind: 'reload' as const });
const momentsOf = (act: fc.Arbitrary<Act>) =>
  fc.array(fc.record({ ms: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 30_000 })), act }), { maxLength: 25 });

/** Time in which a lasting behaviour must have had its effect, whatever went before. */
const SETTLED = FALL * INTERVAL + 2 * TIMEOUT + 500;

async function play(all: Scene, moments: readonly Moment[], options = {}): Promise<Monitor> {
  const { outside, behaviours, table, start, kill, admin, backend } = all;
  let monitor = await start(configOf(options));
  monitor.start();
  /** since when nothing has happened to a server */
  const quiet = Array.from({ length: SERVERS }, () => outside.clock.now());
  const disturb = () => quiet.fill(outside.clock.now());
  for (const { ms, act } of moments) {
    await outside.pass(ms);
    await expectSettled(behaviours, admin, quiet, outside.clock.now(), await table());
    if (act.kind === 'behave') {
      behaviours[act.server] = act.behaviour;
      quiet[act.server] = outside.clock.now();
    } else if (act.kind === 'admin') {
      const one = act.state && { state: act.state, reason: 'test', since: '2026-01-01T00:00:00.000Z' };
      if (one) admin.set(nameOf(act.server), one);
      else admin.delete(nameOf(act.server));
      monitor.setAdmin('web', nameOf(act.server), one);
      quiet[act.server] = outside.clock.now();
    } else if (act.kind === 'foreign') {
      backend.applyNow(foreignChanges(act));
      disturb();
    } else if (act.kind === 'reload') {
      await monitor.reload(configOf(options));
      disturb();
    } else {
      // dies within its next batch, or now; a new one takes over a little later
      kill(act.changes);
      await outside.pass(act.changes * 500);
      kill();
      monitor = await start(configOf(options));
      monitor.start();
      disturb();
    }
  }
  behaviours.fill('well');
  for (const name of admin.keys()) monitor.setAdmin('web', name, undefined);
  admin.clear();
  await outside.pass(60_000);
  return monitor;
}

function foreignChanges({ server: i, what }: Extract<Act, { kind: 'foreign' }>): Change[] {
  const wanted = wantedTable(configOf())[0];
  if (!wanted) throw new Error('no service');
  const destination = wanted.destinations[i] ?? wanted.sorry;
  if (!destination) throw new Error('no server');
  switch (what) {
    case 'delete':
      return [{ kind: 'delete-destination', id: ID, destination }];
    case 'weight':
      return [{ kind: 'edit-destination', id: ID, destination: { ...destination, weight: 77 } }];
    case 'add':
      return [{ kind: 'add-destination', id: ID, destination }];
    case 'delete-service':
      return [{ kind: 'delete-service', id: ID }];
    default:
      return [{ kind: 'edit-service', service: { ...wanted.service, scheduler: 'rr' } }];
  }
}

/** What has been so for long enough shows in the table. */
function expectSettled(
  behaviours: readonly Behaviour[],
  admin: ReadonlyMap<string, Admin>,
  quiet: readonly number[],
  now: number,
  table: Map<string, Destination>,
): void {
  for (const [i, behaviour] of behaviours.entries()) {
    if (now - (quiet[i] ?? now) < SETTLED || behaviour === 'flaps') continue;
    const said = admin.get(nameOf(i))?.state;
    const weight = table.get(nameOf(i))?.weight;
    if (said === 'drained') expect(weight).toBe(0);
    else if (said === 'disabled' || behaviour === 'refuses' || behaviour === 'hangs') expect(weight).toBeUndefined();
    else expect(weight).toBe(i + 1);
  }
}

async function expectWhole({ table }: Scene, others: readonly string[] = []): Promise<void> {
  const weights = Object.fromEntries([...(await table())].map(([name, { weight }]) => [name, weight]));
  expect(weights).toEqual(Object.fromEntries([...[1, 2, 3, 4].map((n) => [nameOf(n - 1), n]), ...others.map((name) => [name, 1])]));
}

describe('random histories', () => {
  const RUNS = 1500;
  test('of failures, administrators, reloads and deaths: never without a server, and right when it settled', async () => {
    await fc.assert(
      fc.asyncProperty(
        momentsOf(fc.oneof({ weight: 6, arbitrary: behave }, { weight: 2, arbitrary: adminAct }, die, reload)),
        async (moments) => {
          let served = false;
          const all = scene((table) => {
            // from the first server on, no single change leaves the service without one
            if (served) expect(serves(table)).toBe(true);
            served ||= serves(table);
          });
          await play(all, moments);
          await expectWhole(all);
          expect(all.outside.pending()).toBeLessThan(20);
        },
      ),
      { numRuns: RUNS },
    );
  }, 300_000);

  test('with others writing to the table: repaired, and what is theirs left alone', async () => {
    await fc.assert(
      fc.asyncProperty(
        momentsOf(fc.oneof({ weight: 3, arbitrary: behave }, { weight: 3, arbitrary: foreignAct }, adminAct, die)),
        async (moments) => {
          const all = scene();
          const own = { ...wantedTable(configOf())[0]?.destinations[0], port: 4711 } as Destination;
          const deletes = moments.some(({ act }) => act.kind === 'foreign' && act.what === 'delete-service');
          const service = wantedTable(configOf())[0]?.service;
          if (service)
            all.backend.applyNow([
              { kind: 'add-service', service },
              { kind: 'add-destination', id: ID, destination: own },
            ]);
          const other = { ...service, id: { ...ID, port: 8080 } } as NonNullable<typeof service>;
          all.backend.applyNow([{ kind: 'add-service', service: other }]);
          await play(all, moments);
          await expectWhole(all, deletes ? [] : [formatServer(own)]);
          expect((await all.backend.service(ID)).service).toEqual(service);
          expect((await all.backend.service(other.id)).service).toEqual(other);
        },
      ),
      { numRuns: RUNS },
    );
  }, 300_000);
});

describe('changes of others', () => {
  const fail = 'foreign: respect';
  test('are noticed within one interval, told, and repaired', async () => {
    const { outside, backend, start, events, ...all } = scene();
    (await start()).start();
    await outside.pass(5000);
    backend.applyNow(foreignChanges({ kind: 'foreign', server: 1, what: 'delete' }));
    backend.applyNow(foreignChanges({ kind: 'foreign', server: 2, what: 'weight' }));
    const before = events.length;
    await outside.pass(INTERVAL);
    expect(log(events.slice(before))).toEqual([
      `web ${nameOf(1)} foreign: was removed by somebody else; repaired`,
      `web ${nameOf(2)} foreign: got weight 77 instead of 3 by somebody else; repaired`,
    ]);
    await expectWhole({ outside, backend, start, events, ...all });
  });

  test('are respected where the file says so, until something is decided about that server', async () => {
    const { outside, backend, start, events, behaviours, table } = scene();
    (await start(configOf({ monitor: fail }))).start();
    await outside.pass(5000);
    backend.applyNow(foreignChanges({ kind: 'foreign', server: 2, what: 'weight' }));
    backend.applyNow(foreignChanges({ kind: 'foreign', server: 1, what: 'delete' }));
    await outside.pass(60_000);
    expect((await table()).get(nameOf(2))?.weight).toBe(77);
    expect((await table()).has(nameOf(1))).toBe(false);
    behaviours[2] = 'refuses';
    await outside.pass(SETTLED);
    expect((await table()).has(nameOf(2))).toBe(false);
    behaviours[2] = 'well';
    await outside.pass(SETTLED);
    expect((await table()).get(nameOf(2))?.weight).toBe(3);
    expect(events.filter(({ event }) => event === 'foreign')).toHaveLength(2);
  });
});

test('a sorry server that a former monitor left in is no news', async () => {
  const { outside, start, kill, behaviours, events, table } = scene();
  behaviours.fill('refuses');
  (await start()).start();
  await outside.pass(20_000);
  expect([...(await table()).keys()]).toEqual([SORRY]);
  kill();
  const before = events.length;
  (await start()).start();
  await outside.pass(20_000);
  behaviours.fill('well');
  await outside.pass(20_000);
  expect(
    log(events.slice(before))
      .filter((line) => line.includes('sorry'))
      .map((line) => line.split(' ')[2]),
  ).toEqual(['sorry-out']);
});

test('after a restart who is in the table stays until it has failed often enough, who is not needs as many passes', async () => {
  const { outside, start, table, kill, behaviours } = scene();
  (await start()).start();
  behaviours[1] = 'refuses';
  await outside.pass(20_000);
  behaviours[0] = 'refuses';
  behaviours[1] = 'well';
  kill();
  (await start()).start();
  await outside.pass((FALL - 1) * INTERVAL - 500);
  expect((await table()).has(nameOf(0))).toBe(true);
  await outside.pass(INTERVAL);
  expect((await table()).has(nameOf(0))).toBe(false);
  expect((await table()).get(nameOf(1))?.weight).toBe(2);
});

describe('a table that cannot be written', () => {
  test('a refused server does not keep the others from leaving', async () => {
    const { outside, backend, behaviours, start, table } = scene();
    const apply = backend.apply.bind(backend);
    backend.apply = async (changes) => {
      const [change] = changes;
      const odd = change?.kind === 'add-destination' && formatServer(change.destination) === nameOf(0);
      return odd ? [new IpvsError('add-destination', 'EINVAL')] : apply(changes);
    };
    (await start()).start();
    await outside.pass(5000);
    behaviours[1] = 'refuses';
    await outside.pass(SETTLED);
    expect([...(await table()).keys()].sort()).toEqual([nameOf(2), nameOf(3)]);
  });

  test('where the sorry server is refused the last server stays, and the refusal is told once', async () => {
    const { outside, backend, behaviours, start, table, events } = scene();
    (await start()).start();
    await outside.pass(5000);
    const apply = backend.apply.bind(backend);
    backend.apply = async ([change, ...rest]) => {
      expect(rest).toEqual([]);
      const sorry = change?.kind === 'add-destination' && formatServer(change.destination) === SORRY;
      return sorry ? [new IpvsError('add-destination', 'EINVAL')] : apply(change ? [change] : []);
    };
    behaviours.fill('refuses');
    await outside.pass(60_000);
    expect(serves(await table())).toBe(true);
    expect(log(events).filter((line) => line.includes('refused: add'))).toHaveLength(1);
    backend.apply = apply;
    await outside.pass(INTERVAL);
    expect([...(await table()).keys()]).toEqual([SORRY]);
  });

  test('is told once, and again when it is well', async () => {
    const { outside, backend, start, events } = scene();
    const monitor = await start();
    monitor.start();
    await outside.pass(5000);
    const before = events.length;
    const services = backend.services.bind(backend);
    backend.services = async () => {
      throw new IpvsError('list-services', 'EPERM');
    };
    await outside.pass(20_000);
    expect(monitor.idleMs()).toBeGreaterThan(15_000);
    backend.services = services;
    await outside.pass(5000);
    expect(log(events.slice(before)).map((line) => line.replace(/:.*/, ''))).toEqual(['trouble', 'recovered']);
    expect(monitor.idleMs()).toBeLessThan(3000);
  });
});

test('once: every check until it is certain, one write, no slow start', async () => {
  const { outside, start, table, backend, behaviours } = scene();
  const service = wantedTable(configOf())[0];
  if (!service) throw new Error('no service');
  const down = service.destinations[1];
  backend.applyNow([
    { kind: 'add-service', service: service.service },
    ...service.destinations.filter((one) => one !== down).map((destination): Change => ({ kind: 'add-destination', id: ID, destination })),
  ]);
  behaviours[0] = 'hangs';
  const monitor = await start(configOf({ health: 'slow_start: 60' }));
  let done = false;
  void monitor.once().then(() => {
    done = true;
  });
  await outside.pass(60_000);
  expect(done).toBe(true);
  expect(Object.fromEntries([...(await table())].map(([name, { weight }]) => [name, weight]))).toEqual({
    [nameOf(1)]: 2,
    [nameOf(2)]: 3,
    [nameOf(3)]: 4,
  });
});

test('a day of 20 servers leaves nothing behind: timers, readings', async () => {
  const { outside, start, behaviours } = scene();
  const monitor = await start(configOf({ servers: 20 }));
  monitor.start();
  for (let hour = 0; hour < 24; hour++) {
    behaviours[hour % SERVERS] = hour % 2 === 0 ? 'refuses' : 'well';
    await outside.pass(60_000);
    expect(outside.pending()).toBeLessThanOrEqual(20 + 2 + 20);
  }
  await monitor.stop('leave');
  expect(outside.pending()).toBeLessThanOrEqual(20);
});
