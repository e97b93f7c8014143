// What lasts beyond one monitor: as JSON, each field checked before it is believed.
import type { Destination, DestinationId } from '../../../model/destination.js';
import {
  parseServerKey,
  parseServiceKey,
  type ServerKey,
  type ServiceKey,
  serverKey,
  serviceKey,
} from '../../../model/table.js';
import { desiredServices } from '../../config/desired.js';
import type { Config } from '../../config/file.js';
import {
  count,
  listOf,
  moment,
  nullable,
  objectOf,
  objectWith,
  oneOf,
  type Shape,
  text,
  textThat,
} from '../../shape.js';
import type { ToleratedDrift, ToleratedServer } from '../table/drift.js';
import { adminStates } from './config.js';
import { addOrphans, NO_ORPHANS, type Orphans, type Owned, ownedBy } from './orphans.js';
import { emptyState } from './reduce.js';
import {
  ADMIN_STATES,
  type AdminState,
  type MonitorState,
  type RememberedServer,
} from './state.js';

const VERSION = 2;

/** The file's content. Keys of services and servers as in status: `tcp 192.0.2.1:80`. */
export interface Lasting {
  readonly version: typeof VERSION;
  /** what the last file put into the table, sorry servers included */
  readonly owned: readonly {
    readonly service: ServiceKey;
    readonly name: string;
    readonly servers: readonly ServerKey[];
  }[];
  /** what earlier files left in the table */
  readonly orphan_services: readonly {
    readonly service: ServiceKey;
    readonly successor: ServiceKey | null;
  }[];
  readonly orphan_servers: readonly { readonly service: ServiceKey; readonly server: ServerKey }[];
  readonly admin: readonly (Omit<AdminState, 'until'> & {
    readonly service: ServiceKey;
    readonly name: string;
    readonly server: ServerKey;
    readonly until: string | null;
  })[];
  /** drift that `drift: ignore` leaves alone; theirs null = removed */
  readonly tolerated: readonly {
    readonly service: ServiceKey;
    readonly server: ServerKey;
    readonly theirs: Destination | null;
    readonly ours: ToleratedServer['ours'];
  }[];
}

export const NOTHING_LASTING: Lasting = {
  version: VERSION,
  owned: [],
  orphan_services: [],
  orphan_servers: [],
  admin: [],
  tolerated: [],
};

/** The part of a state that lasts. Changes of others to whole services end with the monitor. */
export function lastingOf({ services, orphans, remembered, tolerated }: MonitorState): Lasting {
  return {
    version: VERSION,
    owned: services.map(({ key, name, spec }) => ({
      service: key,
      name,
      servers: ownedBy(spec).servers.map(serverKey),
    })),
    orphan_services: [...orphans.services].map(([service, { successor }]) => ({
      service,
      successor: successor ?? null,
    })),
    orphan_servers: [...orphans.servers].flatMap(([service, servers]) =>
      [...servers.keys()].map((server) => ({ service, server })),
    ),
    admin: [...remembered, ...adminStates(services)].map(({ service, name, server, admin }) => ({
      service,
      name,
      server,
      ...admin,
      until: admin.until ?? null,
    })),
    tolerated: [...tolerated.servers].flatMap(([service, servers]) =>
      [...servers].map(([server, { theirs, ours }]) => ({
        service,
        server,
        theirs: theirs ?? null,
        ours: { role: ours.role, spec: ours.spec },
      })),
    ),
  };
}

/** The state of a monitor that begins with what an earlier one left. */
export function restoredState(lasting: Lasting, config: Config): MonitorState {
  return {
    ...emptyState(config),
    orphans: orphansOf(lasting, config),
    remembered: rememberedOf(lasting),
    tolerated: toleratedOf(lasting),
  };
}

/** Administrative states as the monitor keeps them. */
export function rememberedOf({ admin }: Lasting): readonly RememberedServer[] {
  return admin.map(({ service, name, server, state, reason, by, since, until }) => ({
    service,
    name,
    server,
    admin: { state, reason, by, since, until: until ?? undefined },
  }));
}

/** Without administrative states whose time is over. */
export function withoutExpired(lasting: Lasting, now: Date): Lasting {
  const isOver = (until: string | null) => until !== null && Date.parse(until) <= now.getTime();
  return { ...lasting, admin: lasting.admin.filter(({ until }) => !isOver(until)) };
}

/** With other administrative states. */
export function withRemembered(lasting: Lasting, remembered: readonly RememberedServer[]): Lasting {
  return {
    ...lasting,
    admin: remembered.map(({ service, name, server, admin }) => ({
      service,
      name,
      server,
      ...admin,
      until: admin.until ?? null,
    })),
  };
}

/** What the last file had and this one does not joins what earlier files left. */
function orphansOf({ owned, orphan_services, orphan_servers }: Lasting, config: Config): Orphans {
  const desired = desiredServices(config);
  const byName = new Map(
    desired.map(({ service, source }) => [source.name, serviceKey(service.id)]),
  );
  const keys = new Set(byName.values());
  const successors = new Map(
    owned.flatMap(({ service, name }) => {
      const successor = keys.has(service) ? service : byName.get(name);
      return successor === undefined ? [] : [[service, successor] as const];
    }),
  );
  const servers = new Map<ServiceKey, Map<ServerKey, DestinationId>>();
  for (const { service, server } of orphan_servers) {
    const list = servers.get(service) ?? new Map<ServerKey, DestinationId>();
    const id = parseServerKey(server);
    if (id) servers.set(service, list.set(server, id));
  }
  const before: Orphans = {
    services: new Map(
      orphan_services.map(({ service, successor }) => [
        service,
        { successor: successor ?? undefined },
      ]),
    ),
    servers,
  };
  const previous = owned.map(
    ({ service, servers: list }): Owned => ({
      key: service,
      servers: list.flatMap((server) => parseServerKey(server) ?? []),
    }),
  );
  return previous.length + before.services.size + servers.size === 0
    ? NO_ORPHANS
    : addOrphans(before, previous, desired.map(ownedBy), successors);
}

function toleratedOf({ tolerated }: Lasting): ToleratedDrift {
  const servers = new Map<ServiceKey, Map<ServerKey, ToleratedServer>>();
  for (const { service, server, theirs, ours } of tolerated) {
    const list = servers.get(service) ?? new Map<ServerKey, ToleratedServer>();
    servers.set(service, list.set(server, { theirs: theirs ?? undefined, ours }));
  }
  return { services: new Map(), servers };
}

const service = textThat(
  'a service like tcp 192.0.2.1:80',
  (key) => keyOf(parseServiceKey(key), serviceKey) === key,
);
const server = textThat(
  'an address with its port',
  (key) => keyOf(parseServerKey(key), serverKey) === key,
);

/** Another spelling of a key would never be found. */
function keyOf<T>(id: T | undefined, render: (id: T) => string): string | undefined {
  return id === undefined ? undefined : render(id);
}

const word = shapeOfNumber(0, 2 ** 32 - 1);
const address: Shape = (value, path) =>
  (value as { family?: unknown } | null)?.family === 'ipv6'
    ? objectOf({ family: oneOf(['ipv6']), words: fourWords })(value, path)
    : objectOf({ family: oneOf(['ipv4']), value: word })(value, path);
const fourWords: Shape = (value, path) =>
  listOf(word)(value, path) ??
  ((value as unknown[]).length === 4 ? undefined : `${path}: expected four numbers`);

const destination = objectOf<Destination>({
  address,
  port: shapeOfNumber(0, 65_535),
  forwarding: textThat('a forwarding method', (method) =>
    /^(?:masquerade|local|tunnel|direct|method-\d)$/.test(method),
  ),
  tunnel: objectOf<Destination['tunnel']>({
    type: textThat('a tunnel type', (type) => /^(?:ipip|gue|gre|type-\d{1,3})$/.test(type)),
    port: shapeOfNumber(0, 65_535),
    flags: shapeOfNumber(0, 65_535),
  }),
  weight: shapeOfNumber(0, 2 ** 31 - 1),
  upperThreshold: count,
  lowerThreshold: count,
});

function shapeOfNumber(min: number, max: number): Shape {
  return (value, path) =>
    count(value, path) ??
    ((value as number) >= min && (value as number) <= max
      ? undefined
      : `${path}: expected a number from ${min} to ${max}`);
}

const LASTING = objectOf<Lasting>({
  version: oneOf([VERSION]),
  owned: listOf(
    objectOf<Lasting['owned'][number]>({ service, name: text, servers: listOf(server) }),
  ),
  orphan_services: listOf(
    objectOf<Lasting['orphan_services'][number]>({ service, successor: nullable(service) }),
  ),
  orphan_servers: listOf(objectOf<Lasting['orphan_servers'][number]>({ service, server })),
  admin: listOf(
    objectOf<Lasting['admin'][number]>({
      service,
      name: text,
      server,
      state: oneOf(ADMIN_STATES),
      reason: text,
      by: text,
      since: moment,
      until: nullable(moment),
    }),
  ),
  tolerated: listOf(
    objectOf<Lasting['tolerated'][number]>({
      service,
      server,
      theirs: nullable(destination),
      ours: objectOf<ToleratedServer['ours']>({
        role: oneOf(['in', 'quiesced', 'out']),
        spec: destination,
      }),
    }),
  ),
});

/** What is wrong with a value that should be `Lasting`; undefined = nothing. */
export function lastingProblem(value: unknown): string | undefined {
  // another version is reported as such, with any other content
  const version = objectWith<Pick<Lasting, 'version'>>({ version: oneOf([VERSION]) })(value, '');
  return version ?? LASTING(value, '') ?? repeated((value as Lasting).admin);
}

function repeated(admin: Lasting['admin']): string | undefined {
  const keys = new Set<string>();
  for (const [i, one] of admin.entries()) {
    const key = `${one.service} ${one.server}`;
    if (keys.has(key)) return `admin[${i}]: the server is there twice`;
    keys.add(key);
  }
  return undefined;
}
