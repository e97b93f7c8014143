// The table of services and real servers in ipvsadm's six layouts. Every blank is interface:
// scripts cut these lines by column.
import { formatIpv4 } from '../model/address.js';
import type { Counters } from '../model/counters.js';
import type { DestinationEntry } from '../model/destination.js';
import {
  CHECKSUMS,
  FORWARDING,
  knownForwarding,
  knownTunnel,
  TUNNELS,
  type Tunnel,
} from '../model/forwarding.js';
import {
  familyOf,
  fullNetmask,
  knownProtocol,
  PROTOCOLS,
  type Protocol,
  type Service,
  type ServiceEntry,
  type ServiceId,
} from '../model/service.js';
import { renderEndpoint } from './endpoint.js';
import { listedFlags } from './flags.js';
import type { ReverseNames } from './names.js';
import { exact, low32, scaled } from './numbers.js';

export type Layout = 'plain' | 'stats' | 'rate' | 'thresholds' | 'persistent-conn' | 'tun-info';

export interface ListingView {
  readonly layout: Layout;
  /** counters in full, not scaled */
  readonly exact: boolean;
}

/** A pure cell: `number` prints a counter as the view shows it. */
type DestinationCell = (entry: DestinationEntry, number: (value: bigint) => string) => string;
type ServiceCell = (counters: Counters, number: (value: bigint) => string) => string;

interface LayoutRow {
  readonly titles: readonly [string, string];
  /** undefined = scheduler and settings */
  readonly service: readonly ServiceCell[] | undefined;
  readonly destination: readonly DestinationCell[];
}

const HEAD_WIDTH = 33;
const SERVER_WIDTH = 28;

const left =
  (width: number, cell: (entry: DestinationEntry) => string | number): DestinationCell =>
  (entry) =>
    ` ${String(cell(entry)).padEnd(width)}`;
const plainRate =
  (cell: (counters: Counters) => bigint): DestinationCell =>
  (entry) =>
    ` ${low32(cell(entry.counters)).toString().padStart(8)}`;

const METHOD = left(7, (d) => listedMethod(d));
const WEIGHT = left(6, (d) => d.destination.weight);
const ACTIVE = left(10, (d) => d.activeConnections);
const INACTIVE = left(10, (d) => d.inactiveConnections);
const COUNTED = 'Prot LocalAddress:Port';

// biome-ignore format: a table
const LAYOUTS: Readonly<Record<Layout, LayoutRow>> = {
  plain: {
    titles: ['Prot LocalAddress:Port Scheduler Flags', '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn'],
    service: undefined,
    destination: [METHOD, WEIGHT, ACTIVE, INACTIVE],
  },
  'tun-info': {
    titles: ['Prot LocalAddress:Port Scheduler Flags', '  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn'],
    service: undefined,
    destination: [METHOD, left(13, (d) => listedTunnel(d)), WEIGHT, ACTIVE, INACTIVE],
  },
  stats: {
    titles: [`${COUNTED.padEnd(HEAD_WIDTH)}    Conns   InPkts  OutPkts  InBytes OutBytes`, '  -> RemoteAddress:Port'],
    service: [(c, n) => n(c.connections), (c, n) => n(c.inPackets), (c, n) => n(c.outPackets), (c, n) => n(c.inBytes), (c, n) => n(c.outBytes)],
    // of a server, all but the bytes are read as 32 bits
    destination: [
      (d, n) => n(low32(d.counters.connections)), (d, n) => n(low32(d.counters.inPackets)), (d, n) => n(low32(d.counters.outPackets)),
      (d, n) => n(d.counters.inBytes), (d, n) => n(d.counters.outBytes),
    ],
  },
  rate: {
    titles: [`${COUNTED.padEnd(HEAD_WIDTH)}      CPS    InPPS   OutPPS    InBPS   OutBPS`, '  -> RemoteAddress:Port'],
    service: [
      (c, n) => n(c.connectionsPerSecond), (c, n) => n(c.inPacketsPerSecond), (c, n) => n(c.outPacketsPerSecond),
      (c, n) => n(c.inBytesPerSecond), (c, n) => n(c.outBytesPerSecond),
    ],
    // of a server, the first three are never scaled
    destination: [
      plainRate((c) => c.connectionsPerSecond), plainRate((c) => c.inPacketsPerSecond), plainRate((c) => c.outPacketsPerSecond),
      (d, n) => n(low32(d.counters.inBytesPerSecond)), (d, n) => n(low32(d.counters.outBytesPerSecond)),
    ],
  },
  thresholds: {
    titles: [`${COUNTED.padEnd(HEAD_WIDTH)} Uthreshold Lthreshold ActiveConn InActConn `, '  -> RemoteAddress:Port'],
    service: undefined,
    destination: [left(10, (d) => d.destination.upperThreshold), left(10, (d) => d.destination.lowerThreshold), ACTIVE, INACTIVE],
  },
  'persistent-conn': {
    titles: [`${COUNTED.padEnd(HEAD_WIDTH)} Weight    PersistConn ActiveConn InActConn `, '  -> RemoteAddress:Port'],
    service: undefined,
    destination: [left(9, (d) => d.destination.weight), left(11, (d) => d.persistentConnections), ACTIVE, INACTIVE],
  },
};

/**
 * `IP Virtual Server version 1.2.1 (size=4096)`, the first line of a listing of the whole table.
 */
export function renderVersion(version: number, connectionTableSize: number): string {
  return (
    `IP Virtual Server version ` +
    `${version >>> 16}.${(version >>> 8) & 255}.${version & 255} (size=${connectionTableSize})\n`
  );
}

/** The two title lines of a layout. */
export function renderTitles(layout: Layout): string {
  return `${LAYOUTS[layout].titles.join('\n')}\n`;
}

/** The line of a service. */
export function renderService(
  { service, counters }: ServiceEntry,
  view: ListingView,
  names: ReverseNames,
): string {
  const head = renderHead(service.id, names);
  const cells = LAYOUTS[view.layout].service;
  if (cells === undefined) return `${head} ${service.scheduler}${renderSettings(service)}\n`;
  let line = head.padEnd(HEAD_WIDTH);
  const number = view.exact ? exact : scaled;
  for (const cell of cells) line += cell(counters, number);
  return `${line}\n`;
}

/**
 * The line of a real server.
 * @param protocol of its service; undefined = of a mark, whose ports stay numbers
 */
export function renderDestination(
  entry: DestinationEntry,
  protocol: Protocol | undefined,
  view: ListingView,
  names: ReverseNames,
): string {
  const { address, port } = entry.destination;
  const endpoint = renderEndpoint(address, port, protocol, names);
  let line = `  -> ${(address.family === 'ipv4' ? endpoint.slice(0, SERVER_WIDTH) : endpoint).padEnd(SERVER_WIDTH)}`;
  const number = view.exact ? exact : scaled;
  for (const cell of LAYOUTS[view.layout].destination) line += cell(entry, number);
  return `${line}\n`;
}

function renderHead(id: ServiceId, names: ReverseNames): string {
  if (id.kind === 'fwmark') return `FWM  ${id.mark}${id.family === 'ipv6' ? ' IPv6' : ''}`;
  const known = knownProtocol(id.protocol);
  const head =
    `${(known ? PROTOCOLS[known].listed : '?').padEnd(4)} ` +
    `${renderEndpoint(id.address, id.port, id.protocol, names)}`;
  return id.address.family === 'ipv4' ? head.slice(0, HEAD_WIDTH) : head;
}

function renderSettings(service: Service): string {
  let text = '';
  if (service.schedulerFlags !== 0)
    text += ` (${listedFlags(service.scheduler, service.schedulerFlags)})`;
  if (service.persistence) {
    text += ` persistent ${service.persistence.timeout}`;
    const family = familyOf(service.id);
    if (service.netmask !== fullNetmask(family))
      text += ` mask ${family === 'ipv4' ? formatIpv4(service.netmask) : service.netmask}`;
    if (service.engine) text += ` pe ${service.engine}`;
  }
  return service.onePacket ? `${text} ops` : text;
}

function listedMethod({ destination }: DestinationEntry): string {
  const known = knownForwarding(destination.forwarding);
  return known ? FORWARDING[known].listed : '(null)';
}

function listedTunnel({ destination }: DestinationEntry): string {
  if (destination.forwarding !== 'tunnel') return 'n/a';
  const { type, port } = destination.tunnel;
  const known = knownTunnel(type);
  if (known === undefined) return '';
  return [
    known,
    ...(TUNNELS[known].port ? [port] : []),
    ...(TUNNELS[known].checksum ? [checksumOf(destination.tunnel).listed] : []),
  ].join(':');
}

/** The checksum row of a tunnel. */
export function checksumOf({ flags }: Tunnel): (typeof CHECKSUMS)[keyof typeof CHECKSUMS] {
  if (flags & CHECKSUMS.checksum.kernel) return CHECKSUMS.checksum;
  return flags & CHECKSUMS.remote.kernel ? CHECKSUMS.remote : CHECKSUMS.none;
}
