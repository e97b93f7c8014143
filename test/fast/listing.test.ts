// Listings from bytes to bytes give what the general decoder and printer give, whatever the kernel
// answers: the same text, or the same failure.
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { openRows } from '../../src/fast/rows.js';
import {
  DESTINATION,
  SERVICE,
  type WireDestination,
  type WireService,
} from '../../src/wire/ipvs.js';
import {
  attribute,
  type FakeTable,
  fakeKernel,
  joined,
  type Payload,
} from '../support/fakekernel.js';
import { FULL } from '../support/full.js';
import { answer } from '../support/inprocess.js';

const SERVICE_TYPE = 1;
const SERVER_TYPE = 2;
const LISTINGS: readonly (readonly string[])[] = [
  ['-Ln'],
  ['-Ln', '--nosort'],
  ['-Ln', '--stats'],
  ['-Ln', '--stats', '--exact'],
  ['-Ln', '--rate'],
  ['-Ln', '--rate', '--exact'],
  ['-Ln', '--thresholds'],
  ['-Ln', '--persistent-conn'],
  ['-Ln', '--tun-info'],
  ['-Sn'],
];

function encoded(value: WireDestination): Payload;
function encoded(value: WireService, service: true): Payload;
function encoded(value: WireDestination | WireService, service = false): Payload {
  const bytes = new Uint8Array(2048);
  const codec = service ? SERVICE : DESTINATION;
  return bytes.slice(0, codec.write(bytes, 0, value as never));
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const wrap = (type: number, payload: Payload) => attribute(type | 0x8000, payload);

/** Text and status, or what the failure was. */
async function outcome(args: readonly string[], backend: Backend): Promise<unknown> {
  try {
    return await answer('ipvsadm', args, { backend });
  } catch (error) {
    return String(error);
  }
}

/** The same backend, whose replies are hidden: the general decoder and printer. */
function general(backend: Backend): Backend {
  return new Proxy(backend, {
    get(target, key) {
      if (key === 'replies') return undefined;
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function expectSame(args: readonly string[], table: FakeTable): Promise<void> {
  const fast = await fakeKernel(table, true);
  const slow = await fakeKernel(table);
  const [ours, theirs] = [
    await outcome(args, fast.backend),
    await outcome(args, general(slow.backend)),
  ];
  expect(ours).toEqual(theirs);
  expect(fast.sent.map(hex)).toEqual(slow.sent.map(hex));
}

const whole = (bits: number) =>
  fc.oneof(
    fc.integer({ min: 0, max: 2 ** bits - 1 }),
    fc.nat({ max: 9 }),
    fc.constant(2 ** bits - 1),
  );
const words = fc.tuple(whole(32), whole(32), whole(32), whole(32));
const counter = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 200_000_000n }),
);
const COUNTERS = Object.keys(DESTINATION.table.stats64[1].table);
const counters = (value: fc.Arbitrary<bigint>) =>
  fc.oneof(
    { weight: 9, arbitrary: fc.record(Object.fromEntries(COUNTERS.map((name) => [name, value]))) },
    fc.record(Object.fromEntries(COUNTERS.map((name) => [name, value])), { requiredKeys: [] }),
  );
const wideCounters = counters(counter);
const narrowCounters = counters(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }));

/** What a kernel could answer: settings of any value, some left out. */
const server: fc.Arbitrary<WireDestination> = fc.record(
  {
    address: words,
    port: whole(16),
    forwarding: fc.oneof(fc.nat({ max: 3 }), whole(32)),
    weight: whole(32),
    upperThreshold: whole(32),
    lowerThreshold: whole(32),
    activeConnections: whole(32),
    inactiveConnections: whole(32),
    persistentConnections: whole(32),
    family: fc.constantFrom(2, 2, 2, 10, 2, 2, 2, 10, 0),
    tunnelType: fc.nat({ max: 3 }),
    tunnelPort: whole(16),
    tunnelFlags: whole(16),
    stats: narrowCounters,
    stats64: wideCounters,
  },
  { requiredKeys: ['address', 'stats64', 'family', 'port', 'weight'] },
);

const service: fc.Arbitrary<WireService> = fc.record(
  {
    family: fc.constantFrom(2, 2, 10),
    protocol: fc.constantFrom(6, 6, 17, 132, 47),
    address: words,
    port: whole(16),
    fwmark: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, whole(32)),
    scheduler: fc.constantFrom(
      'rr',
      'wlc',
      'sh',
      'mh',
      '',
      'a-name-of-16-chr',
      'one of seventeen!',
    ),
    flags: fc.oneof(fc.constantFrom(0, 2, 3), whole(6)),
    timeout: whole(32),
    netmask: fc.oneof(fc.constantFrom(0xffffffff, 0x80000000), whole(32)),
    engine: fc.constantFrom('', '', 'sip'),
    stats: narrowCounters,
    stats64: wideCounters,
  },
  { requiredKeys: ['family', 'protocol', 'address', 'port', 'scheduler', 'stats64'] },
);

const tables: fc.Arbitrary<FakeTable> = fc.record({
  services: fc.array(
    service.map((value) => wrap(SERVICE_TYPE, encoded(value, true))),
    { minLength: 1, maxLength: 6 },
  ),
  servers: fc.array(
    fc.array(
      server.map((value) => wrap(SERVER_TYPE, encoded(value))),
      { maxLength: 12 },
    ),
    { minLength: 1, maxLength: 3 },
  ),
});

const RUNS = FULL ? 3000 : 10;

test.each(LISTINGS.map((args) => [args.join(' '), args] as const))('%s', async (_, args) => {
  await fc.assert(
    fc.asyncProperty(tables, (table) => expectSame(args, table)),
    { numRuns: RUNS },
  );
});

/** An attribute of a message that no kernel sends: any number, length and order. */
const hostileAttribute: fc.Arbitrary<Payload> = fc
  .record({
    type: fc.oneof(fc.nat({ max: 18 }), whole(16)),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 24 }),
      server.map((value) => encoded(value)),
    ),
    wrong: fc.option(fc.nat({ max: 64 }), { freq: 12 }),
  })
  .map(({ type, payload, wrong }) => attribute(type, payload, wrong ?? undefined));

/** Real attributes, cut apart, in another order, some twice, others between them. */
const shuffled: fc.Arbitrary<Payload> = fc
  .tuple(server, fc.array(hostileAttribute, { maxLength: 2 }), fc.array(server, { maxLength: 1 }))
  .chain(([first, between, second]) => {
    const parts = [first, ...second].flatMap((value) =>
      Object.entries(value).map(([name, one]) => encoded({ [name]: one })),
    );
    const all = [...parts, ...between];
    return fc.shuffledSubarray(all, { minLength: Math.max(0, all.length - 2) });
  })
  .map((parts) => wrap(SERVER_TYPE, joined(parts)));

const cut: fc.Arbitrary<Payload> = fc
  .tuple(
    server.map((value) => wrap(SERVER_TYPE, encoded(value))),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  .map(([payload, share]) => payload.slice(0, Math.floor(payload.length * share)));

const doubled: fc.Arbitrary<Payload> = fc
  .array(fc.oneof(shuffled, hostileAttribute), { maxLength: 3 })
  .map(joined);

/** Attributes of a service, some twice, in any order, with others between them. */
const shuffledService: fc.Arbitrary<Payload> = fc
  .tuple(service, fc.array(hostileAttribute, { maxLength: 1 }), fc.array(service, { maxLength: 1 }))
  .chain(([first, between, second]) => {
    const parts = [first, ...second].flatMap((value) =>
      Object.entries(value).map(([name, one]) => encoded({ [name]: one }, true)),
    );
    const all = [...parts, ...between];
    return fc.shuffledSubarray(all, { minLength: Math.max(0, all.length - 1) });
  })
  .map((parts) => wrap(SERVICE_TYPE, joined(parts)));

const ONE_SERVICE = wrap(
  SERVICE_TYPE,
  encoded(
    { family: 2, protocol: 6, address: [0x0a000001, 0, 0, 0], port: 80, scheduler: 'rr' },
    true,
  ),
);

const hostile: fc.Arbitrary<FakeTable> = fc.record({
  services: fc.oneof(
    fc.constant([ONE_SERVICE]),
    fc.array(fc.oneof(shuffledService, shuffledService, hostileAttribute), { maxLength: 3 }),
  ),
  servers: fc.array(
    fc.array(fc.oneof(shuffled, shuffled, cut, doubled, hostileAttribute), { maxLength: 4 }),
    { minLength: 1, maxLength: 1 },
  ),
});

test.each(LISTINGS.map((args) => [args.join(' '), args] as const))(
  'hostile, %s',
  async (_, args) => {
    await fc.assert(
      fc.asyncProperty(hostile, (table) => expectSame(args, table)),
      { numRuns: 2 * RUNS },
    );
  },
);

test('messages are read where the backend has them', async () => {
  const value = encoded({ family: 2, fwmark: 7, scheduler: 'rr' }, true);
  const { backend } = await fakeKernel({ services: [wrap(SERVICE_TYPE, value)], servers: [[]] });
  let asked = 0;
  const stub = {
    batchSize: 1,
    info: () => backend.info(),
    services: async () => [],
    replies: { services: async () => void asked++, destinations: async () => {} },
  } satisfies Partial<Backend> as unknown as Backend;
  for (const args of LISTINGS) await answer('ipvsadm', args, { backend: stub });
  // all but the tunnels, whose column is made of several attributes
  expect(asked).toBe(LISTINGS.length - 1);
});

/** A table of services with so many servers each. */
function tableOf(...counts: readonly number[]): FakeTable {
  const value = { family: 2, protocol: 6, address: [0x0a000001, 0, 0, 0], port: 80 } as const;
  const services = counts.map((_, i) =>
    wrap(SERVICE_TYPE, encoded({ ...value, port: 80 + i, scheduler: 'rr' }, true)),
  );
  const servers = counts.map((count, service) =>
    Array.from({ length: count }, (_, i) =>
      wrap(
        SERVER_TYPE,
        encoded({
          family: i % 3 === 0 ? 10 : 2,
          address: [0x64400000 + ((i * 7919) % count), i % 2, 0, service],
          port: 80,
          forwarding: i % 5 === 0 ? 2 : 0,
          weight: i,
          upperThreshold: i % 7,
          lowerThreshold: i % 4,
        }),
      ),
    ),
  );
  return { services, servers };
}

/** The memory of the code has room for 1000 rows at first, then for 2600. */
const LARGE = tableOf(3, 2800, 1, 0, 700);

test.each(LISTINGS.map((args) => [args.join(' '), args] as const))(
  'more servers than the memory of the code has room for at first, %s',
  (_, args) => expectSame(args, LARGE),
);

test('what is ordinary becomes rows, the rest is kept as entries', async () => {
  const table = tableOf(12, 1, 1);
  const value = {
    family: 2,
    protocol: 6,
    address: [0x0a000001, 0, 0, 0],
    scheduler: 'rr',
  } as const;
  const odd: readonly WireService[] = [
    { ...value, fwmark: 7 },
    { ...value, flags: 4 },
    { ...value, flags: 1, netmask: 0xffffff00 },
    { ...value, engine: 'sip' },
    { ...value, protocol: 47 },
  ];
  const ordinary: readonly WireService[] = [value, { ...value, flags: 3, netmask: 0xffffffff }];
  const all = [...ordinary, ...odd].map((each) => wrap(SERVICE_TYPE, encoded(each, true)));
  const { backend } = await fakeKernel({ ...table, services: all }, true);
  const { listing, services, servers } = openRows([0, 1, 3], 'rules') as NonNullable<
    ReturnType<typeof openRows>
  >;
  await backend.replies?.services('rules', services);
  listing.code.arrangeServices(false);
  const places = (count: number) => Array.from({ length: count }, (_, place) => place);
  expect(places(services.count).map((place) => services.entryAt(place) !== undefined)).toEqual([
    ...ordinary.map(() => false),
    ...odd.map(() => true),
  ]);
  await backend.replies?.destinations(services.nameAt(0), 'rules', servers.of('ipv4'));
  listing.code.arrange(false);
  // those by tunnel
  expect(places(servers.count).filter((place) => servers.entryAt(place))).toEqual([0, 5, 10]);
  expect(servers.count).toBe(12);
});

test('without WebAssembly, tables are printed by the general printer', async () => {
  vi.stubGlobal('WebAssembly', undefined);
  try {
    await expectSame(['-Ln'], tableOf(3));
    await expectSame(['-Sn'], tableOf(3));
  } finally {
    vi.unstubAllGlobals();
  }
});
