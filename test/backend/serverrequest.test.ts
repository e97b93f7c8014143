// Requests from the template are those that the tables give.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestFor } from '../../src/backend/requests.js';
import { hasTemplate, writeServer } from '../../src/backend/serverrequest.js';
import { ipv4, ipv6 } from '../../src/model/address.js';
import type { Change } from '../../src/model/change.js';
import { forwardingOf, IPIP } from '../../src/model/forwarding.js';
import { protocolOf } from '../../src/model/service.js';
import { TOP } from '../../src/wire/ipvs.js';

const whole = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
const address = whole(32).map(ipv4);
const change: fc.Arbitrary<Extract<Change, { kind: 'add-destination' | 'edit-destination' }>> =
  fc.record({
    kind: fc.constantFrom('add-destination', 'edit-destination'),
    id: fc.record({
      kind: fc.constant('address' as const),
      protocol: fc.oneof(fc.constantFrom(6, 17, 132), whole(16)).map(protocolOf),
      address,
      port: whole(16),
    }),
    destination: fc.record({
      address,
      port: whole(16),
      forwarding: fc.oneof(fc.nat({ max: 3 }), whole(32)).map(forwardingOf),
      tunnel: fc.constant(IPIP),
      weight: whole(32),
      upperThreshold: whole(32),
      lowerThreshold: whole(32),
    }),
  });

test('whatever the numbers', () => {
  fc.assert(
    fc.property(change, fc.nat({ max: 9 }), (one, at) => {
      expect(hasTemplate(one)).toBe(true);
      const [ours, theirs] = [new Uint8Array(300).fill(255), new Uint8Array(300).fill(255)];
      const end = writeServer(ours, at, one);
      expect(end).toBe(TOP.write(theirs, at, requestFor(one).value));
      expect(ours).toEqual(theirs);
    }),
  );
});

test('other requests have none', () => {
  const [one] = fc.sample(change, 1) as [Parameters<typeof hasTemplate>[0]];
  const { destination, id } = one;
  const others = [
    { ...one, id: { kind: 'fwmark', mark: 1, family: 'ipv4' } },
    { ...one, id: { ...id, address: ipv6(1, 2, 3, 4) } },
    { ...one, destination: { ...destination, address: ipv6(1, 2, 3, 4) } },
    { ...one, destination: { ...destination, tunnel: { ...IPIP, type: 'gre' } } },
    { ...one, destination: { ...destination, tunnel: { ...IPIP, port: 1 } } },
    { ...one, destination: { ...destination, tunnel: { ...IPIP, flags: 1 } } },
  ] as Parameters<typeof hasTemplate>[0][];
  expect(others.filter(hasTemplate)).toEqual([]);
});
