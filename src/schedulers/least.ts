// The schedulers that select the least loaded server: lc, wlc, sed, nq.
import {
  type Candidate,
  eligible,
  loadsOf,
  moreLoaded,
  overhead,
  type Reason,
  type Scheduler,
} from './scheduler.js';

type Stateless = Record<never, never>;
const start = () => ({});

/** Fewest connections; weights only as zero or not. */
export const LC: Scheduler<Stateless> = {
  start,
  pick: (_, servers) => least(servers, eligible, (one, best) => overhead(one) < overhead(best)),
  why(_, servers) {
    const loads = servers.filter(eligible).map((server) => ({ server, load: overhead(server) }));
    return () => ({ rule: 'least_connections', loads });
  },
};

/** Fewest connections for its weight. */
export const WLC: Scheduler<Stateless> = {
  start,
  pick: (_, servers) => leastWeighted(servers),
  why(_, servers) {
    const loads = loadsOf(servers, overhead);
    return () => ({ rule: 'least_connections', loads });
  },
};

/** Shortest expected delay: the connection that is about to come counts. */
export const SED: Scheduler<Stateless> = {
  start,
  pick: (_, servers) => leastDelayed(servers),
  why: (_, servers) => shortestWait(servers),
};

/** Never queue: an idle server at once, else as sed. */
export const NQ: Scheduler<Stateless> = {
  start,
  pick: (_, servers) =>
    servers.find((one) => eligible(one) && one.active === 0) ?? leastDelayed(servers),
  why(_, servers) {
    const wait = shortestWait(servers);
    const isIdle = servers.some((one) => eligible(one) && one.active === 0);
    return isIdle ? () => ({ rule: 'idle' }) : wait;
  },
};

/**
 * The rule of wlc, which lblc and lblcr use as well. The first one must be eligible; a weight of 0
 * never wins later.
 */
export function leastWeighted<C extends Candidate>(servers: readonly C[]): C | undefined {
  return leastBy(servers, overhead);
}

/** Active connections with the one that is about to come. */
const delay = ({ active }: Candidate) => active + 1;

function leastDelayed<C extends Candidate>(servers: readonly C[]): C | undefined {
  return leastBy(servers, delay);
}

function shortestWait(servers: readonly Candidate[]): () => Reason {
  const loads = loadsOf(servers, delay);
  return () => ({ rule: 'shortest_wait', loads });
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
