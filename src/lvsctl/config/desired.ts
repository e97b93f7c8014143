// What a file asks of the IPVS table, as model objects.
import type { Address, Family } from '../../model/address.js';
import type { Destination } from '../../model/destination.js';
import { CHECKSUMS, IPIP, type Tunnel } from '../../model/forwarding.js';
import { prefixBits } from '../../model/prefix.js';
import { flagBits } from '../../model/scheduler.js';
import { fullNetmask, type Service, type ServiceId } from '../../model/service.js';
import { type ServerKey, serverKey, type VirtualServer } from '../../model/table.js';
import { type Check, checkKeys } from './checks.js';
import type { Config, Mode, Netmask, RealServer, TunnelOptions, VirtualService } from './file.js';

/** A service with its servers, as the file has them and in its order. */
export interface DesiredService extends VirtualServer {
  /** weight 1; in the table only while no other server is */
  readonly sorry: Destination | undefined;
  /** of each server; none = it always counts as up */
  readonly checks: ReadonlyMap<ServerKey, readonly Check[]>;
  /** what identifies each of those checks, in their order */
  readonly checkKeys: ReadonlyMap<ServerKey, readonly string[]>;
  /** names of servers, where they have one */
  readonly serverNames: ReadonlyMap<ServerKey, string>;
  /** what it comes from: names, health */
  readonly source: VirtualService;
}

/** The services of a file with all their servers up. */
export function desiredServices(config: Config): readonly DesiredService[] {
  return config.services.map((source) => {
    const destinations = source.servers.map((server) => toServer(source, server));
    const keys = destinations.map(serverKey);
    const byKey = <T>(value: (server: RealServer) => T) =>
      new Map(source.servers.map((server, i) => [keys[i] ?? '', value(server)]));
    // once for all servers, in whose state they stay
    const ownKeys = checkKeys(source.checks);
    return {
      service: toService(source),
      destinations,
      checks: byKey((server) => serverChecks(source, server)),
      checkKeys: byKey((server) => (server.checks ? checkKeys(server.checks) : ownKeys)),
      serverNames: new Map(
        source.servers.flatMap(({ name }, i) =>
          name === undefined ? [] : [[keys[i] ?? '', name]],
        ),
      ),
      sorry:
        source.sorry &&
        toDestination(source, source.sorry, source.sorry.mode ?? source.mode, source.tunnel),
      source,
    };
  });
}

/** The checks of a server: its own, or those of its service. */
export function serverChecks(
  source: VirtualService,
  server: Pick<RealServer, 'checks'>,
): readonly Check[] {
  return server.checks ?? source.checks;
}

/** The mode of a server: its own, or that of its service. */
export function serverMode(source: VirtualService, server: Pick<RealServer, 'mode'>): Mode {
  return server.mode ?? source.mode;
}

/** The VIPs of a service: several where a mark makes them one. */
export function vipsOf({ address, addresses }: VirtualService): readonly Address[] {
  return addresses ?? [address];
}

/** How the kernel identifies the service: by its mark, or by protocol, address and port. */
export function serviceId(source: VirtualService): ServiceId {
  if (source.mark !== undefined)
    return { kind: 'fwmark', mark: source.mark, family: source.address.family };
  return {
    kind: 'address',
    protocol: source.protocol,
    address: source.address,
    port: source.port ?? 0,
  };
}

/**
 * The model's number of a mask: its bits for IPv4, the prefix length for IPv6.
 * @returns undefined when it does not fit the family
 */
export function toNetmask(mask: Netmask, family: Family): number | undefined {
  if ('bits' in mask) return family === 'ipv4' ? mask.bits : undefined;
  if (family === 'ipv6') return mask.length;
  return mask.length <= 32 ? prefixBits(mask.length) : undefined;
}

/** Whether an IPv4 mask is no prefix: ones after zeros, as 0.0.0.24 has. */
export function hasHoles(bits: number): boolean {
  const rest = ~bits >>> 0;
  return (rest & (rest + 1)) !== 0;
}

const METHODS = { nat: 'masquerade', dr: 'direct', tun: 'tunnel' } as const;

function toService(source: VirtualService): Service {
  const { persistence } = source;
  const { family } = source.address;
  return {
    id: serviceId(source),
    scheduler: source.scheduler,
    schedulerFlags: flagBits(source.flags),
    persistence: persistence && { timeout: persistence.timeout },
    netmask:
      (persistence?.netmask && toNetmask(persistence.netmask, family)) ?? fullNetmask(family),
    engine: persistence?.engine,
    onePacket: source.one_packet,
  };
}

function toServer(source: VirtualService, server: RealServer): Destination {
  return {
    ...toDestination(source, server, serverMode(source, server), server.tunnel ?? source.tunnel),
    weight: server.weight,
    upperThreshold: server.upper,
    lowerThreshold: server.lower,
  };
}

function toDestination(
  source: VirtualService,
  {
    address,
    port,
  }: { readonly address: Destination['address']; readonly port: number | undefined },
  mode: Mode,
  tunnel: TunnelOptions | undefined,
): Destination {
  return {
    address,
    port: port ?? source.port ?? 0,
    forwarding: METHODS[mode],
    tunnel: mode === 'tun' ? toTunnel(tunnel) : IPIP,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  };
}

function toTunnel(tunnel: TunnelOptions | undefined): Tunnel {
  return tunnel
    ? { type: tunnel.type, port: tunnel.port ?? 0, flags: CHECKSUMS[tunnel.checksum].kernel }
    : IPIP;
}
