// A packet of a client to every server of every service, and where it is lost.
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import { fullPrefix } from '../../model/prefix.js';
import { parseServiceKey } from '../../model/table.js';
import type { AddressRange } from '../filter/types.js';
import { isInRange } from '../filter/values.js';
import { isSilent } from '../path/arp.js';
import type { LossCause, PathHop, PathPacket } from '../path/hop.js';
import { holders, type PathHost } from '../path/host.js';
import { isFull } from '../path/service.js';
import { firstView } from '../path/trace.js';
import { type Path, wholePath } from '../path/whole.js';
import type { ShownServer, ShownService } from '../show/table.js';
import type { Inspection } from './inspection.js';
import { anyClient } from './representatives.js';

/** One packet that is lost, or not known, and what it belongs to. */
export interface LostPacket {
  readonly hop: PathHop;
  readonly cause: LossCause;
  readonly service: ShownService;
  readonly server: ShownServer;
  readonly client: Address;
}

/** Follows a packet of a client to every server of every service. */
export function lostPackets(inspection: Inspection): LostPacket[] {
  return [...inspection.host.services.values()].flatMap((service) =>
    targetsOf(service, inspection).flatMap((target) => lostOf(service, target, inspection)),
  );
}

function lostOf(service: ShownService, target: Target, { host, others }: Inspection): LostPacket[] {
  const clients = clientsOf(host, service, target);
  const [first] = service.servers;
  // none of them is chosen
  const servers = isFull(service)
    ? [undefined]
    : service.servers.filter(({ weight }) => weight > 0);
  return servers.flatMap((server) =>
    clients.flatMap(({ client, isAny }) => {
      const { at } = follow(host, others, server, target, client, isAny);
      const shown = server ?? first;
      // where no neighbour is answered for the VIP, clients are to reach the other machine
      const isOthers = at?.cause?.id === 'arp' && isSilent(host, target.address);
      return at?.cause && shown && !isOthers
        ? [{ hop: at, cause: at.cause, service, server: shown, client }]
        : [];
    }),
  );
}

/** Marks of which it is not known which packets have them, so that none was followed. */
export function unfollowedMarks(inspection: Inspection): string[] {
  const { host, marks } = inspection;
  return [...host.services.values()].flatMap((service) => {
    const { mark, family } = service;
    if (mark === undefined || targetsOf(service, inspection).length > 0) return [];
    const rules = marks.filter((rule) => rule.value === mark && rule.family === family);
    return rules.map(({ rule }) => `which packets have mark ${mark}: ${rule.text}`);
  });
}

function follow(
  host: PathHost,
  others: readonly PathHost[],
  server: ShownServer | undefined,
  vip: Target,
  client: Address,
  isAny: boolean,
): Path {
  const packet: PathPacket = {
    family: vip.address.family,
    protocol: vip.protocol,
    source: client,
    sourcePort: undefined,
    destination: vip.address,
    destinationPort: vip.port || (server?.port ?? 0),
    mark: 0,
    ttl: 64,
    sourceMac: null,
    destinationMac: null,
    tunnel: undefined,
  };
  return wholePath({
    director: host,
    others: [...others, host],
    packet,
    view: firstView(vip.protocol, isAny),
    ...(server ? { server } : {}),
  });
}

interface Target {
  readonly address: Address;
  readonly port: number;
  readonly protocol: string;
}

/** rules of one mark that are followed */
const MOST_TARGETS = 8;

/** Address, port and protocol of a service; those of a mark by the rules that set it. */
function targetsOf(service: ShownService, { marks, host }: Inspection): Target[] {
  const id = parseServiceKey(service.service ?? '');
  if (id === undefined) return [];
  if (id.kind === 'address')
    return [{ address: id.address, port: id.port, protocol: String(id.protocol) }];
  return marks
    .filter((rule) => rule.value === id.mark && rule.family === id.family)
    .slice(0, MOST_TARGETS)
    .flatMap(({ plain }) => {
      const address = plain?.address && hostIn(plain.address, host);
      const port = plain?.ports?.[0]?.from ?? 0;
      return plain && address ? [{ address, port, protocol: plain.protocol ?? 'tcp' }] : [];
    });
}

/** The address of a rule for one host; of a network the one of it that the machine has. */
function hostIn(range: AddressRange, host: PathHost): Address | undefined {
  if (range.kind === 'network' && range.length === fullPrefix(range.address.family))
    return range.address;
  return host.addresses.find(({ address }) => isInRange(address, range))?.address;
}

/** Clients that are in the connection table, else one that stands for all. */
function clientsOf(host: PathHost, { service, servers }: ShownService, vip: Target) {
  const isNat = servers.some(({ mode }) => mode === 'nat');
  const known = (host.tally.get(service ?? '') ?? [])
    .flatMap(({ example }) => parseAddress(example) ?? [])
    // what the machine sends itself, checks for example, takes another path; in dr and tun it is lost
    .filter((client) => holders(host, client).length === 0 || !isNat);
  const some = [...new Map(known.map((one) => [formatAddress(one), one])).values()].slice(0, 2);
  return [
    ...some.map((client) => ({ client, isAny: false })),
    { client: anyClient(host, vip.address), isAny: true },
  ];
}
