// Whether a service is up: the weights of its servers that are in, together, against its quorum.
import type { ServerState, ServiceState } from './state.js';
import { effectiveWeight } from './weight.js';

/** Whether its own state lets a server take new connections, apart from the service. */
export function mayServe({ admin, up, forcedUp, held }: ServerState): boolean {
  return admin === undefined && ((up && !held) || forcedUp);
}

/** The sum of the weights of the servers that are in, those that `min_up` keeps among them. */
export function upWeight({ servers }: Pick<ServiceState, 'servers'>): number {
  let sum = 0;
  for (const server of servers) if (mayServe(server)) sum += effectiveWeight(server);
  return sum;
}

/**
 * The service, up or down: it goes down below `quorum - hysteresis` and comes back at
 * `quorum + hysteresis`. Where it was neither yet `quorum` decides, and only when no first result
 * is awaited any more that it is down.
 * @param now clock milliseconds
 */
export function applyQuorum(service: ServiceState, now: number): ServiceState {
  const { quorum, hysteresis } = service.spec.source.health;
  const sum = upWeight(service);
  const up =
    service.up === undefined
      ? firstState(service, sum >= quorum, now)
      : sum >= (service.up ? quorum - hysteresis : quorum + hysteresis) || isHeld(service, now);
  return up === service.up ? service : { ...service, up };
}

function isHeld(service: ServiceState, now: number): boolean {
  return service.up === true && now < service.heldUntil && hasFirstResultsToCome(service);
}

function firstState(service: ServiceState, isReached: boolean, now: number): boolean | undefined {
  if (isReached) return true;
  if (service.standby) return undefined; // no result comes
  return now < service.firstResultsBy && hasFirstResultsToCome(service) ? undefined : false;
}

/** Whether a server that could serve has no result yet. */
export function hasFirstResultsToCome({ servers }: Pick<ServiceState, 'servers'>): boolean {
  return servers.some(
    ({ admin, up, checks }) => admin === undefined && !up && checks.some(({ unknown }) => unknown),
  );
}
