// The packets of a session: what a client and a server send to open, use and end it.
import type { ServiceId } from '../model/service.js';
import type { Packet } from './packet.js';
import type { Arrival } from './workload.js';

type Step = readonly ['in' | 'out', Packet['tcp'], number];

/** direction, TCP flags, bytes of the packet */
const OPEN: readonly Step[] = [
  ['in', 'syn', 60],
  ['out', 'syn', 60],
  ['in', 'ack', 52],
  ['in', 'ack', 352],
  ['out', 'ack', 1452],
];
const END: readonly Step[] = [
  ['in', 'fin', 52],
  ['out', 'ack', 52],
  ['out', 'fin', 52],
  ['in', 'ack', 52],
];
const DATAGRAMS: readonly Step[] = [
  ['in', undefined, 78],
  ['out', undefined, 142],
];

/**
 * The packets that open a session, the first of which is scheduled.
 * @param virtualPort that the client asks for
 */
export function opening(
  id: ServiceId,
  virtualPort: number,
  { client, clientPort }: Arrival,
): readonly [Packet, ...Packet[]] {
  const protocol =
    id.kind === 'address' && (id.protocol === 'udp' || id.protocol === 'sctp')
      ? id.protocol
      : 'tcp';
  const packet: Packet = {
    direction: 'in',
    protocol,
    client,
    clientPort,
    virtual: id.kind === 'address' ? id.address : client,
    virtualPort,
    mark: id.kind === 'fwmark' ? id.mark : 0,
    sctp: 'init',
    bytes: 0,
  };
  const [first = packet, ...rest] = steps(packet, protocol === 'tcp' ? OPEN : DATAGRAMS);
  return [first, ...rest];
}

/** The packets that end a session; none where the protocol has no end. */
export function closing(first: Packet): readonly Packet[] {
  return first.protocol === 'tcp' ? steps(first, END) : [];
}

function steps(packet: Packet, all: readonly Step[]): Packet[] {
  return all.map(([direction, tcp, bytes]) => ({ ...packet, direction, tcp, bytes }));
}
