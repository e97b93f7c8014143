// What a service should look like: what was decided, with what others did and we respect in it.
import type { Destination, DestinationId } from '../../model/destination.js';
import type { Service } from '../../model/service.js';
import { renderId, type WantedService } from '../config/wanted.js';
import { formatServer, sameDestination } from '../plan/diff.js';
import type { LiveService, TargetService } from './changes.js';
import type { Role } from './service.js';
import { needsSorry, type Stand } from './target.js';

/** by `renderId` */
export type Table = ReadonlyMap<string, LiveService>;

/** What a service should look like, and the servers that a former file had. */
export interface Wish {
  readonly wanted: WantedService;
  /** in the order of `wanted.destinations` */
  readonly stands: readonly Stand[];
  readonly former: readonly DestinationId[];
  /** the former servers stay: none of the new ones can serve yet */
  readonly keepFormer: boolean;
  /** nothing is known of the service yet: the sorry server does not come in */
  readonly awaitsResults: boolean;
}

/**
 * A server as somebody else made it, and what we had decided about it then: another decision ends
 * the respect.
 */
export interface Respected {
  readonly theirs: Destination | undefined;
  readonly ours: Decision;
}

/** What was decided about a server, without the steps of a slow start. */
export interface Decision {
  readonly role: Role;
  /** by an administrator, whose word nobody else's change can undo */
  readonly said: boolean;
  readonly destination: Destination;
}

/** What others did that stays. */
export interface Respect {
  readonly servers: Map<string, Respected>;
  /** edited or, undefined, removed */
  readonly services: Map<string, Service | undefined>;
}

/**
 * Our wish with what we respect in it; undefined = leave the whole service alone. What is no longer
 * respected is forgotten.
 */
export function resolve(
  wish: Wish,
  live: LiveService | undefined,
  respect: Respect,
): TargetService | undefined {
  const name = renderId(wish.wanted.service.id);
  if (respect.services.has(name) && live === undefined) return undefined;
  const decisions = decisionsOf(wish, live);
  const settle = (id: Destination, target: Destination | undefined) => {
    const key = `${name} ${formatServer(id)}`;
    const kept = respect.servers.get(key);
    const now = decisions.get(formatServer(id));
    if (kept === undefined || now === undefined) return target;
    if (sameDecision(kept.ours, now)) return kept.theirs;
    respect.servers.delete(key);
    return target;
  };
  const { wanted, stands, former, keepFormer } = wish;
  const targets = wanted.destinations.map((id, i) => settle(id, stands[i]?.target));
  const kept = keepFormer ? former.map((id) => live?.destinations.get(formatServer(id))) : [];
  const service = respect.services.get(name) ?? wanted.service;
  const { sorry } = wanted;
  const needed =
    sorry !== undefined &&
    needsSorry([...targets, ...kept]) &&
    !(wish.awaitsResults && !live?.destinations.has(formatServer(sorry)));
  const last = sorry && settle(sorry, needed ? sorry : undefined);
  const entry = (id: DestinationId, target: Destination | undefined) =>
    [formatServer(id), { id, target }] as const;
  return {
    service,
    destinations: new Map([
      ...(keepFormer ? [] : former).map((id) => entry(id, undefined)),
      ...wanted.destinations.map((id, i) => entry(id, targets[i])),
      ...(sorry ? [entry(sorry, last)] : []),
    ]),
  };
}

/** What is decided about each server, the sorry server among them, by `formatServer`. */
export function decisionsOf(
  { wanted, stands }: Wish,
  live: LiveService | undefined,
): Map<string, Decision> {
  const decisions = new Map<string, Decision>();
  for (const [i, destination] of wanted.destinations.entries()) {
    decisions.set(formatServer(destination), {
      role: stands[i]?.role ?? 'out',
      said: stands[i]?.said ?? false,
      destination,
    });
  }
  const { sorry } = wanted;
  if (sorry) {
    const others = wanted.destinations.map((destination) =>
      live?.destinations.get(formatServer(destination)),
    );
    decisions.set(formatServer(sorry), {
      role: needsSorry(others) ? 'in' : 'out',
      said: false,
      destination: sorry,
    });
  }
  return decisions;
}

/** Whether one of those that should serve does, or none should. */
export function takesOver({ service, destinations }: TargetService, table: Table): boolean {
  const serving = [...destinations].filter(([, { target }]) => (target?.weight ?? 0) > 0);
  const now = table.get(renderId(service.id))?.destinations;
  return serving.length === 0 || serving.some(([key]) => (now?.get(key)?.weight ?? 0) > 0);
}

function sameDecision(a: Decision, b: Decision): boolean {
  return a.role === b.role && sameDestination(a.destination, b.destination);
}
