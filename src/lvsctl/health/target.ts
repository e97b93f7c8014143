// State of a service -> the real servers that its table should have now.
import type { Destination } from '../../model/destination.js';
import { type Role, roleOf, type ServerState, type ServiceState } from './service.js';

/**
 * Weights of a slow start grow in this many steps, so that a long one does not write to the table
 * all the time.
 */
export const STEPS = 10;

/** How a server should stand in the table. */
export interface Stand {
  readonly role: Role;
  /** an administrator said so */
  readonly said: boolean;
  /** undefined = not there */
  readonly target: Destination | undefined;
}

/**
 * The servers of a service as they should be at `now`, the sorry server apart: it depends on what
 * others made of the table. Same order as the file's.
 */
export function stands({ wanted, servers }: ServiceState, now: number): readonly Stand[] {
  const { health } = wanted.source;
  return wanted.destinations.map((destination, i): Stand => {
    const server = servers[i];
    const role = server ? roleOf(server, health.failed) : 'out';
    const said = server?.admin !== undefined;
    if (role === 'out' || server === undefined) return { role, said, target: undefined };
    if (role === 'quiesced') return { role, said, target: { ...destination, weight: 0 } };
    return {
      role,
      said,
      target: {
        ...destination,
        weight: rampedWeight(destination.weight, server, health.slow_start, now),
      },
    };
  });
}

/** The sorry server stands in as long as nobody else takes new connections. */
export function needsSorry(destinations: readonly (Destination | undefined)[]): boolean {
  return !destinations.some((destination) => destination !== undefined && destination.weight > 0);
}

/** From at least 1 in steps up to the exact weight. */
export function rampedWeight(
  weight: number,
  { rampFrom }: Pick<ServerState, 'rampFrom'>,
  slowStart: number,
  now: number,
): number {
  if (rampFrom === undefined || slowStart === 0 || weight === 0) return weight;
  const share = (now - rampFrom) / (slowStart * 1000);
  if (share >= 1) return weight;
  return Math.max(1, Math.floor((weight * Math.floor(share * STEPS)) / STEPS));
}
