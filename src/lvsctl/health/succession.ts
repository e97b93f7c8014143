// One file after another: which service of the former one a service goes on from, and what the
// former ones left in the table.
import type { DestinationId } from '../../model/destination.js';
import type { ServiceId } from '../../model/service.js';
import { renderId, type WantedService } from '../config/wanted.js';
import { formatServer } from '../plan/diff.js';
import type { ServiceState } from './service.js';

export interface Rename {
  readonly from: string;
  readonly to: string;
}

export interface ServersOf {
  readonly service: string;
  readonly servers: readonly string[];
}

/** A service that is to go. */
export interface Leftover {
  readonly id: ServiceId;
  /** the service that has its name now, by `renderId`: first that one must serve */
  readonly successor: string | undefined;
}

/**
 * What former files put into the table and the present one does not want. It stays on this list
 * until it is gone.
 */
export interface Legacy {
  /** by `renderId` */
  readonly services: ReadonlyMap<string, Leftover>;
  /** by service, and there by `formatServer` */
  readonly servers: ReadonlyMap<string, ReadonlyMap<string, DestinationId>>;
}

export const NO_LEGACY: Legacy = { services: new Map(), servers: new Map() };

/** How the kernel tells a service, by `renderId`. */
export function idOf({ service }: WantedService): string {
  return renderId(service.id);
}

/** A service's servers as `formatServer` writes them. */
export function serversOf({ wanted }: ServiceState): ServersOf {
  return { service: wanted.source.name, servers: wanted.destinations.map(formatServer) };
}

/**
 * The state that each service goes on from: that of the same service in the kernel, whatever its
 * name was, else that of its name, which then has another address, port or mark.
 * @param old by `idOf`
 * @returns by `idOf`
 */
export function predecessors(
  old: ReadonlyMap<string, ServiceState>,
  wanted: readonly WantedService[],
): Map<string, ServiceState> {
  const found = new Map<string, ServiceState>();
  for (const one of wanted) {
    const same = old.get(idOf(one));
    if (same) found.set(idOf(one), same);
  }
  const taken = new Set(found.values());
  const byName = new Map(
    [...old.values()]
      .filter((state) => !taken.has(state))
      .map((state) => [state.wanted.source.name, state]),
  );
  for (const one of wanted) {
    const named = found.has(idOf(one)) ? undefined : byName.get(one.source.name);
    if (named) found.set(idOf(one), named);
  }
  return found;
}

/** Services that go on under another name. */
export function renames(
  before: ReadonlyMap<string, ServiceState>,
  wanted: readonly WantedService[],
): readonly Rename[] {
  return wanted.flatMap((one) => {
    const from = before.get(idOf(one))?.wanted.source.name;
    return from === undefined || from === one.source.name ? [] : [{ from, to: one.source.name }];
  });
}

/**
 * The list after another file has taken over.
 * @param before as `predecessors` tells
 */
export function inherit(
  legacy: Legacy,
  old: ReadonlyMap<string, ServiceState>,
  wanted: readonly WantedService[],
  before: ReadonlyMap<string, ServiceState>,
): Legacy {
  const successors = new Map([...before].map(([id, state]) => [idOf(state.wanted), id]));
  const services = new Map(
    [...legacy.services].map(
      ([name, { id, successor = '' }]) =>
        [name, { id, successor: successors.get(successor) }] as const,
    ),
  );
  const servers = new Map([...legacy.servers].map(([service, list]) => [service, new Map(list)]));
  const leave = (
    one: WantedService,
    list = servers.get(idOf(one)) ?? new Map<string, DestinationId>(),
  ) => {
    servers.set(idOf(one), list);
    return list;
  };
  for (const { wanted: one } of old.values()) {
    services.set(idOf(one), { id: one.service.id, successor: successors.get(idOf(one)) });
    const list = leave(one);
    for (const id of allOf(one)) list.set(formatServer(id), id);
  }
  for (const one of wanted) {
    services.delete(idOf(one));
    const list = leave(one);
    for (const id of allOf(one)) list.delete(formatServer(id));
  }
  return { services, servers };
}

/** The list after a write: what is still there. */
export function remaining(
  legacy: Legacy,
  there: { service(id: string): boolean; server(service: string, server: string): boolean },
): Legacy {
  const stays = (service: string, server: string) =>
    legacy.services.has(service) ? there.service(service) : there.server(service, server);
  const servers = [...legacy.servers].map(
    ([service, list]) =>
      [service, new Map([...list].filter(([server]) => stays(service, server)))] as const,
  );
  return {
    services: new Map([...legacy.services].filter(([id]) => there.service(id))),
    servers: new Map(servers.filter(([, list]) => list.size > 0)),
  };
}

function allOf({ destinations, sorry }: WantedService): readonly DestinationId[] {
  return sorry ? [...destinations, sorry] : destinations;
}
