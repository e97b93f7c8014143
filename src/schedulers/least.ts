// The schedulers that select the least loaded server: lc, wlc, sed, nq.
import { type Candidate, eligible, moreLoaded, overhead, type Scheduler } from './scheduler.js';

type Stateless = Record<never, never>;
const start = () => ({});

/** Fewest connections; weights only as zero or not. */
export const LC: Scheduler<Stateless> = {
  start,
  pick: (_, servers) => least(servers, eligible, (one, best) => overhead(one) < overhead(best)),
};

/** Fewest connections for its weight. */
export const WLC: Scheduler<Stateless> = { start, pick: (_, servers) => leastWeighted(servers) };

/** Shortest expected delay: the connection that is about to come counts. */
export const SED: Scheduler<Stateless> = { start, pick: (_, servers) => leastDelayed(servers) };

/** Never queue: an idle server at once, else as sed. */
export const NQ: Scheduler<Stateless> = {
  start,
  pick: (_, servers) =>
    servers.find((one) => eligible(one) && one.active === 0) ?? leastDelayed(servers),
};

/**
 * The rule of wlc, which lblc and lblcr use as well. The first one must be eligible; a weight of 0
 * never wins later.
 */
export function leastWeighted<C extends Candidate>(servers: readonly C[]): C | undefined {
  return leastBy(servers, overhead);
}

function leastDelayed<C extends Candidate>(servers: readonly C[]): C | undefined {
  return leastBy(servers, ({ active }) => active + 1);
}

function leastBy<C extends Candidate>(
  servers: readonly C[],
  load: (server: Candidate) => number,
): C | undefined {
  return least(servers, eligible, (one, best) =>
    moreLoaded(load(best), best.weight, load(one), one.weight),
  );
}

/** The first candidate, unless a later one is better; ties keep the earlier. */
function least<C extends Candidate>(
  servers: readonly C[],
  may: (one: C) => boolean,
  better: (one: C, best: C) => boolean,
): C | undefined {
  let best: C | undefined;
  for (const server of servers)
    if (may(server) && (best === undefined || better(server, best))) best = server;
  return best;
}
