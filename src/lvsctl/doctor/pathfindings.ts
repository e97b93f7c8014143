// What the path of packets through this machine shows: each service and server is followed, and each
// cause is reported once, with the services that it concerns.
import { type Address, formatAddress, sameAddress } from '../../model/address.js';
import { toService } from '../facts/rules.js';
import type { PathHop } from '../path/hop.js';
import type { PathHost } from '../path/host.js';
import { senderAsked } from '../path/ownsource.js';
import { isFull } from '../path/service.js';
import { hostPrefix } from '../plan/vips.js';
import type { ShownServer, ShownService } from '../show/table.js';
import type { CauseRow, CauseRows } from './causerow.js';
import type { Finding, Found } from './finding.js';
import type { Inspection } from './inspection.js';
import { LINK_ROWS } from './linkfindings.js';
import type { LostPacket } from './lostpackets.js';
import { quietVip } from './quiet.js';
import { shell, sysctlLine, sysctlRepairs, typed } from './repair.js';
import { ADVICE, answerRoute, orAdvice, withoutRefusal } from './routerepair.js';
import { tunnelEnd } from './tunnelend.js';

/** services that one finding names; more are counted */
const NAMED = 3;

/** Causes by the finding that reports them; the others have checks of their own. */
const ROWS: CauseRows = {
  ...LINK_ROWS,
  filter: {
    id: 'packet-filter',
    why: 'The packet filter stops packets of the service before they reach their server, or answers on their path back.',
    found: ({ hop, cause }) => ({
      what: hop.what,
      on: hop.machine,
      repair: unfilter(hop, cause.by),
    }),
  },
  translated: {
    id: 'packet-filter',
    why: 'What the packet filter sends elsewhere never reaches IPVS.',
    found: ({ hop, cause: { by } }) => ({
      what: hop.what,
      on: hop.machine,
      repair: by.remove ? [by.remove] : [],
    }),
  },
  'no-route': {
    id: 'route',
    why: 'Without a route the packet goes nowhere.',
    found: ({ hop, cause, server, client }, inspection) => {
      const at = machineOf(hop, inspection);
      const refusal = (from: Address | undefined) =>
        at ? withoutRefusal(at, cause.to, from, hop.packet.mark) : [];
      const asked = hop.stage === 'output' ? refusal(senderAsked(hop.packet, cause.to)) : [];
      const refused = asked.length > 0 ? asked : refusal(senderOf(hop));
      const answers = hop.stage === 'answer' && at !== inspection.host;
      const repair =
        refused.length > 0 || !answers ? refused : answerRoute(server, client, inspection);
      return { what: hop.what, on: hop.machine, ...orAdvice(repair, ADVICE.route) };
    },
  },
  'no-server': {
    id: 'threshold',
    why: 'A server at its upper threshold takes no new connections until it is below its lower one.',
    found: ({ cause }) =>
      isFull(cause.service)
        ? {
            what: 'every server is at its upper threshold: new connections are refused',
            repair: [],
            advice: 'raise the thresholds (ipvsadm -e … -x), or add servers',
          }
        : undefined,
  },
  source: {
    id: 'rp-filter',
    why: 'The reverse path filter drops packets whose sender is reached through another interface.',
    found: ({ cause, hop }, { host }) =>
      cause.kind === 'own'
        ? undefined
        : {
            what: hop.what,
            on: hop.machine,
            repair: unfiltered(cause.kind, cause.device, hop, host),
          },
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
            what: sameAddress(hop.packet.source, hop.packet.destination)
              ? `answers of ${server.server} stay there, since a rule makes the VIP the sender of the requests`
              : `answers of ${server.server} come to this machine, since a rule makes it the sender of the requests`,
            repair: [],
            advice: `leave packets to the VIP out of MASQUERADE and SNAT: ${server.mode} needs the client's address`,
          },
  },
  wide: {
    id: 'vip',
    why: 'A real server must take packets for the VIP, and for nothing else of its network.',
    found: ({ cause: { address, prefix, device }, hop }) => ({
      what: `VIP ${formatAddress(address)} is on ${device} with prefix ${prefix}`,
      on: hop.machine,
      repair: [shell('ip', 'addr', 'del', `${formatAddress(address)}/${prefix}`, 'dev', device)],
    }),
  },
  'not-local': {
    id: 'vip',
    why: 'A real server must take packets for the VIP, and for nothing else of its network.',
    found: ({ cause, hop, server }, { host }) =>
      // that of a director has a check of its own
      hop.machine === host.name
        ? undefined
        : {
            what: `VIP ${formatAddress(cause.address)} is on no interface of ${hop.machine}`,
            on: hop.machine,
            repair: quietVip(cause.address, server),
          },
  },
  'one-packet': {
    id: 'one-packet',
    why: 'nat finds the connection of an answer to give it the VIP back; one-packet scheduling keeps none.',
    found: ({ service }) => {
      const plain = toService(service);
      return {
        what: 'one-packet scheduling with nat: answers keep the address of their server',
        repair: plain
          ? [typed({ kind: 'edit-service', service: { ...plain, onePacket: false } })]
          : [],
      };
    },
  },
  'same-network': {
    id: 'nat-client',
    why: 'The server answers a client of its own network straight, from an address that the client did not ask.',
    found: ({ cause, service, server }) =>
      sameNetwork(formatAddress(cause.client), service, server),
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
    found: ({ hop, cause, service, server }, inspection) => ({
      what: hop.what,
      on: hop.machine,
      ...tunnelEnd({
        ...cause,
        vip: hop.packet.destination,
        host: machineOf(hop, inspection),
        director: inspection.host,
        row: { service, server },
      }),
    }),
  },
};

const machineOf = ({ machine }: PathHop, { host, others }: Inspection) =>
  [host, ...others].find(({ name }) => name === machine);

/** A device without an address is filtered at any value but 0: with the VIP it is as others are. */
function unfiltered(
  kind: 'strict' | 'address',
  device: string,
  { machine, packet }: PathHop,
  host: PathHost,
): string[] {
  if (kind === 'address')
    return [shell('ip', 'addr', 'add', hostPrefix(packet.destination), 'dev', device)];
  return machine === host.name
    ? sysctlRepairs(device, 'rp_filter', '2', host)
    : [sysctlLine(`net/ipv4/conf/${device}/rp_filter`, '2')];
}

/** The sender of the packet on its link: around a tunnel, the director. */
const senderOf = ({ packet }: PathHop) => (packet.tunnel ?? packet).source;

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

interface Group {
  readonly row: CauseRow;
  readonly found: Found;
  readonly services: Set<string>;
  readonly repair: Set<string>;
}

/** One finding a cause and machine, with the services that it concerns. */
export function pathFindings(packets: readonly LostPacket[], inspection: Inspection): Finding[] {
  const groups = new Map<string, Group>();
  for (const lost of packets) {
    if (lost.hop.outcome !== 'lost' && lost.cause.id !== 'size') continue;
    // the row of a cause takes packets of that cause
    const row = ROWS[lost.cause.id] as CauseRow | undefined;
    const found = row?.found(lost, inspection);
    if (row === undefined || found === undefined) continue;
    const key = `${row.id} ${found.on} ${found.what}`;
    const group = groups.get(key) ?? { row, found, services: new Set(), repair: new Set() };
    groups.set(key, group);
    // a policy needs a rule for each service; elsewhere one repair is for all
    if (group.repair.size === 0 || row === ROWS.filter)
      for (const command of found.repair) group.repair.add(command);
    if (lost.service.service !== null) group.services.add(lost.service.service);
  }
  return [...groups.values()].map(({ row, found, services, repair }) => {
    const { on, ...rest } = found;
    const elsewhere = on === undefined || on === inspection.host.name ? {} : { on };
    const what = withServices(found.what, services);
    return { id: row.id, why: row.why, ...rest, ...elsewhere, what, repair: [...repair] };
  });
}

function withServices(what: string, services: ReadonlySet<string>): string {
  const names = [...services];
  // some begin with the service that they are about
  if (what.startsWith(names[0] ?? '')) return what;
  const some = names.slice(0, NAMED).join(', ');
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${some}${more}: ${what}`;
}
