// What a file configures on a real server: the VIP without ARP, the exit of the tunnel, the return
// route.
import { type Address, type Family, formatAddress } from '../../model/address.js';
import { fullPrefix } from '../../model/prefix.js';
import { serverMode, vipsOf } from '../config/desired.js';
import type { Config, Mode, TunnelOptions, VirtualService } from '../config/file.js';
import { LvsctlError } from '../errors.js';
import { connectedTo, type Facts, holdersOf } from './facts.js';
import { type LinkState, metricOf } from './network.js';
import { type Setting, setting } from './resources.js';
import { tunnelDevice } from './tunneldevice.js';
import { quietVip } from './vips.js';

/** One service that this machine is a server of; `service.address` is one of its VIPs. */
export interface Part {
  readonly service: VirtualService;
  readonly mode: Mode;
  /** the real server's own address, and where it is */
  readonly address: Address;
  readonly device: string;
  readonly tunnel: TunnelOptions | undefined;
}

/** The services that this machine serves, by its addresses; sorry servers count. */
export function partsOf(config: Config, facts: Pick<Facts, 'addresses'>): Part[] {
  return config.services.flatMap((service) => {
    const servers = service.servers.map((server) => ({
      ...server,
      mode: serverMode(service, server),
      tunnel: server.tunnel ?? service.tunnel,
    }));
    const { sorry } = service;
    const all = sorry
      ? [...servers, { ...sorry, mode: sorry.mode ?? service.mode, tunnel: service.tunnel }]
      : servers;
    return all.flatMap(({ address, mode, tunnel }): Part[] => {
      const [holder] = holdersOf(address, facts).filter(({ device }) => device !== 'lo');
      if (!holder) return [];
      // of a group each VIP is a part of its own
      return vipsOf(service).map((vip) => ({
        service: { ...service, address: vip },
        mode,
        address,
        device: holder.device,
        tunnel,
      }));
    });
  });
}

/**
 * The settings, in the order in which they are made.
 * @throws WRONG_MACHINE when this machine is no real server of the file
 */
export function realServerSettings(config: Config, facts: Facts): Setting[] {
  const parts = partsOf(config, facts);
  if (parts.length === 0) {
    const own = facts.addresses
      .filter(({ device }) => device !== 'lo')
      .map(({ address }) => address);
    throw new LvsctlError(
      'WRONG_MACHINE',
      `no real server of the file is this machine, whose addresses are ${own.join(', ') || 'none'}`,
    );
  }
  const quiet = parts.filter(({ mode }) => mode !== 'nat');
  return unique([
    ...quiet.flatMap((part) => arpSettings(part, facts)),
    ...parts.filter(({ mode }) => mode === 'tun').flatMap((part) => tunnelSettings(part, facts)),
    ...quiet.flatMap((part) =>
      quietVip(part.service.address, tunnelInUse(part, facts) ?? vipDevice(part), facts, {
        anywhere: part.mode !== 'tun',
      }),
    ),
    ...parts.flatMap((part) => gatewaySettings(part, facts)),
  ]);
}

/**
 * Where the VIP of a part is. Behind a tunnel it is on the tunnel device: without an address on the
 * interface that a packet came in by, rp_filter drops it even when it is loose (seen in the lab).
 */
export function vipDevice(part: Part): string {
  return part.mode === 'tun' ? tunnelDevice(part).name : 'lo';
}

/** The interfaces on which others may ask for the VIP of a part. */
export function arpDevices({ service, device }: Part, facts: Pick<Facts, 'addresses'>): string[] {
  // neighbour solicitations are answered only for addresses of the interface itself
  if (service.address.family === 'ipv6') return [];
  return [...new Set([device, ...connectedTo(service.address, facts).map((one) => one.device)])];
}

function arpSettings(part: Part, facts: Facts): Setting[] {
  return arpDevices(part, facts).flatMap((device) => [
    ...effectiveSysctl(device, 'arp_ignore', '1', facts),
    ...effectiveSysctl(device, 'arp_announce', '2', facts),
  ]);
}

/** values that do what is desired of a setting of interfaces */
const GOOD: Readonly<Record<string, readonly number[]>> = {
  arp_ignore: [1, 2, 8],
  arp_announce: [2],
  rp_filter: [0, 2],
};

/**
 * A setting of an interface, of which the kernel uses the larger of `all` and the interface: the
 * one that makes it good now, else the desired value.
 */
function effectiveSysctl(device: string, name: string, desired: string, facts: Facts): Setting[] {
  const key = (place: string) => `net/ipv4/conf/${place}/${name}`;
  const good = (value: number) => (GOOD[name] ?? []).includes(value);
  const general = facts.sysctl(key('all')) ?? 0;
  const own = facts.sysctl(key(device));
  if (own !== undefined && good(Math.max(general, own)))
    return [sysctl(key(own > general ? device : 'all'), String(Math.max(general, own)))];
  const inherited = good(Math.max(general, Number(desired)));
  return [...(inherited ? [] : [sysctl(key('all'), desired)]), sysctl(key(device), desired)];
}

/** What the device of each type of ours is called by `ip link`. */
const LINK_TYPES: Readonly<Record<string, string>> = {
  'lvs-ipip': 'ipip',
  'lvs-sit': 'sit',
  'lvs-ip6tnl': 'tunnel6',
};

/**
 * A device of another program that is the exit of the tunnel already, as tunl0 of most tutorials:
 * it is up, takes packets from everywhere, and has the VIP.
 */
function tunnelInUse(part: Part, facts: Facts): string | undefined {
  const { name: ours } = tunnelDevice(part);
  const type = LINK_TYPES[ours];
  if (part.mode !== 'tun' || type === undefined) return undefined;
  if (facts.links.some(({ name }) => name === ours)) return undefined;
  const own = formatAddress(part.address);
  const takes = ({ local, remote }: LinkState) =>
    ['0.0.0.0', '::', ''].includes(remote) && ['0.0.0.0', '::', '', own].includes(local);
  return holdersOf(part.service.address, facts).find(
    ({ device, prefix }) =>
      prefix === fullPrefix(part.service.address.family) &&
      facts.links.some(
        (link) => link.name === device && link.up && link.type === type && takes(link),
      ),
  )?.device;
}

function tunnelSettings(part: Part, facts: Facts): Setting[] {
  const { service, address, tunnel } = part;
  const { args, ...own } = tunnelDevice(part);
  const inUse = tunnelInUse(part, facts);
  const name = inUse ?? own.name;
  const size = segmentSize(part, facts);
  return [
    ...(tunnel?.type === 'gue'
      ? [setting('fou', { port: tunnel.port ?? 0, family: address.family }, true)]
      : []),
    ...(inUse === undefined ? [setting('link', { name, args }, 'up')] : []),
    // packets leave the tunnel with senders that are routed through another interface
    ...(service.address.family === 'ipv4' ? effectiveSysctl(name, 'rp_filter', '2', facts) : []),
    ...(size === undefined
      ? []
      : [
          setting(
            'firewall',
            { tool: facts.firewallTool(), rule: { kind: 'mss', address: service.address, size } },
            true,
          ),
        ]),
  ];
}

/**
 * The largest TCP segment of a client that still fits the tunnel, bytes; undefined where no TCP is.
 */
export function segmentSize(
  part: Part,
  facts: { readonly links: readonly { readonly name: string; readonly mtu: number }[] },
): number | undefined {
  const { service, device } = part;
  const tcp =
    service.mark === undefined
      ? service.protocol === 'tcp'
      : (service.ports ?? []).some(({ protocol }) => (protocol ?? service.protocol) === 'tcp');
  const mtu = facts.links.find(({ name }) => name === device)?.mtu;
  if (!tcp || mtu === undefined) return undefined;
  return mtu - tunnelDevice(part).overhead - (service.address.family === 'ipv4' ? 40 : 60);
}

function gatewaySettings({ service, mode }: Part, facts: Facts): Setting[] {
  const { gateway } = service;
  if (mode !== 'nat' || gateway === undefined) return [];
  const { family } = gateway;
  return [setting('route', { family }, routeVia(gateway, facts.routes(family), facts))];
}

/** The default route that there is when it leads to the gateway; else one in its place. */
function routeVia(gateway: Address, present: string | null, facts: Facts): string {
  const via = `via ${formatAddress(gateway)}`;
  if (present !== null && `${present} `.startsWith(`${via} `)) return present;
  const [link] = connectedTo(gateway, facts);
  if (!link)
    throw new LvsctlError(
      'WRONG_MACHINE',
      `gateway ${formatAddress(gateway)}: on none of this machine's networks`,
    );
  const metric = present === null ? defaultMetric(gateway.family) : metricOf(present);
  return `${via} dev ${link.device}${metric === 0 ? '' : ` metric ${metric}`}`;
}

/** what the kernel makes of a route without a metric */
function defaultMetric(family: Family): number {
  return family === 'ipv4' ? 0 : 1024;
}

function sysctl(key: string, value: string): Setting {
  return setting('sysctl', { key }, { [key]: value });
}

/** Several services may need the same. */
function unique(settings: readonly Setting[]): Setting[] {
  return [...new Map(settings.map((one) => [JSON.stringify(one.resource), one])).values()];
}
