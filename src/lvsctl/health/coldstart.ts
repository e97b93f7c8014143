// A service at its start, of which nothing is known yet: its sorry server stays out until the first
// results are there, because sorry-in means that all servers failed.
import type { WantedService } from '../config/wanted.js';
import { isUnproven, roleOf, type ServerState, type ServiceState } from './service.js';
import { idOf } from './succession.js';

/** in addition to what the first checks may take, for a monitor that has much to do at its start */
const SLACK_MS = 1000;

export interface ColdStarts {
  /** Services that were not there before begin now; those that are gone are forgotten. */
  begin(
    states: ReadonlyMap<string, ServiceState>,
    known: (id: string) => boolean,
    now: number,
  ): void;
  /**
   * Whether a service still waits for first results: no server serves, one that could has no result,
   * and the time for it is not over.
   */
  waits(state: ServiceState, now: number): boolean;
}

export function createColdStarts(): ColdStarts {
  /** clock milliseconds, by `idOf`; a service that is not here has had its start */
  const ends = new Map<string, number>();
  return {
    begin(states, known, now) {
      for (const id of ends.keys()) if (!states.has(id)) ends.delete(id);
      for (const [id, { wanted }] of states)
        if (!known(id)) ends.set(id, now + firstResultsMs(wanted));
    },
    waits(state, now) {
      const { wanted, servers } = state;
      const end = ends.get(idOf(wanted));
      if (end === undefined) return false;
      const { failed } = wanted.source.health;
      const serves = servers.some((server) => roleOf(server, failed) === 'in');
      if (!serves && servers.some(isAwaited) && now < end) return true;
      ends.delete(idOf(wanted));
      return false;
    },
  };
}

function isAwaited(server: ServerState): boolean {
  return server.admin === undefined && isUnproven(server);
}

/** A check begins within its jitter; one that was held up gets its time limit once more. */
function firstResultsMs({ source }: WantedService): number {
  const times = source.checks.map(
    ({ interval, jitter, timeout }) => interval * jitter + 2 * timeout,
  );
  return Math.max(0, ...times) * 1000 + SLACK_MS;
}
