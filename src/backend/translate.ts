// Model <-> wire objects of the IPVS family: the two shapes of one fact, side by side.
import { type Address, type Family, ipv4 } from '../model/address.js';
import { type Counters, NO_TRAFFIC } from '../model/counters.js';
import { DAEMON_ROLES, type Daemon, type DaemonRequest } from '../model/daemon.js';
import type { Destination, DestinationEntry, DestinationId } from '../model/destination.js';
import { WireError } from '../model/errors.js';
import {
  forwardingNumber,
  forwardingOf,
  IPIP,
  tunnelNumber,
  tunnelOf,
} from '../model/forwarding.js';
import {
  familyOf,
  fullNetmask,
  protocolNumber,
  protocolOf,
  type Service,
  type ServiceEntry,
  type ServiceId,
} from '../model/service.js';
import { swapped, type Words } from '../wire/codec.js';
import {
  SERVICE_FLAG,
  type WireDaemon,
  type WireDestination,
  type WireService,
  type WireStats,
} from '../wire/ipvs.js';

const AF: Record<Family, number> = { ipv4: 2, ipv6: 10 };

/** What names a service in a request. */
export function idToWire(id: ServiceId): WireService {
  const family = AF[familyOf(id)];
  if (id.kind === 'fwmark') return { family, fwmark: id.mark };
  return {
    family,
    protocol: protocolNumber(id.protocol),
    address: addressToWire(id.address),
    port: id.port,
  };
}

/** A service with all that one sets, as NEW_SERVICE and SET_SERVICE take it. */
export function serviceToWire(service: Service): WireService {
  const flags =
    (service.persistence ? SERVICE_FLAG.persistent : 0) |
    (service.onePacket ? SERVICE_FLAG.onePacket : 0) |
    (service.schedulerFlags << SERVICE_FLAG.schedulerShift);
  const settings = {
    scheduler: service.scheduler,
    flags,
    timeout: service.persistence?.timeout ?? 0,
    netmask: netmaskToWire(familyOf(service.id), service.netmask),
    engine: service.engine,
  };
  return Object.assign(settings, idToWire(service.id));
}

/**
 * What names a real server in a request; the family is sent always, since it may differ from the
 * service's.
 */
export function destinationIdToWire(id: DestinationId): WireDestination {
  return { address: addressToWire(id.address), port: id.port, family: AF[id.address.family] };
}

/** A real server with all that one sets. */
export function destinationToWire(destination: Destination): WireDestination {
  const { address, tunnel } = destination;
  return {
    address: addressToWire(address),
    port: destination.port,
    family: AF[address.family],
    forwarding: forwardingNumber(destination.forwarding),
    weight: destination.weight,
    upperThreshold: destination.upperThreshold,
    lowerThreshold: destination.lowerThreshold,
    tunnelType: tunnelNumber(tunnel.type),
    tunnelPort: tunnel.port,
    tunnelFlags: tunnel.flags,
  };
}

export function daemonToWire(daemon: DaemonRequest): WireDaemon {
  return {
    state: DAEMON_ROLES[daemon.role].kernel,
    interface: daemon.interface,
    syncId: daemon.syncId,
    maxLength: daemon.maxLength,
    group: daemon.group?.family === 'ipv4' ? daemon.group.value : undefined,
    group6: daemon.group?.family === 'ipv6' ? addressToWire(daemon.group) : undefined,
    port: daemon.port,
    ttl: daemon.ttl,
  };
}

/** @throws WireError when a part that every reply has is missing */
export function serviceFromWire(wire: WireService): ServiceEntry {
  const family = familyFromWire(wire.family);
  const flags = wire.flags ?? 0;
  const id: ServiceId = wire.fwmark
    ? { kind: 'fwmark', mark: wire.fwmark, family }
    : {
        kind: 'address',
        protocol: protocolOf(wire.protocol ?? 0),
        address: addressFromWire(wire.address, family),
        port: wire.port ?? 0,
      };
  const service: Service = {
    id,
    scheduler: wire.scheduler ?? '',
    schedulerFlags: (flags & SERVICE_FLAG.schedulerMask) >>> SERVICE_FLAG.schedulerShift,
    persistence: flags & SERVICE_FLAG.persistent ? { timeout: wire.timeout ?? 0 } : undefined,
    netmask: netmaskFromWire(family, wire.netmask),
    engine: wire.engine ? wire.engine : undefined,
    onePacket: (flags & SERVICE_FLAG.onePacket) !== 0,
  };
  return { service, counters: countersFromWire(wire.stats64 ?? wire.stats) };
}

/** @throws WireError when a part that every reply has is missing */
export function destinationFromWire(
  wire: WireDestination,
  serviceFamily: Family,
): DestinationEntry {
  const family = wire.family === undefined ? serviceFamily : familyFromWire(wire.family);
  const plain = !wire.tunnelType && !wire.tunnelPort && !wire.tunnelFlags;
  return {
    destination: {
      address: addressFromWire(wire.address, family),
      port: wire.port ?? 0,
      forwarding: forwardingOf((wire.forwarding ?? 0) & 7),
      tunnel: plain
        ? IPIP
        : {
            type: tunnelOf(wire.tunnelType ?? 0),
            port: wire.tunnelPort ?? 0,
            flags: wire.tunnelFlags ?? 0,
          },
      weight: (wire.weight ?? 0) | 0,
      upperThreshold: wire.upperThreshold ?? 0,
      lowerThreshold: wire.lowerThreshold ?? 0,
    },
    activeConnections: wire.activeConnections ?? 0,
    inactiveConnections: wire.inactiveConnections ?? 0,
    persistentConnections: wire.persistentConnections ?? 0,
    counters: countersFromWire(wire.stats64 ?? wire.stats),
  };
}

/** Undefined for a state that is neither master nor backup. */
export function daemonFromWire(wire: WireDaemon): Daemon | undefined {
  const role =
    wire.state === DAEMON_ROLES.master.kernel
      ? 'master'
      : wire.state === DAEMON_ROLES.backup.kernel
        ? 'backup'
        : undefined;
  if (role === undefined) return undefined;
  return {
    role,
    interface: wire.interface ?? '',
    syncId: wire.syncId ?? 0,
    maxLength: wire.maxLength ?? 0,
    group:
      wire.group !== undefined
        ? ipv4(wire.group)
        : wire.group6
          ? addressFromWire(wire.group6, 'ipv6')
          : undefined,
    port: wire.port ?? 0,
    ttl: wire.ttl ?? 0,
  };
}

function addressToWire(address: Address): Words {
  return address.family === 'ipv4' ? [address.value, 0, 0, 0] : address.words;
}

function addressFromWire(wire: Words | undefined, family: Family): Address {
  if (wire === undefined) throw new WireError('reply without an address');
  return family === 'ipv4' ? { family, value: wire[0] } : { family, words: wire };
}

function familyFromWire(family: number | undefined): Family {
  if (family === AF.ipv4) return 'ipv4';
  if (family === AF.ipv6) return 'ipv6';
  throw new WireError(`reply with address family ${family ?? 'missing'}`);
}

function netmaskToWire(family: Family, netmask: number): number {
  return family === 'ipv4' ? netmask : swapped(netmask);
}

function netmaskFromWire(family: Family, wire: number | undefined): number {
  if (wire === undefined) return fullNetmask(family);
  return family === 'ipv4' ? wire : swapped(wire);
}

/** What a reply lacks is zero. */
function countersFromWire(stats: WireStats | undefined): Counters {
  if (stats === undefined) return NO_TRAFFIC;
  const known = Object.entries(stats).filter(([, value]) => value !== undefined);
  return { ...NO_TRAFFIC, ...(Object.fromEntries(known) as Partial<Counters>) };
}
