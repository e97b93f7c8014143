// Directors of a file whose facts are there, and what is found by comparing them.
import { type Address, formatAddress } from '../../model/address.js';
import type { Config } from '../config/file.js';
import type { Ha } from '../config/ha.js';
import { holders, type PathHost } from '../path/host.js';
import type { HaProblem } from './problem.js';

/** A director of the file whose facts are there. */
export interface KnownDirector {
  /** of `ha.peers` */
  readonly address: Address;
  readonly host: PathHost;
  /** its own daemons and VIPs were examined on the machine itself */
  readonly isInspected: boolean;
}

export interface Pair {
  readonly config: Config;
  readonly ha: Ha;
  readonly known: readonly KnownDirector[];
  /** when the facts were asked for, by this machine's clock, in seconds; undefined = not known */
  readonly asked: { readonly from: number; readonly to: number } | undefined;
}

/** A problem, and the director that it is repaired on. */
export interface PairProblem extends HaProblem {
  readonly on?: string;
}

export interface PairDiagnosis {
  readonly problems: readonly PairProblem[];
  /** what cannot be known from these facts, one sentence each */
  readonly unknown: readonly string[];
}

/** Which machines are directors of the file. */
export function knownDirectors(
  { peers }: Ha,
  hosts: readonly { readonly host: PathHost; readonly isInspected: boolean }[],
): KnownDirector[] {
  return peers.flatMap((address) => {
    const found = hosts.find(({ host }) => holders(host, address).length > 0);
    return found ? [{ address, ...found }] : [];
  });
}

export const nameOf = ({ address }: KnownDirector): string => formatAddress(address);
