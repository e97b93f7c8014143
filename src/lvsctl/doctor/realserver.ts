// Faults of a real server.
import { formatAddress, parseAddress } from '../../model/address.js';
import { printCommand } from '../plan/command.js';
import { connectedTo } from '../plan/facts.js';
import { FIREWALL } from '../plan/firewall.js';
import { LINK } from '../plan/network.js';
import {
  arpDevices,
  type Part,
  partsOf,
  segmentSize,
  tunnelDevice,
  vipDevice,
} from '../plan/realserver.js';
import type { FindingRule, Found } from './finding.js';
import { type Inspection, quietVips, TUNNEL } from './inspection.js';
import { isNot, shell, wrongAddress } from './repair.js';

/** answers for addresses of the asked interface alone, or for none */
const QUIET_IGNORE = [1, 2, 8];
const QUIET_ANNOUNCE = [2];

export const REALSERVER_CHECKS: readonly FindingRule[] = [
  {
    id: 'arp',
    role: 'realserver',
    why: 'A real server that answers ARP for the VIP, or announces it, draws the traffic of the director to itself.',
    find: (inspection) =>
      quietDevices(inspection).flatMap((device) => [
        ...notAmong(inspection, device, 'arp_ignore', QUIET_IGNORE),
        ...notAmong(inspection, device, 'arp_announce', QUIET_ANNOUNCE),
      ]),
  },
  {
    id: 'vip',
    role: 'realserver',
    why: 'A real server must take packets for the VIP, and for nothing else of its network.',
    find: (inspection) =>
      inspection.config
        ? quietParts(inspection).flatMap((part) =>
            wrongAddress(part.service.address, vipDevice(part), inspection.facts.addresses),
          )
        : wideAddresses(inspection),
  },
  {
    id: 'tunnel-device',
    role: 'realserver',
    why: 'No packet leaves a tunnel whose device is missing or down.',
    find: ({ config, facts }) =>
      config
        ? tunnelParts({ config, facts }).flatMap((part) => downDevice(part, facts))
        : downTunnels(facts),
  },
  {
    id: 'rp-filter',
    role: 'realserver',
    why: 'Strict reverse path filtering drops packets whose sender is reached through another interface.',
    find: (inspection) =>
      filteredDevices(inspection).flatMap((device) =>
        effective(inspection, device, 'rp_filter') === 1
          ? [isNot(`net/ipv4/conf/${device}/rp_filter`, '1 (strict)', '2')]
          : [],
      ),
  },
  {
    id: 'tunnel-mtu',
    role: 'realserver',
    why: 'Requests of full size do not fit the tunnel, and clients that never see the message about it hang.',
    find: async (inspection) =>
      (
        await Promise.all(tunnelParts(inspection).map((part) => unclamped(part, inspection)))
      ).flat(),
  },
  {
    id: 'gateway',
    role: 'realserver',
    why: 'The answers of a NAT server must go back through the director, or clients get them from an address they do not know.',
    find: ({ config, facts }) =>
      config
        ? partsOf(config, facts)
            .filter(({ mode }) => mode === 'nat')
            .flatMap((part) => wrongGateway(part, facts))
        : [],
  },
];

function quietParts({ config, facts }: Pick<Inspection, 'config' | 'facts'>): Part[] {
  return config ? partsOf(config, facts).filter(({ mode }) => mode !== 'nat') : [];
}

function tunnelParts(inspection: Pick<Inspection, 'config' | 'facts'>): Part[] {
  return quietParts(inspection).filter(({ mode }) => mode === 'tun');
}

/** The interfaces on which the VIPs must not be announced. */
function quietDevices(inspection: Inspection): string[] {
  if (inspection.config)
    return [
      ...new Set(quietParts(inspection).flatMap((part) => arpDevices(part, inspection.facts))),
    ];
  const hidden = quietVips(inspection.facts).flatMap(({ address }) => parseAddress(address) ?? []);
  const outer = inspection.facts.addresses.filter(
    ({ device, address }) => device !== 'lo' && !TUNNEL.test(device) && !address.includes(':'),
  );
  const asked = hidden.flatMap((vip) => {
    if (vip.family === 'ipv6') return [];
    const own = connectedTo(vip, inspection.facts);
    return own.length > 0 ? own : outer; // the VIP may be routed here over any of them
  });
  return [...new Set(asked.map(({ device }) => device))];
}

/** The kernel uses the larger value of `all` and the interface. */
function effective(inspection: Inspection, device: string, name: string): number {
  return Math.max(
    ...['all', device].map((place) =>
      Number(inspection.sysctl(`net/ipv4/conf/${place}/${name}`) ?? 0),
    ),
  );
}

function notAmong(
  inspection: Inspection,
  device: string,
  name: string,
  good: readonly number[],
): Found[] {
  const value = effective(inspection, device, name);
  if (good.includes(value)) return [];
  const desired = good[0] ?? 0;
  const general = Number(inspection.sysctl(`net/ipv4/conf/all/${name}`) ?? 0);
  const places = good.includes(Math.max(general, desired)) ? [device] : ['all', device];
  const found = isNot(`net/ipv4/conf/${device}/${name}`, String(value), String(desired));
  return [
    {
      ...found,
      repair: places.map(
        (place) => isNot(`net/ipv4/conf/${place}/${name}`, '', String(desired)).repair[0] ?? '',
      ),
    },
  ];
}

/** Addresses on lo that make a whole network local. */
function wideAddresses({ facts }: Inspection): Found[] {
  return facts.addresses
    .filter(
      ({ device, address, prefix }) =>
        device === 'lo' &&
        prefix !== (address.includes(':') ? 128 : 32) &&
        !address.startsWith('127.'),
    )
    .flatMap(({ address, device }) => {
      const vip = parseAddress(address);
      return vip ? wrongAddress(vip, device, facts.addresses) : [];
    });
}

function downDevice(part: Part, { links }: Inspection['facts']): Found[] {
  const { name, args } = tunnelDevice(part);
  const state = links.find((link) => link.name === name);
  if (state?.up) return [];
  const commands = LINK.commands({ name, args }, state ? 'down' : null, 'up');
  return [
    {
      what: `tunnel device ${name} is ${state ? 'down' : 'missing'}`,
      repair: commands.map(printCommand),
    },
  ];
}

/** Tunnel devices with an address that are down. */
function downTunnels({ addresses }: Inspection['facts']): Found[] {
  const down = new Set(
    addresses.filter(({ device, up }) => TUNNEL.test(device) && !up).map(({ device }) => device),
  );
  return [...down].map((device) => ({
    what: `tunnel device ${device} is down`,
    repair: [shell('ip', 'link', 'set', device, 'up')],
  }));
}

/** Tunnel devices, and the interface of a DR server that has another one towards clients. */
function filteredDevices(inspection: Inspection): string[] {
  const { facts } = inspection;
  if (!inspection.config)
    return [
      ...new Set(
        facts.addresses.filter(({ device }) => TUNNEL.test(device)).map(({ device }) => device),
      ),
    ];
  const parts = quietParts(inspection).filter(({ service }) => service.address.family === 'ipv4');
  const out = / dev (\S+)/.exec(` ${facts.routes('ipv4') ?? ''}`)?.[1];
  const devices = parts.flatMap((part) => {
    if (part.mode === 'tun')
      return facts.links.some(({ name }) => name === vipDevice(part)) ? [vipDevice(part)] : [];
    return out !== undefined && out !== part.device ? [part.device] : [];
  });
  return [...new Set(devices)];
}

async function unclamped(part: Part, { facts, machine }: Inspection): Promise<Found[]> {
  const size = segmentSize(part, facts);
  const route = facts.routes(part.service.address.family) ?? '';
  const advertised = Number(/ advmss (\d+)/.exec(route)?.[1] ?? Number.POSITIVE_INFINITY);
  if (size === undefined || advertised <= size) return [];
  const resource = {
    tool: facts.firewallTool(),
    rule: { kind: 'mss', address: part.service.address, size },
  } as const;
  if (await FIREWALL.read(resource, machine)) return [];
  const what = `VIP ${formatAddress(part.service.address)} offers segments that the tunnel has no room for; ${size} bytes fit`;
  return [{ what, repair: FIREWALL.commands(resource, false, true).map(printCommand) }];
}

function wrongGateway({ service }: Part, facts: Inspection['facts']): Found[] {
  const { gateway } = service;
  if (gateway === undefined) {
    if (facts.routes(service.address.family) !== null) return [];
    return [
      {
        what: `${service.name}: no default route, so no answer leaves (DIRECTOR: its address on this network)`,
        repair: ['ip route add default via DIRECTOR'],
      },
    ];
  }
  const text = formatAddress(gateway);
  const route = facts.routes(gateway.family);
  if (route !== null && `${route} `.startsWith(`via ${text} `)) return [];
  const device = connectedTo(gateway, facts)[0]?.device;
  const repair = shell(
    'ip',
    ...(gateway.family === 'ipv6' ? ['-6'] : []),
    ...['route', 'replace', 'default', 'via', text],
    ...(device ? ['dev', device] : []),
  );
  return [
    {
      what: `${service.name}: the default route is ${route ?? 'missing'}, not via the director ${text}`,
      repair: [repair],
    },
  ];
}
