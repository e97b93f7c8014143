// Drift: what other programs did to our services and servers since the last write.
import type { Destination } from '../../../model/destination.js';
import { sameDestination, sameService } from '../../../model/same.js';
import type { Service } from '../../../model/service.js';
import {
  type ServerKey,
  type ServiceKey,
  serverKey,
  type VirtualServer,
} from '../../../model/table.js';

/** How a server is in the table: with its weight, with weight 0, or not at all. */
export type ServerRole = 'in' | 'quiesced' | 'out';

/** What the monitor had decided about a server, without the steps of a slow start. */
export interface Decision {
  readonly role: ServerRole;
  readonly spec: Destination;
}

/** A server as another program left it; it stays so until our decision about it is another. */
export interface ToleratedServer {
  readonly theirs: Destination | undefined;
  readonly ours: Decision;
}

/** Drift that `drift: ignore` leaves in the table. */
export interface ToleratedDrift {
  /** edited or, undefined, removed */
  readonly services: ReadonlyMap<ServiceKey, Service | undefined>;
  readonly servers: ReadonlyMap<ServiceKey, ReadonlyMap<ServerKey, ToleratedServer>>;
}

export const NO_DRIFT: ToleratedDrift = { services: new Map(), servers: new Map() };

export interface Drift {
  /** undefined = the service itself */
  readonly server: ServerKey | undefined;
  readonly what: string;
}

/** Two decisions that lead to the same server in the table. */
function sameDecision(a: Decision, b: Decision): boolean {
  return a.role === b.role && sameDestination(a.spec, b.spec);
}

/**
 * Whether a server stays as another program left it: as long as our decision is the same, and never
 * against an administrative state.
 */
export function isTolerated(
  { ours }: ToleratedServer,
  now: (Decision & { readonly byAdmin: boolean }) | undefined,
): boolean {
  return now !== undefined && !now.byAdmin && sameDecision(ours, now);
}

/**
 * Differences between a service as we left it and as it is, as far as they concern our servers.
 * @param applied undefined = the service did not exist
 * @param owned the keys of our servers
 */
export function findDrift(
  applied: VirtualServer | undefined,
  actual: VirtualServer | undefined,
  owned: Iterable<ServerKey>,
): readonly Drift[] {
  if (actual === undefined)
    return applied === undefined ? [] : [{ server: undefined, what: 'the service was removed' }];
  if (applied === undefined) return [{ server: undefined, what: 'the service was added' }];
  if (applied === actual) return [];
  const before = new Map(applied.destinations.map((one) => [serverKey(one), one]));
  const after = new Map(actual.destinations.map((one) => [serverKey(one), one]));
  const edited = sameService(applied.service, actual.service)
    ? []
    : [{ server: undefined, what: 'the service was edited' }];
  const servers = [...owned].flatMap((server) => {
    const what = difference(before.get(server), after.get(server));
    return what === undefined ? [] : [{ server, what }];
  });
  return [...edited, ...servers];
}

function difference(
  before: Destination | undefined,
  after: Destination | undefined,
): string | undefined {
  if (before === undefined)
    return after === undefined ? undefined : `was added with weight ${after.weight}`;
  if (after === undefined) return 'was removed';
  if (sameDestination(before, after)) return undefined;
  return before.weight === after.weight
    ? 'was edited'
    : `got weight ${after.weight} instead of ${before.weight}`;
}
