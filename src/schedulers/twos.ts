// The power of two choices: the less loaded of two servers drawn by weight.
import {
  type Candidate,
  eligible,
  loadsOf,
  moreLoaded,
  overhead,
  type Scheduler,
} from './scheduler.js';

export const TWOS: Scheduler<Record<never, never>> = {
  start: () => ({}),
  pick(_, servers, __, { random }) {
    const total = totalWeight(servers);
    const first = drawn(servers, total, random);
    const second = drawn(servers, total, random);
    if (!first || !second) return first;
    return moreLoaded(overhead(first), first.weight, overhead(second), second.weight)
      ? second
      : first;
  },
  why(_, servers) {
    const total = totalWeight(servers);
    const loads = loadsOf(servers, overhead);
    return (__, numbers) => {
      const drawnOnes = numbers.map((number) => drawn(servers, total, () => number));
      return {
        rule: 'drawn',
        loads: drawnOnes.flatMap((one) => loads.filter(({ server }) => server === one)),
      };
    };
  },
};

function totalWeight(servers: readonly Candidate[]): number {
  return servers.reduce((sum, one) => (eligible(one) ? sum + one.weight : sum), 0);
}

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
