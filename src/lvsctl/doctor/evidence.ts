// What the live table and the connections show by themselves: faults that no packet has to be
// followed for.
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import { schedulerRow } from '../../model/scheduler.js';
import type { Service } from '../../model/service.js';
import { serviceKey } from '../../model/table.js';
import type { ConnectionTally } from '../facts/types.js';
import { parseNetwork } from '../filter/values.js';
import { askedDevices, isSilent } from '../path/arp.js';
import { devicesOn, type PathHost } from '../path/host.js';
import type { ShownServer, ShownService } from '../show/table.js';
import type { FindingRule, Found } from './finding.js';
import type { InspectedService, Inspection } from './inspection.js';
import { sameNetwork } from './pathfindings.js';
import { typed } from './repair.js';

/** connections that must be in one state before that means something */
const ENOUGH = 3;
/** packets that a server got without one that came back */
const ENOUGH_PACKETS = 10n;
/** of the places of connection tracking, from which on packets are about to be dropped */
const FULL = 0.95;

export const EVIDENCE_CHECKS: readonly FindingRule[] = [
  {
    id: 'no-answers',
    role: 'director',
    why: 'A connection in SYN_RECV is one whose client got no answer, or whose answer to that is lost: the server, its path back or a packet filter is to be examined.',
    find: stuckConnections,
  },
  {
    id: 'nat-counters',
    role: 'director',
    why: 'The answers of a NAT server pass the director and are counted there; without them the client gets nothing that it knows.',
    find: oneSided,
  },
  {
    id: 'nat-client',
    role: 'director',
    why: 'The server answers a client of its own network straight, from an address that the client did not ask.',
    find: natOnOneNetwork,
  },
  {
    id: 'hash-weight',
    role: 'director',
    why: 'This scheduler refuses the clients of a server with weight 0, instead of sending them to another one.',
    find: ({ live = [] }) => live.flatMap(hashed),
  },
  {
    id: 'loop',
    role: 'director',
    why: 'A machine that is a real server of this VIP and balances it too sends packets on to the others, which may send them back.',
    find: loops,
  },
  {
    id: 'vip',
    role: 'director',
    why: 'Packets for an address that the director does not have never reach its rules.',
    find: silentVips,
  },
  {
    id: 'conntrack-size',
    role: 'director',
    why: 'When the table of connection tracking is full, packets of new connections are dropped.',
    find: ({ host: { facts } }) => {
      const { count, max } = facts.conntrack ?? { count: 0, max: 0 };
      if (max === 0 || count < max * FULL) return [];
      return [
        {
          what: `${count} of ${max} tracked connections`,
          repair: [`sysctl -w net.netfilter.nf_conntrack_max=${2 * max}`],
        },
      ];
    },
  },
];

/** Servers of which every connection is in SYN_RECV. */
function stuckConnections({ host: { facts } }: Inspection): Found[] {
  const groups = new Map<string, ConnectionTally[]>();
  for (const one of facts.connections?.tally ?? []) {
    if (!one.service.startsWith('tcp ')) continue;
    const key = `${one.service} ${one.server}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((list) => {
    const [first] = list;
    const all = list.reduce((sum, one) => sum + one.connections, 0);
    if (first === undefined || all < ENOUGH || list.some(({ state }) => state !== 'SYN_RECV'))
      return [];
    return [
      {
        what: `${first.service}: all ${all} connections to server ${first.server} are in SYN_RECV`,
        on: first.server.replace(/:\d+$/, ''),
        repair: [],
        advice: ON_SERVER,
      },
    ];
  });
}

const ON_SERVER = 'run `lvsctl doctor` on that server';

/** NAT servers that get packets, and of which none comes back. */
function oneSided({ host }: Inspection): Found[] {
  return [...host.services.values()].flatMap((service) =>
    service.servers
      .filter(({ mode, counters }) => mode === 'nat' && counters !== null)
      .filter(
        ({ counters }) =>
          (counters?.in_packets ?? 0n) >= ENOUGH_PACKETS && counters?.out_packets === 0n,
      )
      .map(({ server, address, counters }) => ({
        what: `${service.service}: server ${server} got ${counters?.in_packets} packets, and none came back`,
        on: address,
        repair: [],
        advice: ON_SERVER,
      })),
  );
}

/** schedulers that give each server its turn */
const IN_TURN = ['rr', 'wrr'];
/** connections of the others, from which on one without any stands out */
const MANY = 100n;

/** Servers that got nothing while others of no more weight did: that alone is no fault. */
export function unusedServers({ host }: Pick<Inspection, 'host'>): string[] {
  return [...host.services.values()].flatMap(({ service, scheduler, persistence, servers }) => {
    if (!IN_TURN.includes(scheduler) || persistence !== null) return [];
    const count = (one: ShownServer) => one.counters?.connections;
    return servers
      .filter((one) => one.weight > 0 && count(one) === 0n)
      .filter(({ weight }) =>
        servers.some((one) => one.weight > 0 && one.weight <= weight && (count(one) ?? 0n) >= MANY),
      )
      .map(
        ({ server }) =>
          `whether ${service}: server ${server} gets connections: it had none while others had many; it may be new`,
      );
  });
}

/**
 * NAT servers on the network of clients: where a client of that network is known, or there is no
 * other network that clients can be in.
 */
function natOnOneNetwork({ host }: Inspection): Found[] {
  const found = [...host.services.values()].flatMap((service) =>
    service.servers
      .filter(({ mode }) => mode === 'nat')
      .flatMap((server) => clientOnNetwork(host, service, server) ?? []),
  );
  return [...new Map(found.map((one) => [one.what, one])).values()];
}

function clientOnNetwork(
  host: PathHost,
  service: ShownService,
  server: ShownServer,
): Found | undefined {
  const address = parseAddress(server.address);
  const vip = parseAddress(service.address ?? '');
  if (!address || !vip || isTranslated(host)) return undefined;
  const [shared] = devicesOn(host, address);
  const isSame = (one: Address) =>
    devicesOn(host, one).some(({ device }) => device === shared?.device);
  if (shared === undefined) return undefined;
  const client = (host.tally.get(service.service ?? '') ?? [])
    .filter((one) => one.server === server.server)
    .filter(({ state }) => state === 'SYN_RECV')
    .flatMap(({ example }) => parseAddress(example) ?? [])
    .find(isSame);
  if (client) return sameNetwork(formatAddress(client), service, server);
  return isSame(vip) && !hasOtherNetworks(host, shared.device, address)
    ? sameNetwork('clients of this network', service, server)
    : undefined;
}

/** Whether clients can be anywhere but on the network of an interface. */
function hasOtherNetworks(host: PathHost, device: string, { family }: Address): boolean {
  return host.facts.routes.some((route) => {
    if (route.family !== family || route.type !== 'unicast' || /^(?:fe80|ff)/.test(route.to))
      return false;
    const network = parseNetwork(route.to);
    return (
      network !== undefined && route.hops.some((hop) => hop.via !== null || hop.device !== device)
    );
  });
}

/** With `conntrack` and a rule that changes the sender, answers come back. */
function isTranslated(host: PathHost): boolean {
  if (host.sysctl('net/ipv4/vs/conntrack') !== 1) return false;
  return host
    .rules('ipv4')
    .hooks.postrouting.some((chain) =>
      [...chain.rules, ...[...chain.others.values()].flatMap(({ rules }) => rules)].some((rule) =>
        rule.actions.some(({ kind }) => kind === 'masquerade' || kind === 'snat'),
      ),
    );
}

/** bit of sh-fallback and mh-fallback */
const FALLBACK = 1;

function hashed({ service, destinations }: InspectedService): Found[] {
  const row = schedulerRow(service.scheduler);
  const off = destinations.filter(({ weight }) => weight === 0);
  if (!row?.hashes || off.length === 0 || off.length === destinations.length) return [];
  if (row.flags && (service.schedulerFlags & FALLBACK) !== 0) return [];
  const key = serviceKey(service.id);
  const repair = row.flags
    ? [typed({ kind: 'edit-service', service: withFallback(service) })]
    : off.map((one) => typed({ kind: 'delete-destination', id: service.id, destination: one }));
  return [
    {
      what: `${key}: scheduler ${service.scheduler} refuses the clients of ${off.length} of ${destinations.length} servers, whose weight is 0`,
      repair,
    },
  ];
}

function withFallback(service: Service): Service {
  return { ...service, schedulerFlags: service.schedulerFlags | FALLBACK };
}

function vipsOf({ live = [] }: Inspection): { vip: Address; one: InspectedService }[] {
  return live.flatMap((one) =>
    one.service.id.kind === 'address' ? [{ vip: one.service.id.address, one }] : [],
  );
}

const SENDS_ON = ['direct', 'tunnel'];

function sendsOn(host: PathHost, { destinations }: InspectedService): boolean {
  return destinations.some(
    ({ forwarding, address }) => SENDS_ON.includes(forwarding) && host.isLocal(address) === false,
  );
}

function loops(inspection: Inspection): Found[] {
  const { host, running } = inspection;
  const isBackup = running.some(({ role }) => role === 'backup');
  if (host.sysctl('net/ipv4/vs/backup_only') === 1 && isBackup) return [];
  const found = vipsOf(inspection)
    .filter(({ vip, one }) => isSilent(host, vip) && sendsOn(host, one))
    .map(({ one }) => ({
      what: `${serviceKey(one.service.id)}: this machine is a real server of the VIP and balances it too`,
      repair: [
        'sysctl -w net.ipv4.vs.backup_only=1',
        ...(isBackup
          ? []
          : [`ipvsadm --start-daemon backup --mcast-interface ${outerDevice(host)}`]),
      ],
    }));
  return found;
}

function outerDevice(host: PathHost): string {
  return (
    host.facts.links.find(
      ({ name, noarp, kind, up }) => name !== 'lo' && !noarp && kind !== 'dummy' && up,
    )?.name ?? 'eth0'
  );
}

/** VIPs of NAT services for which neighbours get no answer. */
function silentVips(inspection: Inspection): Found[] {
  const { host } = inspection;
  const found = vipsOf(inspection)
    .filter(({ vip, one }) => vip.family === 'ipv4' && !sendsOn(host, one) && isSilent(host, vip))
    .map(({ vip }) => {
      const [device = 'eth0'] = askedDevices(host, vip);
      return {
        what: `VIP ${formatAddress(vip)} is here, and arp_ignore of ${device} keeps it from being answered for`,
        repair: [`ip addr add ${formatAddress(vip)}/32 dev ${device}`],
      };
    });
  return [...new Map(found.map((one) => [one.what, one])).values()];
}
