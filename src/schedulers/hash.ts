// The schedulers with a table of 256 buckets: dh by where a packet goes to, sh by where it comes
// from.
import { SCHEDULER_FLAGS } from '../model/scheduler.js';
import {
  type Candidate,
  eligible,
  folded,
  hash32,
  type Scheduler,
  type SchedulerInput,
  type Settings,
} from './scheduler.js';

const BITS = 8;
const BUCKETS = 1 << BITS;

/**
 * Tables are made when they are asked for: a service gets its servers one by one, and only the last
 * table counts.
 */
interface State {
  buckets: readonly Candidate[] | undefined;
}

/**
 * Destination hashing; weights only as zero or not, and no fallback for a server that cannot take
 * the connection.
 */
export const DH: Scheduler<State> = {
  start: () => ({ buckets: undefined }),
  changed(state, { kind }) {
    if (kind !== 'edit') state.buckets = undefined;
  },
  pick<C extends Candidate>(
    state: State,
    servers: readonly C[],
    { virtual }: SchedulerInput,
  ): C | undefined {
    state.buckets ??= Array.from(
      { length: servers.length && BUCKETS },
      (_, i) => servers[i % servers.length] as C,
    );
    return usable<C>(state.buckets[hash32(folded(virtual), BITS)]);
  },
  why:
    (state, _, { virtual }) =>
    () => {
      const bucket = hash32(folded(virtual), BITS);
      const owner = state.buckets?.[bucket];
      return { rule: 'hash', of: 'virtual address', bucket, buckets: BUCKETS, owner };
    },
};

/**
 * Source hashing: consecutive buckets by weight; sh-port hashes the client's port as well,
 * sh-fallback tries other buckets.
 */
export const SH: Scheduler<State> = {
  start: () => ({ buckets: undefined }),
  changed(state) {
    state.buckets = undefined;
  },
  pick<C extends Candidate>(
    state: State,
    servers: readonly C[],
    arrival: SchedulerInput,
    { flags }: Settings,
  ): C | undefined {
    state.buckets ??= filled(servers);
    const { buckets } = state;
    const bucket = hash32(hashKey(arrival, flags), BITS);
    const first = usable<C>(buckets[bucket]);
    if (first || (flags & SCHEDULER_FLAGS.flag1) === 0) return first;
    for (let offset = 0; offset < BUCKETS; offset++) {
      const next = usable<C>(buckets[(bucket + ((offset + bucket) % BUCKETS)) % BUCKETS]);
      if (next) return next;
    }
    return undefined;
  },
  why:
    (state, _, arrival, { flags }) =>
    () => {
      const bucket = hash32(hashKey(arrival, flags), BITS);
      const owner = state.buckets?.[bucket];
      return { rule: 'hash', of: hashed(arrival, flags), bucket, buckets: BUCKETS, owner };
    },
};

const hashesPort = ({ hasPorts }: SchedulerInput, flags: number) =>
  (flags & SCHEDULER_FLAGS.flag2) !== 0 && hasPorts;

/** What sh and mh hash, in words. */
export function hashed(arrival: SchedulerInput, flags: number): 'client' | 'client and port' {
  return hashesPort(arrival, flags) ? 'client and port' : 'client';
}

/** The client's address, with its port where the second flag asks for that: for sh and mh. */
export function hashKey(arrival: SchedulerInput, flags: number): number {
  const port = hashesPort(arrival, flags) ? arrival.clientPort : 0;
  return (folded(arrival.client) + port) >>> 0;
}

/**
 * A server of a table that can take a connection. The table holds the service's own servers, so the
 * type is theirs.
 */
export function usable<C extends Candidate>(server: Candidate | undefined): C | undefined {
  return server?.available && eligible(server) ? (server as C) : undefined;
}

/**
 * In list order, again and again: each server as many buckets in a row as its weight, one at least.
 */
function filled(servers: readonly Candidate[]): Candidate[] {
  const buckets: Candidate[] = [];
  let at = 0;
  let taken = 0;
  while (servers.length > 0 && buckets.length < BUCKETS) {
    const server = servers[at % servers.length] as Candidate;
    buckets.push(server);
    if (++taken >= server.weight) {
      at++;
      taken = 0;
    }
  }
  return buckets;
}
