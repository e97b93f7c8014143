// What a scheduler is: a function of the servers, the packet and its own state alone. Facts: docs
// of the kernel's behaviour, seen in the lab.
import type { Address } from '../model/address.js';

/** A real server as a scheduler sees it. */
export interface Candidate {
  readonly address: Address;
  readonly port: number;
  readonly weight: number;
  /** the last weight that was not 0 by an edit; what mh builds its table from */
  readonly lastWeight: number;
  readonly overloaded: boolean;
  /** false once it was deleted */
  readonly available: boolean;
  readonly active: number;
  readonly inactive: number;
}

/** What schedulers read of a packet. */
export interface SchedulerInput {
  readonly client: Address;
  readonly clientPort: number;
  /** where the packet goes to: the VIP, or any address of a mark service */
  readonly virtual: Address;
  /** the protocol has ports: TCP, UDP, SCTP */
  readonly hasPorts: boolean;
  /** seconds on any clock that does not go back */
  readonly now: number;
}

/** Settings beside the servers. */
export interface Settings {
  /** bits of the scheduler flags, as in `Service` */
  readonly flags: number;
  /** seconds; sysctl lblc_expiration or lblcr_expiration */
  readonly expiration: number;
  /** 0 <= random() < 1 */
  readonly random: () => number;
}

/**
 * What happened to the list. A server that is added comes to the front; `index` is the place that
 * a deleted one had, and takes as long as the list to find.
 */
export type ListChange =
  | { readonly kind: 'add'; readonly server: Candidate }
  | { readonly kind: 'edit'; readonly server: Candidate; readonly previousWeight: number }
  | { readonly kind: 'delete'; readonly server: Candidate; readonly index: () => number };

/**
 * The servers after a change. To read `servers` takes as long as there are some: a service gets
 * its servers one by one, so a scheduler that reads them at each change is quadratic.
 */
export interface ServerList {
  readonly count: number;
  readonly servers: readonly Candidate[];
}

/** A number by which servers are compared; `per` is the weight that it is divided by. */
export interface Load {
  readonly server: Candidate;
  readonly load: number;
  readonly per?: number;
}

/** Why a scheduler chose a server, or none. */
export type Reason =
  /** the next of the list */
  | { readonly rule: 'turn' }
  /** the next of the list whose weight reaches the bar */
  | { readonly rule: 'bar'; readonly bar: number }
  /** the smallest load: of connections, or of the wait that they mean */
  | {
      readonly rule: 'least_connections' | 'shortest_wait';
      readonly loads: readonly Load[];
    }
  /** without an active connection */
  | { readonly rule: 'idle' }
  /** the largest weight; `full` have more active connections than theirs */
  | { readonly rule: 'largest_weight'; readonly full: readonly Candidate[] }
  /** the owner of a bucket of a hash table, or another one in its place */
  | {
      readonly rule: 'hash';
      readonly of: 'client' | 'client and port' | 'virtual address';
      readonly bucket: number;
      readonly buckets: number;
      readonly owner: Candidate | undefined;
    }
  /** what is remembered for the virtual address; `loads` decide where nothing usable is */
  | {
      readonly rule: 'remembered' | 'not_remembered' | 'remembered_unusable';
      readonly loads: readonly Load[];
    }
  /** the less loaded of two that were drawn */
  | { readonly rule: 'drawn'; readonly loads: readonly Load[] };

/**
 * The state belongs to one service; `pick` and `changed` may update it in place. Servers come
 * newest first, as the kernel keeps them.
 */
export interface Scheduler<State> {
  start(servers: readonly Candidate[]): State;
  /** After the list changed. Absent: nothing depends on it. */
  changed?(state: State, change: ListChange, list: ServerList): void;
  /** The next server, undefined when none can take the connection. */
  pick<C extends Candidate>(
    state: State,
    servers: readonly C[],
    arrival: SchedulerInput,
    settings: Settings,
  ): C | undefined;
  /**
   * Why, for people: called before `pick`, with the same arguments.
   * @returns what is called after it, with its result and the random numbers that it drew
   */
  why(
    state: State,
    servers: readonly Candidate[],
    arrival: SchedulerInput,
    settings: Settings,
  ): (picked: Candidate | undefined, drawn: readonly number[]) => Reason;
  /** Every 60 seconds: what is old may be forgotten. */
  tick?(state: State, now: number, expiration: number): void;
}

/** Takes new connections: a weight, and not overloaded. */
export function eligible({ weight, overloaded }: Candidate): boolean {
  return weight > 0 && !overloaded;
}

/** An active connection weighs as 256 inactive ones. */
export function overhead({ active, inactive }: Candidate): number {
  return active * 256 + inactive;
}

/** The loads of the servers that take new connections. */
export function loadsOf(
  servers: readonly Candidate[],
  load: (server: Candidate) => number,
): readonly Load[] {
  return servers
    .filter(eligible)
    .map((server) => ({ server, load: load(server), per: server.weight }));
}

/** loadA / weightA > loadB / weightB, exactly: the kernel multiplies crosswise in 64 bits. */
export function moreLoaded(
  loadA: number,
  weightA: number,
  loadB: number,
  weightB: number,
): boolean {
  const left = loadA * weightB;
  const right = loadB * weightA;
  if (left < Number.MAX_SAFE_INTEGER && right < Number.MAX_SAFE_INTEGER) return left > right;
  return BigInt(loadA) * BigInt(weightB) > BigInt(loadB) * BigInt(weightA);
}

/** An address as one number: IPv6 by exclusive or of its words. */
export function folded(address: Address): number {
  if (address.family === 'ipv4') return address.value >>> 0;
  const [a, b, c, d] = address.words;
  return (a ^ b ^ c ^ d) >>> 0;
}

/** The multiplicative hash of dh and sh: the upper bits of value * 0x61C88647. */
export function hash32(value: number, bits: number): number {
  return Math.imul(value, 0x61c88647) >>> (32 - bits);
}

export function gcd(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
