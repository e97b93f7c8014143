// What one reading of a machine knows: plain data that prints as JSON and is read back from it, so
// that a machine can be judged elsewhere. Names of keys are those of share/schema/facts-1.json;
// null is what could not be read, never an empty answer in its place.
import type { Family } from '../../model/address.js';
import type { ShownService } from '../show/table.js';

/** Version of the JSON: it grows when something in it changes its meaning or is removed. */
export const FACTS_VERSION = 1;
export const FACTS_FORMAT = 'lvs facts';

export interface MachineFacts {
  readonly format: typeof FACTS_FORMAT;
  readonly version: number;
  /** the host name */
  readonly machine: string;
  /** the network namespace, when it has a name */
  readonly namespace: string | null;
  /** the version of lvsctl that read this; missing in facts of before */
  readonly program?: string;
  /** when this was read, by the machine's own clock; ISO 8601 */
  readonly time?: string;
  /** `6.1.0-13-amd64` */
  readonly kernel: string | null;
  /** `docker`, `lxc` …: the container this is, as systemd writes it; null = none is known */
  readonly container: string | null;
  readonly links: readonly LinkFact[];
  readonly addresses: readonly AddressFact[];
  readonly routes: readonly RouteFact[];
  readonly rules: readonly RoutingRuleFact[];
  readonly neighbours: readonly NeighbourFact[];
  /** UDP ports that take encapsulated packets (gue, fou) */
  readonly udp_tunnels: readonly UdpTunnelFact[];
  /** keys below /proc/sys, with slashes; interfaces have no entry of their own where none differs */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly packet_filter: PacketFilterFact;
  /** connections that are tracked, and how many may be; null without connection tracking */
  readonly conntrack: { readonly count: number; readonly max: number } | null;
  /** the table is that of this kernel, and not kept in a file or in memory */
  readonly kernel_rules: boolean;
  /** modules can be loaded here: not inside a namespace, which shares them with the machine */
  readonly owns_modules: boolean;
  /** the process that read this has CAP_NET_ADMIN */
  readonly may_administer: boolean;
  /** bits of the size of the connection table; null when it is not known */
  readonly table_bits: number | null;
  /** null when the table cannot be read */
  readonly services: readonly ShownService[] | null;
  readonly daemons: readonly DaemonFact[];
  /** of the connection table: as many as were asked for, and how many there are of each state */
  readonly connections: ConnectionFacts | null;
  /** the loaded modules whose names begin with ip_vs, and those of tunnels */
  readonly modules: readonly string[];
  /** ports that a program of this machine listens on; null when they cannot be read */
  readonly listeners: readonly ListenerFact[] | null;
  /** what could not be read, and why */
  readonly missing: readonly string[];
}

export interface LinkFact {
  readonly name: string;
  readonly index: number;
  readonly up: boolean;
  readonly carrier: boolean;
  /** no address resolution on it */
  readonly noarp: boolean;
  readonly mtu: number;
  readonly mac: string | null;
  /** `veth`, `dummy`, `ipip` …; null for hardware */
  readonly kind: string | null;
  /** the bridge, bond or VRF that it belongs to */
  readonly master: string | null;
  /** the routing table of a VRF; missing = no VRF, or not printed */
  readonly table?: string;
  readonly tunnel: TunnelFact | null;
}

/** Ends of a tunnel device; null = any. */
export interface TunnelFact {
  readonly local: string | null;
  readonly remote: string | null;
  /** `any`, `ipip`, `ip6ip` …; null = not printed */
  readonly proto: string | null;
  readonly checksum: boolean;
  /** what else it asks of packets: `key 0.0.0.5`, `sequence`; missing = nothing */
  readonly other?: readonly string[];
}

export interface AddressFact {
  readonly device: string;
  readonly address: string;
  readonly prefix: number;
  /** not usable: duplicate address detection has failed, or has not ended */
  readonly unusable: 'duplicate' | 'tentative' | null;
  /** never the source of what the machine itself begins (preferred_lft 0) */
  readonly deprecated: boolean;
}

export interface RouteFact {
  readonly family: Family;
  /** name or number */
  readonly table: string;
  /** `unicast`, `local`, `blackhole` … */
  readonly type: string;
  /** `0.0.0.0/0`, `192.0.2.0/24` */
  readonly to: string;
  readonly from: string | null;
  readonly metric: number;
  /** the address that the machine's own packets get */
  readonly source: string | null;
  readonly mtu: number | null;
  readonly advmss: number | null;
  /** one, or several that share the traffic; none for types without */
  readonly hops: readonly RouteHopFact[];
  /** what else it asks of a packet, or does with it: `tos 0x10`, `encap mpls`; missing = nothing */
  readonly other?: readonly string[];
}
export interface RouteHopFact {
  readonly device: string;
  /** null = the destination itself is on the link */
  readonly via: string | null;
  readonly dead: boolean;
}

/** A rule of policy routing. */
export interface RoutingRuleFact {
  readonly family: Family;
  readonly priority: number;
  /** null = any */
  readonly from: string | null;
  readonly to: string | null;
  readonly mark: number | null;
  readonly mask: number | null;
  readonly in_device: string | null;
  readonly out_device: string | null;
  /** the table that is asked; null for the actions below */
  readonly table: string | null;
  readonly action: 'table' | 'unreachable' | 'prohibit' | 'blackhole';
  readonly not: boolean;
  /** selectors that are not understood, as ip prints them */
  readonly other: readonly string[];
}

export interface NeighbourFact {
  readonly address: string;
  readonly device: string;
  readonly mac: string | null;
  /** `REACHABLE`, `FAILED` … */
  readonly states: readonly string[];
}

export interface UdpTunnelFact {
  readonly family: Family;
  readonly port: number;
  readonly gue: boolean;
  /** the address that it is for; missing = any */
  readonly local?: string;
}

/** The rules of the packet filter as the programs printed them. */
export interface PacketFilterFact {
  readonly iptables: readonly IptablesFact[];
  /** the list `nftables` of `nft -j list ruleset` */
  readonly nft: readonly unknown[];
  /** what else sees packets and is not read: `arptables`, `tc clsact on eth0`; missing = not asked */
  readonly unread?: readonly string[];
}
export interface IptablesFact {
  readonly family: Family;
  /** `nf_tables`: kept there, so that nft lists these tables too */
  readonly variant: 'x_tables' | 'nf_tables';
  /** of iptables-legacy, where iptables itself is another one: repairs need that program */
  readonly legacy?: true | undefined;
  /** what iptables-save printed */
  readonly text: string;
}

export interface DaemonFact {
  readonly role: string;
  readonly interface: string;
  readonly syncid: number;
}

export interface ConnectionFacts {
  readonly count: number;
  /** by service (`tcp 192.0.2.1:80`), server and state */
  readonly tally: readonly ConnectionTally[];
  /** persistence templates and those connections that were asked for, at most `LISTED` */
  readonly listed: readonly ConnectionFact[];
}
export interface ConnectionTally {
  readonly service: string;
  readonly server: string;
  readonly state: string;
  readonly connections: number;
  /** a client of these */
  readonly example: string;
}
export interface ConnectionFact {
  readonly protocol: string;
  readonly client: string;
  readonly client_port: number;
  readonly virtual: string;
  readonly virtual_port: number;
  readonly server: string;
  readonly server_port: number;
  readonly state: string;
  readonly expires: number;
}

export interface ListenerFact {
  readonly protocol: 'tcp' | 'udp';
  /** `0.0.0.0` and `::` = any */
  readonly address: string;
  readonly port: number;
  /** the interface or VRF that it is bound to; missing = none, or not asked */
  readonly device?: string;
  /** `::` takes IPv6 alone (true), or IPv4 too; missing = not asked */
  readonly only_ipv6?: boolean;
}
