// Whether a director's own packet filter lets pass what directors send each other: advertisements of
// VRRP, and the packets of the sync daemons.
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import { type Passage, traverse } from '../filter/evaluate.js';
import type { FilterPacket } from '../filter/types.js';
import type { PathHost } from '../path/host.js';
import type { KnownDirector, Pair, PairProblem } from './known.js';

/** where sync daemons send to, by default (ipvsadm's manual: mcast-group, mcast-port) */
const SYNC_GROUP = '224.0.0.81';
const SYNC_PORT = 8848;

/** Packets of one director to another. */
interface HaPacket {
  readonly what: string;
  readonly protocol: string;
  readonly port: number | undefined;
  destination(to: Address): Address | undefined;
  /** what a loss does, one clause */
  readonly effect: string;
}

const VRRP: HaPacket = {
  what: 'VRRP advertisements',
  protocol: 'vrrp',
  port: undefined,
  destination: (to) => to,
  effect: 'both take the VIPs',
};
const SYNC: HaPacket = {
  what: 'packets of the sync daemons',
  protocol: 'udp',
  port: SYNC_PORT,
  destination: () => parseAddress(SYNC_GROUP),
  effect: 'connections do not survive a failover',
};

export function filterProblems({ config, ha, known }: Pair): PairProblem[] {
  if (ha.engine !== 'keepalived') return [];
  const kinds = config.sync.length > 0 ? [VRRP, SYNC] : [VRRP];
  return known.flatMap((director) =>
    ha.peers
      .filter((peer) => formatAddress(peer) !== formatAddress(director.address))
      .slice(0, 1) // what is filtered for one peer is filtered for all, or is one problem more
      .flatMap((peer) => kinds.flatMap((kind) => lostBy(kind, director, peer, ha.interface))),
  );
}

function lostBy(
  { what, protocol, port, destination, effect }: HaPacket,
  { address, host }: KnownDirector,
  peer: Address,
  device: string | undefined,
): PairProblem[] {
  const out = packet(address, destination(peer), { protocol, port, outDevice: device });
  const into = packet(peer, destination(address), { protocol, port, inDevice: device });
  const self = formatAddress(address);
  const problem = (passage: Passage, verb: string): PairProblem[] => {
    if (passage.outcome !== 'drop' && passage.outcome !== 'reject') return [];
    const { remove, text = 'the packet filter' } = passage.by ?? {};
    return [
      {
        what: `${what} that ${self} ${verb} are dropped there by ${text}: ${effect}`,
        repair: remove === undefined ? [] : [remove],
        on: self,
      },
    ];
  };
  return [
    ...problem(through(host, ['output', 'postrouting'], out), 'sends'),
    ...problem(through(host, ['prerouting', 'input'], into), 'receives'),
  ];
}

function through(
  host: PathHost,
  hooks: readonly ('prerouting' | 'input' | 'output' | 'postrouting')[],
  sent: FilterPacket,
): Passage {
  const rules = host.rules(sent.family);
  const chains = hooks.flatMap((hook) => rules.hooks[hook]);
  return traverse(chains, sent, (one) => host.isLocal(one));
}

function packet(
  source: Address,
  destination: Address | undefined,
  {
    protocol,
    port,
    inDevice,
    outDevice,
  }: {
    readonly protocol: string;
    readonly port: number | undefined;
    readonly inDevice?: string | undefined;
    readonly outDevice?: string | undefined;
  },
): FilterPacket {
  return {
    family: destination?.family ?? source.family,
    protocol,
    source: source.family === destination?.family ? source : undefined,
    sourcePort: undefined,
    destination,
    destinationPort: port,
    mark: 0,
    // one that was seen before: multicast and VRRP flow all the time
    state: undefined,
    flags: [],
    inDevice,
    outDevice,
    sourceMac: undefined,
  };
}
