// Table as it is -> table as it should be, as changes in an order that never leaves a service
// without a server in between.
import type { Change } from '../../model/change.js';
import type { Destination, DestinationId } from '../../model/destination.js';
import type { Service } from '../../model/service.js';
import { sameDestination, sameService } from '../plan/diff.js';

export interface LiveService {
  readonly service: Service;
  /** by `formatServer` */
  readonly destinations: ReadonlyMap<string, Destination>;
}

/** What a service should be. Servers that are not mentioned belong to somebody else. */
export interface TargetService {
  readonly service: Service;
  /** by `formatServer`; a target of undefined = must not be there */
  readonly destinations: ReadonlyMap<
    string,
    { readonly id: DestinationId; readonly target: Destination | undefined }
  >;
}

/**
 * `gains` first: services, servers that come or get more weight. `losses` only when the gains took
 * effect.
 */
export interface Plan {
  readonly gains: readonly Change[];
  readonly losses: readonly Change[];
}

/** The changes of one service; none when it is as it should be. */
export function planService(
  live: LiveService | undefined,
  { service, destinations }: TargetService,
): Plan {
  const gains: Change[] = [];
  const losses: Change[] = [];
  if (live === undefined) gains.push({ kind: 'add-service', service });
  else if (!sameService(live.service, service)) gains.push({ kind: 'edit-service', service });
  for (const [key, { id: destination, target }] of destinations) {
    const now = live?.destinations.get(key);
    if (target === undefined) {
      const { address, port } = destination;
      if (now !== undefined)
        losses.push({ kind: 'delete-destination', id: service.id, destination: { address, port } });
    } else if (now === undefined)
      gains.push({ kind: 'add-destination', id: service.id, destination: target });
    else if (!sameDestination(now, target)) {
      const edit: Change = { kind: 'edit-destination', id: service.id, destination: target };
      (target.weight >= now.weight ? gains : losses).push(edit);
    }
  }
  return { gains, losses };
}
