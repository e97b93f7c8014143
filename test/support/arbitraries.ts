// Random services, servers and tables in which every field varies, as the memory model and the
// kernel take them.
import fc from 'fast-check';
import { ipv4, ipv6 } from '../../src/model/address.js';
import type { Destination } from '../../src/model/destination.js';
import type { Service, ServiceId } from '../../src/model/service.js';
import { serverKey, serviceKey, type Table, tableOf } from '../../src/model/table.js';

/** Few identities, so that two tables often share some. */
export const serviceId: fc.Arbitrary<ServiceId> = fc.oneof(
  fc.record({
    kind: fc.constant('address' as const),
    protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
    address: fc.constantFrom(ipv4(0xc0000201), ipv4(0xc0000202)),
    port: fc.constantFrom(53, 80),
  }),
  fc.record({
    kind: fc.constant('fwmark' as const),
    mark: fc.integer({ min: 1, max: 2 }),
    family: fc.constant('ipv4' as const),
  }),
);

/** Everything that one sets on a service of this identity. */
export const serviceOf = (id: fc.Arbitrary<ServiceId>): fc.Arbitrary<Service> =>
  fc.record({
    id,
    scheduler: fc.constantFrom('rr', 'wrr', 'sh', 'mh', 'lblc', 'none'),
    schedulerFlags: fc.integer({ min: 0, max: 7 }),
    persistence: fc.option(fc.record({ timeout: fc.integer({ min: 1, max: 900 }) }), {
      nil: undefined,
    }),
    netmask: fc.constantFrom(0xffffffff, 0xffffff00, 0),
    engine: fc.option(fc.constant('sip'), { nil: undefined }),
    onePacket: fc.boolean(),
  });

export const destination: fc.Arbitrary<Destination> = fc
  .record({
    address: fc.oneof(
      fc.integer({ min: 1, max: 6 }).map((n) => ipv4(0xc6336400 + n)),
      fc.integer({ min: 1, max: 2 }).map((n) => ipv6(0x20010db8, 0, 0, n)),
    ),
    port: fc.constantFrom(80, 8080),
    forwarding: fc.constantFrom('masquerade', 'direct', 'tunnel'),
    tunnel: fc.constantFrom(
      { type: 'ipip', port: 0, flags: 0 } as const,
      { type: 'gue', port: 6080, flags: 0 } as const,
      { type: 'gue', port: 6081, flags: 0 } as const,
      { type: 'gre', port: 0, flags: 0 } as const,
      { type: 'gre', port: 0, flags: 1 } as const,
    ),
    weight: fc.integer({ min: 0, max: 3 }),
    upperThreshold: fc.constantFrom(10, 20),
    lowerThreshold: fc.constantFrom(0, 5),
  })
  // only a tunnel leads to a server of the other family
  .map((one) => (one.address.family === 'ipv6' ? { ...one, forwarding: 'tunnel' as const } : one));

export const destinations = fc.uniqueArray(destination, { selector: serverKey, maxLength: 6 });

export const table: fc.Arbitrary<Table> = fc
  .uniqueArray(fc.record({ service: serviceOf(serviceId), destinations }), {
    selector: ({ service }) => serviceKey(service.id),
    maxLength: 4,
  })
  .map(tableOf);
