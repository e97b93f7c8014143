// Laws of the rules of a run of the director, with random tables: what was there, two files, a
// refusal at any change. `up` reaches its file, a refusal changes nothing, `down` restores.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { readTable } from '../../../src/backend/readtable.js';
import { down, up } from '../../../src/lvsctl/plan/engine.js';
import { executor } from '../../../src/lvsctl/plan/executor.js';
import { Journal } from '../../../src/lvsctl/plan/journal.js';
import { readOthers } from '../../../src/lvsctl/plan/others.js';
import { type Setting, setting } from '../../../src/lvsctl/plan/resources.js';
import type { Change } from '../../../src/model/change.js';
import { diffTables } from '../../../src/model/diff.js';
import { IpvsError } from '../../../src/model/errors.js';
import { IPIP } from '../../../src/model/forwarding.js';
import type { Table } from '../../../src/model/table.js';
import * as random from '../../support/arbitraries.js';
import { FULL } from '../../support/full.js';
import { fakeMachine, memoryRecords } from '../../support/machine.js';
import { rulesOf } from '../../support/rulechanges.js';

const ABOUT = { role: 'director', file: '/etc/lvs.yaml', content: '0'.repeat(64), links: {} };

/** The services of a file, in its order. */
const settingsOf = (table: Table): Setting[] =>
  [...table.values()].map(({ service, destinations }) =>
    setting('service', { id: service.id }, { service, destinations, ordered: false }),
  );

async function scene(before: Table) {
  const backend = new MemoryBackend();
  const changes = [...before.values()].flatMap(({ service, destinations }): Change[] => [
    { kind: 'add-service', service },
    ...destinations.map(
      (destination): Change => ({ kind: 'add-destination', id: service.id, destination }),
    ),
  ]);
  expect((await backend.apply(changes)).filter(Boolean)).toEqual([]);
  const machine = fakeMachine({}, {}, backend);
  const records = memoryRecords();
  const report = { ran: () => {}, warn: () => {} };
  const work = (verb: 'up' | 'down') =>
    executor(
      machine,
      new Journal(records, 'r', ABOUT),
      readOthers(records, 'r'),
      report,
      rulesOf(machine, report, verb),
    );
  return {
    backend,
    records,
    up: (table: Table) => up(settingsOf(table), work('up')),
    down: () => down(work('down')),
    table: async () => withoutUnusedTunnels(await readTable(backend)),
  };
}

/** A tunnel counts only where packets are tunnelled; what differs elsewhere is no difference. */
function withoutUnusedTunnels(table: Table): Table {
  return new Map(
    [...table].map(([key, { service, destinations }]) => [
      key,
      {
        service,
        destinations: destinations.map((one) =>
          one.forwarding === 'tunnel' ? one : { ...one, tunnel: IPIP },
        ),
      },
    ]),
  );
}

/** The next change number `nth` is refused. @returns whether there was one */
function refuse(backend: MemoryBackend, nth: number): () => boolean {
  const apply = backend.apply.bind(backend);
  let left = nth;
  backend.apply = async (changes) => {
    const results: (IpvsError | undefined)[] = [];
    for (const change of changes)
      if (left-- === 0) results.push(new IpvsError(change.kind, 'ENOMEM'));
      else results.push(...(await apply([change])));
    return results;
  };
  return () => {
    backend.apply = apply;
    return left < 0;
  };
}

/** What of a table differs, services that the other does not have left out. */
const missing = (actual: Table, desired: Table) => {
  const { additions, removals } = diffTables(actual, desired, 'keep');
  return [...additions, ...removals];
};

test('any tables, and a refusal at any change', async () => {
  await fc.assert(
    fc.asyncProperty(
      random.table,
      random.table,
      random.table,
      fc.nat(20),
      async (before, first, second, nth) => {
        const { backend, records, up: goUp, down: goDown, table } = await scene(before);
        const start = await table();
        await goUp(first);
        const reached = await table();
        expect(missing(reached, first)).toEqual([]);
        const met = refuse(backend, nth);
        const failed = await goUp(second).then(
          () => false,
          () => true,
        );
        expect(met()).toBe(failed);
        if (failed) expect(await table()).toEqual(reached);
        else expect(missing(await table(), second)).toEqual([]);
        await goUp(second);
        expect(missing(await table(), second)).toEqual([]);
        const again = refuse(backend, nth);
        await goDown().catch(() => {});
        if (again()) await goDown();
        expect(await table()).toEqual(start);
        expect(records.list()).toEqual([]);
      },
    ),
    { numRuns: FULL ? 5000 : 25 },
  );
}, 600_000);
