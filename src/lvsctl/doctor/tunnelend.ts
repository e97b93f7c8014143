// Commands that make the end of a tunnel on a real server.
import { type Address, formatAddress, parseAddress, sameAddress } from '../../model/address.js';
import { toDestination, toService } from '../facts/rules.js';
import type { UdpTunnelFact } from '../facts/types.js';
import type { OuterHeader, TunnelLack } from '../path/hop.js';
import { type HostAddress, holders, type PathHost } from '../path/host.js';
import { ownSource } from '../path/ownsource.js';
import { exactness } from '../path/tunnel.js';
import { printCommand } from '../plan/command.js';
import { LINK } from '../plan/network.js';
import { tunnelDevice } from '../plan/tunneldevice.js';
import { hostPrefix } from '../plan/vips.js';
import type { ShownServer, ShownService } from '../show/table.js';
import type { Found } from './finding.js';
import { shell, typed } from './repair.js';
import { orAdvice } from './routerepair.js';

/** A tunnel packet for a VIP, and the server that has no device for it, when its facts are there. */
export interface TunnelEnd {
  readonly lack: TunnelLack;
  readonly outer: OuterHeader;
  readonly vip: Address;
  readonly host: PathHost | undefined;
  /** the machine that sends it, when its facts are there */
  readonly director?: PathHost;
  /** the row of the table by which it is sent */
  readonly row?: { readonly service: ShownService; readonly server: ShownServer };
  /** another finding adds the VIP */
  readonly isBare?: boolean;
}

/** The device is set up or changed, the port of gue opened, or a device made as `up` does. */
export function tunnelEnd(end: TunnelEnd): Pick<Found, 'repair' | 'advice' | 'on'> {
  const { lack } = end;
  switch (lack.kind) {
    case 'down':
      return { repair: [setUp(lack.device)] };
    case 'port':
      return { repair: openPort(end) };
    case 'sender':
      return otherSender(end);
    case 'unfit':
      return { repair: changed(lack, end) };
    case 'missing':
      return { repair: newDevice(end) };
    default:
      return lack satisfies never;
  }
}

const setUp = (device: string) => shell('ip', 'link', 'set', device, 'up');

/** A device for everything stays as it is: one for the server's own address is asked before it. */
function changed(
  { device, needs }: Extract<TunnelLack, { readonly kind: 'unfit' }>,
  end: TunnelEnd,
): string[] {
  const { name, kind, up } = device;
  if (exactness(device) === 0) return newDevice(end);
  // some modes cannot be changed
  if (needs.length === 0) return [shell('ip', 'link', 'del', name), ...newDevice(end, name)];
  const set = shell('ip', 'link', 'set', name, 'type', kind ?? '', ...needs);
  return [set, ...(up ? [] : [setUp(name)])];
}

/** @param deleted the device that was deleted before */
function newDevice({ outer, vip, host, isBare = false }: TunnelEnd, deleted?: string): string[] {
  const { name, args } = tunnelDevice({
    service: { address: vip },
    address: outer.destination,
    tunnel: { type: outer.type, checksum: outer.checksum ? 'checksum' : 'none' },
  });
  const isTaken = name !== deleted && host?.link(name) !== undefined;
  return [
    ...(isTaken ? [shell('ip', 'link', 'del', name)] : []),
    ...LINK.commands({ name, args }, null, 'up').map(printCommand),
    // the reverse path filter drops what comes from a device without an address
    ...(isBare ? [] : [shell('ip', 'addr', 'add', hostPrefix(vip), 'dev', name)]),
  ];
}

/** What has the port otherwise is closed; one for another address stays beside it. */
function openPort({ outer, host }: TunnelEnd): string[] {
  const own = formatAddress(outer.destination);
  const isOwn = ({ local }: UdpTunnelFact) => {
    const address = local === undefined ? undefined : parseAddress(local);
    return local === undefined || (address && formatAddress(address)) === own;
  };
  const same = (host?.facts.udp_tunnels ?? []).filter(
    ({ port, family }) => port === outer.port && family === outer.destination.family,
  );
  const six = outer.destination.family === 'ipv6' ? ['-6'] : [];
  const fou = (verb: string, ...more: string[]) =>
    shell('ip', 'fou', verb, 'port', `${outer.port}`, ...more, ...six);
  const closed = same.filter(isOwn);
  const place = closed.length < same.length ? ['local', own] : [];
  return [
    ...closed.map(({ local }) => fou('del', ...(local === undefined ? [] : ['local', local]))),
    fou('add', 'gue', ...place),
  ];
}

/**
 * Another address of the director is the sender when the one that the server has is deprecated. IPVS
 * keeps the sender that it has chosen until the server is edited (seen in the lab).
 */
function otherSender({ outer, host, director, row }: TunnelEnd): ReturnType<typeof tunnelEnd> {
  const { source, destination } = outer;
  const [own] = director && source ? holders(director, source) : [];
  if (host && director && source && own) {
    const addresses = director.addresses.map((one) =>
      sameAddress(one.address, source) ? { ...one, deprecated: true } : one,
    );
    const next = ownSource({ ...director, addresses }, destination);
    if (next && !sameAddress(next, source) && holders(host, next).length === 0)
      return { on: director.name, repair: [deprecate(own), ...asItIs(row)] };
  }
  return orAdvice([], OTHER_SENDER);
}

/** Edits a server, and changes nothing of it. */
function asItIs(row: TunnelEnd['row']): string[] {
  const service = row && toService(row.service);
  const destination = row && toDestination(row.server);
  return service && destination
    ? [typed({ kind: 'edit-destination', id: service.id, destination })]
    : [];
}

function deprecate({ address, prefix, device }: HostAddress): string {
  const text = `${formatAddress(address)}/${prefix}`;
  return shell('ip', '-6', 'addr', 'change', text, 'dev', device, 'preferred_lft', '0');
}

const OTHER_SENDER =
  'give the director an address on its network that the server does not have, and make the VIP deprecated there (preferred_lft 0)';
