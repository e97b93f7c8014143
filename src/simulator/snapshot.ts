// What packets left behind, as plain data that can be kept in a file: counters, templates and
// connections of the services that are there.
// Not kept: what a scheduler remembers, and servers that were deleted, with their connections.
import type { Address } from '../model/address.js';
import type { KnownProtocol } from '../model/service.js';
import {
  type ConnectionTable,
  type Flow,
  newFlow,
  newTemplate,
  type Template,
} from './connections.js';
import { flowKey, templateKey } from './keys.js';
import type { Packet } from './packet.js';
import type { LiveServer, LiveService } from './server.js';
import { isActive } from './states.js';
import type { TrafficState } from './traffic.js';

/** Places count services from the oldest and servers from the newest, as the table lists them. */
export interface Snapshot {
  /** seconds on the clock of the data plane */
  readonly now: number;
  readonly services: readonly {
    readonly traffic: TrafficState;
    readonly servers: readonly {
      readonly traffic: TrafficState;
      readonly lastWeight: number;
      readonly overloaded: boolean;
    }[];
  }[];
  readonly templates: readonly KeptTemplate[];
  readonly flows: readonly KeptFlow[];
}

export interface KeptTemplate {
  readonly service: number;
  readonly server: number;
  readonly protocol: KnownProtocol | 'ip';
  readonly client: Address;
  readonly virtual: Address;
  readonly virtualPort: number;
  readonly serverPort: number;
  /** Call-ID of the engine sip */
  readonly callId: string | undefined;
  readonly seconds: number;
  readonly assured: boolean;
  readonly retired: boolean;
  readonly expiresAt: number;
}

export interface KeptFlow {
  readonly service: number;
  readonly server: number;
  readonly protocol: KnownProtocol;
  readonly client: Address;
  readonly clientPort: number;
  readonly virtual: Address;
  readonly virtualPort: number;
  readonly mark: number;
  readonly serverPort: number;
  readonly state: string;
  readonly bidirectional: boolean;
  /** place among the templates, -1 = none */
  readonly template: number;
  readonly expiresAt: number;
}

/** The position of a server: the index of its service, and its own in it. */
type ServerPlaces = ReadonlyMap<LiveServer, Pick<KeptFlow, 'service' | 'server'>>;

/** What packets left behind; undefined when there is nothing. */
export function takeSnapshot(
  lives: readonly LiveService[],
  connections: ConnectionTable,
  now: number,
): Snapshot | undefined {
  const places: ServerPlaces = new Map(
    lives.flatMap(({ servers }, service) =>
      servers.map((one, server) => [one, { service, server }] as const),
    ),
  );
  const { retired } = connections;
  const templates = [...connections.templates.values(), ...retired];
  const orders = new Map<Template, number>();
  const keptTemplates = templates.flatMap((template) => {
    const place = places.get(template.server);
    if (place === undefined) return [];
    orders.set(template, orders.size);
    return [keptTemplate(template, place, retired.has(template))];
  });
  const flows = [...connections.flows.values()].flatMap((flow) => {
    const place = places.get(flow.server);
    return place ? [keptFlow(flow, place, orders)] : [];
  });
  if (flows.length + keptTemplates.length === 0 && lives.every(({ traffic }) => traffic.isIdle))
    return undefined;
  const services = lives.map(({ traffic, servers }) => ({
    traffic: traffic.state(),
    servers: servers.map(({ traffic: own, lastWeight, overloaded }) => ({
      traffic: own.state(),
      lastWeight,
      overloaded,
    })),
  }));
  return { now, services, templates: keptTemplates, flows };
}

/** The same as if it had all happened some seconds earlier. */
export function earlier({ now, templates, flows, services }: Snapshot, seconds: number): Snapshot {
  const moved = <T extends { readonly expiresAt: number }>(entry: T): T => ({
    ...entry,
    expiresAt: entry.expiresAt - seconds,
  });
  return { now: now - seconds, services, templates: templates.map(moved), flows: flows.map(moved) };
}

function keptTemplate(
  template: Template,
  place: Pick<KeptFlow, 'service' | 'server'>,
  retired: boolean,
): KeptTemplate {
  const { protocol, client, virtual, virtualPort, serverPort } = template;
  const { engine, seconds, assured, expiresAt } = template;
  const callId = engine?.data;
  return {
    ...place,
    protocol,
    client,
    virtual,
    virtualPort,
    serverPort,
    callId,
    seconds,
    assured,
    retired,
    expiresAt,
  };
}

function keptFlow(
  { packet, serverPort, state, bidirectional, template, expiresAt }: Flow,
  place: Pick<KeptFlow, 'service' | 'server'>,
  orders: ReadonlyMap<Template, number>,
): KeptFlow {
  const { protocol, client, clientPort, virtual, virtualPort, mark } = packet;
  return {
    ...place,
    protocol,
    client,
    clientPort,
    virtual,
    virtualPort,
    mark,
    serverPort,
    state,
    bidirectional,
    template: template ? (orders.get(template) ?? -1) : -1,
    expiresAt,
  };
}

/**
 * Takes over what was kept, into services and servers that are there already. Places that are not
 * are left out.
 */
export function restoreSnapshot(
  { services, templates, flows }: Snapshot,
  lives: readonly LiveService[],
  connections: ConnectionTable,
): void {
  for (const [i, kept] of services.entries()) {
    const live = lives[i];
    live?.traffic.set(kept.traffic);
    for (const [j, one] of kept.servers.entries()) {
      const server = live?.servers[j];
      server?.traffic.set(one.traffic);
      if (server) [server.lastWeight, server.overloaded] = [one.lastWeight, one.overloaded];
    }
  }
  const made = templates.map((kept) => restoreTemplate(kept, lives, connections));
  for (const kept of flows) restoreFlow(kept, lives, connections, made[kept.template]);
}

function restoreTemplate(
  kept: KeptTemplate,
  lives: readonly LiveService[],
  connections: ConnectionTable,
): Template | undefined {
  const { service, server: place, callId, retired, expiresAt, ...rest } = kept;
  const server = lives[service]?.servers[place];
  if (!server) return undefined;
  const { serverPort, seconds, assured } = rest;
  const engine = callId === undefined ? undefined : ({ name: 'sip', data: callId } as const);
  const tuple = { ...rest, key: templateKey(rest, callId), engine };
  const template = { ...newTemplate(tuple, { server, serverPort, seconds }), assured, expiresAt };
  if (retired) connections.retired.add(template);
  else connections.templates.set(template.key, template);
  server.persistent++;
  connections.expireAt(template, expiresAt);
  return template;
}

function restoreFlow(
  kept: KeptFlow,
  lives: readonly LiveService[],
  connections: ConnectionTable,
  template: Template | undefined,
): void {
  const { service: at, server: place, serverPort, state, bidirectional, expiresAt } = kept;
  const service = lives[at];
  const server = service?.servers[place];
  if (!service || !server) return;
  const { protocol, client, clientPort, virtual, virtualPort, mark } = kept;
  const packet: Packet = {
    direction: 'in',
    protocol,
    client,
    clientPort,
    virtual,
    virtualPort,
    mark,
    bytes: 0,
  };
  const active = isActive(protocol, state);
  const begun = newFlow({ service, server, serverPort, template }, packet, flowKey(packet));
  const flow = { ...begun, state, active, bidirectional, expiresAt };
  if (active) server.active++;
  else server.inactive++;
  connections.add(flow);
  connections.expireAt(flow, expiresAt);
}
