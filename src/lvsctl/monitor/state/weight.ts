// The weight of a server: the file's, or less where its checks ask for less.
import type { ServerState } from './state.js';

/** share of the file's weight by which a weight must change to be reported */
const REPORTED_SHARE = 0.1;

/** The least of the file's weight and those that its passing checks gave. No slow start. */
export function effectiveWeight({ spec, checks }: Pick<ServerState, 'spec' | 'checks'>): number {
  let least = spec.weight;
  for (const { up, weight } of checks)
    if (up && weight !== undefined && weight < least) least = weight;
  return least;
}

/**
 * The weight to report: the one that was, unless the present one is more than a tenth of the
 * file's weight away from it, or one of the two is 0.
 */
export function reportedWeight(server: ServerState): number {
  const { reported, spec } = server;
  const weight = effectiveWeight(server);
  if (weight === reported) return reported;
  const isFar = Math.abs(weight - reported) > spec.weight * REPORTED_SHARE;
  return isFar || weight === 0 || reported === 0 ? weight : reported;
}
