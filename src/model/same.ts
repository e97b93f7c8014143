// When two services or two servers have the same settings. A field that is added to the model and
// has no row here is a type error.
import { sameAddress } from './address.js';
import type { Destination, DestinationId } from './destination.js';
import type { Tunnel } from './forwarding.js';
import type { Persistence, Service } from './service.js';
import type { VirtualServer } from './table.js';

/** One comparison for every field of `T`, on the whole values. */
type Comparisons<T> = { readonly [K in keyof Required<T>]: (a: T, b: T) => boolean };

// biome-ignore format: a table
const PERSISTENCE: Comparisons<Persistence> = {
  timeout: (a, b) => a.timeout === b.timeout,
};

// biome-ignore format: a table
const SERVICE: Comparisons<Service> = {
  // both are settings of one service: what identifies a service is compared by its key
  id: () => true,
  scheduler: (a, b) => a.scheduler === b.scheduler,
  schedulerFlags: (a, b) => a.schedulerFlags === b.schedulerFlags,
  persistence: ({ persistence: a }, { persistence: b }) => a === b || (a !== undefined && b !== undefined && all(PERSISTENCE, a, b)),
  netmask: (a, b) => a.netmask === b.netmask,
  engine: (a, b) => a.engine === b.engine,
  onePacket: (a, b) => a.onePacket === b.onePacket,
};

// biome-ignore format: a table
const TUNNEL: Comparisons<Tunnel> = {
  type: (a, b) => a.type === b.type,
  port: (a, b) => a.port === b.port,
  flags: (a, b) => a.flags === b.flags,
};

// biome-ignore format: a table
const DESTINATION: Comparisons<Destination> = {
  address: (a, b) => sameAddress(a.address, b.address),
  port: (a, b) => a.port === b.port,
  forwarding: (a, b) => isLocal(a, b) || a.forwarding === b.forwarding,
  tunnel: (a, b) => isLocal(a, b) || a.forwarding !== 'tunnel' || all(TUNNEL, a.tunnel, b.tunnel),
  weight: (a, b) => a.weight === b.weight,
  upperThreshold: (a, b) => a.upperThreshold === b.upperThreshold,
  lowerThreshold: (a, b) => a.lowerThreshold === b.lowerThreshold,
};

/** Everything that one sets on a service is the same. */
export function sameService(a: Service, b: Service): boolean {
  return all(SERVICE, a, b);
}

/**
 * Everything that one sets on a server is the same. The kernel makes `local` of everything that
 * leads to an address of its own, so `local` is the same as every other method.
 */
export function sameDestination(a: Destination, b: Destination): boolean {
  return all(DESTINATION, a, b);
}

/** The same service with the same servers in the same order. */
export function sameVirtualServer(a: VirtualServer, b: VirtualServer): boolean {
  const { length } = a.destinations;
  if (length !== b.destinations.length || !sameService(a.service, b.service)) return false;
  for (let i = 0; i < length; i++) {
    const [one, other] = [a.destinations[i] as Destination, b.destinations[i] as Destination];
    if (!sameDestination(one, other)) return false;
  }
  return true;
}

/** Same address and port. */
export function sameDestinationId(a: DestinationId, b: DestinationId): boolean {
  return a.port === b.port && sameAddress(a.address, b.address);
}

function isLocal(a: Destination, b: Destination): boolean {
  return a.forwarding === 'local' || b.forwarding === 'local';
}

function all<T>(comparisons: Comparisons<T>, a: T, b: T): boolean {
  // no list is made: this is called for every server of a table
  for (const field in comparisons) if (!comparisons[field as keyof T](a, b)) return false;
  return true;
}
