// Something is done to a server during a run: deleted, added again, another weight.
import type { Destination } from '../model/destination.js';
import type { Dataplane } from './dataplane.js';
import type { LiveService } from './server.js';

export interface Incident {
  /** seconds from the start */
  readonly at: number;
  readonly server: Destination;
  /** `remove`: deleted; `add`: added again; a number: the new weight */
  readonly what: 'remove' | 'add' | number;
}

/** Incidents in their order of time. */
export class Incidents {
  readonly #left: Incident[];
  /** when the first one happens, Infinity when there is none */
  readonly first: number;

  constructor(incidents: readonly Incident[]) {
    this.#left = [...incidents].sort((a, b) => b.at - a.at);
    this.first = this.#left.at(-1)?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Takes the next one that is due. */
  due(now: number): Incident | undefined {
    const next = this.#left.at(-1);
    return next && next.at <= now ? this.#left.pop() : undefined;
  }
}

/** Applies the incident to the server. */
export function happen(plane: Dataplane, live: LiveService, { server, what }: Incident): void {
  const found = live.find(server);
  if (what === 'add') {
    if (!found && !plane.revive(live, server)) plane.addServer(live, server);
  } else if (found && what === 'remove') {
    plane.deleteServer(live, found);
  } else if (found && typeof what === 'number') {
    live.edit(found, { ...found.destination, weight: what });
  }
}
