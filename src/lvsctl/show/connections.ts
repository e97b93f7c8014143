// The connections that `lvsctl show connections` prints: which of them, in which order, and how
// many there are of each kind.
import { type Address, formatAddress } from '../../model/address.js';
import type { Connection } from '../../model/connection.js';
import { networkOf } from '../../model/prefix.js';
import { serverKey } from '../../model/table.js';

/** What a connection must be to be shown; what is undefined or empty asks for nothing. */
export interface ConnectionFilter {
  readonly client?: Network | undefined;
  readonly service?: ServicePlace | undefined;
  readonly server?: ConnectionPlace | undefined;
  /** as the kernel prints them */
  readonly states?: ReadonlySet<string> | undefined;
  /** in small letters */
  readonly protocol?: string | undefined;
  readonly templates?: 'only' | 'none' | undefined;
}
export interface Network {
  readonly address: Address;
  /** bits of the prefix */
  readonly length: number;
}
export interface ConnectionPlace {
  readonly address: Address;
  /** undefined = any */
  readonly port: number | undefined;
}
export interface ServicePlace extends ConnectionPlace {
  readonly protocol: string | undefined;
}

/** One connection in JSON. */
export interface ShownConnection {
  readonly protocol: string;
  readonly client: string;
  readonly client_port: number;
  readonly virtual: string;
  readonly virtual_port: number;
  readonly server: string;
  readonly server_port: number;
  readonly state: string;
  /** seconds until the entry expires */
  readonly expires: number;
  /** the memory of persistence, no connection */
  readonly template: boolean;
  readonly engine: { readonly name: string; readonly data: string } | null;
}

/** Templates have no port of a client, and no state. */
export function isTemplate({ clientPort, state }: Connection): boolean {
  return clientPort === 0 && state === 'NONE';
}

/** Whether a connection passes the filter. */
export function matchesFilter(one: Connection, filter: ConnectionFilter): boolean {
  const { client, service, server, states, protocol, templates } = filter;
  return (
    (templates === undefined || isTemplate(one) === (templates === 'only')) &&
    (states === undefined || states.has(one.state)) &&
    (protocol === undefined || one.protocol.toLowerCase() === protocol) &&
    (client === undefined || isIn(one.client, client)) &&
    (server === undefined || isAt(one.destination, one.destinationPort, server)) &&
    (service === undefined ||
      (isAt(one.virtual, one.virtualPort, service) &&
        (service.protocol === undefined || one.protocol.toLowerCase() === service.protocol)))
  );
}

function isIn(address: Address, { address: net, length }: Network): boolean {
  return (
    address.family === net.family &&
    formatAddress(networkOf(address, length)) === formatAddress(networkOf(net, length))
  );
}

function isAt(address: Address, port: number, place: ConnectionPlace): boolean {
  return (
    (place.port === undefined || place.port === port) &&
    address.family === place.address.family &&
    formatAddress(address) === formatAddress(place.address)
  );
}

/** A connection as JSON has it. */
export function shownConnection(one: Connection): ShownConnection {
  return {
    protocol: one.protocol.toLowerCase(),
    client: formatAddress(one.client),
    client_port: one.clientPort,
    virtual: formatAddress(one.virtual),
    virtual_port: one.virtualPort,
    server: formatAddress(one.destination),
    server_port: one.destinationPort,
    state: one.state,
    expires: one.expires,
    template: isTemplate(one),
    engine: one.engine ?? null,
  };
}

/** By what a listing is ordered, and how two connections compare. */
export const ORDERS = {
  expires: (a, b) => a.expires - b.expires,
  client: (a, b) => compareText(clientText(a), clientText(b)),
  service: (a, b) => compareText(serviceText(a), serviceText(b)),
  server: (a, b) => compareText(serverText(a), serverText(b)),
  state: (a, b) => compareText(a.state, b.state),
} as const satisfies Record<string, (a: Connection, b: Connection) => number>;
export type Order = keyof typeof ORDERS;

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const clientText = (one: Connection) => serverKey({ address: one.client, port: one.clientPort });
/** `10.0.0.1:80` */
export const serverText = (one: Connection) =>
  serverKey({ address: one.destination, port: one.destinationPort });
const serviceText = (one: Connection) =>
  `${one.protocol.toLowerCase()} ${serverKey({ address: one.virtual, port: one.virtualPort })}`;

/** What connections are counted by. */
export type Grouping = (one: Connection) => string;

/** Bits of an IPv6 network that count as one client where only those of IPv4 are named. */
const IPV6_BITS = 64;

/**
 * Reads `client`, `client/24`, `client/24,56`, `service`, `server`, `state`: the second number is
 * that of IPv6 clients, 64 where it is absent.
 */
export function parseGrouping(text: string): Grouping | undefined {
  const [, ipv4 = '', ipv6 = String(IPV6_BITS)] = /^client\/(\d+)(?:,(\d+))?$/.exec(text) ?? [];
  if (ipv4 !== '' && Number(ipv4) <= 32 && Number(ipv6) <= 128)
    return ({ client }) => {
      const bits = Number(client.family === 'ipv4' ? ipv4 : ipv6);
      return `${formatAddress(networkOf(client, bits))}/${bits}`;
    };
  return Object.hasOwn(GROUPINGS, text) ? GROUPINGS[text as keyof typeof GROUPINGS] : undefined;
}
const GROUPINGS = {
  client: ({ client }: Connection) => formatAddress(client),
  service: serviceText,
  server: serverText,
  state: ({ state }: Connection) => state,
};

/** How many connections there are of one kind. */
export interface Count {
  readonly value: string;
  readonly connections: number;
  /** of all that were counted, 0..1 */
  readonly share: number;
  readonly established: number;
  /** different servers */
  readonly servers: number;
}

/** What is counted of one kind. */
export interface CountEntry {
  connections: number;
  established: number;
  /** the first server; most kinds have no other, and a set each would be most of the memory */
  server: string | undefined;
  servers: Set<string> | undefined;
}

/** Counts connections as they come; memory grows with the kinds, not with the connections. */
export class Counter {
  readonly #by: Grouping;
  readonly #counts = new Map<string, CountEntry>();
  #all = 0;

  constructor(by: Grouping) {
    this.#by = by;
  }

  add(one: Connection): void {
    this.addTo(this.entryFor(one), serverText(one), one.state === 'ESTABLISHED');
  }

  /** Where connections of this one's kind are counted. */
  entryFor(one: Connection): CountEntry {
    const value = this.#by(one);
    let entry = this.#counts.get(value);
    if (entry === undefined) {
      entry = { connections: 0, established: 0, server: undefined, servers: undefined };
      this.#counts.set(value, entry);
    }
    return entry;
  }

  /** @param server as `serverText` has it */
  addTo(entry: CountEntry, server: string, isEstablished: boolean): void {
    this.#all++;
    entry.connections++;
    if (isEstablished) entry.established++;
    if (entry.servers !== undefined) entry.servers.add(server);
    else if (entry.server === undefined) entry.server = server;
    else if (entry.server !== server) entry.servers = new Set([entry.server, server]);
  }

  get all(): number {
    return this.#all;
  }

  /** The most frequent first. @param limit how many at the most */
  counts(limit: number): Count[] {
    const order = (
      [a, one]: readonly [string, CountEntry],
      [b, other]: readonly [string, CountEntry],
    ) => other.connections - one.connections || compareText(a, b);
    const first = new FirstOf(order, limit);
    for (const pair of this.#counts) first.add(pair);
    return first.sorted().map(([value, { connections, established, server, servers }]) => ({
      value,
      connections,
      share: connections / this.#all,
      established,
      servers: servers?.size ?? (server === undefined ? 0 : 1),
    }));
  }
}

/** The first `limit` in an order; holds about twice as many at the most. */
export class FirstOf<T> {
  readonly #order: (a: T, b: T) => number;
  readonly #limit: number;
  #held: T[] = [];

  constructor(order: (a: T, b: T) => number, limit: number) {
    this.#order = order;
    this.#limit = limit;
  }

  add(one: T): void {
    this.#held.push(one);
    if (this.#held.length >= Math.max(1000, 2 * this.#limit)) this.#held = this.sorted();
  }

  sorted(): T[] {
    return this.#held.sort(this.#order).slice(0, this.#limit);
  }
}
