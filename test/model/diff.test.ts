import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { readTable } from '../../src/backend/readtable.js';
import type { Change } from '../../src/model/change.js';
import { changesOf, diffServices, diffTables } from '../../src/model/diff.js';
import { sameDestination, sameService } from '../../src/model/same.js';
import { serverKey, serviceKey, type Table, withChanges } from '../../src/model/table.js';
import { destination, serviceId, serviceOf, table } from '../support/arbitraries.js';
import { FULL } from '../support/full.js';

const EMPTY: Table = new Map();

async function backendWith(state: Table): Promise<MemoryBackend> {
  const backend = new MemoryBackend();
  for (const one of state.values())
    await applied(backend, changesOf(diffServices(undefined, one, { ordered: true })));
  return backend;
}

async function applied(backend: MemoryBackend, changes: readonly Change[]): Promise<void> {
  const refused = (await backend.apply(changes)).filter(Boolean);
  // so often that it is asked by hand first
  if (refused.length > 0) expect(refused).toEqual([]);
}

/** Without order, as `sameService` and `sameDestination` see it. */
function expectSame(actual: Table, desired: Table): void {
  expect([...actual.keys()].sort()).toEqual([...desired.keys()].sort());
  for (const [key, { service, destinations }] of desired) {
    const one = actual.get(key);
    expect(one && sameService(one.service, service)).toBe(true);
    expect(one?.destinations.map(serverKey).sort()).toEqual(destinations.map(serverKey).sort());
    const others = destinations.filter(
      (server) => !one?.destinations.some((now) => sameDestination(now, server)),
    );
    expect(others).toEqual([]);
  }
}

describe('diffTables', () => {
  test('applied to the actual table gives the desired one, then there is no difference', async () => {
    await fc.assert(
      fc.asyncProperty(table, table, async (actual, desired) => {
        const backend = await backendWith(actual);
        const before = await readTable(backend);
        await applied(backend, changesOf(diffTables(before, desired, 'remove')));
        const after = await readTable(backend);
        expectSame(after, desired);
        expect(changesOf(diffTables(after, desired, 'remove'))).toEqual([]);
      }),
      { numRuns: FULL ? 10_000 : 150 },
    );
  });

  test('unmanaged services are kept when asked', async () => {
    await fc.assert(
      fc.asyncProperty(table, table, async (actual, desired) => {
        const backend = await backendWith(actual);
        await applied(backend, changesOf(diffTables(await readTable(backend), desired, 'keep')));
        const after = await readTable(backend);
        expectSame(after, new Map([...actual, ...desired]));
      }),
      { numRuns: 100 },
    );
  });

  test('a table has no difference to itself', () => {
    fc.assert(
      fc.property(table, (one) => {
        expect(changesOf(diffTables(one, one, 'remove'))).toEqual([]);
      }),
    );
  });

  test('what comes stands before what goes, and a service that keeps a server is never empty', async () => {
    await fc.assert(
      fc.asyncProperty(table, table, async (actual, desired) => {
        const backend = await backendWith(actual);
        const before = await readTable(backend);
        const { additions, removals } = diffTables(before, desired, 'remove');
        const kinds = (list: readonly Change[]) => new Set(list.map(({ kind }) => kind));
        expect(kinds(additions)).not.toContain('delete-destination');
        expect(kinds(additions)).not.toContain('delete-service');
        expect(kinds(removals)).not.toContain('add-destination');
        for (const change of [...additions, ...removals]) {
          await applied(backend, [change]);
          const now = await readTable(backend);
          for (const [key, one] of before) {
            const target = desired.get(key)?.destinations.length ?? 0;
            const stays = one.destinations.length > 0 && target > 0;
            if (stays && !now.get(key)?.destinations.length) expect.fail(`${key} is empty`);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('diffServices', () => {
  test('servers that may not be removed stay', () => {
    fc.assert(
      fc.property(table, table, (actual, desired) => {
        for (const [key, one] of desired) {
          const changes = changesOf(diffServices(actual.get(key), one, { removable: () => false }));
          expect(changes.filter(({ kind }) => kind === 'delete-destination')).toEqual([]);
        }
      }),
    );
  });

  test('a former state comes back in its order of servers', async () => {
    await fc.assert(
      fc.asyncProperty(table, table, async (from, to) => {
        const backend = await backendWith(from);
        for (const [key, one] of to) {
          const now = (await readTable(backend)).get(key);
          await applied(backend, changesOf(diffServices(now, one, { ordered: true })));
        }
        const after = await readTable(backend);
        for (const [key, { destinations }] of to)
          expect(after.get(key)?.destinations.map(serverKey)).toEqual(destinations.map(serverKey));
      }),
      { numRuns: FULL ? 2000 : 100 },
    );
  });

  test('no desired service: it is deleted, or there was none', () => {
    fc.assert(
      fc.property(serviceOf(serviceId), (service) => {
        expect(changesOf(diffServices({ service, destinations: [] }, undefined))).toEqual([
          { kind: 'delete-service', id: service.id },
        ]);
        expect(changesOf(diffServices(undefined, undefined))).toEqual([]);
      }),
    );
  });
});

describe('same', () => {
  test('services differ as soon as one setting does', () => {
    fc.assert(
      fc.property(serviceOf(serviceId), serviceOf(serviceId), (a, b) => {
        const { id: _, ...settingsOfA } = a;
        const { id: __, ...settingsOfB } = b;
        const equal = JSON.stringify(settingsOfA) === JSON.stringify(settingsOfB);
        expect(sameService(a, b)).toBe(equal);
        for (const field of Object.keys(settingsOfA) as (keyof typeof settingsOfA)[])
          expect(sameService(a, { ...a, [field]: b[field] })).toBe(
            JSON.stringify(a[field]) === JSON.stringify(b[field]),
          );
      }),
    );
  });

  test('servers differ as soon as one setting does; a tunnel counts where there is one', () => {
    fc.assert(
      fc.property(destination, destination, (a, b) => {
        for (const field of Object.keys(a) as (keyof typeof a)[]) {
          const changed = { ...a, [field]: b[field] };
          const counts = field !== 'tunnel' || a.forwarding === 'tunnel';
          expect(sameDestination(a, changed)).toBe(
            !counts || JSON.stringify(a[field]) === JSON.stringify(b[field]),
          );
        }
        expect(sameDestination({ ...a, forwarding: 'local' }, a)).toBe(true);
      }),
    );
  });
});

describe('withChanges', () => {
  test('says what the backend then has', async () => {
    await fc.assert(
      fc.asyncProperty(table, table, async (actual, desired) => {
        const backend = await backendWith(actual);
        const before = await readTable(backend);
        const changes = changesOf(diffTables(before, desired, 'remove'));
        await applied(backend, changes);
        const said = withChanges(before, changes);
        const after = await readTable(backend);
        expect(new Map([...said].sort())).toEqual(new Map([...after].sort()));
      }),
      { numRuns: FULL ? 2000 : 100 },
    );
  });

  test('flush empties the table', () => {
    const [id] = fc.sample(serviceId, 1);
    if (!id) throw new Error('no sample');
    const [service] = fc.sample(serviceOf(fc.constant(id)), 1);
    if (!service) throw new Error('no sample');
    const one: Table = new Map([[serviceKey(id), { service, destinations: [] }]]);
    expect(withChanges(one, [{ kind: 'flush' }])).toEqual(EMPTY);
  });
});
