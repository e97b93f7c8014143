// The packets of simulated arrivals, in the order of time: what a client and a server say to open,
// use and end a session.
import type { Service } from '../model/service.js';
import type { Packet } from './packet.js';
import { type Timed, Timers } from './timers.js';
import type { Arrival } from './workload.js';

export interface TimedPacket {
  /** seconds */
  readonly at: number;
  readonly packet: Packet;
}

type Word = readonly ['in' | 'out', Packet['tcp'], number];

/** direction, what TCP says, bytes of the packet */
const OPEN: readonly Word[] = [
  ['in', 'syn', 60],
  ['out', 'syn', 60],
  ['in', 'ack', 52],
  ['in', 'ack', 352],
  ['out', 'ack', 1452],
];
const END: readonly Word[] = [
  ['in', 'fin', 52],
  ['out', 'ack', 52],
  ['out', 'fin', 52],
  ['in', 'ack', 52],
];
const DATAGRAMS: readonly Word[] = [
  ['in', undefined, 78],
  ['out', undefined, 142],
];

interface Ending extends Timed {
  readonly first: Packet;
}

/**
 * @param start time of the first arrival's clock, seconds; sessions that last beyond `end` stay
 *   open
 */
export function* packetsOf(
  service: Service,
  arrivals: Iterable<Arrival>,
  start: number,
  end: number,
): Generator<TimedPacket> {
  const { id } = service;
  const protocol =
    id.kind === 'address' && (id.protocol === 'udp' || id.protocol === 'sctp')
      ? id.protocol
      : 'tcp';
  const endings = new Timers<Ending>();
  for (const { at, client, clientPort, seconds } of arrivals) {
    const now = start + at;
    for (let ending = endings.due(now); ending; ending = endings.due(now))
      yield* spoken(ending.first, END, ending.expiresAt);
    const first: Packet = {
      direction: 'in',
      protocol,
      client,
      clientPort,
      virtual: id.kind === 'address' ? id.address : client,
      virtualPort: id.kind === 'address' && id.port !== 0 ? id.port : 80,
      mark: id.kind === 'fwmark' ? id.mark : 0,
      sctp: 'init',
      bytes: 0,
    };
    yield* spoken(first, protocol === 'tcp' ? OPEN : DATAGRAMS, now);
    if (protocol === 'tcp') endings.set({ first, expiresAt: 0, queuedAt: 0 }, now + seconds);
  }
  for (let ending = endings.due(end); ending; ending = endings.due(end))
    yield* spoken(ending.first, END, ending.expiresAt);
}

function* spoken(first: Packet, words: readonly Word[], at: number): Generator<TimedPacket> {
  for (const [direction, tcp, bytes] of words)
    yield { at, packet: { ...first, direction, tcp, bytes } };
}
