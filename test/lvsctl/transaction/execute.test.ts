// All or nothing: a failure at any step, random tables, and what a failing table leaves.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { openFile } from '../../../src/backend/table/file.js';
import { differences } from '../../../src/lvsctl/transaction/compare.js';
import { execute } from '../../../src/lvsctl/transaction/execute.js';
import { type DesiredRules, planChanges } from '../../../src/lvsctl/transaction/plan.js';
import { readLive, readState, touchedBy } from '../../../src/lvsctl/transaction/state.js';
import type { Change } from '../../../src/model/change.js';
import { BackendError, IpvsError } from '../../../src/model/errors.js';
import { serviceKey, type Table } from '../../../src/model/table.js';
import * as random from '../../support/arbitraries.js';
import { FULL } from '../../support/full.js';
import { answer } from '../../support/inprocess.js';

async function load(text: string): Promise<MemoryBackend> {
  const backend = new MemoryBackend();
  const { status, stderr } = await answer('ipvsadm', ['-R'], { backend, stdin: text });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return backend;
}

/** The table in the kernel's order, timeouts and daemons. */
async function dump(backend: Backend): Promise<string> {
  const show = async (...args: string[]) => (await answer('ipvsadm', args, { backend })).stdout;
  return (
    (await show('-L', '-n', '--nosort', '--tun-info')) +
    (await show('-S', '-n')) +
    (await show('-L', '--timeout')) +
    (await show('-L', '--daemon', '-n'))
  );
}

const whole = (table: Table): DesiredRules => ({
  table,
  removed: 'others',
  timeouts: undefined,
  daemons: new Map(),
});

/** The same backend, whose change number `nth` is refused, or makes it unusable from then on. */
function failing(inner: Backend, nth: number, how: 'refused' | 'broken' | 'dead'): Backend {
  let count = 0;
  return {
    batchSize: inner.batchSize,
    info: () => inner.info(),
    services: (detail) => inner.services(detail),
    service: (id) => inner.service(id),
    destinations: (id, detail) => inner.destinations(id, detail),
    timeouts: () => inner.timeouts(),
    daemons: () => inner.daemons(),
    connections: () => inner.connections(),
    close: () => inner.close(),
    async apply(changes: readonly Change[]) {
      const results: (IpvsError | undefined)[] = [];
      for (const change of changes) {
        count++;
        const fails = how === 'dead' ? count >= nth : count === nth;
        if (fails && how === 'broken') throw new BackendError('netlink: no answer');
        if (fails) results.push(new IpvsError(change.kind, 'ENOMEM'));
        else results.push(...(await inner.apply([change])));
      }
      return results;
    },
  };
}

const BEFORE = `--set 900 120 300
--start-daemon master --mcast-interface eth0 --syncid 1
-A -t 10.0.0.1:80 -s wlc -p 300
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 2
-a -t 10.0.0.1:80 -r 10.1.0.3:80 -m -w 3
-a -t 10.0.0.1:80 -r 10.1.0.4:80 -m -w 4
-A -u 10.0.0.1:53 -s rr -o
-a -u 10.0.0.1:53 -r 10.1.0.1:53 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum
-A -f 7 -s sh
-a -f 7 -r 10.1.0.5:0 -g -w 1
-A -t 10.0.0.9:81 -s rr
-a -t 10.0.0.9:81 -r 10.1.0.1:81 -m -w 1
-A -t 10.0.0.10:82 -s rr
-a -t 10.0.0.10:82 -r 10.1.0.1:82 -m -w 1
`;
const AFTER = `-A -t 10.0.0.1:80 -s mh -b mh-port
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 5
-a -t 10.0.0.1:80 -r 10.1.0.3:80 -m -w 0 -x 10 -y 5
-a -t 10.0.0.1:80 -r 10.1.0.8:80 -m -w 1
-a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 1
-A -u 10.0.0.1:53 -s wrr
-a -u 10.0.0.1:53 -r 10.1.0.2:53 -m -w 1
-A -f 7 -s sh
-a -f 7 -r 10.1.0.5:0 -g -w 9
-A -t 10.0.0.3:80 -s rr
-a -t 10.0.0.3:80 -r 10.1.0.1:80 -m -w 1
-a -t 10.0.0.3:80 -r 10.1.0.2:80 -m -w 1
-A -t 10.0.0.4:80 -s rr
-a -t 10.0.0.4:80 -r 10.1.0.1:80 -m -w 1
`;

async function scene() {
  const backend = await load(BEFORE);
  const live = await readLive(backend);
  const { table } = await readState(await load(AFTER));
  const desired: DesiredRules = {
    ...whole(table),
    timeouts: { tcp: 100, tcpFin: 0, udp: 0 },
    daemons: new Map([
      [
        'master',
        {
          role: 'master',
          interface: 'eth0',
          syncId: 2,
          maxLength: undefined,
          group: undefined,
          port: undefined,
          ttl: undefined,
        },
      ],
    ]),
  };
  return { backend, live, plan: planChanges(live, desired), before: await dump(backend) };
}

const { plan: PLAN } = await scene();

test('the plan has steps of every kind, additions first, removed services last', () => {
  const groups = PLAN.steps.map(({ change: { kind } }) =>
    kind.startsWith('add')
      ? 'add'
      : ['delete-service', 'delete-destination'].includes(kind)
        ? kind
        : 'edit',
  );
  expect(groups.join(' ')).toMatch(
    /^(add ){8}(edit ){8}(delete-destination ?){3} ?(delete-service ?){2}$/,
  );
});

const STEPS = PLAN.steps.map(({ change }, i) => [i + 1, change.kind] as const);

describe.each(['refused', 'broken'] as const)('a step that is %s', (how) => {
  test.each(STEPS)('step %i, %s: the table is as before, its order included', async (nth) => {
    const { backend, live, plan, before } = await scene();
    const result = await execute(plan, live, failing(backend, nth, how));
    expect(result.kind).toBe('reverted');
    expect(await dump(backend)).toBe(before);
  });
});

test.each(STEPS)(
  'no change takes effect from step %i, %s, on: what differs is named',
  async (nth) => {
    const { backend, live, plan } = await scene();
    const result = await execute(plan, live, failing(backend, nth, 'dead'));
    if (nth === 1) return expect(result.kind).toBe('reverted');
    const state = await readState(backend);
    const touched = touchedBy(plan.steps.map(({ change }) => change));
    const left = differences(state, live, touched, { ordered: true });
    expect(left).not.toEqual([]);
    expect(result).toMatchObject({ kind: 'partial', differences: left });
  },
);

test('the last step takes effect: the table is that of the plan', async () => {
  const { backend, live, plan } = await scene();
  expect(await execute(plan, live, backend)).toEqual({ kind: 'done' });
  const { stdout } = await answer('ipvsadm', ['-L', '--daemon', '-n'], { backend });
  expect(stdout).toContain('syncid=2');
  expect((await readState(backend)).timeouts).toEqual({ tcp: 100, tcpFin: 120, udp: 300 });
});

test('a removed service is back, and it is said what is lost', async () => {
  const { backend, live, plan } = await scene();
  const result = await execute(plan, live, failing(backend, plan.steps.length, 'refused'));
  const removed = plan.steps.flatMap(({ change }) =>
    change.kind === 'delete-service' ? [serviceKey(change.id)] : [],
  );
  expect(result).toMatchObject({ kind: 'reverted', lost: removed.slice(0, 1) });
});

test('many services of a table file are removed in one write: a refusal keeps all of them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lvs-execute-'));
  try {
    const lines = Array.from({ length: 150 }, (_, i) => `-A -t 10.2.0.${i + 1}:80 -s rr\n`);
    const file = openFile(join(folder, 'table'));
    await answer('ipvsadm', ['-R'], { backend: file, stdin: lines.join('') });
    const live = await readLive(file);
    const plan = planChanges(live, whole(new Map()));
    const gone = plan.steps[100]?.change;
    if (gone?.kind !== 'delete-service') throw new Error('no removal');
    await file.apply([gone]); // by somebody else, after the table was read
    expect(await execute(plan, live, file)).toMatchObject({
      kind: 'reverted',
      error: expect.stringContaining('No such service'),
      lost: [serviceKey(gone.id)],
    });
    expect((await readState(file)).table.size).toBe(150);
    expect(await execute(plan, live, file)).toEqual({ kind: 'done' });
    expect((await readState(file)).table.size).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A table as a backend has it. */
async function backendWith(table: Table): Promise<MemoryBackend> {
  const backend = new MemoryBackend();
  const changes = [...table.values()].flatMap(({ service, destinations }): Change[] => [
    { kind: 'add-service', service },
    ...destinations.map(
      (one): Change => ({
        kind: 'add-destination',
        id: service.id,
        destination: one,
      }),
    ),
  ]);
  expect((await backend.apply(changes)).filter(Boolean)).toEqual([]);
  return backend;
}

test('random pairs: the target is reached, its difference is empty, undo gives the start', async () => {
  await fc.assert(
    fc.asyncProperty(random.table, random.table, fc.nat(30), async (from, to, at) => {
      const backend = await backendWith(from);
      const live = await readLive(backend);
      const plan = planChanges(live, whole(to));
      const refused = await execute(plan, live, failing(backend, at + 1, 'refused'));
      const start = await backendWith(from);
      if (at < plan.steps.length) {
        expect(refused.kind).toBe('reverted');
        expect((await readState(backend)).table).toEqual((await readState(start)).table);
        expect(await execute(plan, live, backend)).toEqual({ kind: 'done' });
      }
      const reached = await readLive(backend);
      expect(planChanges(reached, whole(to)).steps).toEqual([]);
      const back = planChanges(reached, whole(live.table));
      expect(await execute(back, reached, backend)).toEqual({ kind: 'done' });
      const touched = touchedBy([...plan.steps, ...back.steps].map(({ change }) => change));
      expect(differences(await readState(backend), live, touched)).toEqual([]);
    }),
    { numRuns: FULL ? 10_000 : 80 },
  );
}, 600_000);
