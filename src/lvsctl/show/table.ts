// The live table as `lvsctl show` prints it: one shape for the kernel's full answer and for the
// part of it that /proc gives to every user. null is what cannot be known, never 0.
import type { VirtualServerEntry } from '../../backend/readtable.js';
import { type Address, type Family, formatAddress, formatIpv4 } from '../../model/address.js';
import type { Counters } from '../../model/counters.js';
import type { DestinationEntry } from '../../model/destination.js';
import {
  CHECKSUMS,
  type Forwarding,
  forwardingOf,
  knownTunnel,
  TUNNELS,
  type Tunnel,
} from '../../model/forwarding.js';
import { flagNames } from '../../model/scheduler.js';
import { familyOf, type Service, type ServiceId } from '../../model/service.js';
import { serverKey, serviceKey } from '../../model/table.js';

/** Totals since the last zero; bytes are bytes. */
export interface Totals {
  readonly connections: bigint;
  readonly in_packets: bigint;
  readonly out_packets: bigint;
  readonly in_bytes: bigint;
  readonly out_bytes: bigint;
}

/** What names a service: an address and a port, or a mark. */
export interface ShownId {
  /** the key of a service (`tcp 192.0.2.1:80`, `fwmark 7 ipv4`); null where the family is unknown */
  readonly service: string | null;
  readonly protocol?: string;
  readonly address?: string;
  readonly port?: number;
  readonly mark?: number;
  readonly family: Family | null;
}

export interface ShownService extends ShownId {
  readonly scheduler: string;
  readonly flags: readonly string[] | null;
  readonly persistence: ShownPersistence | null;
  readonly one_packet: boolean;
  readonly counters: Totals | null;
  readonly servers: readonly ShownServer[];
}

export interface ShownPersistence {
  /** seconds */
  readonly timeout: number | null;
  /** an IPv4 mask, or the length of an IPv6 prefix */
  readonly netmask: string | number | null;
  readonly engine: string | null;
}

export interface ShownServer {
  /** the key of a server: `10.0.0.1:80` */
  readonly server: string;
  readonly address: string;
  readonly port: number;
  readonly mode: string;
  readonly tunnel: ShownTunnel | null;
  readonly weight: number;
  readonly upper: number | null;
  readonly lower: number | null;
  /** connections */
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number | null;
  readonly counters: Totals | null;
}

interface ShownTunnel {
  readonly type: string;
  readonly port: number | null;
  readonly checksum: string | null;
}

/** Names of the lvsctl file; forwarding methods without one keep the kernel's. */
const MODES: Readonly<Record<string, string>> = { masquerade: 'nat', direct: 'dr', tunnel: 'tun' };

/** The table as the kernel reports it. */
export function shownTable(entries: readonly VirtualServerEntry[]): ShownService[] {
  return entries.map(({ service, counters, servers }) => ({
    ...shownId(service.id),
    scheduler: service.scheduler,
    flags: flagNames(service.scheduler, service.schedulerFlags),
    persistence: shownPersistence(service),
    one_packet: service.onePacket,
    counters: totalsOf(counters),
    servers: servers.map(shownServer),
  }));
}

/** What names a service, in JSON. */
export function shownId(id: ServiceId): ShownId {
  const key = { service: serviceKey(id) };
  return id.kind === 'fwmark'
    ? { ...key, mark: id.mark, family: id.family }
    : {
        ...key,
        protocol: id.protocol,
        address: formatAddress(id.address),
        port: id.port,
        family: familyOf(id),
      };
}

function shownPersistence(service: Service): ShownPersistence | null {
  if (service.persistence === undefined) return null;
  const isMask = familyOf(service.id) === 'ipv4';
  return {
    timeout: service.persistence.timeout,
    netmask: isMask ? formatIpv4(service.netmask) : service.netmask,
    engine: service.engine ?? null,
  };
}

function shownServer(entry: DestinationEntry): ShownServer {
  const { destination } = entry;
  return {
    server: serverKey(destination),
    address: formatAddress(destination.address),
    port: destination.port,
    mode: shownMode(destination.forwarding),
    tunnel: destination.forwarding === 'tunnel' ? shownTunnel(destination.tunnel) : null,
    weight: destination.weight,
    upper: destination.upperThreshold,
    lower: destination.lowerThreshold,
    active: entry.activeConnections,
    inactive: entry.inactiveConnections,
    persistent: entry.persistentConnections,
    counters: totalsOf(entry.counters),
  };
}

function shownMode(forwarding: Forwarding): string {
  return MODES[forwarding] ?? forwarding;
}

function shownTunnel({ type, port, flags }: Tunnel): ShownTunnel {
  const known = knownTunnel(type);
  const row = known && TUNNELS[known];
  const checksum = Object.entries(CHECKSUMS).find(([, { kernel }]) => kernel === flags)?.[0];
  return {
    type,
    port: row?.port ? port : null,
    checksum: row?.checksum ? (checksum ?? null) : null,
  };
}

function totalsOf(counters: Counters): Totals {
  return {
    connections: counters.connections,
    in_packets: counters.inPackets,
    out_packets: counters.outPackets,
    in_bytes: counters.inBytes,
    out_bytes: counters.outBytes,
  };
}

/** A service as a line of /proc/net/ip_vs has it. */
export interface ProcService {
  readonly id:
    | { readonly kind: 'address'; readonly protocol: string; readonly at: ProcEndpoint }
    /** without its family */
    | { readonly kind: 'fwmark'; readonly mark: number };
  readonly scheduler: string;
  /** its timeout is printed in a unit of the kernel's own (jiffies), so it cannot be read */
  readonly persistence: { readonly netmask: string | number | null } | undefined;
  readonly onePacket: boolean;
  readonly servers: readonly ProcServer[];
}
export interface ProcServer extends ProcEndpoint {
  readonly mode: Forwarding;
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
}
export interface ProcEndpoint {
  readonly address: Address;
  readonly port: number;
}

/** The table as /proc shows it to every user. */
export function shownProc(services: readonly ProcService[]): ShownService[] {
  return services.map(({ id, scheduler, persistence, onePacket, servers }) => ({
    ...procId(id),
    scheduler,
    flags: null,
    persistence: persistence ? { timeout: null, netmask: persistence.netmask, engine: null } : null,
    one_packet: onePacket,
    counters: null,
    servers: servers.map(({ address, port, mode, weight, active, inactive }) => ({
      server: serverKey({ address, port }),
      address: formatAddress(address),
      port,
      mode: shownMode(mode),
      tunnel: null,
      weight,
      upper: null,
      lower: null,
      active,
      inactive,
      persistent: null,
      counters: null,
    })),
  }));
}

function procId(id: ProcService['id']): ShownId {
  if (id.kind === 'fwmark') return { service: null, mark: id.mark, family: null };
  const { address, port } = id.at;
  return {
    service: `${id.protocol} ${serverKey(id.at)}`,
    protocol: id.protocol,
    address: formatAddress(address),
    port,
    family: address.family,
  };
}

/** The field of /proc for a forwarding method. */
export function procMode(field: string): Forwarding | undefined {
  const kernel = PROC_MODES.indexOf(field);
  return kernel < 0 ? undefined : forwardingOf(kernel);
}
const PROC_MODES = ['Masq', 'Local', 'Tunnel', 'Route', 'Bypass'];
