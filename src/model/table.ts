// The IPVS table as data: virtual services with their real servers, and one key for each.
import { formatAddress, parseDottedQuad, parseIpv6 } from './address.js';
import type { Change } from './change.js';
import type { Destination, DestinationId } from './destination.js';
import type { Protocol, Service, ServiceId } from './service.js';

/** A virtual service with its real servers. */
export interface VirtualServer {
  readonly service: Service;
  /** newest first where they were read from a table, else in the order of the file */
  readonly destinations: readonly Destination[];
}

/**
 * What identifies a service, as text that people can read too: `tcp 192.0.2.1:80`,
 * `udp [2001:db8::1]:53`, `fwmark 7 ipv4`.
 */
export type ServiceKey = string;

/** What identifies a server of a service: `10.0.0.1:80`, `[2001:db8::11]:80`. */
export type ServerKey = string;

/** Services by key, in the kernel's order where they were read from a table. */
export type Table = ReadonlyMap<ServiceKey, VirtualServer>;

/** The key of a service. */
export function serviceKey(id: ServiceId): ServiceKey {
  return id.kind === 'fwmark'
    ? `fwmark ${id.mark} ${id.family}`
    : `${id.protocol} ${serverKey(id)}`;
}

/** The key of a server. */
export function serverKey({ address, port }: DestinationId): ServerKey {
  const text = formatAddress(address);
  return address.family === 'ipv6' ? `[${text}]:${port}` : `${text}:${port}`;
}

/** The service that `serviceKey` made a key of; undefined when the text is no such key. */
export function parseServiceKey(key: string): ServiceId | undefined {
  const [, mark, markFamily] = /^fwmark (\d{1,10}) (ipv4|ipv6)$/.exec(key) ?? [];
  if (mark !== undefined && Number(mark) < 2 ** 32)
    return { kind: 'fwmark', mark: Number(mark), family: markFamily === 'ipv6' ? 'ipv6' : 'ipv4' };
  const [, name = '', server = ''] = /^(tcp|udp|sctp|ip-\d{1,5}) (\S+)$/.exec(key) ?? [];
  const id = parseServerKey(server);
  return name === '' || id === undefined
    ? undefined
    : { kind: 'address', protocol: name as Protocol, ...id };
}

/** The server that `serverKey` made a key of; undefined when the text is no such key. */
export function parseServerKey(key: string): DestinationId | undefined {
  const [, v6, v4, port = ''] = /^(?:\[([\da-f:.]+)\]|([\d.]+)):(\d{1,5})$/.exec(key) ?? [];
  const address = v6 === undefined ? parseDottedQuad(v4 ?? '') : parseIpv6(v6);
  return address === undefined || Number(port) > 65_535
    ? undefined
    : { address, port: Number(port) };
}

/** Virtual servers as a table. */
export function tableOf(list: Iterable<VirtualServer>): Table {
  return new Map([...list].map((one) => [serviceKey(one.service.id), one]));
}

/** Servers by key. */
export function serversByKey<D extends DestinationId>(list: Iterable<D>): Map<ServerKey, D> {
  return new Map([...list].map((one) => [serverKey(one), one]));
}

/** The service that a change is about; undefined where it is about none or about all. */
export function serviceOf(change: Change): ServiceId | undefined {
  if ('service' in change) return change.service.id;
  return 'id' in change ? change.id : undefined;
}

/**
 * The table after changes that took effect: a new server comes first, as in the kernel. Changes of
 * timeouts, daemons and counters leave it as it is.
 */
export function withChanges(table: Table, changes: Iterable<Change>): Table {
  const next = new Map(table);
  const edited = new Map<ServiceKey, EditedServers>();
  for (const change of changes) {
    if (change.kind === 'flush') {
      next.clear();
      edited.clear();
    }
    const id = serviceOf(change);
    if (id === undefined) continue;
    const key = serviceKey(id);
    if (change.kind === 'delete-service') {
      next.delete(key);
      edited.delete(key);
    } else if (change.kind === 'add-service' || change.kind === 'edit-service') {
      const { service } = change;
      next.set(key, { service, destinations: next.get(key)?.destinations ?? [] });
    } else if ('destination' in change && next.has(key)) {
      const servers = edited.get(key) ?? editServers(next.get(key)?.destinations ?? []);
      edited.set(key, servers);
      servers.change(change);
    }
  }
  for (const [key, { list }] of edited) {
    const before = next.get(key);
    if (before) next.set(key, { ...before, destinations: list() });
  }
  return next;
}

/** The servers of a service while they are changed: each change takes the same time. */
interface EditedServers {
  change(change: Extract<Change, { readonly destination: unknown }>): void;
  /** newest first */
  list(): readonly Destination[];
}

function editServers(destinations: readonly Destination[]): EditedServers {
  // oldest first: a new one is added at the end
  const byKey = serversByKey(destinations.toReversed());
  return {
    change(change) {
      const key = serverKey(change.destination);
      if (change.kind === 'delete-destination') byKey.delete(key);
      else if (change.kind === 'add-destination' || byKey.has(key))
        byKey.set(key, change.destination);
    },
    list: () => [...byKey.values()].reverse(),
  };
}
