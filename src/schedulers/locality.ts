// The schedulers that remember where requests for an address went: lblc one server an address,
// lblcr a set of them.
import { type Address, formatAddress } from '../model/address.js';
import { leastWeighted } from './least.js';
import {
  type Candidate,
  loadsOf,
  moreLoaded,
  overhead,
  type Reason,
  type Scheduler,
} from './scheduler.js';

type Key = number | string;

interface Cache<Entry> {
  readonly entries: Map<Key, Entry>;
  /** runs of the timer, from 1; every thirtieth is a full check */
  runs: number;
}
interface Used {
  lastUse: number;
}
interface One extends Used {
  server: Candidate;
}
interface Several extends Used {
  /** newest member first */
  members: Candidate[];
  lastChange: number;
}

export const LBLC: Scheduler<Cache<One>> = {
  start: () => ({ entries: new Map(), runs: 1 }),
  pick<C extends Candidate>(
    { entries }: Cache<One>,
    servers: readonly C[],
    { virtual, now }: { virtual: Address; now: number },
  ) {
    const key = keyOf(virtual);
    const entry = entries.get(key);
    if (entry) {
      entry.lastUse = now;
      const { server } = entry;
      // the overload flag does not matter here
      if (server.available && server.weight > 0 && !crowded(server, servers)) return server as C;
    }
    const server = leastWeighted(servers);
    if (server) entries.set(key, { server, lastUse: now });
    return server;
  },
  why({ entries }, servers, { virtual }) {
    const server = entries.get(keyOf(virtual))?.server;
    return remembering(server && [server], servers);
  },
  tick: forgetOld,
};

export const LBLCR: Scheduler<Cache<Several>> = {
  start: () => ({ entries: new Map(), runs: 1 }),
  pick<C extends Candidate>(
    { entries }: Cache<Several>,
    servers: readonly C[],
    { virtual, now }: { virtual: Address; now: number },
    { expiration }: { expiration: number },
  ) {
    const key = keyOf(virtual);
    const entry = entries.get(key);
    if (!entry) {
      const server = leastWeighted(servers);
      if (server) entries.set(key, { members: [server], lastChange: now, lastUse: now });
      return server;
    }
    entry.lastUse = now;
    const member = leastMember(entry.members);
    if (entry.members.length > 1 && now > entry.lastChange + expiration) {
      const most = mostMember(entry.members);
      entry.members = entry.members.filter((one) => one !== most);
      entry.lastChange = now;
    }
    if (member && !crowded(member, servers)) return member as C;
    const server = leastWeighted(servers);
    if (server && !entry.members.includes(server)) {
      entry.members.unshift(server);
      entry.lastChange = now;
    }
    return server;
  },
  why: ({ entries }, servers, { virtual }) =>
    remembering(entries.get(keyOf(virtual))?.members, servers),
  tick: forgetOld,
};

/** @param known servers that are remembered for the address, before the pick */
function remembering(
  known: readonly Candidate[] | undefined,
  servers: readonly Candidate[],
): (picked: Candidate | undefined) => Reason {
  const loads = loadsOf(servers, overhead);
  const before = known && [...known];
  const isCrowded = new Map(before?.map((one) => [one, crowded(one, servers)]));
  return (picked) => {
    if (before === undefined) return { rule: 'not_remembered', loads };
    const kept = picked !== undefined && isCrowded.get(picked) === false;
    return { rule: kept ? 'remembered' : 'remembered_unusable', loads };
  };
}

function keyOf(address: Address): Key {
  return address.family === 'ipv4' ? address.value : formatAddress(address);
}

/** More active connections than its weight, while another has less than half of its own. */
function crowded(server: Candidate, servers: readonly Candidate[]): boolean {
  return server.active > server.weight && servers.some(({ active, weight }) => 2 * active < weight);
}

function leastMember(members: readonly Candidate[]): Candidate | undefined {
  let best: Candidate | undefined;
  for (const one of members) {
    if (one.overloaded || !one.available) continue;
    if (
      best === undefined
        ? one.weight > 0
        : moreLoaded(overhead(best), best.weight, overhead(one), one.weight)
    )
      best = one;
  }
  return best;
}

function mostMember(members: readonly Candidate[]): Candidate | undefined {
  let most: Candidate | undefined;
  for (const one of members) {
    if (
      one.weight > 0 &&
      (most === undefined || moreLoaded(overhead(one), one.weight, overhead(most), most.weight))
    )
      most = one;
  }
  return most;
}

const FULL_CHECK = 30;
const MOST_ENTRIES = 16384;
const MOST_AT_ONCE = 8192;
const SHORT_UNUSED = 360;

/**
 * Entries that were not used for the expiration go at every thirtieth run; when there are too many,
 * some that were not used lately.
 */
function forgetOld(state: Cache<Used>, now: number, expiration: number): void {
  const { entries } = state;
  if (state.runs % FULL_CHECK === 0) {
    for (const [key, { lastUse }] of entries) if (now > lastUse + expiration) entries.delete(key);
    state.runs = 1;
  } else if (entries.size <= MOST_ENTRIES) {
    state.runs++;
  } else {
    let left = Math.min(MOST_AT_ONCE, Math.floor(((entries.size - MOST_ENTRIES) * 4) / 3));
    for (const [key, { lastUse }] of entries)
      if (left > 0 && now > lastUse + SHORT_UNUSED && entries.delete(key)) left--;
  }
}
