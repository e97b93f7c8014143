// Faults of a real server.
import { type Address, formatAddress } from '../../model/address.js';
import { fullPrefix } from '../../model/prefix.js';
import { announces, answers, askedDevices } from '../path/arp.js';
import { type HostAddress, holders } from '../path/host.js';
import { checkSource } from '../path/source.js';
import { tunnelExit } from '../path/tunnel.js';
import { connectedTo } from '../plan/facts.js';
import { type Part, partsOf, vipDevice } from '../plan/realserver.js';
import { tunnelDevice } from '../plan/tunneldevice.js';
import { hostPrefix } from '../plan/vips.js';
import type { FindingRule, Found } from './finding.js';
import { type Inspection, isTunnelDevice } from './inspection.js';
import { natVips } from './natvip.js';
import { isNot, shell, sysctlRepairs } from './repair.js';
import { anyClient } from './representatives.js';
import { unclamped } from './segments.js';
import { exitDevice, outerOf, type ServedVip, servedVips } from './served.js';
import { tunnelEnd } from './tunnelend.js';

export const REALSERVER_CHECKS: readonly FindingRule[] = [
  {
    id: 'arp',
    role: 'realserver',
    why: 'A real server that answers ARP for the VIP, or announces it, draws the traffic of the director to itself.',
    find: (inspection) => [...arpFaults(inspection), ...natVips(inspection)],
  },
  {
    id: 'tunnel-device',
    role: 'realserver',
    why: 'No packet leaves a tunnel whose device is missing or down.',
    find: (inspection) =>
      servedVips(inspection)
        .filter(({ mode }) => mode === 'tun')
        .flatMap((served) => tunnelFaults(served, inspection)),
  },
  {
    id: 'vip',
    role: 'realserver',
    why: 'A real server must take packets for the VIP, and for nothing else of its network.',
    find: (inspection) =>
      unique(servedVips(inspection)).flatMap((served) => vipFaults(served, inspection)),
  },
  {
    id: 'rp-filter',
    role: 'realserver',
    why: 'Strict reverse path filtering drops packets whose sender is reached through another interface.',
    find: filterFaults,
  },
  {
    id: 'tunnel-mtu',
    role: 'realserver',
    why: 'Requests of full size do not fit the tunnel, and clients that never see the message about it hang.',
    find: unclamped,
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

/** Several services may have one VIP. */
function unique(list: readonly ServedVip[]): ServedVip[] {
  return [...new Map(list.map((one) => [formatAddress(one.vip), one])).values()];
}

/** Where the VIP is asked for and answered: on an interface itself, else by its settings. */
function arpFaults(inspection: Inspection): Found[] {
  const { host } = inspection;
  const found: Found[] = [];
  for (const served of unique(servedVips(inspection))) {
    const { vip, part } = served;
    const own = part ? [part.device] : [];
    for (const device of new Set([...own, ...askedDevices(host, vip)])) {
      const on = holders(host, vip).filter((one) => one.device === device);
      if (on.length > 0 && !isTunnelDevice(host, device))
        found.push(...on.map((one) => onInterface(one, served, inspection)));
      else if (vip.family === 'ipv4') found.push(...bySettings(device, vip, inspection));
    }
    // an interface of another network that has it answers there
    for (const one of holders(host, vip))
      if (
        one.device !== 'lo' &&
        !own.includes(one.device) &&
        answersElsewhere(one, served, inspection)
      )
        found.push(onInterface(one, served, inspection));
  }
  return [...new Map(found.map((one) => [one.what, one])).values()];
}

function answersElsewhere(
  { device }: HostAddress,
  { vip }: ServedVip,
  { host }: Inspection,
): boolean {
  if (isTunnelDevice(host, device) || host.link(device)?.noarp) return false;
  return !askedDevices(host, vip).includes(device);
}

function onInterface(
  { device, prefix }: HostAddress,
  { vip, part }: ServedVip,
  { host }: Inspection,
): Found {
  const text = formatAddress(vip);
  const place = part ? vipDevice(part) : 'lo';
  const others = holders(host, vip).filter((one) => one.device !== device);
  return {
    what: `VIP ${text} is on ${device}, where it answers ${vip.family === 'ipv4' ? 'ARP at any arp_ignore' : 'neighbour solicitations'}`,
    repair: [
      shell('ip', 'addr', 'del', `${text}/${prefix}`, 'dev', device),
      ...(others.length > 0 ? [] : [addAddress(vip, place)]),
    ],
  };
}

function bySettings(device: string, vip: Address, { host }: Inspection): Found[] {
  const value = (name: string) => host.conf(device, name) ?? 0;
  const ignores =
    host.isLocal(vip) === false
      ? isQuietIgnore(value('arp_ignore'))
      : answers(host, device, vip) === false;
  return [
    ...(ignores ? [] : [wrongSetting(device, 'arp_ignore', '1', host)]),
    ...(announces(host, device, vip) ? [wrongSetting(device, 'arp_announce', '2', host)] : []),
  ];
}

/** Values that would be quiet about the VIP were it there. */
function isQuietIgnore(value: number): boolean {
  return value === 1 || value === 2 || value === 8;
}

function wrongSetting(
  device: string,
  name: string,
  desired: string,
  host: Inspection['host'],
): Found {
  const value = host.conf(device, name) ?? 0;
  const found = isNot(`net/ipv4/conf/${device}/${name}`, String(value), desired);
  return { ...found, repair: sysctlRepairs(device, name, desired, host) };
}

function addAddress(vip: Address, device: string): string {
  const flags = vip.family === 'ipv6' ? ['nodad', 'preferred_lft', '0'] : [];
  return shell('ip', 'addr', 'add', hostPrefix(vip), 'dev', device, ...flags);
}

/** Missing, or with the prefix of a network, which is local then as a whole. */
function vipFaults({ vip, part }: ServedVip, { host }: Inspection): Found[] {
  const text = formatAddress(vip);
  const full = fullPrefix(vip.family);
  const own = holders(host, vip);
  const wide = own.filter(
    (one) =>
      one.prefix !== full &&
      (one.device === 'lo' ||
        host.link(one.device)?.kind === 'dummy' ||
        isTunnelDevice(host, one.device)),
  );
  const place = part ? vipDevice(part) : 'lo';
  if (own.length === 0 && host.isLocal(vip) === false)
    return [{ what: `VIP ${text} is not on ${place}`, repair: [addAddress(vip, place)] }];
  return wide.map(({ device, prefix }) => ({
    what: `VIP ${text} is on ${device} with prefix ${prefix}`,
    repair: [
      shell('ip', 'addr', 'del', `${text}/${prefix}`, 'dev', device),
      ...(own.some((one) => one.prefix === full) ? [] : [addAddress(vip, device)]),
    ],
  }));
}

function tunnelFaults({ vip, part }: ServedVip, { host }: Inspection): Found[] {
  if (part === undefined) {
    const down = holders(host, vip).find(
      ({ device }) => isTunnelDevice(host, device) && !host.link(device)?.up,
    );
    return down ? [deviceDown(down.device)] : [];
  }
  const outer = outerOf(part);
  const exit = tunnelExit(host, outer, vip.family);
  const { name } = tunnelDevice(part);
  const named = host.link(name);
  const isUnknownKind = named !== undefined && named.kind === null;
  if (exit.device || (isUnknownKind && named.up)) return [];
  if (exit.lack.kind === 'down') return [deviceDown(exit.lack.device)];
  if (isUnknownKind) return [deviceDown(name)];
  const { lack, because } = exit;
  const what =
    lack.kind === 'missing' && named === undefined ? `tunnel device ${name} is missing` : because;
  return [{ what, ...tunnelEnd({ lack, outer, vip, host, isBare: host.isLocal(vip) === false }) }];
}

function deviceDown(device: string): Found {
  return {
    what: `tunnel device ${device} is down`,
    repair: [shell('ip', 'link', 'set', device, 'up')],
  };
}

/** Packets of clients that the reverse path filter drops where they come in. */
function filterFaults(inspection: Inspection): Found[] {
  const { host } = inspection;
  const found = servedVips(inspection).flatMap((served): Found[] => {
    const device = exitDevice(host, served);
    if (device === undefined || served.vip.family === 'ipv6') return [];
    const client = anyClient(host, served.vip);
    const { kind } = checkSource(host, device, client, served.vip, 0);
    const key = `net/ipv4/conf/${device}/rp_filter`;
    if (kind === 'strict') return [isNot(key, '1 (strict)', '2')];
    if (kind !== 'address') return [];
    return [
      {
        what: `${device} has no address, and net.ipv4.conf.${device}.rp_filter is ${host.conf(device, 'rp_filter')}: every packet from it is dropped`,
        repair: [addAddress(served.vip, device)],
      },
    ];
  });
  return [...new Map(found.map((one) => [one.what, one])).values()];
}

function wrongGateway({ service }: Part, facts: Inspection['facts']): Found[] {
  const { gateway } = service;
  if (gateway === undefined) {
    if (facts.routes(service.address.family) !== null) return [];
    const what =
      `${service.name}: no default route, so no answer leaves ` +
      `(DIRECTOR: its address on this network)`;
    return [{ what, repair: ['ip route add default via DIRECTOR'] }];
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
  const what =
    `${service.name}: the default route is ${route ?? 'missing'}, ` +
    `not via the director ${text}`;
  return [{ what, repair: [repair] }];
}
