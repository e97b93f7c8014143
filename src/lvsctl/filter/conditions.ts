// Whether a condition holds for a packet: yes, no, or undefined where that is not known.
import type { Address } from '../../model/address.js';
import type { Condition, FilterPacket, NumberRange } from './types.js';
import { isEverything, isInRange } from './values.js';

/** Whether the machine takes packets to an address as its own; undefined = not known. */
export type Local = (address: Address) => boolean | undefined;

/** Whether a packet fulfils a condition. */
export function holds(
  condition: Condition,
  packet: FilterPacket,
  local: Local,
): boolean | undefined {
  if (condition.kind === 'any') return true;
  if (condition.kind === 'unknown') return undefined;
  const plain = without(condition, packet, local);
  return plain === undefined ? undefined : plain !== condition.not;
}

type Known = Exclude<Condition, { kind: 'any' | 'unknown' }>;

/** The condition without its negation. */
function without(condition: Known, packet: FilterPacket, local: Local): boolean | undefined {
  switch (condition.kind) {
    case 'family':
      return packet.family === condition.family;
    case 'protocol':
      return condition.names.includes(packet.protocol);
    case 'address': {
      const address = packet[condition.side];
      if (condition.ranges.some(isEverything)) return true;
      return address && condition.ranges.some((range) => isInRange(address, range));
    }
    case 'port':
      return port(condition, packet);
    case 'device': {
      const device = condition.side === 'in' ? packet.inDevice : packet.outDevice;
      if (device === undefined && hasDevice(condition.side, packet)) return undefined;
      // what the machine sends has no incoming interface, and fits none
      return condition.names.some((name) => isDevice(device ?? '', name));
    }
    case 'mark':
      return isIn((packet.mark & condition.mask) >>> 0, condition.ranges);
    case 'state':
      return state(condition.states, packet);
    case 'flags':
      return (
        packet.protocol === 'tcp' &&
        condition.mask.every((flag) => packet.flags.includes(flag) === condition.set.includes(flag))
      );
    case 'some-flag':
      return (
        packet.protocol === 'tcp' && condition.flags.some((flag) => packet.flags.includes(flag))
      );
    case 'type':
      return type(condition.type, packet[condition.side], local);
    case 'mac':
      return packet.sourceMac === undefined
        ? undefined
        : condition.macs.includes(packet.sourceMac.toLowerCase());
    default:
      return condition satisfies never;
  }
}

function port(
  { side, ranges }: Extract<Condition, { kind: 'port' }>,
  { sourcePort, destinationPort, protocol }: FilterPacket,
): boolean | undefined {
  if (!['tcp', 'udp', 'sctp', 'dccp', 'udplite'].includes(protocol)) return false;
  const one = (value: number | undefined) => {
    if (ranges.some(({ from, to }) => from === 0 && to >= 65_535)) return true;
    if (value !== undefined) return isIn(value, ranges);
    // ports that are not known are those of clients
    const some = ranges.filter(({ to }) => to > LAST_OF_SERVERS);
    if (some.some(({ from, to }) => from <= LAST_OF_SERVERS + 1 && to >= 65_535)) return true;
    return some.length === 0 ? false : undefined;
  };
  if (side === 'source') return one(sourcePort);
  if (side === 'destination') return one(destinationPort);
  const both = [one(sourcePort), one(destinationPort)];
  return both.includes(true) ? true : both.includes(undefined) ? undefined : false;
}

/** clients use ports above this, unless a setting lowers it (ip(7), ip_local_port_range) */
const LAST_OF_SERVERS = 1023;

function isIn(value: number, ranges: readonly NumberRange[]): boolean {
  return ranges.some(({ from, to }) => value >= from && value <= to);
}

/** Whether a packet has an incoming or outgoing interface where it is. */
function hasDevice(side: 'in' | 'out', { hook }: FilterPacket): boolean {
  if (hook === undefined) return false;
  return (
    side === 'in' ? ['prerouting', 'input', 'forward'] : ['output', 'postrouting', 'forward']
  ).includes(hook);
}

/** `eth+` of iptables and `eth*` of nft are all that begin so. */
function isDevice(device: string, pattern: string): boolean {
  if (!/[+*]$/.test(pattern)) return device === pattern;
  return device.startsWith(pattern.slice(0, -1));
}

function state(states: readonly string[], packet: FilterPacket): boolean | undefined {
  if (packet.state === undefined) return undefined;
  if (states.includes(packet.state)) return true;
  // translated connections have these beside their state
  return states.some((one) => one === 'dnat' || one === 'snat') ? undefined : false;
}

function type(name: string, address: Address | undefined, local: Local): boolean | undefined {
  if (address === undefined) return undefined;
  const isLocal = local(address);
  if (isLocal === undefined) return undefined;
  if (name === 'local') return isLocal;
  return name === 'unicast' ? (isLocal ? false : undefined) : undefined;
}
