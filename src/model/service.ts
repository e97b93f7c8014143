// The virtual service: what identifies it, what one sets, and what one only reads.
import type { Address, Family } from './address.js';
import type { Counters } from './counters.js';

/**
 * Protocols by IANA number; the kernel stores any number, so the others keep theirs in the name.
 */
export const PROTOCOLS = {
  tcp: { kernel: 6, listed: 'TCP', option: '-t' },
  udp: { kernel: 17, listed: 'UDP', option: '-u' },
  sctp: { kernel: 132, listed: 'SCTP', option: '--sctp-service' },
} as const;
export type KnownProtocol = keyof typeof PROTOCOLS;
export type Protocol = KnownProtocol | `ip-${number}`;

/**
 * A service is known by protocol, address and port, or by a firewall mark (1..2^32-1) and a family.
 */
export type ServiceId =
  | {
      readonly kind: 'address';
      readonly protocol: Protocol;
      readonly address: Address;
      readonly port: number;
    }
  | { readonly kind: 'fwmark'; readonly mark: number; readonly family: Family };

export interface Persistence {
  /** seconds */
  readonly timeout: number;
}

/** Everything that one sets on a virtual service. */
export interface Service {
  readonly id: ServiceId;
  /** kernel name such as `wrr`; `none` = every new connection is refused */
  readonly scheduler: string;
  /** OR of SCHEDULER_FLAGS */
  readonly schedulerFlags: number;
  readonly persistence: Persistence | undefined;
  /**
   * Granularity of persistence: an IPv4 bit mask (0..2^32-1) or an IPv6 prefix length (1..128).
   * Kept without persistence too.
   */
  readonly netmask: number;
  /** persistence engine such as `sip`, undefined = none */
  readonly engine: string | undefined;
  readonly onePacket: boolean;
}

/** What the kernel reports of a service beside its settings. */
export interface ServiceEntry {
  readonly service: Service;
  readonly counters: Counters;
}

/** The family of the addresses that clients use. */
export function familyOf(id: ServiceId): Family {
  return id.kind === 'address' ? id.address.family : id.family;
}

/** The mask that groups no clients: /32 or /128. */
export function fullNetmask(family: Family): number {
  return family === 'ipv4' ? 0xffffffff : 128;
}

/** The protocol of a kernel number. */
export function protocolOf(kernel: number): Protocol {
  for (const name of PROTOCOL_NAMES) if (PROTOCOLS[name].kernel === kernel) return name;
  return `ip-${kernel}`;
}

/** The kernel number of a protocol, 0..65535. */
export function protocolNumber(protocol: Protocol): number {
  const known = knownProtocol(protocol);
  return known ? PROTOCOLS[known].kernel : Number(protocol.slice('ip-'.length));
}

/** The protocol when it is one that has a name. */
export function knownProtocol(protocol: Protocol): KnownProtocol | undefined {
  return protocol in PROTOCOLS ? (protocol as KnownProtocol) : undefined;
}

const PROTOCOL_NAMES = Object.keys(PROTOCOLS) as KnownProtocol[];
