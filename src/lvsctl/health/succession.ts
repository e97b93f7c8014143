// One file after another: what of the former one stays under which name, and what it leaves behind.
import type { DestinationId } from '../../model/destination.js';
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

/** How the kernel tells a service, by `renderId`. */
export function idOf({ service }: WantedService): string {
  return renderId(service.id);
}

/** A service's servers as `formatServer` writes them. */
export function serversOf({ wanted }: ServiceState): ServersOf {
  return { service: wanted.source.name, servers: wanted.destinations.map(formatServer) };
}

/** Services that have another name than before, by what the kernel tells them by. */
export function renamed(old: ReadonlyMap<string, ServiceState>, wanted: readonly WantedService[]): readonly Rename[] {
  const names = new Set(wanted.map(({ source }) => source.name));
  const left = new Map(
    [...old.values()].filter((state) => !names.has(state.wanted.source.name)).map(({ wanted: one }) => [idOf(one), one.source.name]),
  );
  return wanted.flatMap((one) => {
    const from = old.has(one.source.name) ? undefined : left.get(idOf(one));
    return from === undefined ? [] : [{ from, to: one.source.name }];
  });
}

/** Servers of the same service that the former file had and this one has not, by service name. */
export function formerServers(
  old: ReadonlyMap<string, ServiceState>,
  states: ReadonlyMap<string, ServiceState>,
): Map<string, readonly DestinationId[]> {
  const all = ({ destinations, sorry }: WantedService) => (sorry ? [...destinations, sorry] : destinations);
  const before = new Map([...old.values()].map(({ wanted }) => [idOf(wanted), all(wanted)]));
  return new Map(
    [...states].map(([name, { wanted }]) => {
      const kept = new Set(all(wanted).map(formatServer));
      return [name, (before.get(idOf(wanted)) ?? []).filter((id) => !kept.has(formatServer(id)))];
    }),
  );
}
