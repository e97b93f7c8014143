// Machines as a file has them, when everything that it asks for is made: the intended path, for
// learners and reviews. What a file cannot state (MACs, routers) has a name in place of a value.
import { type Address, type Family, formatAddress } from '../../model/address.js';
import { NO_TRAFFIC } from '../../model/counters.js';
import type { Destination } from '../../model/destination.js';
import { desiredServices, serverMode, vipsOf } from '../config/desired.js';
import type { Config, VirtualService } from '../config/file.js';
import {
  type AddressFact,
  FACTS_FORMAT,
  FACTS_VERSION,
  type IptablesFact,
  type LinkFact,
  type MachineFacts,
  type RouteFact,
} from '../facts/types.js';
import type { PortSpec } from '../plan/firewall.js';
import { markRules } from '../plan/markrules.js';
import { segmentSize } from '../plan/realserver.js';
import { tunnelDevice } from '../plan/tunneldevice.js';
import { shownTable } from '../show/table.js';

/** The outer interface of every machine of a file. */
const OUTER = 'eth0';
const MTU = 1500;

/** The director first, then each real server. */
export function intendedFacts(config: Config): MachineFacts[] {
  return [director(config), ...servers(config)];
}

function director(config: Config): MachineFacts {
  const devices = [...new Set(config.vips.map((vip) => vip.interface))];
  const gateways = config.services.flatMap(({ gateway }) => (gateway ? [gateway] : []));
  const [main = OUTER] = devices;
  const own = [
    ...config.vips.map((vip) => ({ device: vip.interface, address: vip.address })),
    ...gateways.map((address) => ({ device: main, address })),
  ];
  return machine('director', devices.length > 0 ? devices : [OUTER], own, {
    routes: (['ipv4', 'ipv6'] as const).map((family) => everything(family, main, null)),
    iptables: (['ipv4', 'ipv6'] as const).flatMap((family) => marksOf(config, family)),
    services: shownTable(
      desiredServices(config).map(({ service, destinations }) => ({
        service,
        counters: NO_TRAFFIC,
        servers: destinations.map(entryOf),
      })),
    ),
  });
}

function entryOf(destination: Destination) {
  const none = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };
  return { destination, ...none, counters: NO_TRAFFIC };
}

/** The rules that `director up` makes for marks, as iptables-save prints them. */
function marksOf({ services }: Config, family: Family): IptablesFact[] {
  const lines = services
    .flatMap((service) => markRules(service))
    .filter(({ address }) => address.family === family)
    .flatMap((rule) =>
      rule.kind === 'mark'
        ? [
            `-A PREROUTING -d ${formatAddress(rule.address)} -p ${rule.protocol}${portMatch(rule.ports)} -j MARK --set-xmark ${rule.mark}/0xffffffff`,
          ]
        : [],
    );
  if (lines.length === 0) return [];
  return [mangle(family, ':PREROUTING ACCEPT [0:0]', lines)];
}

function portMatch(ports: readonly PortSpec[]): string {
  const list = ports.map((port) => String(port).replace('-', ':')).join(',');
  return ports.length === 0 ? '' : ` -m multiport --dports ${list}`;
}

/** One machine an address of a real server, for all services that it is in. */
function servers(config: Config): MachineFacts[] {
  const machines = new Map<string, { address: Address; services: VirtualService[] }>();
  for (const service of config.services)
    for (const { address } of service.servers) {
      const key = formatAddress(address);
      const one = machines.get(key) ?? { address, services: [] };
      machines.set(key, { ...one, services: [...one.services, service] });
    }
  return [...machines].map(([name, { address, services }]) =>
    server(name, address, services, config),
  );
}

function server(
  text: string,
  address: Address,
  services: readonly VirtualService[],
  { vips }: Config,
): MachineFacts {
  const tunnels: LinkFact[] = [];
  const own = [{ device: OUTER, address }];
  let via: Address | undefined;
  let name = `server ${text}`;
  const ports: MachineFacts['udp_tunnels'][number][] = [];
  const segments: { readonly vip: Address; readonly size: number }[] = [];
  for (const service of services) {
    const entry = service.servers.find((one) => formatAddress(one.address) === text);
    if (entry === undefined) continue;
    if (entry.name !== undefined) name = entry.name;
    const mode = serverMode(service, entry);
    if (mode === 'nat')
      via = service.gateway ?? vips.find((vip) => vip.address.family === address.family)?.address;
    if (mode === 'dr') own.push(...vipsOf(service).map((address) => ({ device: 'lo', address })));
    if (mode !== 'tun') continue;
    const tunnel = entry.tunnel ?? service.tunnel;
    const part = { service, mode, address, device: OUTER, tunnel };
    const device = tunnelDevice(part);
    const hasSums = device.args.includes('csum');
    tunnels.push(tunnelLink(device.name, device.args[1] ?? 'ipip', tunnels.length + 3, hasSums));
    own.push(...vipsOf(service).map((address) => ({ device: device.name, address })));
    const size = segmentSize(part, { links: [{ name: OUTER, mtu: MTU }] });
    if (size !== undefined) segments.push(...vipsOf(service).map((vip) => ({ vip, size })));
    if (tunnel?.type === 'gue')
      ports.push({ family: address.family, port: tunnel.port ?? 0, gue: true });
  }
  return machine(name, [OUTER], own, {
    routes: (['ipv4', 'ipv6'] as const).map((family) =>
      everything(family, OUTER, via?.family === family ? formatAddress(via) : null),
    ),
    tunnels,
    udpTunnels: ports,
    iptables: (['ipv4', 'ipv6'] as const).flatMap((family) => segmentRules(segments, family)),
    sysctls: { 'net/ipv4/conf/all/arp_ignore': '1', 'net/ipv4/conf/all/arp_announce': '2' },
  });
}

/** The rules that `realserver up` makes so that segments fit the tunnel. */
function segmentRules(
  segments: readonly { readonly vip: Address; readonly size: number }[],
  family: Family,
): IptablesFact[] {
  const lines = segments
    .filter(({ vip }) => vip.family === family)
    .map(
      ({ vip, size }) =>
        `-A POSTROUTING -s ${formatAddress(vip)} -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss ${size}`,
    );
  return lines.length === 0 ? [] : [mangle(family, ':POSTROUTING ACCEPT [0:0]', lines)];
}

function mangle(family: Family, chain: string, lines: readonly string[]): IptablesFact {
  const text = ['*mangle', chain, ...lines, 'COMMIT', ''].join('\n');
  return { family, variant: 'x_tables', text };
}

function tunnelLink(name: string, kind: string, index: number, checksum: boolean): LinkFact {
  const tunnel = { local: null, remote: null, proto: 'any', checksum };
  return { ...link(name, index), noarp: true, mac: null, kind, tunnel };
}

function link(name: string, index: number): LinkFact {
  const state = { up: true, carrier: true, noarp: name === 'lo', master: null, tunnel: null };
  return { name, index, mtu: name === 'lo' ? 65_536 : MTU, mac: null, kind: null, ...state };
}

function everything(family: Family, device: string, via: string | null): RouteFact {
  const to = family === 'ipv4' ? '0.0.0.0/0' : '::/0';
  return { ...ROUTE, family, to, hops: [{ device, via, dead: false }] };
}
const ROUTE = {
  table: 'main',
  type: 'unicast',
  from: null,
  metric: 0,
  source: null,
  mtu: null,
  advmss: null,
} as const;

function machine(
  name: string,
  devices: readonly string[],
  own: readonly { readonly device: string; readonly address: Address }[],
  more: {
    readonly routes: readonly RouteFact[];
    readonly iptables?: readonly IptablesFact[];
    readonly services?: MachineFacts['services'];
    readonly tunnels?: readonly LinkFact[];
    readonly udpTunnels?: MachineFacts['udp_tunnels'];
    readonly sysctls?: Readonly<Record<string, string>>;
  },
): MachineFacts {
  const addresses = own.map(
    ({ device, address }): AddressFact => ({
      device,
      address: formatAddress(address),
      prefix: address.family === 'ipv4' ? 32 : 128,
      unusable: null,
      // as `director up` adds them, and as no VIP is the source of anything
      deprecated: name === 'director',
    }),
  );
  return {
    ...EMPTY,
    machine: name,
    links: [link('lo', 1), ...devices.map((one, i) => link(one, i + 2)), ...(more.tunnels ?? [])],
    addresses,
    routes: [...own.map(localRoute), ...more.routes],
    udp_tunnels: more.udpTunnels ?? [],
    sysctls: { 'net/ipv4/ip_forward': '1', 'net/ipv6/conf/all/forwarding': '1', ...more.sysctls },
    packet_filter: { iptables: more.iptables ?? [], nft: [] },
    services: more.services ?? [],
  };
}

function localRoute({
  device,
  address,
}: {
  readonly device: string;
  readonly address: Address;
}): RouteFact {
  const to = `${formatAddress(address)}/${address.family === 'ipv4' ? 32 : 128}`;
  return {
    ...ROUTE,
    family: address.family,
    table: 'local',
    type: 'local',
    to,
    hops: [{ device, via: null, dead: false }],
  };
}

const EMPTY: Omit<MachineFacts, 'machine'> = {
  format: FACTS_FORMAT,
  version: FACTS_VERSION,
  namespace: null,
  kernel: null,
  container: null,
  links: [],
  addresses: [],
  routes: [],
  rules: [],
  neighbours: [],
  udp_tunnels: [],
  sysctls: {},
  packet_filter: { iptables: [], nft: [] },
  conntrack: null,
  kernel_rules: true,
  owns_modules: true,
  may_administer: true,
  table_bits: null,
  services: [],
  daemons: [],
  connections: null,
  modules: [],
  listeners: null,
  missing: [],
};
