// Between the library's shapes and the model's.
import { type Address, formatAddress, formatIpv4, parseAddress } from '../model/address.js';
import type { Destination, DestinationId } from '../model/destination.js';
import { CHECKSUMS, IPIP, knownTunnel, type Tunnel } from '../model/forwarding.js';
import { prefixBits } from '../model/prefix.js';
import { flagBits, flagNames, flagRow } from '../model/scheduler.js';
import {
  familyOf,
  fullNetmask,
  knownProtocol,
  type ServiceId as ModelId,
  type Service as ModelService,
} from '../model/service.js';
import type { VirtualServer as ModelServer } from '../model/table.js';
import type * as Api from './api.js';
import { LvsError } from './errors.js';

/** @throws LvsError INVALID */
export function toVirtualServer({ service, servers }: Api.VirtualServer): ModelServer {
  return { service: toService(service), destinations: servers.map(toDestination) };
}

/** @throws LvsError INVALID */
export function toId(id: Api.ServiceId): ModelId {
  if ('mark' in id && id.mark !== undefined)
    return { kind: 'fwmark', mark: within('mark', id.mark, 1, 2 ** 32 - 1), family: id.family };
  const { protocol, address, port } = id as Extract<Api.ServiceId, { readonly port: number }>;
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw invalid('protocol', protocol);
  return { kind: 'address', protocol, address: toAddress(address), port: toPort(port) };
}

/** @throws LvsError INVALID */
export function toService(service: Api.Service): ModelService {
  const { scheduler, flags = [], persistence, onePacket = false } = service;
  const id = toId(service);
  for (const flag of flags) if (!flagRow(flag)) throw invalid('flag', flag);
  if (typeof scheduler !== 'string' || !/^[\w-]{1,15}$/.test(scheduler))
    throw invalid('scheduler', scheduler);
  return {
    id,
    scheduler,
    schedulerFlags: flagBits(flags),
    persistence: persistence && {
      timeout: within('persistence.timeout', persistence.timeout, 1, 2 ** 31 - 1),
    },
    netmask: toMask(persistence?.netmask, familyOf(id)),
    engine: persistence?.engine,
    onePacket,
  };
}

function toMask(mask: string | number | undefined, family: Address['family']): number {
  if (mask === undefined) return fullNetmask(family);
  if (typeof mask === 'number') {
    const length = within('netmask', mask, 1, family === 'ipv6' ? 128 : 32);
    return family === 'ipv6' ? length : prefixBits(length);
  }
  const address = parseAddress(mask);
  if (family !== 'ipv4' || address?.family !== 'ipv4') throw invalid('netmask', mask);
  return address.value;
}

/** @throws LvsError INVALID */
export function toDestinationId({ address, port }: Api.ServerId): DestinationId {
  return { address: toAddress(address), port: toPort(port) };
}

/** @throws LvsError INVALID */
export function toDestination(server: Api.Server): Destination {
  const { forwarding, tunnel, weight = 1, upperThreshold = 0, lowerThreshold = 0 } = server;
  if (!['masquerade', 'direct', 'tunnel', 'local'].includes(forwarding))
    throw invalid('forwarding', forwarding);
  return {
    ...toDestinationId(server),
    forwarding,
    tunnel: toTunnel(tunnel),
    weight: within('weight', weight, 0, 2 ** 31 - 1),
    upperThreshold: within('upperThreshold', upperThreshold, 0, 2 ** 32 - 1),
    lowerThreshold: within('lowerThreshold', lowerThreshold, 0, 2 ** 32 - 1),
  };
}

function toTunnel(tunnel: Api.ServerSettings['tunnel']): Tunnel {
  if (tunnel === undefined) return IPIP;
  const { type, port = 0, checksum = 'none' } = tunnel;
  if (!['ipip', 'gue', 'gre'].includes(type)) throw invalid('tunnel.type', type);
  if (!Object.hasOwn(CHECKSUMS, checksum)) throw invalid('tunnel.checksum', checksum);
  return { type, port: toPort(port), flags: CHECKSUMS[checksum].kernel };
}

function toAddress(text: string): Address {
  const address = typeof text === 'string' ? parseAddress(text) : undefined;
  if (address === undefined) throw invalid('address', text);
  return address;
}

function toPort(port: number): number {
  return within('port', port, 0, 65535);
}

function within(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(name, value);
}

function invalid(name: string, value: unknown): LvsError {
  return new LvsError('INVALID', `${name}: ${JSON.stringify(value) ?? String(value)}`);
}

/** Protocols without a name, which another program may have set, are left as `ip-47`. */
export function fromId(id: ModelId): Api.ServiceId {
  if (id.kind === 'fwmark') return { mark: id.mark, family: id.family };
  const protocol = knownProtocol(id.protocol) ?? (id.protocol as Api.Protocol);
  return { protocol, address: formatAddress(id.address), port: id.port };
}

export function fromService(service: ModelService): Api.Service {
  const { id, scheduler, schedulerFlags, persistence, netmask, engine, onePacket } = service;
  const flags = flagNames(scheduler, schedulerFlags);
  const family = familyOf(id);
  return {
    ...fromId(id),
    scheduler,
    ...(flags.length === 0 ? {} : { flags }),
    ...(persistence === undefined
      ? {}
      : {
          persistence: {
            timeout: persistence.timeout,
            ...(netmask === fullNetmask(family)
              ? {}
              : { netmask: family === 'ipv4' ? formatIpv4(netmask) : netmask }),
            ...(engine === undefined ? {} : { engine }),
          },
        }),
    ...(onePacket ? { onePacket } : {}),
  };
}

export function fromDestination(server: Destination): Api.Server {
  const { address, port, forwarding, tunnel, weight, upperThreshold, lowerThreshold } = server;
  return {
    address: formatAddress(address),
    port,
    forwarding: forwarding as Api.Forwarding,
    ...(tunnel.type === 'ipip' ? {} : { tunnel: fromTunnel(tunnel) }),
    weight,
    ...(upperThreshold === 0 ? {} : { upperThreshold }),
    ...(lowerThreshold === 0 ? {} : { lowerThreshold }),
  };
}

function fromTunnel({ type, port, flags }: Tunnel): NonNullable<Api.ServerSettings['tunnel']> {
  const names = Object.keys(CHECKSUMS) as (keyof typeof CHECKSUMS)[];
  const checksum = names.find((name) => CHECKSUMS[name].kernel === flags) ?? 'none';
  return {
    type: knownTunnel(type) ?? 'ipip',
    ...(type === 'gue' ? { port } : {}),
    ...(checksum === 'none' ? {} : { checksum }),
  };
}
