// Findings about the link between two machines: interfaces, neighbours, sizes.
import { type Address, formatAddress } from '../../model/address.js';
import { holders, type PathHost } from '../path/host.js';
import { hostPrefix } from '../plan/vips.js';
import type { ShownServer, ShownService } from '../show/table.js';
import { announced } from './announce.js';
import { WHY_ANSWERED } from './arpanswers.js';
import { type CauseRows, option } from './causerow.js';
import { silenced } from './quiet.js';
import { shell } from './repair.js';
import { ADVICE, orAdvice } from './routerepair.js';

export const LINK_ROWS: CauseRows = {
  router: {
    id: 'server-network',
    why: 'dr sends the packet to the MAC of the server itself, which must be on a network of the director; tun needs that not.',
    found: ({ cause, server, service }) => ({
      what: `server ${server.server} (dr) is on none of this machine's networks: router ${formatAddress(cause.via)} gets its packets`,
      repair: [`ipvsadm -e ${option(service)} -r ${server.server} -i -w ${server.weight}`],
    }),
  },
  neighbour: {
    id: 'neighbour',
    why: 'A machine that does not answer ARP or neighbour solicitations is down, or not on this network.',
    found: ({ cause, hop, server, service }, { host, others }) => {
      if (cause.isPermanent) return { what: hop.what, on: hop.machine, repair: [forgotten(cause)] };
      const isUp = others.some((one) => holders(one, cause.address).length > 0);
      const isServer = formatAddress(cause.address) === server.address;
      const repair =
        isServer && hasOthers(service, host)
          ? [`ipvsadm -d ${option(service)} -r ${server.server}`]
          : [];
      return {
        what: `${formatAddress(cause.address)} does not answer on ${cause.device}`,
        on: hop.machine,
        ...orAdvice(repair, isUp ? ADVICE.silent : isServer ? ADVICE.lastServer : ADVICE.neighbour),
      };
    },
  },
  silent: {
    id: 'vip',
    why: 'Neighbours, routers among them, ask for the VIP before they send to it.',
    found: ({ cause, hop, service }) =>
      // the table shows it of other services (`loop`, `vip`)
      service.mark !== undefined || isNatOfIpv6(service)
        ? {
            what: hop.what,
            repair: [shell('ip', 'addr', 'add', hostPrefix(cause.address), 'dev', cause.device)],
          }
        : undefined,
  },
  link: {
    id: 'interface',
    why: 'Packets of the service go through this interface.',
    found: ({ cause, hop }) => {
      const repair = hop.what.includes('no carrier')
        ? []
        : [shell('ip', 'link', 'set', cause.device, 'up')];
      return { what: hop.what, on: hop.machine, ...orAdvice(repair, ADVICE.carrier) };
    },
  },
  size: {
    id: 'mtu',
    why: 'Packets that do not fit the link to the server are dropped, and clients that never see the ICMP about that hang.',
    found: ({ cause, hop, server, service }) =>
      // of a tunnel the real server itself reports it (tunnel-mtu)
      server.mode === 'tun'
        ? undefined
        : {
            what: hop.what,
            on: hop.machine,
            repair: [smallerSegments(cause.fits, service, server)],
          },
  },
  arp: {
    id: 'arp-answer',
    why: WHY_ANSWERED,
    found: ({ hop, cause, server }, { host, others }) => {
      const at = others.find(({ name }) => name === hop.machine);
      return {
        what: `${hop.machine} ${hop.what}`,
        on: hop.machine,
        repair: at ? silenced(at, cause.address, server) : [],
        ...announced(host, cause.address),
      };
    },
  },
};

const isNatOfIpv6 = ({ family, servers }: ShownService) =>
  family === 'ipv6' && servers.every(({ mode }) => mode === 'nat');

/** The machine asks again then. */
function forgotten({ address, device }: { readonly address: Address; readonly device: string }) {
  return shell('ip', 'neigh', 'del', formatAddress(address), 'dev', device);
}

/** Whether a service keeps a server that clients get, when those that do not answer are left out. */
function hasOthers({ servers }: ShownService, { facts }: PathHost): boolean {
  const failed = new Set(
    facts.neighbours
      .filter(({ states }) => states.includes('FAILED'))
      .map(({ address }) => address),
  );
  return servers.some(({ weight, address }) => weight > 0 && !failed.has(address));
}

/** The director itself can cut what it forwards; in dr the answers do not pass it: its route does. */
function smallerSegments(size: number, { address }: ShownService, server: ShownServer): string {
  const tables = server.address.includes(':') ? 'ip6tables' : 'iptables';
  const [chain, from] = server.mode === 'nat' ? ['FORWARD', server.address] : ['OUTPUT', address];
  const rule = `${tables} -t mangle -A ${chain} -s ${from} -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss ${size}`;
  return server.mode === 'nat' ? rule : `ssh ${server.address} ${rule}`;
}
