// Rules -> the text of an lvsctl file that makes them again.

import { stringify } from 'yaml';
import { type Address, type Family, formatAddress, formatIpv4 } from '../../model/address.js';
import type { DaemonRequest } from '../../model/daemon.js';
import type { Destination } from '../../model/destination.js';
import { CHECKSUMS, type Forwarding, knownTunnel } from '../../model/forwarding.js';
import { flagNames } from '../../model/scheduler.js';
import { familyOf, fullNetmask, knownProtocol, type Service } from '../../model/service.js';
import { serviceKey, type VirtualServer } from '../../model/table.js';
import type { Timeouts } from '../../model/timeouts.js';
import { LvsctlError } from '../errors.js';
import { groupOf, type MarkSource } from '../plan/marks.js';

/** What an lvsctl file has beside the rules. */
export interface ImportContext {
  readonly timeouts: Timeouts | undefined;
  readonly daemons: readonly DaemonRequest[];
  /** the packets that get each mark, for mark services */
  readonly marks: readonly MarkSource[];
  /** the interface of a VIP */
  interfaceOf(vip: Address): string;
  /** why the packets of a mark cannot be stated, where that is known */
  reasonFor?(mark: number, family: Family): string | undefined;
  /** the director's address on the network of nat servers, where that is known */
  gatewayOf?(servers: readonly Address[]): Address | undefined;
}

/** Why rules cannot be expressed in an lvsctl file. */
export class UnsupportedRule extends LvsctlError {
  override readonly name = 'UnsupportedRule';
  constructor(
    readonly service: Service,
    message: string,
  ) {
    super('UNSUPPORTED_RULE', `${serviceKey(service.id)}: ${message}`);
  }
}

/**
 * The text of a file.
 * @param list servers in the order in which they were added
 * @throws UnsupportedRule the first service that a file cannot express
 */
export function writeConfig(list: readonly VirtualServer[], context: ImportContext): string {
  const services = list.map((one) => toEntry(one, context));
  const vips = [
    ...new Map(
      services.flatMap((one) => one.vips.map((vip) => [formatAddress(vip), vip] as const)),
    ).values(),
  ];
  const { timeouts, daemons } = context;
  const file = {
    vips: vips.map((vip) => ({ address: formatAddress(vip), interface: context.interfaceOf(vip) })),
    services: services.map(({ entry }) => entry),
    ...(timeouts
      ? {
          timeouts: {
            tcp: timeouts.tcp || undefined,
            tcp_fin: timeouts.tcpFin || undefined,
            udp: timeouts.udp || undefined,
          },
        }
      : {}),
    ...(daemons.length > 0 ? { sync: daemons.map(toSync) } : {}),
  };
  return renderConfig(file);
}

/** The text of an lvsctl file with these values; keys that are undefined are left out. */
export function renderConfig(file: Readonly<Record<string, unknown>>): string {
  return stringify(file, { keepUndefined: false });
}

function toEntry(
  { service, destinations }: VirtualServer,
  context: ImportContext,
): { readonly vips: readonly Address[]; readonly entry: object } {
  const { vips, ...where } = placeOf(service, context);
  const modes = destinations.map((one) => modeOf(one.forwarding, service));
  const mode = mostCommon(modes) ?? 'nat';
  const { persistence } = service;
  if (service.engine && !persistence)
    unsupported(service, `persistence engine ${service.engine} without persistence`);
  const gateway = gatewayFor(destinations, context);
  const entry = {
    name: serviceKey(service.id)
      .replace(/ port /, '-')
      .replace(/[^\w.-]+/g, '-')
      .replace(/-+$/, ''),
    ...where,
    mode,
    ...(gateway === undefined ? {} : { gateway: formatAddress(gateway) }),
    scheduler: service.scheduler,
    ...(service.schedulerFlags === 0
      ? {}
      : { flags: flagNames(service.scheduler, service.schedulerFlags) }),
    ...(service.onePacket ? { one_packet: true } : {}),
    ...(persistence
      ? {
          persistence: {
            timeout: persistence.timeout,
            netmask: netmaskOf(service),
            engine: service.engine,
          },
        }
      : {}),
    servers: destinations.map((one, i) =>
      toServer(one, modes[i] === mode ? undefined : modes[i], service),
    ),
  };
  return { vips, entry };
}

function gatewayFor(
  destinations: readonly Destination[],
  { gatewayOf }: ImportContext,
): Address | undefined {
  const nat = destinations.filter(({ forwarding }) => forwarding === 'masquerade');
  return nat.length === 0 ? undefined : gatewayOf?.(nat.map(({ address }) => address));
}

/** What clients ask for: protocol, address and port, or the packets that get the mark. */
function placeOf(
  service: Service,
  { marks, reasonFor }: ImportContext,
): { readonly vips: readonly Address[]; readonly [key: string]: unknown } {
  const { id } = service;
  if (id.kind === 'address') {
    const protocol =
      knownProtocol(id.protocol) ?? unsupported(service, `protocol ${id.protocol} has no service`);
    return { vips: [id.address], protocol, address: formatAddress(id.address), port: id.port };
  }
  const reason = reasonFor?.(id.mark, id.family);
  if (reason !== undefined)
    return unsupported(service, `${reason}; add --mark ${id.mark}=VIP:PORT,…`);
  const sources = marks.filter(({ mark, family }) => mark === id.mark && family === id.family);
  const group = groupOf(sources);
  if (group === undefined)
    return unsupported(
      service,
      sources.length === 0
        ? `which packets get the mark is not known; add --mark ${id.mark}=VIP:PORT,…`
        : `the packets with the mark are no group of VIPs with the same ` +
            `ports; add --mark ${id.mark}=VIP:PORT,…`,
    );
  const { vips, ports } = group;
  return { vips, ...placeKeys(vips), ports, mark: id.mark };
}

/** One VIP as `address`, several as `addresses`. */
function placeKeys(vips: readonly Address[]): object {
  const [first = '', ...others] = vips.map(formatAddress);
  return others.length === 0 ? { address: first } : { addresses: [first, ...others] };
}

function toServer(server: Destination, mode: string | undefined, service: Service): object {
  const { address, port, weight, upperThreshold, lowerThreshold } = server;
  // Of a group only NAT changes the port; other ports in a rule have no effect.
  const grouped = service.id.kind === 'fwmark' && server.forwarding !== 'masquerade';
  const own = service.id.kind === 'address' ? service.id.port : grouped ? port : 0;
  return {
    address: formatAddress(address),
    ...(port === own ? {} : { port }),
    weight,
    ...(upperThreshold === 0 ? {} : { upper: upperThreshold }),
    ...(lowerThreshold === 0 ? {} : { lower: lowerThreshold }),
    ...(mode === undefined ? {} : { mode }),
    ...tunnelOf(server, service),
  };
}

function tunnelOf({ forwarding, tunnel }: Destination, service: Service): object {
  if (forwarding !== 'tunnel' || tunnel.type === 'ipip') return {};
  const type =
    knownTunnel(tunnel.type) ?? unsupported(service, `tunnel type ${tunnel.type} has no name`);
  const checksum = Object.entries(CHECKSUMS).find(([, { kernel }]) => kernel === tunnel.flags)?.[0];
  return { tunnel: { type, ...(type === 'gue' ? { port: tunnel.port } : {}), checksum } };
}

function modeOf(forwarding: Forwarding, service: Service): 'nat' | 'dr' | 'tun' {
  return MODES[forwarding] ?? unsupported(service, `forwarding method ${forwarding} has no mode`);
}

/** A server on the director itself is written as DR, from which the kernel makes `local` again. */
const MODES: Readonly<Record<string, 'nat' | 'dr' | 'tun'>> = {
  masquerade: 'nat',
  local: 'dr',
  direct: 'dr',
  tunnel: 'tun',
};

function mostCommon<T>(values: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function netmaskOf({ id, netmask }: Service): string | number | undefined {
  const family = familyOf(id);
  if (netmask === fullNetmask(family)) return undefined;
  return family === 'ipv4' ? formatIpv4(netmask) : netmask;
}

function toSync({
  role,
  interface: device,
  syncId,
  maxLength,
  group,
  port,
  ttl,
}: DaemonRequest): object {
  return {
    role,
    interface: device,
    syncid: syncId,
    max_length: maxLength,
    group: group && formatAddress(group),
    port,
    ttl,
  };
}

function unsupported(service: Service, message: string): never {
  throw new UnsupportedRule(service, message);
}
