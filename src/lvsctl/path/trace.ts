// What `lvsctl trace` shows: the steps of a packet and its answer, machine by machine.
import { type Address, formatAddress } from '../../model/address.js';
import type { MachineFacts } from '../facts/types.js';
import type { PacketView } from './arrival.js';
import type { PathHop, PathOutcome, PathPacket } from './hop.js';
import { hostOf, type PathHost } from './host.js';
import { findService } from './service.js';
import { wholePath } from './whole.js';

export const TRACE_VERSION = 1;

/** The packet that is followed. */
export interface TraceQuestion {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly client: Address;
  readonly clientPort: number | undefined;
  readonly virtual: Address;
  readonly virtualPort: number;
  /** where the client's packet comes to the director; 64 minus 1 for each router */
  readonly ttl?: number | undefined;
}

/** As its JSON, share/schema/trace-1.json. */
export interface Trace {
  readonly format: 'lvs trace';
  readonly version: typeof TRACE_VERSION;
  /** `file`: as it is intended; `facts`: as the machines are */
  readonly source: 'file' | 'facts';
  readonly outcome: PathOutcome;
  /** where the packet is lost, or first not known; null when it passes */
  readonly at: TracedHop | null;
  readonly service: string | null;
  readonly server: string | null;
  readonly mode: string | null;
  readonly hops: readonly TracedHop[];
}

export interface TracedHop {
  readonly machine: string;
  readonly stage: string;
  readonly outcome: PathOutcome;
  readonly what: string;
  readonly cause: string | null;
  readonly packet: TracedPacket;
}

export interface TracedPacket {
  readonly protocol: string;
  readonly source: string;
  readonly source_port: number | null;
  readonly destination: string;
  readonly destination_port: number;
  readonly mark: number;
  readonly ttl: number;
  readonly source_mac: string | null;
  readonly destination_mac: string | null;
  readonly tunnel: {
    readonly type: string;
    readonly source: string | null;
    readonly destination: string;
    readonly port: number | null;
    readonly bytes: number;
  } | null;
}

const FIRST_TTL = 64;

/** The packet with which a client begins. */
export function firstPacket(question: TraceQuestion): PathPacket {
  return {
    family: question.virtual.family,
    protocol: question.protocol,
    source: question.client,
    sourcePort: question.clientPort,
    destination: question.virtual,
    destinationPort: question.virtualPort,
    mark: 0,
    ttl: question.ttl ?? FIRST_TTL,
    sourceMac: null,
    destinationMac: null,
    tunnel: undefined,
  };
}

/** How a client begins: TCP with SYN. */
export function firstView(protocol: string, anyClient: boolean): PacketView {
  return { state: 'new', flags: protocol === 'tcp' ? ['syn'] : [], anyClient };
}

/** Follows a packet through machines; the director is the one that has the service. */
export function trace(
  facts: readonly MachineFacts[],
  question: TraceQuestion,
  source: Trace['source'],
): Trace {
  const hosts = facts.map(hostOf);
  const packet = firstPacket(question);
  const director = directorOf(hosts, packet);
  if (director === undefined) throw new Error('a trace needs a machine');
  const view = firstView(question.protocol, false);
  const path = wholePath({ director, others: hosts, packet, view });
  return {
    format: 'lvs trace',
    version: TRACE_VERSION,
    source,
    outcome: path.outcome,
    at: path.at ? tracedHop(path.at) : null,
    service: path.service?.service ?? null,
    server: path.server?.server ?? null,
    mode: path.server?.mode ?? null,
    hops: path.hops.map(tracedHop),
  };
}

/** The machine that has the service and its address; else one with a table; else the first. */
function directorOf(hosts: readonly PathHost[], packet: PathPacket): PathHost | undefined {
  const balances = hosts.filter(({ services }) => services.size > 0);
  const has = balances.filter((host) => host.isLocal(packet.destination) !== false);
  return (
    has.find((host) => findService(host, packet) !== undefined) ?? has[0] ?? balances[0] ?? hosts[0]
  );
}

function tracedHop({ machine, stage, outcome, what, cause, packet }: PathHop): TracedHop {
  return { machine, stage, outcome, what, cause: cause?.id ?? null, packet: tracedPacket(packet) };
}

function tracedPacket(packet: PathPacket): TracedPacket {
  const { tunnel } = packet;
  return {
    protocol: packet.protocol,
    source: formatAddress(packet.source),
    source_port: packet.sourcePort ?? null,
    destination: formatAddress(packet.destination),
    destination_port: packet.destinationPort,
    mark: packet.mark,
    ttl: packet.ttl,
    source_mac: packet.sourceMac,
    destination_mac: packet.destinationMac,
    tunnel: tunnel
      ? {
          type: tunnel.type,
          source: tunnel.source ? formatAddress(tunnel.source) : null,
          destination: formatAddress(tunnel.destination),
          port: tunnel.port ?? null,
          bytes: tunnel.bytes,
        }
      : null,
  };
}
