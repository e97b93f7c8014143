// The table of services and real servers in ipvsadm's six layouts. Every blank is interface:
// scripts cut these lines by column.
import { formatIpv4 } from '../model/address.js';
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
import {
  type ColumnField,
  HEAD_WIDTH,
  LAYOUTS,
  type Layout,
  type ListingCell,
  SERVER_WIDTH,
} from './layouts.js';
import type { ReverseNames } from './names.js';
import { exact, low32, scaled } from './numbers.js';

export interface ListingView {
  readonly layout: Layout;
  /** counters in full, not scaled */
  readonly exact: boolean;
}

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
  for (const field of cells) line += number(counters[field]);
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
  for (const cell of LAYOUTS[view.layout].destination) line += cellText(entry, cell, number);
  return `${line}\n`;
}

function cellText(
  entry: DestinationEntry,
  cell: ListingCell,
  counted: (value: bigint) => string,
): string {
  switch (cell.form) {
    case 'left':
      return ` ${String(fieldOf(entry, cell.field)).padEnd(cell.width)}`;
    case 'number':
      return ` ${low32(entry.counters[cell.field]).toString().padStart(8)}`;
    default: {
      const value = entry.counters[cell.field];
      return counted(cell.bits === 32 ? low32(value) : value);
    }
  }
}

function fieldOf(entry: DestinationEntry, field: ColumnField): string | number {
  switch (field) {
    case 'forwarding':
      return listedMethod(entry);
    case 'tunnel':
      return listedTunnel(entry);
    case 'weight':
    case 'upperThreshold':
    case 'lowerThreshold':
      return entry.destination[field];
    default:
      return entry[field];
  }
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
