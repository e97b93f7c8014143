// The table of all types of resources. What a resource is, and the state it can have, follow from
// it.
import type { PlanCommand } from './command.js';
import { EXTRA_ADDRESS } from './extraaddress.js';
import { FIREWALL } from './firewall.js';
import type { Machine } from './machine.js';
import { ADDRESS, FOU, LINK, ROUTE } from './network.js';
import type { ResourceType } from './resourcetype.js';
import { DAEMON, SERVICE, TIMEOUTS } from './rules.js';
import { MODULE, SYSCTL } from './sysctl.js';

const TABLE = {
  module: MODULE,
  sysctl: SYSCTL,
  link: LINK,
  fou: FOU,
  extra_address: EXTRA_ADDRESS,
  address: ADDRESS,
  route: ROUTE,
  firewall: FIREWALL,
  service: SERVICE,
  timeouts: TIMEOUTS,
  daemon: DAEMON,
};

export type ResourceKind = keyof typeof TABLE;
type Rows = {
  readonly [K in ResourceKind]: (typeof TABLE)[K] extends ResourceType<infer Own, infer State>
    ? { readonly own: Own; readonly state: State }
    : never;
};

/** A resource of one kind, by default of any. */
export type Resource<K extends ResourceKind = ResourceKind> = {
  readonly [P in K]: { readonly kind: P } & Rows[P]['own'];
}[K];
export type ResourceState<K extends ResourceKind = ResourceKind> = Rows[K]['state'];

/** One line of a plan. */
export interface Setting<K extends ResourceKind = ResourceKind> {
  readonly resource: Resource<K>;
  readonly desired: ResourceState<K>;
}

/** Makes a setting of a kind, with its types checked. */
export function setting<K extends ResourceKind>(
  kind: K,
  resource: Rows[K]['own'],
  desired: ResourceState<K>,
): Setting<K> {
  return { resource: { kind, ...(resource as object) } as Resource<K>, desired };
}

/** A resource with its type's functions, so that callers need no types of states. */
export interface BoundResource<K extends ResourceKind = ResourceKind> {
  readonly title: string;
  readonly shared: boolean;
  show(state: ResourceState<K>): string;
  read(machine: Machine): Promise<ResourceState<K>>;
  same(actual: ResourceState<K>, desired: ResourceState<K>): boolean;
  commands(from: ResourceState<K>, to: ResourceState<K>): readonly PlanCommand[];
}

/** The same table, typed so that a row and its resource are seen to belong together. */
const TYPES: { readonly [K in ResourceKind]: ResourceType<Rows[K]['own'], Rows[K]['state']> } =
  TABLE;

export function resourceWith<K extends ResourceKind>(resource: Resource<K>): BoundResource<K> {
  const type = TYPES[resource.kind];
  return {
    title: type.title(resource),
    shared: type.shared,
    show: (state) => type.show(state),
    read: (machine) => type.read(resource, machine),
    same: (actual, desired) => type.same(actual, desired),
    commands: (from, to) => type.commands(resource, from, to),
  };
}

/** Whether text from a journal names a kind. */
export function isKind(name: unknown): name is ResourceKind {
  return typeof name === 'string' && Object.hasOwn(TABLE, name);
}

/** One text a resource, independent of the order of its keys. */
export function keyOf(resource: Resource): string {
  return JSON.stringify(resource, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
