// A packet of a client to every server of every service, and where it is lost.
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import { parseServiceKey } from '../../model/table.js';
import type { LossCause, PathHop, PathPacket } from '../path/hop.js';
import { holders, type PathHost } from '../path/host.js';
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
  const { host, others } = inspection;
  return [...host.services.values()].flatMap((service) => {
    const vip = vipOf(service, inspection);
    if (vip === undefined) return [];
    const clients = clientsOf(host, service, vip);
    return service.servers
      .filter(({ weight }) => weight > 0)
      .flatMap((server) =>
        clients.flatMap(({ client, isAny }) => {
          const path = follow(host, others, server, vip, client, isAny);
          const { at } = path;
          return at?.cause ? [{ hop: at, cause: at.cause, service, server, client }] : [];
        }),
      );
  });
}

function follow(
  host: PathHost,
  others: readonly PathHost[],
  server: ShownServer,
  vip: { readonly address: Address; readonly port: number; readonly protocol: string },
  client: Address,
  isAny: boolean,
): Path {
  const packet: PathPacket = {
    family: vip.address.family,
    protocol: vip.protocol,
    source: client,
    sourcePort: undefined,
    destination: vip.address,
    destinationPort: vip.port || server.port,
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
    server,
  });
}

/** Address, port and protocol of a service; those of a mark by the rule that sets it. */
function vipOf(service: ShownService, { marks }: Inspection) {
  const id = parseServiceKey(service.service ?? '');
  if (id === undefined) return undefined;
  if (id.kind === 'address')
    return { address: id.address, port: id.port, protocol: String(id.protocol) };
  const plain = marks.find((rule) => rule.value === id.mark && rule.family === id.family)?.plain;
  if (plain?.address?.kind !== 'network') return undefined;
  return {
    address: plain.address.address,
    port: plain.ports?.[0]?.from ?? 0,
    protocol: plain.protocol ?? 'tcp',
  };
}

/** Clients that are in the connection table, else one that stands for all. */
function clientsOf(host: PathHost, { service }: ShownService, vip: { readonly address: Address }) {
  const known = (host.facts.connections?.tally ?? [])
    .filter((one) => one.service === service)
    .flatMap(({ example }) => parseAddress(example) ?? [])
    // what the machine sends itself, checks for example, takes another path
    .filter((client) => holders(host, client).length === 0);
  const some = [...new Map(known.map((one) => [formatAddress(one), one])).values()].slice(0, 2);
  return [
    ...some.map((client) => ({ client, isAny: false })),
    { client: anyClient(host, vip.address), isAny: true },
  ];
}
