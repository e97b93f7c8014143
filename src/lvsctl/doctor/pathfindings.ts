// What the path of packets through this machine shows: each service and server is followed, and each
// cause is reported once, with the services that it concerns.
import { formatAddress } from '../../model/address.js';
import type { LossCause, PathHop } from '../path/hop.js';
import type { ShownServer, ShownService } from '../show/table.js';
import type { Finding, Found } from './finding.js';
import type { Inspection } from './inspection.js';
import type { LostPacket } from './lostpackets.js';
import { quietVip, silenced } from './quiet.js';
import { shell, sysctlRepairs } from './repair.js';
import { ADVICE, answerRoute, orAdvice, withoutRefusal } from './routerepair.js';

/** services that one finding names; more are counted */
const NAMED = 3;

interface CauseRow {
  /** undefined: another check reports it */
  readonly id: string;
  readonly why: string;
  found(lost: LostPacket, inspection: Inspection): Found | undefined;
}

/** Causes by the finding that reports them; the others have checks of their own. */
const ROWS: Partial<{ readonly [K in LossCause['id']]: CauseRow }> = {
  filter: {
    id: 'packet-filter',
    why: 'The packet filter stops packets of the service before they reach their server, or answers on their path back.',
    found: ({ hop, cause }) => {
      if (cause.id !== 'filter') return undefined;
      return { what: hop.what, on: hop.machine, repair: unfilter(hop, cause.by) };
    },
  },
  translated: {
    id: 'packet-filter',
    why: 'What the packet filter sends elsewhere never reaches IPVS.',
    found: ({ hop, cause }) =>
      cause.id === 'translated'
        ? { what: hop.what, on: hop.machine, repair: cause.by.remove ? [cause.by.remove] : [] }
        : undefined,
  },
  router: {
    id: 'server-network',
    why: 'dr sends the packet to the MAC of the server itself, which must be on a network of the director; tun needs that not.',
    found: ({ cause, server, service }) =>
      cause.id === 'router'
        ? {
            what: `server ${server.server} (dr) is on none of this machine's networks: router ${formatAddress(cause.via)} gets its packets`,
            repair: [`ipvsadm -e ${option(service)} -r ${server.server} -i -w ${server.weight}`],
          }
        : undefined,
  },
  neighbour: {
    id: 'neighbour',
    why: 'A machine that does not answer ARP or neighbour solicitations is down, or not on this network.',
    found: ({ cause, hop, server, service }) =>
      cause.id === 'neighbour'
        ? {
            what: `${formatAddress(cause.address)} does not answer on ${cause.device}`,
            on: hop.machine,
            repair:
              formatAddress(cause.address) === server.address
                ? [`ipvsadm -d ${option(service)} -r ${server.server}`]
                : [],
          }
        : undefined,
  },
  link: {
    id: 'interface',
    why: 'Packets of the service go through this interface.',
    found: ({ cause, hop }) =>
      cause.id === 'link'
        ? {
            what: hop.what,
            on: hop.machine,
            repair: [shell('ip', 'link', 'set', cause.device, 'up')],
          }
        : undefined,
  },
  size: {
    id: 'mtu',
    why: 'Packets that do not fit the link to the server are dropped, and clients that never see the ICMP about that hang.',
    found: ({ cause, hop, server, service }) =>
      // of a tunnel the real server itself reports it (tunnel-mtu)
      cause.id === 'size' && server.mode !== 'tun'
        ? {
            what: hop.what,
            on: hop.machine,
            repair: [smallerSegments(cause.fits, service, server)],
          }
        : undefined,
  },
  'no-route': {
    id: 'route',
    why: 'Without a route the packet goes nowhere.',
    found: ({ hop, cause, server, client }, inspection) => {
      if (cause.id !== 'no-route') return undefined;
      const at = [inspection.host, ...inspection.others].find(({ name }) => name === hop.machine);
      const refused = at ? withoutRefusal(at, cause.to, senderOf(hop), hop.packet.mark) : [];
      const answers = hop.stage === 'answer' && at !== inspection.host;
      const repair =
        refused.length > 0 || !answers ? refused : answerRoute(server, client, inspection);
      return { what: hop.what, on: hop.machine, ...orAdvice(repair, ADVICE.route) };
    },
  },
  source: {
    id: 'rp-filter',
    why: 'The reverse path filter drops packets whose sender is reached through another interface.',
    found: ({ cause, hop }, { host }) =>
      cause.id === 'source' && cause.kind !== 'own'
        ? {
            what: hop.what,
            on: hop.machine,
            repair:
              hop.machine === host.name
                ? sysctlRepairs(cause.device, 'rp_filter', '2', host)
                : [`sysctl -w net.ipv4.conf.${cause.device}.rp_filter=2`],
          }
        : undefined,
  },
  spoofed: {
    id: 'answers',
    why: 'In dr and tun the answers carry the VIP as their sender, and a machine that has the VIP drops them: they need another router.',
    found: ({ hop, server, client }, inspection) =>
      ![hop.packet.source, hop.packet.destination].every((one) => inspection.host.isLocal(one))
        ? {
            what: `answers of ${server.server} go through this machine, which drops what comes from its own VIP`,
            on: server.address,
            ...orAdvice(answerRoute(server, client, inspection), ADVICE.router),
          }
        : {
            what: `answers of ${server.server} come to this machine, since a rule makes it the sender of the requests`,
            repair: [],
            advice: `leave packets to the VIP out of MASQUERADE and SNAT: ${server.mode} needs the client's address`,
          },
  },
  wide: {
    id: 'vip',
    why: 'A real server must take packets for the VIP, and for nothing else of its network.',
    found: ({ cause, hop }) =>
      cause.id === 'wide'
        ? {
            what: `VIP ${formatAddress(cause.address)} is on ${cause.device} with prefix ${cause.prefix}`,
            on: hop.machine,
            repair: [
              shell(
                'ip',
                'addr',
                'del',
                `${formatAddress(cause.address)}/${cause.prefix}`,
                'dev',
                cause.device,
              ),
            ],
          }
        : undefined,
  },
  'not-local': {
    id: 'vip',
    why: 'A real server must take packets for the VIP, and for nothing else of its network.',
    found: ({ cause, hop, server }, { host }) =>
      // that of a director has a check of its own
      cause.id === 'not-local' && hop.machine !== host.name
        ? {
            what: `VIP ${formatAddress(cause.address)} is on no interface of ${hop.machine}`,
            on: hop.machine,
            repair: quietVip(formatAddress(cause.address), server),
          }
        : undefined,
  },
  arp: {
    id: 'arp-answer',
    why: 'Clients that take the real server for the VIP reach that one server, past the director.',
    found: ({ hop, cause, server }, { others }) => {
      const at = others.find(({ name }) => name === hop.machine);
      const repair = cause.id === 'arp' && at ? silenced(at, cause.address, server) : [];
      return { what: `${hop.machine} ${hop.what}`, on: hop.machine, repair };
    },
  },
  'same-network': {
    id: 'nat-client',
    why: 'The server answers a client of its own network straight, from an address that the client did not ask.',
    found: ({ cause, service, server }) =>
      cause.id === 'same-network'
        ? sameNetwork(formatAddress(cause.client), service, server)
        : undefined,
  },
  gateway: {
    id: 'gateway',
    why: 'The answers of a NAT server must go back through the director, or clients get them from an address they do not know.',
    found: ({ hop, server, client }, inspection) => ({
      what: `answers of ${server.server} go ${hop.what}`,
      on: server.address,
      ...orAdvice(answerRoute(server, client, inspection), ADVICE.director),
    }),
  },
  listener: {
    id: 'listener',
    why: 'The server refuses what no program listens for.',
    found: ({ hop }) => ({
      what: hop.what,
      on: hop.machine,
      repair: [],
      advice: 'start the program there, on this address or on all (ss -ltnp shows what listens)',
    }),
  },
  'no-tunnel': {
    id: 'tunnel-device',
    why: 'No packet leaves a tunnel whose device is missing or down.',
    found: ({ hop, cause }) => ({
      what: hop.what,
      on: hop.machine,
      repair:
        cause.id === 'no-tunnel' && cause.device !== undefined
          ? [shell('ip', 'link', 'set', cause.device, 'up')]
          : [],
    }),
  },
};

/** The sender of the packet on its link: around a tunnel, the director. */
const senderOf = ({ packet }: PathHop) => (packet.tunnel ?? packet).source;

/** The director itself can cut what it forwards; in dr the answers do not pass it: its route does. */
function smallerSegments(size: number, { address }: ShownService, server: ShownServer): string {
  const tables = server.address.includes(':') ? 'ip6tables' : 'iptables';
  const [chain, from] = server.mode === 'nat' ? ['FORWARD', server.address] : ['OUTPUT', address];
  const rule = `${tables} -t mangle -A ${chain} -s ${from} -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss ${size}`;
  return server.mode === 'nat' ? rule : `ssh ${server.address} ${rule}`;
}

/** What helps NAT on one network. */
export function sameNetwork(client: string, service: ShownService, server: ShownServer): Found {
  return {
    what: `${service.service}: ${client} and server ${server.server} (nat) are on one network: answers do not come back through the director`,
    repair: [
      `${server.address.includes(':') ? 'ip6tables' : 'iptables'} -t nat -A POSTROUTING -d ${server.address} -p ${service.protocol ?? 'tcp'} -j MASQUERADE`,
      'sysctl -w net.ipv4.vs.conntrack=1',
    ],
  };
}

/** How to type a service. */
export function option({ service }: ShownService): string {
  const [kind = '', place = ''] = (service ?? '').split(' ');
  if (kind === 'fwmark') return `-f ${place}${service?.endsWith('ipv6') ? ' -6' : ''}`;
  return `${{ tcp: '-t', udp: '-u', sctp: '--sctp-service' }[kind] ?? '-t'} ${place}`;
}

/** A policy needs a rule that takes the packets; a rule is taken away. */
function unfilter(
  { packet, what }: PathHop,
  {
    isPolicy,
    text,
    remove,
  }: { readonly isPolicy: boolean; readonly text: string; readonly remove: string | undefined },
): string[] {
  if (!isPolicy) return remove === undefined ? [] : [remove];
  const [, program, chain] = /^(ip6?tables(?:-legacy)?) -P (\S+)/.exec(text) ?? [];
  if (program === undefined || chain === undefined) return [];
  const { protocol, source, sourcePort, destination, destinationPort } = packet;
  const isAnswer = what.startsWith('forward') && sourcePort !== undefined;
  if (what.startsWith('neighbour solicitations'))
    return [`${program} -I ${chain} -p icmpv6 -j ACCEPT`];
  const match = isAnswer
    ? `-s ${formatAddress(source)} -p ${protocol} --sport ${sourcePort}`
    : `-d ${formatAddress(destination)} -p ${protocol} --dport ${destinationPort}`;
  return [`${program} -I ${chain} ${match} -j ACCEPT`];
}

/** One finding a cause, with the services that it concerns. */
export function pathFindings(packets: readonly LostPacket[], inspection: Inspection): Finding[] {
  const groups = new Map<string, { row: CauseRow; found: Found; services: Set<string> }>();
  for (const lost of packets) {
    if (lost.hop.outcome !== 'lost' && lost.cause.id !== 'size') continue;
    const row = ROWS[lost.cause.id];
    const found = row?.found(lost, inspection);
    if (row === undefined || found === undefined) continue;
    const key = `${row.id} ${found.what}`;
    const group = groups.get(key) ?? { row, found, services: new Set<string>() };
    groups.set(key, group);
    if (lost.service.service !== null) group.services.add(lost.service.service);
  }
  return [...groups.values()].map(({ row, found, services }) => {
    const on = found.on === undefined || found.on === inspection.host.name ? {} : { on: found.on };
    const { on: _, ...rest } = found;
    return { id: row.id, why: row.why, ...rest, ...on, what: withServices(found.what, services) };
  });
}

function withServices(what: string, services: ReadonlySet<string>): string {
  const names = [...services];
  if (names.length === 0 || names.every((name) => what.startsWith(name))) return what;
  const some = names.slice(0, NAMED).join(', ');
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${some}${more}: ${what}`;
}
