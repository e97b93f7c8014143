// What a kind of check consists of on the side of the file: its keys, what contradicts, and the
// probe it becomes.
import type { Address } from '../../model/address.js';
import type { Destination } from '../../model/destination.js';
import type { ProbeTarget } from '../../system/probe/outcome.js';
import type { ProbeSpec } from '../../system/probe/spec.js';
import { address, addressOrMap } from '../config/address.js';
import { type Entries, optional, type Read } from '../config/field.js';
import type { Place } from '../config/place.js';
import { integer, number, oneOf, YEAR } from '../config/scalar.js';

const HOUR = 3600;

/** When a check is made and how often it must agree; also what defaults may set. */
// biome-ignore format: a table
export const TIMES = {
  interval: optional(number(0.1, YEAR), 5, 'seconds from one check to the next'),
  timeout: optional(number(0.1, HOUR), 3, 'seconds after which a check has failed'),
  rise: optional(integer(1, 1000), 2, 'passes in a row that bring a server back'),
  fall: optional(integer(1, 1000), 3, 'failures in a row that take a server out'),
  fast_interval: optional(number(0.1, YEAR), undefined, 'interval while the state is changing; the interval when absent'),
  jitter: optional(number(0, 1), 0.1, 'share of the interval by which starts are spread'),
};

/** The keys that every kind of check has. */
// biome-ignore format: a table
export const COMMON = {
  ...TIMES,
  port: optional(integer(1, 65535), undefined, 'port to check, when not that of the server'),
  target: optional(oneOf(['server', 'vip']), 'server', "the address to check: the server's own, or (dr, tun) the VIP on the server"),
  connect_to: optional(addressOrMap, undefined, "address to check in place of the server's, as on a management network; a map from server to address where it is not one for all"),
  source: optional(address, undefined, 'source address of the checks'),
};

/** A check with these keys besides the common ones. */
export type CheckWith<E extends Entries> = Read<typeof COMMON & E>;

/** The service of a check: as much of it as probes depend on. */
export interface CheckedService {
  readonly name: string;
  readonly protocol: string;
  readonly address: Address;
  readonly port: number | undefined;
  readonly ports: readonly { readonly port: number; readonly last: number }[] | undefined;
}

/** What a probe is made for. */
export interface ProbedServer {
  readonly service: CheckedService;
  readonly server: Destination;
  readonly target: ProbeTarget;
}

/** Facts of the machine that a check depends on. */
export interface CheckMachine {
  isExecutable(path: string): boolean;
  /** Why a file of certificates (PEM) cannot be used; undefined = it can. */
  certificateError(path: string): string | undefined;
  /** Why a certificate and its key (PEM) cannot be used; undefined = they can. */
  keyPairError(cert: string, key: string): string | undefined;
  /** Why programs cannot be run as a user; undefined = they can. */
  userError(user: string): string | undefined;
}

/** A row of table.ts: one kind of check, whose keys are `E`. */
export interface CheckRow<E extends Entries = Entries> {
  /** keys besides the common ones */
  readonly keys: E;
  /** where neither check, server nor service have a port; 0 = the kind needs none */
  readonly defaultPort: number | undefined;
  /**
   * how it reaches the VIP on a server: over a route of `monitor.check_netns`, by itself (a program
   * may), or not at all
   */
  readonly vip: 'route' | 'itself' | 'never';
  /** the check in messages: `http /health` */
  readonly label: (check: CheckWith<E>) => string;
  readonly toSpec: (check: CheckWith<E>, probed: ProbedServer) => ProbeSpec;
  /** Reports keys that contradict each other, at their place. */
  readonly consistency?: (check: CheckWith<E>, at: Place) => void;
  /** What the check needs and this machine does not have; undefined = nothing. */
  readonly missing?: (check: CheckWith<E>, machine: CheckMachine) => string | undefined;
}

/** A row whose functions know the types of its keys. */
export function checkRow<E extends Entries>(row: CheckRow<E>): CheckRow<E> {
  return row;
}
