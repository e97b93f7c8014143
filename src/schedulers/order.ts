// The schedulers that fill one server after the other by weight: fo, ovf.
import type { Candidate, Scheduler } from './scheduler.js';

const isFull = ({ active, weight }: Candidate) => active > weight;

/** Failover: the largest weight that is not overloaded. */
export const FO: Scheduler<Record<never, never>> = {
  start: () => ({}),
  pick: (_, servers) => heaviest(servers, () => true),
  why: () => () => ({ rule: 'largest_weight', full: [] }),
};

/** Overflow: the largest weight whose active connections have not passed it. */
export const OVF: Scheduler<Record<never, never>> = {
  start: () => ({}),
  pick: (_, servers) => heaviest(servers, (one) => !isFull(one)),
  why(_, servers) {
    const full = servers.filter((one) => one.weight > 0 && isFull(one));
    return () => ({ rule: 'largest_weight', full });
  },
};

/** The largest weight above 0, the first one on ties. */
function heaviest<C extends Candidate>(
  servers: readonly C[],
  may: (server: C) => boolean,
): C | undefined {
  let best: C | undefined;
  for (const server of servers) {
    if (!server.overloaded && server.weight > (best?.weight ?? 0) && may(server)) best = server;
  }
  return best;
}
