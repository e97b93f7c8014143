// IPVS on the path: which service a packet belongs to, and which server it gets.
import {
  type Address,
  formatAddress,
  formatIpv4,
  parseAddress,
  parseDottedQuad,
} from '../../model/address.js';
import type { DestinationId } from '../../model/destination.js';
import { fullPrefix, networkOf, prefixLength } from '../../model/prefix.js';
import { flagBits } from '../../model/scheduler.js';
import { parseServiceKey, serverKey } from '../../model/table.js';
import type { Candidate } from '../../schedulers/scheduler.js';
import { schedulerOf } from '../../schedulers/table.js';
import type { ConnectionFact } from '../facts/types.js';
import type { ShownServer, ShownService } from '../show/table.js';
import type { PathPacket } from './hop.js';
import type { PathHost } from './host.js';

export interface FoundService {
  readonly service: ShownService;
  /** `mark 7`, `address and port`, `every port of the address` */
  readonly by: string;
}

/** The service of a packet: by mark first, then by address and port, then by address alone. */
export function findService(host: PathHost, packet: PathPacket): FoundService | undefined {
  const { mark, family, protocol, destination, destinationPort } = packet;
  const at = (port: number) => `${protocol} ${serverKey({ address: destination, port })}`;
  const tries = [
    ...(mark === 0 ? [] : [[`fwmark ${mark} ${family}`, `mark ${mark}`] as const]),
    [at(destinationPort), 'address and port'] as const,
    [at(0), 'every port of the address'] as const,
  ];
  for (const [key, by] of tries) {
    const service = host.services.get(key);
    if (service) return { service, by };
  }
  return undefined;
}

export interface ServerChoice {
  readonly server: ShownServer | undefined;
  /** why this one: a connection, a template, the scheduler */
  readonly why: string;
  /** another packet of the same client may get another server */
  readonly isCertain: boolean;
  /** the scheduler chose a server that takes no new connections, and has no other */
  readonly refused?: ShownServer;
  /** packets of this connection go nowhere until it ends */
  readonly isDropped?: boolean;
}

/** Which server a packet of a client gets. */
export function chooseServer(
  host: PathHost,
  service: ShownService,
  packet: PathPacket,
): ServerChoice {
  return (
    byConnection(host, service, packet) ??
    byTemplate(host, service, packet) ??
    byScheduler(service, packet)
  );
}

function byConnection(
  host: PathHost,
  service: ShownService,
  packet: PathPacket,
): ServerChoice | undefined {
  if (packet.sourcePort === undefined) return undefined;
  const client = formatAddress(packet.source);
  const found = host.facts.connections?.listed.find(
    (one) =>
      one.client === client &&
      one.client_port === packet.sourcePort &&
      one.protocol === packet.protocol &&
      one.virtual === formatAddress(packet.destination) &&
      one.virtual_port === packet.destinationPort,
  );
  if (found === undefined) return undefined;
  const server = serverOf(service, found);
  if (server)
    return { server, why: `a connection that is there (${found.state})`, isCertain: true };
  // the first packet ends it, and the next one begins another
  if (host.sysctl('net/ipv4/vs/expire_nodest_conn') === 1) return undefined;
  const place = `${found.server}:${found.server_port}`;
  const why = `its connection belongs to server ${place}, which is not in the table: dropped for ${found.expires} s (expire_nodest_conn is 0)`;
  return { server: undefined, why, isCertain: true, isDropped: true };
}

/** Templates have the client's network, and port 0. */
function byTemplate(
  host: PathHost,
  service: ShownService,
  packet: PathPacket,
): ServerChoice | undefined {
  // an engine goes by what is in the packet
  if (service.persistence === null || service.persistence.engine !== null) return undefined;
  const network = formatAddress(clientNetwork(service, packet.source));
  const found = host.facts.connections?.listed.find(
    (one) =>
      one.client_port === 0 &&
      one.client === network &&
      (one.protocol === 'ip' || one.protocol === packet.protocol) &&
      belongs(one, service, packet),
  );
  const server = found && serverOf(service, found);
  if (!found || !server) return undefined;
  const expires = host.sysctl('net/ipv4/vs/expire_quiescent_template') === 1;
  if (server.weight === 0 && expires) return undefined;
  return { server, why: `its persistence template, for ${found.expires} s`, isCertain: true };
}

function belongs(one: ConnectionFact, { mark }: ShownService, packet: PathPacket): boolean {
  // of a mark the template has its number in place of an address
  if (mark !== undefined)
    return packet.family === 'ipv4' ? one.virtual === formatIpv4(mark) : one.virtual_port === 0;
  return (
    one.virtual === formatAddress(packet.destination) &&
    (one.virtual_port === packet.destinationPort || one.virtual_port === 0)
  );
}

/** The network that persistence groups a client in. */
export function clientNetwork({ persistence }: ShownService, client: Address): Address {
  const { netmask } = persistence ?? {};
  const bits =
    typeof netmask === 'number'
      ? netmask
      : typeof netmask === 'string'
        ? prefixLength(parseDottedQuad(netmask)?.value ?? 0xffffffff)
        : undefined;
  return networkOf(client, bits ?? fullPrefix(client.family));
}

function serverOf(service: ShownService, one: ConnectionFact): ShownServer | undefined {
  return (
    service.servers.find(
      ({ address, port }) => address === one.server && port === one.server_port,
    ) ??
    // servers of marks and of every port have none of their own
    service.servers.find(
      ({ address, port }) =>
        address === one.server &&
        (port === 0 || service.mark !== undefined || one.server_port === 0),
    )
  );
}

/** The servers of a service as a scheduler sees them; thresholds are known by what is connected. */
function candidatesOf(service: ShownService): (Candidate & { readonly shown: ShownServer })[] {
  return service.servers.flatMap((shown) => {
    const address = parseAddress(shown.address);
    const { port, weight, active, inactive, upper } = shown;
    const overloaded = (upper ?? 0) > 0 && active + inactive >= (upper ?? 0);
    return address
      ? [
          {
            address,
            port,
            weight,
            lastWeight: weight || 1,
            overloaded,
            available: true,
            active,
            inactive,
            shown,
          },
        ]
      : [];
  });
}

/** Schedulers whose answer follows from servers and packet alone. */
const CERTAIN = ['sh', 'dh', 'mh', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf'];

function byScheduler(service: ShownService, packet: PathPacket): ServerChoice {
  const { scheduler: name, servers } = service;
  const usable = servers.filter(({ weight }) => weight > 0);
  const scheduler = schedulerOf(name);
  const candidates = candidatesOf(service);
  if (scheduler === undefined)
    return { server: undefined, why: `scheduler ${name} is not known`, isCertain: false };
  const input = {
    client: packet.source,
    clientPort: packet.sourcePort ?? 0,
    virtual: packet.destination,
    hasPorts: ['tcp', 'udp', 'sctp'].includes(packet.protocol),
    now: 0,
  };
  const flags = flagBits(service.flags ?? []);
  const settings = { flags, expiration: 86_400, random: () => 0 };
  const picked = scheduler.pick(scheduler.start(candidates), candidates, input, settings)?.shown;
  const engine = service.persistence?.engine ?? null;
  const isCertain = (CERTAIN.includes(name) && engine === null) || usable.length === 1;
  const open =
    engine === null
      ? `scheduler ${name} takes them in turn`
      : `it depends on what persistence engine ${engine} reads in the packet`;
  const why = isCertain
    ? `scheduler ${name} chooses it`
    : `one of ${usable.length} servers: ${open}`;
  if (picked === undefined) return { server: undefined, why: refusal(service), isCertain: true };
  return { server: picked, why, isCertain };
}

/** Whether every server that could take a connection is at its upper threshold. */
export function isFull(service: ShownService): boolean {
  const usable = candidatesOf(service).filter(({ weight }) => weight > 0);
  return usable.length > 0 && usable.every(({ overloaded }) => overloaded);
}

function refusal(service: ShownService): string {
  const { servers, scheduler } = service;
  if (isFull(service)) return 'every server is at its upper threshold';
  if (servers.length === 0) return 'the service has no servers';
  if (servers.every(({ weight }) => weight === 0)) return 'all servers have weight 0';
  return `scheduler ${scheduler} has no server for this client`;
}

/** The address and port of a server. */
export function endpointOf({ address, port }: ShownServer): DestinationId | undefined {
  const parsed = parseAddress(address);
  return parsed && { address: parsed, port };
}

/**
 * A persistent service of a mark, or of every port, leaves the port as it is, also when its server has another
 * (seen in the lab: test/kernel/trace.test.ts).
 */
export function keepsPort({ service, persistence }: ShownService): boolean {
  const id = parseServiceKey(service ?? '');
  return persistence !== null && (id?.kind === 'fwmark' || id?.port === 0);
}
