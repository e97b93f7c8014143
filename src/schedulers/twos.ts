// The power of two choices: the less loaded of two servers drawn by weight.
import { type Candidate, eligible, moreLoaded, overhead, type Scheduler } from './scheduler.js';

export const TWOS: Scheduler<Record<never, never>> = {
  start: () => ({}),
  pick(_, servers, __, { random }) {
    const total = servers.reduce((sum, one) => (eligible(one) ? sum + one.weight : sum), 0);
    const first = drawn(servers, total, random);
    const second = drawn(servers, total, random);
    if (!first || !second) return first;
    return moreLoaded(overhead(first), first.weight, overhead(second), second.weight)
      ? second
      : first;
  },
};

/**
 * A number of 0..total walks down the list; so the first eligible server has one chance more than
 * its weight.
 */
function drawn<C extends Candidate>(
  servers: readonly C[],
  total: number,
  random: () => number,
): C | undefined {
  let left = Math.floor(random() * (total + 1));
  for (const server of servers) {
    if (!eligible(server)) continue;
    left -= server.weight;
    if (left <= 0) return server;
  }
  return undefined;
}
