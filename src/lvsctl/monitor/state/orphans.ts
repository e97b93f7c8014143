// What earlier files put into the table and the present one does not have. It stays on this list
// until it is removed from the table.
import type { DestinationId } from '../../../model/destination.js';
import {
  type ServerKey,
  type ServiceKey,
  serverKey,
  serviceKey,
  type Table,
} from '../../../model/table.js';
import type { DesiredService } from '../../config/desired.js';

/** What belongs to a file: services with their servers, sorry servers among them. */
export interface Owned {
  readonly key: ServiceKey;
  readonly servers: readonly DestinationId[];
}

export interface OrphanService {
  /** the service that goes on from it: first that one must serve */
  readonly successor: ServiceKey | undefined;
}

export interface Orphans {
  readonly services: ReadonlyMap<ServiceKey, OrphanService>;
  /** by service, of the file or not */
  readonly servers: ReadonlyMap<ServiceKey, ReadonlyMap<ServerKey, DestinationId>>;
}

export const NO_ORPHANS: Orphans = { services: new Map(), servers: new Map() };

/** What belongs to a service of a file. */
export function ownedBy({ service, destinations, sorry }: DesiredService): Owned {
  return {
    key: serviceKey(service.id),
    servers: sorry ? [...destinations, sorry] : destinations,
  };
}

/**
 * The list after another file has taken over.
 * @param successors the service of the next file that goes on from one of the previous file
 */
export function addOrphans(
  { services, servers }: Orphans,
  previous: readonly Owned[],
  next: readonly Owned[],
  successors: ReadonlyMap<ServiceKey, ServiceKey>,
): Orphans {
  const keys = new Set(next.map(({ key }) => key));
  const successorOf = (key: ServiceKey | undefined) =>
    key === undefined ? undefined : (successors.get(key) ?? (keys.has(key) ? key : undefined));
  const orphanServices = new Map<ServiceKey, OrphanService>();
  for (const [key, { successor }] of services)
    orphanServices.set(key, { successor: successorOf(successor) });
  const orphanServers = new Map([...servers].map(([key, list]) => [key, new Map(list)]));
  const serversOf = (key: ServiceKey) => {
    const list = orphanServers.get(key) ?? new Map<ServerKey, DestinationId>();
    orphanServers.set(key, list);
    return list;
  };
  for (const { key, servers: owned } of previous) {
    orphanServices.set(key, { successor: successors.get(key) });
    for (const one of owned) serversOf(key).set(serverKey(one), idOf(one));
  }
  for (const { key, servers: owned } of next) {
    orphanServices.delete(key);
    for (const one of owned) serversOf(key).delete(serverKey(one));
  }
  return { services: orphanServices, servers: orphanServers };
}

/** The list after a write: what is still in the table. */
export function pruneOrphans(
  { services, servers }: Orphans,
  table: Table,
  keys: ReadonlySet<ServiceKey>,
): Orphans {
  const isThere = (service: ServiceKey, server: ServerKey) =>
    services.has(service)
      ? keys.has(service)
      : table.get(service)?.destinations.some((one) => serverKey(one) === server) === true;
  const left = [...servers].map(
    ([service, list]) =>
      [service, new Map([...list].filter(([server]) => isThere(service, server)))] as const,
  );
  return {
    services: new Map([...services].filter(([key]) => keys.has(key))),
    servers: new Map(left.filter(([, list]) => list.size > 0)),
  };
}

function idOf({ address, port }: DestinationId): DestinationId {
  return { address, port };
}
