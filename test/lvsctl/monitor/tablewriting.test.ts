// From the desired table and the actual one to changes, and a write of the table whole: what it hands
// to the state, what it leaves alone, what it refuses to take away.
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import type { MonitorEvent } from '../../../src/lvsctl/monitor/state/events.js';
import type { Input } from '../../../src/lvsctl/monitor/state/input.js';
import { emptyState, reduce } from '../../../src/lvsctl/monitor/state/reduce.js';
import type { MonitorState, ServiceState } from '../../../src/lvsctl/monitor/state/state.js';
import { desiredTable } from '../../../src/lvsctl/monitor/table/desired.js';
import { NO_DRIFT, type ToleratedDrift } from '../../../src/lvsctl/monitor/table/drift.js';
import {
  decisionsOf,
  isServed,
  orphansToRemove,
  reconcile,
} from '../../../src/lvsctl/monitor/table/reconcile.js';
import {
  removeOwned,
  tableError,
  writeIntervalMs,
  writeTable,
} from '../../../src/lvsctl/monitor/table/write.js';
import type { Change } from '../../../src/model/change.js';
import type { Destination } from '../../../src/model/destination.js';
import { BackendError, IpvsError } from '../../../src/model/errors.js';
import { serverKey, serviceKey, serviceOf, type Table, tableOf } from '../../../src/model/table.js';

const service = (
  name: string,
  port: number,
  servers = '{address: 10.0.0.1, weight: 3}, {address: 10.0.0.2}',
  sorry = true,
) =>
  `  - {name: ${name}, address: 192.0.2.1, port: ${port}, mode: nat, ${sorry ? 'sorry: {address: 10.0.9.9}, ' : ''}servers: [${servers}]}\n`;
const configOf = (...services: readonly string[]) =>
  readConfig(`vips: [{address: 192.0.2.1, interface: lo}]\nservices:\n${services.join('')}`, 'f');
const WEB = configOf(service('web', 80));
const [SPEC] = desiredServices(WEB);
if (!SPEC?.sorry) throw new Error('no service');
const SORRY = SPEC.sorry;
const [A, B] = SPEC.destinations as readonly [Destination, Destination];
const { id } = SPEC.service;
const KEY = serviceKey(id);
const OTHER: Destination = { ...A, port: 4711 };

/** A monitor that knows its servers: without checks they are up. */
function stateOf(config = WEB, table: Table = new Map()): MonitorState {
  return reduce(emptyState(config), { kind: 'config', config, table }, 0).state;
}
const tableWith = (...destinations: readonly Destination[]): Table =>
  tableOf([{ service: SPEC.service, destinations }]);
/** `add 10.0.0.1:80 3`, `delete …`, of services their key. */
const shown = (change: Change) => {
  const of = serviceOf(change);
  const server = 'destination' in change ? serverKey(change.destination) : undefined;
  const weight =
    'destination' in change && 'weight' in change.destination
      ? ` ${change.destination.weight}`
      : '';
  return `${change.kind.replace(/-.*/, '')} ${server ?? (of ? serviceKey(of) : '')}${change.kind.startsWith('delete') ? '' : weight}`;
};

describe('the changes of a service', () => {
  const plan = (state: MonitorState, actual: Table, tolerated: ToleratedDrift = NO_DRIFT) =>
    reconcile(desiredTable(state, Number.POSITIVE_INFINITY), actual, tolerated).map(
      ({ additions, removals }) => [additions.map(shown), removals.map(shown)],
    );
  const servers = (change: (service: ServiceState) => Partial<ServiceState>) => {
    const state = stateOf();
    return {
      ...state,
      services: state.services.map((one) => ({ ...one, ...change(one) })),
    };
  };
  const up = () => servers(() => ({ up: true }));
  const down = () =>
    servers((one) => ({
      up: false,
      servers: one.servers.map((server) => ({ ...server, up: false })),
    }));
  const ALL = ['add 10.0.0.1:80 3', 'add 10.0.0.2:80 1'];

  // biome-ignore format: a table
  test.each<readonly [string, () => MonitorState, Table, readonly (readonly string[])[]]>([
    ['a new service', up, new Map(), [[`add ${KEY}`, ...ALL], []]],
    ['an empty one', up, tableWith(), [ALL, []]],
    ['as it should be', up, tableWith(A, B), [[], []]],
    ['a weight that is too small', up, tableWith({ ...A, weight: 1 }, B), [['edit 10.0.0.1:80 3'], []]],
    ['one that is too large is taken away', up, tableWith({ ...A, weight: 9 }, B), [[], ['edit 10.0.0.1:80 3']]],
    ['a server that is not in the file is left alone', up, tableWith(A, B, OTHER), [[], []]],
    ['the sorry server goes', up, tableWith(A, B, SORRY), [[], ['delete 10.0.9.9:80']]],
    ['the sorry server comes first', down, tableWith(A, B), [['add 10.0.9.9:80 1'], ['delete 10.0.0.1:80', 'delete 10.0.0.2:80']]],
    ['another server does not replace it', down, tableWith(OTHER), [['add 10.0.9.9:80 1'], []]],
  ])('%s', (_, make, actual, expected) => {
    expect(plan(make(), actual)).toEqual([expected]);
  });

  describe('before the first results', () => {
    const waiting = (more: Partial<ServiceState> = {}) =>
      servers((one) => ({
        up: undefined,
        firstResultsBy: Number.POSITIVE_INFINITY,
        servers: one.servers.map((server) => ({
          ...server,
          up: false,
          checks: [
            {
              key: 'x',
              spec: {},
              up: false,
              streak: 0,
              unknown: true,
              weight: undefined,
              last: undefined,
            } as never,
          ],
        })),
        ...more,
      }));
    const at = (state: MonitorState, actual: Table, now = 0) =>
      reconcile(desiredTable(state, now), actual, NO_DRIFT).map(({ additions, removals }) => [
        additions.map(shown),
        removals.map(shown),
      ]);
    test('the sorry server stays as it is', () => {
      expect(at(waiting(), tableWith())).toEqual([[[], []]]);
      expect(at(waiting(), tableWith(SORRY))).toEqual([[[], []]]);
    });
    test('it comes in when the time for them is over', () => {
      expect(at(waiting({ firstResultsBy: 9 }), tableWith(), 8)).toEqual([[[], []]]);
      expect(at(waiting({ firstResultsBy: 9 }), tableWith(), 9)).toEqual([
        [['add 10.0.9.9:80 1'], []],
      ]);
    });
    const orphaned = (state: MonitorState): MonitorState => ({
      ...state,
      orphans: {
        services: new Map(),
        servers: new Map([[KEY, new Map([[serverKey(OTHER), OTHER]])]]),
      },
    });
    test('what an earlier file left stays as long as nothing is known, and goes then', () => {
      expect(at(orphaned(waiting()), tableWith(OTHER))).toEqual([[[], []]]);
      expect(at(orphaned(up()), tableWith(A, B, OTHER))).toEqual([[[], ['delete 10.0.0.1:4711']]]);
      // nor does the sorry server come in beside it
      expect(at(orphaned(waiting({ firstResultsBy: 0 })), tableWith(OTHER))).toEqual([[[], []]]);
    });
  });

  describe('what others made and is tolerated', () => {
    const theirs = (
      server: string,
      one: Destination | undefined,
      ours: Destination = A,
      role: 'in' | 'out' = 'in',
    ): ToleratedDrift => ({
      services: new Map(),
      servers: new Map([[KEY, new Map([[server, { theirs: one, ours: { role, spec: ours } }]])]]),
    });
    const NINE = { ...A, weight: 9 };
    test('a weight, a removed server, as long as the decision is the same', () => {
      expect(plan(up(), tableWith(NINE, B), theirs(serverKey(A), NINE))).toEqual([[[], []]]);
      expect(plan(up(), tableWith(B), theirs(serverKey(A), undefined))).toEqual([[[], []]]);
      expect(
        plan(up(), tableWith(NINE, B), theirs(serverKey(A), NINE, { ...A, weight: 4 })),
      ).toEqual([[[], ['edit 10.0.0.1:80 3']]]);
      expect(plan(up(), tableWith(NINE, B), theirs(serverKey(A), NINE, A, 'out'))).toEqual([
        [[], ['edit 10.0.0.1:80 3']],
      ]);
    });
    test('a sorry server that was added, or removed', () => {
      const key = serverKey(SORRY);
      expect(plan(up(), tableWith(A, B, SORRY), theirs(key, SORRY, SORRY, 'out'))).toEqual([
        [[], []],
      ]);
      expect(plan(down(), tableWith(), theirs(key, undefined, SORRY, 'in'))).toEqual([[[], []]]);
      // it is needed now
      expect(plan(down(), tableWith(), theirs(key, undefined, SORRY, 'out'))).toEqual([
        [['add 10.0.9.9:80 1'], []],
      ]);
    });
    test('an edited service, a removed one, one that is there again', () => {
      const edited = { ...SPEC.service, scheduler: 'sh' };
      const of = (one: typeof edited | undefined): ToleratedDrift => ({
        services: new Map([[KEY, one]]),
        servers: new Map(),
      });
      const actual = tableOf([{ service: edited, destinations: [A, B] }]);
      expect(plan(up(), actual, of(edited))).toEqual([[[], []]]);
      expect(plan(up(), new Map(), of(undefined))).toEqual([]);
      expect(plan(up(), tableWith(B), of(undefined))).toEqual([[['add 10.0.0.1:80 3'], []]]);
    });
  });

  test('what is decided about each server', () => {
    const decided = (state: MonitorState, actual: Table) => {
      const [desired] = desiredTable(state, 0).services;
      if (desired === undefined) throw new Error('no service');
      return [...decisionsOf(desired, actual.get(KEY))].map(
        ([server, { role, byAdmin, spec }]) => `${server} ${role} ${byAdmin} ${spec.weight}`,
      );
    };
    const serving = ['10.0.0.1:80 in false 3', '10.0.0.2:80 in false 1'];
    expect(decided(up(), tableWith(A))).toEqual([...serving, '10.0.9.9:80 out false 1']);
    expect(decided(up(), tableWith({ ...A, weight: 0 }))).toEqual([
      ...serving,
      '10.0.9.9:80 in false 1',
    ]);
    expect(decided(up(), tableWith(OTHER))).toEqual([...serving, '10.0.9.9:80 in false 1']);
    const none = stateOf(configOf(service('web', 80, '{address: 10.0.0.1, weight: 3}', false)));
    expect(decided(none, tableWith())).toEqual(['10.0.0.1:80 out false 3']);
  });
});

test.each<readonly [string, readonly Destination[], Table, boolean]>([
  ['one of them serves', [A, B], tableWith(B), true],
  ['none does', [A, B], tableWith(), false],
  ['with weight 0', [A], tableWith({ ...A, weight: 0 }), false],
  ['another one does', [A], tableWith(B), false],
  ['none should', [{ ...A, weight: 0 }], tableWith(), true],
  ['the service is not there', [A], new Map(), false],
])('a service is served: %s', (_, destinations, table, expected) => {
  expect(isServed({ key: KEY, target: { service: SPEC.service, destinations } }, table)).toBe(
    expected,
  );
});

test('services of earlier files go when they are there, and their successors are served', () => {
  const orphans = new Map([
    ['a', { successor: undefined }],
    ['b', { successor: 'x' }],
    ['c', { successor: 'y' }],
    ['d', { successor: undefined }],
  ]);
  const keys = new Set(['a', 'b', 'c', 'x']);
  expect(orphansToRemove(orphans, keys, new Set())).toEqual(['a', 'b', 'c']);
  expect(orphansToRemove(orphans, keys, new Set(['x']))).toEqual(['a', 'c']);
});

describe('a write', () => {
  const LEFT = { kind: 'address', protocol: 'tcp', address: A.address, port: 99 } as const;
  const leftService = { ...SPEC.service, id: LEFT };
  type Applied = Extract<Input, { kind: 'applied' }>;
  /** @param refuse the changes that the kernel refuses, as `shown` has them */
  async function written(
    state: MonitorState,
    refuse: readonly string[] = [],
    first: readonly Change[] = [],
  ) {
    const backend = new MemoryBackend();
    backend.applyNow(first);
    const apply = backend.apply.bind(backend);
    const done: string[] = [];
    backend.apply = async (changes) =>
      Promise.all(
        changes.map(async (one) => {
          if (refuse.includes(shown(one))) return new IpvsError(one.kind, 'EINVAL');
          done.push(shown(one));
          return (await apply([one]))[0];
        }),
      );
    let read: Table = new Map();
    let input: Applied | undefined;
    await writeTable(backend, () => state, {
      read: (table) => {
        read = table;
      },
      moment: () => Number.POSITIVE_INFINITY,
      written: (applied) => {
        input = applied;
      },
    });
    if (input === undefined) throw new Error('nothing was written');
    return { done, read, input };
  }
  const up = (config = WEB): MonitorState => {
    const state = stateOf(config);
    return { ...state, services: state.services.map((one) => ({ ...one, up: true })) };
  };
  const withLeft = (state: MonitorState, successor: string | undefined): MonitorState => ({
    ...state,
    orphans: { services: new Map([[serviceKey(LEFT), { successor }]]), servers: new Map() },
  });
  const addLeft: Change = { kind: 'add-service', service: leftService };
  const THERE: readonly Change[] = [
    { kind: 'add-service', service: SPEC.service },
    { kind: 'add-destination', id, destination: A },
  ];

  test('of a new service: what it was before, and is after', async () => {
    const { done, read, input } = await written(up());
    expect(done).toEqual([`add ${KEY}`, 'add 10.0.0.1:80 3', 'add 10.0.0.2:80 1']);
    expect(read).toEqual(new Map());
    expect(input).toMatchObject({
      before: new Map(),
      keys: new Set([KEY]),
      written: new Set([KEY]),
      refusals: [],
    });
    expect(input.table.get(KEY)?.destinations.map(serverKey).sort()).toEqual([
      '10.0.0.1:80',
      '10.0.0.2:80',
    ]);
  });

  test('of what is right: nothing', async () => {
    const { done, input } = await written(
      up(),
      [],
      [...THERE, { kind: 'add-destination', id, destination: B }],
    );
    expect(done).toEqual([]);
    expect(input.table).toEqual(input.before);
  });

  test('what an earlier file left goes, and is no longer among the services', async () => {
    const { done, input } = await written(withLeft(up(), undefined), [], [addLeft]);
    expect(done.at(-1)).toBe(`delete ${serviceKey(LEFT)}`);
    expect([...input.keys]).toEqual([KEY]);
  });

  test('it stays where its successor is refused, and the refusals are handed on', async () => {
    const refuse = ['add 10.0.0.1:80 3', 'add 10.0.0.2:80 1'];
    const { done, input } = await written(withLeft(up(), KEY), refuse, [addLeft]);
    expect(done).toEqual([`add ${KEY}`]);
    expect([...input.keys].sort()).toEqual([KEY, serviceKey(LEFT)].sort());
    expect(input.refusals.map(({ change, error }) => `${shown(change)} ${error.code}`)).toEqual(
      refuse.map((one) => `${one} EINVAL`),
    );
    // and goes where one of its servers is there
    const some = await written(withLeft(up(), KEY), refuse.slice(1), [addLeft]);
    expect(some.done.at(-1)).toBe(`delete ${serviceKey(LEFT)}`);
  });

  test('nothing is taken away where all that should take over were refused', async () => {
    const state = up();
    const moved = {
      ...state,
      services: state.services.map((one) => ({
        ...one,
        servers: one.servers.map((server, i) => ({ ...server, up: i === 1 })),
      })),
    };
    const refused = await written(moved, ['add 10.0.0.2:80 1'], THERE);
    expect(refused.done).toEqual([]);
    expect((await written(moved, [], THERE)).done).toEqual([
      'add 10.0.0.2:80 1',
      'delete 10.0.0.1:80',
    ]);
  });

  test('a service that is as it was is the same value for the next comparison', async () => {
    const first: readonly Change[] = [...THERE, { kind: 'add-destination', id, destination: B }];
    const known = (await written(up(), [], first)).input;
    const applied = { services: new Set([KEY]), table: known.table };
    const again = await written({ ...up(), applied }, [], first);
    expect(again.read.get(KEY)).toBe(known.table.get(KEY));
    const other = await written({ ...up(), applied }, [], THERE);
    expect(other.read.get(KEY)).not.toBe(known.table.get(KEY));
  });

  test('at the end the services of the file go, and those that earlier files left; others stay', async () => {
    const backend = new MemoryBackend();
    const foreign = { ...LEFT, port: 7 };
    backend.applyNow([
      ...THERE,
      addLeft,
      { kind: 'add-service', service: { ...leftService, id: foreign } },
    ]);
    const events: MonitorEvent[] = [];
    await removeOwned(backend, withLeft(up(), undefined), (event) => events.push(event));
    const keys = (await backend.services()).map((one) => serviceKey(one.service.id));
    expect([keys, events]).toEqual([[serviceKey(foreign)], []]);
    // what is not there any more is no error
    await removeOwned(backend, withLeft(up(), undefined), (event) => events.push(event));
    backend.applyNow(THERE);
    backend.apply = async (changes) => changes.map(({ kind }) => new IpvsError(kind, 'EPERM'));
    await expect(removeOwned(backend, up(), (event) => events.push(event))).rejects.toMatchObject({
      code: 'EPERM',
    });
    expect(events).toEqual([
      { event: 'refused', reason: 'delete-service: Permission denied (you must be root)' },
    ]);
  });
});

test('how often the table is written: as the most frequent check, from 100 ms to 5 s', () => {
  const of = (checks: string, ofServer = '') =>
    writeIntervalMs(
      configOf(
        service('a', 80)
          .replace('servers:', `checks: [${checks}], servers:`)
          .replace('weight: 3}', `weight: 3${ofServer}}`),
        service('b', 81),
      ),
    );
  expect(of('')).toBe(5000);
  expect(of('{kind: tcp, interval: 60}')).toBe(5000);
  expect(of('{kind: tcp, interval: 60}, {kind: tcp, port: 81, interval: 2, timeout: 1}')).toBe(
    2000,
  );
  expect(
    of('{kind: tcp, interval: 60}', ', checks: [{kind: tcp, interval: 0.5, timeout: 0.3}]'),
  ).toBe(500);
});

test('errors of the table as text; what is a bug is thrown', () => {
  expect(tableError(new IpvsError('list-services', 'EPERM'))).toBe(
    'Permission denied (you must be root)',
  );
  expect(tableError(new BackendError('no family'))).toBe('no family');
  const bug = new Error('bug');
  expect(() => tableError(bug)).toThrow(bug);
});
