// Tables at the limits of their numbers, and readings that fail or begin again: both printers give
// the same.
import { expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { list } from '../../src/ipvsadm/list.js';
import type { IpvsadmWorld } from '../../src/ipvsadm/world.js';
import { SCALES } from '../../src/render/numbers.js';
import {
  DESTINATION,
  SERVICE,
  type WireDestination,
  type WireService,
} from '../../src/wire/ipvs.js';
import { attribute, type FakeTable, fakeKernel, type Payload } from '../support/fakekernel.js';

const LAYOUTS = ['plain', 'stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info'] as const;
const COUNTERS = Object.keys(DESTINATION.table.stats64[1].table);
const MOST_32 = 2 ** 32 - 1;
const MAPPED = [0, 0, 0xffff, 0x0a000001] as const;

function service(value: WireService): Payload {
  const bytes = new Uint8Array(4096);
  return attribute(0x8001, bytes.slice(0, SERVICE.write(bytes, 0, value)));
}

function server(value: WireDestination): Payload {
  const bytes = new Uint8Array(1024);
  return attribute(0x8002, bytes.slice(0, DESTINATION.write(bytes, 0, value)));
}

/** What a command prints, up to a failure. */
async function printed(command: Parameters<typeof list>[0], backend: Backend): Promise<string> {
  let text = '';
  const out = (more: string) => {
    text += more;
    return true;
  };
  const world = {
    backend,
    out,
    outBytes: (bytes: Uint8Array) => out(Buffer.from(bytes).toString('latin1')),
    err: (line: string) => void out(`stderr: ${line}`),
  } as unknown as IpvsadmWorld;
  try {
    await list(command, world);
  } catch (error) {
    text += String(error);
  }
  return text;
}

async function bothWays(command: Parameters<typeof list>[0], table: FakeTable): Promise<string> {
  const { backend: fast } = await fakeKernel(table, true);
  const { backend: slow } = await fakeKernel(table);
  const general = Object.assign(Object.create(slow), {
    replies: undefined,
    services: slow.services.bind(slow),
    destinations: slow.destinations.bind(slow),
    info: slow.info.bind(slow),
  }) as Backend;
  const text = await printed(command, fast);
  expect(text).toBe(await printed(command, general));
  return text;
}

const save = { kind: 'save', numeric: true } as const;
const listing = (layout: (typeof LAYOUTS)[number], exact = false) =>
  ({
    kind: 'list-table',
    view: { layout, exact, numeric: true, sorted: true },
  }) as Parameters<typeof list>[0];

/** Counters around each scale, and the largest. */
function limits(): WireDestination[] {
  const around = SCALES.flatMap(({ from, unit }) => [
    from - 1n,
    from,
    from + unit - 1n,
    from + unit,
  ]);
  return [...around, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n].map((value) => ({
    stats: Object.fromEntries(COUNTERS.map((name) => [name, value & 0xffffffffn])),
    stats64: Object.fromEntries(COUNTERS.map((name) => [name, value])),
  }));
}

function atLimits(): FakeTable {
  const ipv4 = { family: 2, protocol: 6, address: [0xffffffff, 0, 0, 0], port: 0 } as const;
  const ipv6 = { family: 10, protocol: 132, address: MAPPED, port: 65_535 } as const;
  const all = 0xffffffff;
  const services: WireService[] = [
    { ...ipv4, scheduler: 'rr', ...limits().at(-1) },
    { ...ipv4, scheduler: 'sixteen-letters.', flags: 1, timeout: 0, netmask: all },
    { ...ipv4, scheduler: 'seventeen-letters', flags: 1, timeout: MOST_32, netmask: all },
    { ...ipv6, scheduler: 'long'.repeat(400), ...limits()[0] },
    { ...ipv6, scheduler: 'rr', flags: 1, timeout: MOST_32, netmask: 0x80000000 },
    { family: 10, fwmark: MOST_32, scheduler: 'rr' },
    { family: 2, fwmark: MOST_32, scheduler: 'rr' },
  ];
  const servers = limits().map((counters, i) =>
    server({
      family: i % 3 === 0 ? 10 : 2,
      address: i % 2 === 0 ? MAPPED : [MOST_32 - i, 0, 0, 0],
      port: 5000 * i,
      forwarding: i % 4,
      weight: [0, 1, 2 ** 31 - 1, 2 ** 31, MOST_32][i % 5],
      upperThreshold: MOST_32,
      lowerThreshold: 2 ** 31,
      activeConnections: MOST_32,
      inactiveConnections: 2 ** 31,
      persistentConnections: MOST_32,
      ...counters,
    }),
  );
  return { services: services.map(service), servers: [servers, []] };
}

test.each(LAYOUTS)('numbers at their limits: %s', async (layout) => {
  const table = atLimits();
  const text = await bothWays(listing(layout), table);
  expect(text.split('\n').length).toBeGreaterThan(60);
  await bothWays(listing(layout, true), table);
});

test('numbers at their limits, saved', async () => {
  expect(await bothWays(save, atLimits())).toContain('-x 4294967295 -y 2147483648\n');
});

const NAMED = { family: 2, protocol: 6, address: [1, 0, 0, 0] } as const;
const one = (port: number) =>
  server({ family: 2, address: [2, 0, 0, 0], port, weight: 1, forwarding: 0 });

test.each([
  ['listed', listing('plain')],
  ['saved', save],
])('a reading that fails in the middle, %s: what came before it is printed', async (_, command) => {
  const services = ['rr', 'long'.repeat(400), 'rr'].map((scheduler, i) =>
    service({ ...NAMED, port: i, scheduler }),
  );
  const many = Array.from({ length: 2000 }, (_, i) => one(i));
  const ofNoFamily = server({ family: 0, address: [2, 0, 0, 0], port: 1 });
  const text = await bothWays(command, { services, servers: [[one(7)], many, [ofNoFamily]] });
  expect(text).toContain('0.0.0.2:1999');
  expect(text).toMatch(/address family 0$/);
});

test('a list that changed while it was read is read again, into the same rows', async () => {
  const services = [1, 2].map((port) => service({ ...NAMED, port, scheduler: 'rr' }));
  const odd = service({ ...NAMED, port: 3, scheduler: 'rr', engine: 'sip' });
  const servers = [[one(1), one(2)], [one(3)]];
  const table = { services: [...services, odd], servers };
  const text = await bothWays(listing('plain'), { ...table, interrupted: 5 });
  expect(text.match(/^TCP/gm)).toHaveLength(3);
});
