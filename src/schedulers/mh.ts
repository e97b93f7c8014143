// Maglev hashing: a table of 4093 slots that servers fill in turns, so that few clients move when
// the list changes.
import { SCHEDULER_FLAGS } from '../model/scheduler.js';
import { hashed, hashKey, usable } from './hash.js';
import {
  type Candidate,
  folded,
  gcd,
  type Scheduler,
  type SchedulerInput,
  type Settings,
} from './scheduler.js';
import { siphash13 } from './siphash.js';

/** slots, and bits of weight, of the kernel's default configuration (table index 12) */
export const SLOTS = 4093;
const WEIGHT_BITS = 6;
const KEY1 = 2654435761;
const KEY2 = 2654446892;

/** The table is made when it is asked for. */
interface State {
  slots: readonly (Candidate | undefined)[] | undefined;
}

export const MH: Scheduler<State> = {
  start: () => ({ slots: undefined }),
  changed(state, _, list) {
    if (list.count <= SLOTS) state.slots = undefined;
    // with more servers than slots the kernel keeps the last table that it could make: the newest
    // server came too late
    else state.slots ??= mhTable(list.servers.slice(1));
  },
  pick<C extends Candidate>(
    state: State,
    servers: readonly C[],
    arrival: SchedulerInput,
    { flags }: Settings,
  ): C | undefined {
    state.slots ??= mhTable(servers);
    const { slots } = state;
    const key = hashKey(arrival, flags);
    const slot = siphash13(key, KEY1) % SLOTS;
    const first = usable<C>(slots[slot]);
    if (first || (flags & SCHEDULER_FLAGS.flag1) === 0) return first;
    for (let offset = 0; offset < SLOTS; offset++) {
      const next = usable<C>(
        slots[siphash13((key + ((offset + slot) % SLOTS)) >>> 0, KEY1) % SLOTS],
      );
      if (next) return next;
    }
    return undefined;
  },
  why:
    (state, _, arrival, { flags }) =>
    () => {
      const bucket = siphash13(hashKey(arrival, flags), KEY1) % SLOTS;
      const owner = state.slots?.[bucket];
      return { rule: 'hash', of: hashed(arrival, flags), bucket, buckets: SLOTS, owner };
    },
};

interface Filler {
  readonly server: Candidate;
  readonly skip: number;
  /** slots in a row that it takes each round */
  readonly turns: number;
  position: number;
}

/** The slots with their servers; all empty when no server has a weight. */
export function mhTable(servers: readonly Candidate[]): (Candidate | undefined)[] {
  const fillers = fillersOf(servers).filter(({ turns }) => turns > 0);
  const slots = new Array<Candidate | undefined>(SLOTS).fill(undefined);
  let left = fillers.length > 0 ? SLOTS : 0;
  while (left > 0) {
    for (const filler of fillers) {
      for (let turn = 0; turn < filler.turns && left > 0; turn++, left--) takeSlot(filler, slots);
    }
  }
  return slots;
}

function takeSlot(filler: Filler, slots: (Candidate | undefined)[]): void {
  while (slots[filler.position] !== undefined)
    filler.position = (filler.position + filler.skip) % SLOTS;
  slots[filler.position] = filler.server;
}

function fillersOf(servers: readonly Candidate[]): Filler[] {
  const divisor =
    servers.reduce((so, { lastWeight }) => (lastWeight > 0 ? gcd(lastWeight, so) : so), 0) || 1;
  const largest = servers.reduce((most, { lastWeight }) => Math.max(most, lastWeight), 0) / divisor;
  const shift = Math.max(0, 32 - Math.clz32(largest) - WEIGHT_BITS);
  return servers.map((server) => {
    const value = (folded(server.address) + server.port) >>> 0;
    return {
      server,
      position: siphash13(value, KEY1) % SLOTS,
      skip: (siphash13(value, KEY2) % (SLOTS - 1)) + 1,
      turns: server.lastWeight > 0 ? Math.max(1, (server.lastWeight / divisor) >> shift) : 0,
    };
  });
}
