// What connections are asked for, read from texts: options of a command, or the query of a URL.
import { parseAddress } from '../../model/address.js';
import { fullPrefix } from '../../model/prefix.js';
import {
  type ConnectionFilter,
  type ConnectionPlace,
  type Network,
  ORDERS,
  type Order,
  parseGrouping,
  type ServicePlace,
} from './connections.js';

/** Which connections, in which order, how many, or their number by a kind. */
export interface ConnectionQuery {
  readonly client?: Network;
  readonly service?: ServicePlace;
  readonly server?: ConnectionPlace;
  readonly state?: ReadonlySet<string>;
  readonly protocol?: string;
  readonly templates?: 'only' | 'none';
  readonly sort?: Order;
  /** as `parseGrouping` reads it */
  readonly count?: string;
  readonly limit?: number;
}

/** A value as text. */
export interface QueryField<T> {
  /** @returns undefined when it cannot be read */
  readonly read: (text: string) => T | undefined;
  /** what is needed instead, for a message */
  readonly needed: string;
}

export const PROTOCOLS = ['tcp', 'udp', 'sctp', 'ip'] as const;
export const TEMPLATES = ['only', 'none'] as const;
/** a listing of no more than this fits in memory */
export const MOST = 1_000_000_000;

const PLACE = 'an address such as 10.0.0.1, 10.0.0.1:80 or [2001:db8::1]:80 is needed';
const oneOf = <T extends string>(values: readonly T[]): QueryField<T> => ({
  read: (text) => values.find((one) => one === text),
  needed: `one of ${values.join(', ')} is needed`,
});

// biome-ignore format: a table
export const QUERY_FIELDS: { readonly [K in keyof ConnectionQuery]-?: QueryField<NonNullable<ConnectionQuery[K]>> } = {
  client: { read: network, needed: 'an address or a network such as 203.0.113.0/24 is needed' },
  service: { read: servicePlace, needed: `${PLACE}; the list does not show the mark of a connection` },
  server: { read: place, needed: PLACE },
  state: { read: (text) => new Set(text.toUpperCase().split(',')), needed: 'states such as ESTABLISHED,SYN_RECV are needed' },
  protocol: oneOf(PROTOCOLS),
  templates: oneOf(TEMPLATES),
  sort: oneOf(Object.keys(ORDERS) as Order[]),
  count: { read: (text) => (parseGrouping(text) ? text : undefined), needed: 'one of client, client/24, service, server, state is needed' },
  limit: { read: limit, needed: 'a number from 1 on is needed' },
};

/** Templates are not counted where nothing else is asked. */
export function filterOf(query: ConnectionQuery): ConnectionFilter {
  const templates = query.templates ?? (query.count === undefined ? undefined : 'none');
  return { ...query, states: query.state, templates };
}

/** `203.0.113.9`, `2001:db8::/32` */
function network(text: string): Network | undefined {
  const [, head = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(head);
  if (address === undefined) return undefined;
  const length = bits === undefined ? fullPrefix(address.family) : Number(bits);
  return length > fullPrefix(address.family) ? undefined : { address, length };
}

/** `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:db8::1]:80` */
function place(text: string): ConnectionPlace | undefined {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = parseAddress(v6 ?? v4 ?? text);
  if (address === undefined || Number(port ?? 0) > 65_535) return undefined;
  return { address, port: port === undefined ? undefined : Number(port) };
}

/** The same with a protocol before it. */
function servicePlace(text: string): ServicePlace | undefined {
  const [, protocol, rest = text] = /^(tcp|udp|sctp) +(.*)$/.exec(text) ?? [];
  const found = place(rest);
  return found && { ...found, protocol };
}

function limit(text: string): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= MOST ? value : undefined;
}
