import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory.js';
import {
  diffRules,
  type RuleSet,
  sameDestinationId,
  sameRules,
} from '../../../src/lvsctl/plan/diff.js';
import type { Destination } from '../../../src/model/destination.js';
import type { Service, ServiceId } from '../../../src/model/service.js';

const id: ServiceId = {
  kind: 'address',
  protocol: 'tcp',
  address: { family: 'ipv4', value: 0xc0000201 },
  port: 80,
};
const service = fc.record({
  id: fc.constant(id),
  scheduler: fc.constantFrom('rr', 'wrr', 'sh'),
  schedulerFlags: fc.integer({ min: 0, max: 7 }),
  persistence: fc.option(fc.record({ timeout: fc.integer({ min: 1, max: 900 }) }), {
    nil: undefined,
  }),
  netmask: fc.constant(0xffffffff),
  engine: fc.constant(undefined),
  onePacket: fc.constant(false),
}) satisfies fc.Arbitrary<Service>;
const destination = fc.record({
  address: fc
    .integer({ min: 1, max: 8 })
    .map((n) => ({ family: 'ipv4', value: 0xc6336400 + n }) as const),
  port: fc.constant(80),
  forwarding: fc.constantFrom('masquerade', 'direct', 'tunnel'),
  tunnel: fc.constantFrom(
    { type: 'ipip', port: 0, flags: 0 } as const,
    { type: 'gre', port: 0, flags: 1 } as const,
  ),
  weight: fc.integer({ min: 0, max: 3 }),
  upperThreshold: fc.constantFrom(10, 20),
  lowerThreshold: fc.constantFrom(0, 5),
}) satisfies fc.Arbitrary<Destination>;
const rules = (ordered: boolean): fc.Arbitrary<RuleSet | null> =>
  fc.option(
    fc.record({
      service,
      destinations: fc.uniqueArray(destination, {
        selector: ({ address }) => address.value,
        maxLength: 6,
      }),
      ordered: fc.constant(ordered),
    }),
  );

async function tableOf(state: RuleSet | null): Promise<MemoryBackend> {
  const backend = new MemoryBackend();
  expect(
    (await backend.apply(diffRules(null, state && { ...state, ordered: true }))).filter(Boolean),
  ).toEqual([]);
  return backend;
}

async function read(backend: MemoryBackend): Promise<RuleSet | null> {
  const [entry] = await backend.services();
  if (!entry) return null;
  return {
    service: entry.service,
    destinations: (await backend.destinations(id)).map((one) => one.destination),
    ordered: true,
  };
}

describe('diffRules', () => {
  test('applied to the first state gives the second, in its order where that counts', async () => {
    await fc.assert(
      fc.asyncProperty(rules(true), rules(true), async (from, to) => {
        const backend = await tableOf(from);
        expect((await backend.apply(diffRules(from, to))).filter(Boolean)).toEqual([]);
        const after = await read(backend);
        expect(after === null).toBe(to === null);
        expect(sameRules(after, to)).toBe(true);
        expect(after?.destinations.map(({ address }) => address)).toEqual(
          to?.destinations.map(({ address }) => address),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('without order it only touches what differs, and never empties a service that keeps a server', async () => {
    await fc.assert(
      fc.asyncProperty(rules(true), rules(false), async (from, to) => {
        if (from === null || to === null) return;
        const backend = await tableOf(from);
        const changes = diffRules(from, to);
        const kept = from.destinations.filter((a) =>
          to.destinations.some((b) => sameDestinationId(a, b)),
        );
        for (const change of changes) {
          if (change.kind === 'delete-destination')
            expect(kept.some((one) => one.address === change.destination.address)).toBe(false);
          expect(await backend.apply([change])).toEqual([undefined]);
          if (from.destinations.length > 0 && to.destinations.length > 0)
            expect((await read(backend))?.destinations.length).toBeGreaterThan(0);
        }
        expect(sameRules(await read(backend), to)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('from a state to itself there is nothing to do', () => {
    fc.assert(
      fc.property(rules(true), (state) => {
        expect(diffRules(state, state)).toEqual([]);
      }),
    );
  });
});
