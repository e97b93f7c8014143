// The library's functions: shapes and back, differences, plans, transactions on a table file, codes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { takeLock } from '../../src/backend/table/lock.js';
import type { Change, Ipvs, Rules, Server, Service } from '../../src/library/api.js';
import { library } from '../../src/library/main.js';
import { openStore, type StoreParts } from '../../src/lvsctl/store.js';
import { removePending, writePending } from '../../src/lvsctl/transaction/pending.js';
import { ownIdentity } from '../../src/system/identity.js';

const { LvsError, diff, openFile, parseRules, plan, renderRules, simulate } = library;
const directory = mkdtempSync(join(tmpdir(), 'library-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
const open = (): Promise<Ipvs> => openFile(join(directory, `table-${++files}.json`));
const codeOf = (call: () => unknown) => {
  try {
    call();
  } catch (error) {
    return error instanceof LvsError ? error.code : String(error);
  }
  return 'none';
};

const server = fc.record(
  {
    address: fc.integer({ min: 1, max: 250 }).map((n) => `10.0.0.${n}`),
    port: fc.constant(80),
    forwarding: fc.constantFrom('masquerade' as const, 'direct' as const, 'tunnel' as const),
    weight: fc.integer({ min: 0, max: 9 }),
    upperThreshold: fc.integer({ min: 1, max: 9 }),
  },
  { requiredKeys: ['address', 'port', 'forwarding', 'weight'] },
);
const service = fc.record(
  {
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    address: fc.integer({ min: 1, max: 5 }).map((n) => `192.0.2.${n}`),
    port: fc.constant(80), // direct and tunnel servers have the port of the service
    scheduler: fc.constantFrom('rr', 'wlc', 'mh'),
    flags: fc.constant(['flag-3']),
    persistence: fc.record(
      { timeout: fc.integer({ min: 1, max: 900 }), netmask: fc.constant('255.255.255.0') },
      { requiredKeys: ['timeout'] },
    ),
  },
  { requiredKeys: ['protocol', 'address', 'port', 'scheduler'] },
);
const rules: fc.Arbitrary<Rules> = fc.uniqueArray(
  fc.record({
    service,
    servers: fc.uniqueArray(server, { maxLength: 4, selector: ({ address }) => address }),
  }),
  { maxLength: 4, selector: ({ service: one }) => `${one.protocol} ${one.address} ${one.port}` },
);

/** Services and servers in one order. */
const sorted = (list: Rules) =>
  list
    .map((one) => ({
      service: one.service,
      servers: one.servers.toSorted((a, b) => (a.address < b.address ? -1 : 1)),
    }))
    .toSorted((a, b) => (JSON.stringify(a.service) < JSON.stringify(b.service) ? -1 : 1));

describe('laws', () => {
  test('what is rendered is parsed as the same rules', () => {
    fc.assert(
      fc.property(rules, (list) => {
        expect(parseRules(renderRules(list))).toEqual(list);
      }),
    );
  });

  test('the difference of two tables makes one of the other; of the same it is empty', async () => {
    await fc.assert(
      fc.asyncProperty(rules, rules, async (a, b) => {
        const ipvs = await open();
        await ipvs.transact(diff([], a));
        await ipvs.transact(diff(await ipvs.table(), b));
        const table = await ipvs.table();
        const bare = table.map(({ service: one, servers }) => ({
          service: one,
          servers: servers.map(
            ({ counters: _, activeConnections: __, inactiveConnections: ___, ...rest }) => rest,
          ),
        }));
        expect(sorted(bare)).toEqual(sorted(b));
        expect(diff(table, b)).toEqual([]);
        await ipvs.close();
      }),
      { numRuns: 8 },
    );
  });

  test('a plan has the changes of the difference', () => {
    fc.assert(
      fc.property(rules, rules, (a, b) => {
        const text = (list: readonly Change[]) => list.map((one) => JSON.stringify(one)).toSorted();
        const live = a.map((one) => ({
          ...one,
          counters: NONE,
          servers: one.servers.map((it) => ({
            ...it,
            activeConnections: 2,
            inactiveConnections: 1,
            counters: NONE,
          })),
        }));
        const steps = plan(live, b);
        expect(text(steps.map(({ change }) => change))).toEqual(text(diff(a, b)));
        for (const { action, change, ends } of steps)
          if (action !== 'remove') expect(ends).toBe(0);
          else if (change.kind === 'delete-server') expect(ends).toBe(3);
      }),
    );
  });
});

const NONE = { connections: 0n, inPackets: 0n, outPackets: 0n, inBytes: 0n, outBytes: 0n };
const WEB: Service = { protocol: 'tcp', address: '192.0.2.1', port: 80, scheduler: 'rr' };
const RS: Server = { address: '10.0.0.1', port: 80, forwarding: 'direct' };

test('prune false keeps what only the first has', () => {
  const a: Rules = [{ service: WEB, servers: [] }];
  expect(diff(a, [], { prune: false })).toEqual([]);
  expect(diff(a, [])).toEqual([
    { kind: 'delete-service', service: { protocol: 'tcp', address: '192.0.2.1', port: 80 } },
  ]);
});

test('marks, tunnels, thresholds, engines come back as they went in', async () => {
  const all: Rules = [
    {
      service: {
        mark: 7,
        family: 'ipv6',
        scheduler: 'sh',
        flags: ['sh-port'],
        persistence: { timeout: 9, netmask: 64 },
      },
      servers: [
        {
          address: '2001:db8::1',
          port: 0,
          forwarding: 'tunnel',
          tunnel: { type: 'gue', port: 6080, checksum: 'remote' },
          weight: 3,
          upperThreshold: 9,
          lowerThreshold: 4,
        },
      ],
    },
    {
      service: {
        protocol: 'udp',
        address: '192.0.2.9',
        port: 5060,
        scheduler: 'rr',
        onePacket: true,
        persistence: { timeout: 5, engine: 'sip' },
      },
      servers: [],
    },
  ];
  const ipvs = await open();
  await ipvs.transact(diff([], all));
  expect(diff(await ipvs.table(), all)).toEqual([]);
  expect(diff(all, await ipvs.table())).toEqual([]);
  await ipvs.close();
});

test('a refused change takes back those before it', async () => {
  const ipvs = await open();
  await ipvs.transact([{ kind: 'add-service', service: WEB }]);
  const refused = ipvs.transact([
    { kind: 'add-server', service: WEB, server: RS },
    { kind: 'edit-service', service: { ...WEB, scheduler: 'wlc' } },
    { kind: 'add-service', service: WEB },
  ]);
  await expect(refused).rejects.toMatchObject({
    name: 'LvsError',
    code: 'REFUSED',
    differences: [],
  });
  expect(await ipvs.table()).toMatchObject([{ service: { scheduler: 'rr' }, servers: [] }]);
  await ipvs.close();
});

test('a kernel that cannot be used is BACKEND', async () => {
  // where it can be used there is nothing to see
  const opened = await library.openKernel().then(
    async (ipvs) => ipvs.close(),
    (error: unknown) => error,
  );
  if (opened !== undefined) expect(opened).toMatchObject({ name: 'LvsError', code: 'BACKEND' });
});

test('timeouts', async () => {
  const ipvs = await open();
  await ipvs.setTimeouts({ tcp: 500, tcpFin: 0, udp: 70 });
  expect(await ipvs.timeouts()).toEqual({ tcp: 500, tcpFin: 120, udp: 70 });
  await ipvs.close();
});

test.each([
  [{ ...WEB, address: 'x' }, RS],
  [{ ...WEB, port: 70000 }, RS],
  [{ ...WEB, protocol: 'icmp' }, RS],
  [{ ...WEB, scheduler: '' }, RS],
  [{ ...WEB, flags: ['nosuch'] }, RS],
  [{ ...WEB, persistence: { timeout: 0 } }, RS],
  [{ ...WEB, persistence: { timeout: 1, netmask: 33 } }, RS],
  [{ mark: 0, family: 'ipv4', scheduler: 'rr' }, RS],
  [WEB, { ...RS, weight: -1 }],
  [WEB, { ...RS, forwarding: 'nat' }],
  [WEB, { ...RS, tunnel: { type: 'vxlan' } }],
  [WEB, { ...RS, upperThreshold: 0.5 }],
])('%j %j is INVALID', (badService, badServer) => {
  const list = [{ service: badService, servers: [badServer] }] as unknown as Rules;
  expect(codeOf(() => renderRules(list))).toBe('INVALID');
  expect(codeOf(() => diff([], list))).toBe('INVALID');
});

test('the other codes', async () => {
  expect(codeOf(() => parseRules('-A -t web:80', 'my.rules'))).toBe('BAD_RULES');
  expect(() => parseRules('-A -t 192.0.2.1:80 -q', 'my.rules')).toThrow(/^my\.rules:1:/);
  const damaged = join(directory, 'damaged');
  writeFileSync(damaged, '{');
  await expect(openFile(damaged).then((one) => one.table())).rejects.toMatchObject({
    code: 'BACKEND',
  });
  expect(codeOf(() => simulate({ service: WEB, servers: [RS] }, { rate: 0 }))).toBe('INVALID');
  const ipvs = await open();
  const bad = [{ kind: 'flush' }] as unknown as Change[];
  await expect(ipvs.transact(bad)).rejects.toMatchObject({ code: 'INVALID' });
  await ipvs.close();
});

test('a simulation counts every connection, and the same seed gives the same run', () => {
  const virtual = {
    service: { ...WEB, scheduler: 'wrr' },
    servers: [
      { ...RS, weight: 1 },
      { ...RS, address: '10.0.0.2', weight: 3 },
    ],
  };
  const run = simulate(virtual, { connections: 400 });
  expect(run.servers.map(({ server: { address }, connections }) => [address, connections])).toEqual(
    [
      ['10.0.0.1', 100],
      ['10.0.0.2', 300],
    ],
  );
  expect(run).toMatchObject({ arrivals: 400, refused: 0 });
  expect(simulate(virtual, { connections: 400 })).toEqual(run);
  expect(simulate({ ...virtual, servers: [] }, { connections: 5 }).refused).toBe(5);
});

describe('the lock of lvsctl', () => {
  const PARTS: StoreParts = {
    takeLock: (file) => takeLock(file),
    held: () => {},
    startGuard: () => Promise.reject(new Error('none')),
  };
  const SERVICE = { protocol: 'tcp', address: '192.0.2.1', port: 80, scheduler: 'rr' } as const;
  const server = (i: number): Change => ({
    kind: 'add-server',
    service: SERVICE,
    server: { address: `10.0.0.${i}`, port: 80, forwarding: 'masquerade', weight: 1 },
  });

  test('is waited for, while the program goes on', async () => {
    const path = join(directory, 'locked.json');
    const ipvs = await openFile(path);
    const store = openStore(`file:${path}`, PARTS);
    const release = store?.lock() ?? (() => {});
    let done = false;
    const made = ipvs.transact([{ kind: 'add-service', service: SERVICE }]).then(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([done, await ipvs.table()]).toEqual([false, []]);
    release();
    await made;
    expect(await ipvs.table()).toHaveLength(1);
  });

  test('several calls at once take effect one after the other', async () => {
    const ipvs = await open();
    await ipvs.transact([{ kind: 'add-service', service: SERVICE }]);
    const calls = Array.from({ length: 8 }, (_, i) => ipvs.transact([server(i + 1)]));
    await Promise.all(calls);
    expect((await ipvs.table())[0]?.servers).toHaveLength(8);
  });

  test('a transaction that waits for its confirmation is refused to be overtaken', async () => {
    const path = join(directory, 'pending.json');
    const ipvs = await openFile(path);
    await ipvs.transact([{ kind: 'add-service', service: SERVICE }]);
    const store = openStore(`file:${path}`, PARTS);
    if (store === undefined) throw new Error('no store');
    const until = '2026-11-27T00:00:00.000Z';
    const waiting = { entry: 1, command: 'apply lvs.yaml', until, guard: ownIdentity() };
    writePending(store.pending, waiting);
    await expect(ipvs.transact([server(1)])).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining('waits for its confirmation'),
    });
    removePending(store.pending);
    await ipvs.transact([server(1)]);
    expect((await ipvs.table())[0]?.servers).toHaveLength(1);
  });
});
