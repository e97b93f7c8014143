// The list of servers: its order after any changes, and that no change reads all of it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { ipv4 } from '../../../src/model/address.js';
import type { Destination } from '../../../src/model/destination.js';
import { sameDestination } from '../../../src/model/same.js';
import { SCHEDULER_NAMES } from '../../../src/model/scheduler.js';
import type { Service } from '../../../src/model/service.js';
import { serverKey } from '../../../src/model/table.js';
import { WRR } from '../../../src/schedulers/wrr.js';
import { LiveServer, LiveService } from '../../../src/simulator/server.js';

const service: Service = {
  id: { kind: 'address', protocol: 'tcp', address: ipv4(0x0a000001), port: 80 },
  scheduler: 'wrr',
  schedulerFlags: 0,
  persistence: undefined,
  netmask: 0xffffffff,
  engine: undefined,
  onePacket: false,
};
const { id } = service;
const server = (n: number, weight: number): Destination => ({
  address: ipv4(0x0a010000 + n),
  port: 80,
  forwarding: 'masquerade',
  tunnel: { type: 'ipip', port: 0, flags: 0 },
  weight,
  upperThreshold: 0,
  lowerThreshold: 0,
});
const kinds = ['add-destination', 'edit-destination', 'delete-destination'] as const;

test('servers come newest first, an edited one keeps its place, one added again is in front', async () => {
  const step = fc.tuple(
    fc.constantFrom(...kinds),
    fc.nat({ max: 5 }),
    fc.integer({ min: 1, max: 9 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const backend = new MemoryBackend();
      await backend.apply([{ kind: 'add-service', service }]);
      let model: readonly Destination[] = [];
      for (const [kind, n, weight] of steps) {
        const destination = server(n, weight);
        const key = serverKey(destination);
        const isThere = model.some((one) => serverKey(one) === key);
        const [error] = await backend.apply([{ kind, id, destination }]);
        const expected =
          kind === 'add-destination'
            ? isThere
              ? 'EEXIST'
              : undefined
            : isThere
              ? undefined
              : 'ENOENT';
        expect(error?.code).toBe(expected);
        if (error) continue;
        if (kind === 'add-destination') model = [destination, ...model];
        else if (kind === 'edit-destination')
          model = model.map((one) => (serverKey(one) === key ? destination : one));
        else model = model.filter((one) => serverKey(one) !== key);
        const list = (await backend.destinations(id)).map((entry) => entry.destination);
        expect(list.map(serverKey)).toEqual(model.map(serverKey));
        expect(list.every((one, i) => sameDestination(one, model[i] as Destination))).toBe(true);
      }
    }),
  );
});

test.each(SCHEDULER_NAMES)('%s: 100 changes read the list not once', (scheduler) => {
  let reads = 0;
  class Counted extends LiveService {
    override get servers() {
      reads++;
      return super.servers;
    }
  }
  const live = new Counted({ ...service, scheduler });
  reads = 0;
  for (let n = 0; n < 100; n++) live.add(new LiveServer(server(n, 1 + (n % 7))));
  for (let n = 0; n < 100; n += 2) live.edit(live.find(server(n, 0)) as LiveServer, server(n, 3));
  for (let n = 0; n < 100; n += 3) live.remove(live.find(server(n, 0)) as LiveServer);
  expect(reads).toBe(0);
  expect(
    live.servers.map(({ address }) => address.family === 'ipv4' && address.value & 255),
  ).toEqual(Array.from({ length: 100 }, (_, i) => 99 - i).filter((n) => n % 3 !== 0));
});

test('wrr counts its weights as if it looked at all of them again', () => {
  const step = fc.tuple(
    fc.constantFrom('add', 'edit', 'delete'),
    fc.nat({ max: 5 }),
    fc.constantFrom(0, 2, 4, 6, 9, 12),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const live = new LiveService(service);
      for (const [kind, n, weight] of steps) {
        const found = live.find(server(n, 0));
        if (kind === 'add' && !found) live.add(new LiveServer(server(n, weight)));
        else if (kind === 'edit' && found) live.edit(found, server(n, weight));
        else if (kind === 'delete' && found) live.remove(found);
        const { divisor, largest, step: fall, top, counts } = live.state as WeightState;
        const anew = WRR.start(live.servers) as WeightState;
        expect({ divisor, largest, fall, top, counts }).toEqual({
          divisor: anew.divisor,
          largest: anew.largest,
          fall: anew.step,
          top: anew.top,
          counts: anew.counts,
        });
      }
    }),
  );
});

interface WeightState {
  readonly divisor: number;
  readonly largest: number;
  readonly step: number;
  readonly top: number;
  readonly counts: ReadonlyMap<number, number>;
}
