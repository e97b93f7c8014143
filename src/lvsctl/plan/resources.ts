// Every kind of resource with what is to be known of it.
import type { Command } from './command.js';
import { FIREWALL } from './firewall.js';
import type { Machine } from './machine.js';
import { ADDRESS, FOU, LINK, ROUTE } from './network.js';
import { DAEMON, SERVICE, TIMEOUTS } from './rules.js';
import type { Resource, ResourceType, ResourceTypeName, State } from './setting.js';
import { MODULE, SYSCTL } from './sysctl.js';

const RESOURCE_TYPES: { readonly [K in ResourceTypeName]: ResourceType<K> } = {
  module: MODULE,
  sysctl: SYSCTL,
  link: LINK,
  fou: FOU,
  address: ADDRESS,
  route: ROUTE,
  firewall: FIREWALL,
  service: SERVICE,
  timeouts: TIMEOUTS,
  daemon: DAEMON,
};

/** A resource with its kind's functions, so that callers need no types of states. */
export interface BoundResource {
  readonly title: string;
  readonly shared: boolean;
  show(state: State): string;
  read(machine: Machine): Promise<State>;
  same(actual: State, desired: State): boolean;
  commands(from: State, to: State): readonly Command[];
}

export function resourceWith(resource: Resource): BoundResource {
  const kind = RESOURCE_TYPES[resource.kind] as unknown as ResourceType<ResourceTypeName>;
  return {
    title: kind.title(resource as never),
    shared: kind.shared,
    show: (state) => kind.show(state as never),
    read: (machine) => kind.read(resource as never, machine),
    same: (actual, desired) => kind.same(actual as never, desired as never),
    commands: (from, to) => kind.commands(resource as never, from as never, to as never),
  };
}

/** Whether text from a journal names a kind. */
export function isKind(name: unknown): name is ResourceTypeName {
  return typeof name === 'string' && Object.hasOwn(RESOURCE_TYPES, name);
}
