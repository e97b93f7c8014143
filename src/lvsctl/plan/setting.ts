// What a plan is about: resources that each have a state, and the state that is desired.
import type { Family } from '../../model/address.js';
import type { DaemonRequest, DaemonRole } from '../../model/daemon.js';
import type { ServiceId } from '../../model/service.js';
import type { VirtualServer } from '../../model/table.js';
import type { Timeouts } from '../../model/timeouts.js';
import type { Command } from './command.js';
import type { FirewallRule } from './firewall.js';
import type { Machine } from './machine.js';

/**
 * Each with the type of its state; a state is plain JSON, so that it can be kept in the journal.
 */
export interface States {
  /** loaded */
  module: { readonly resource: { readonly name: string }; readonly state: boolean };
  /**
   * the value and, when a former one is put back, what changes with it; null = there is no such key
   */
  sysctl: {
    readonly resource: { readonly key: string };
    readonly state: Readonly<Record<string, string>> | null;
  };
  /** a tunnel device: arguments of `ip link add NAME` */
  link: {
    readonly resource: { readonly name: string; readonly args: readonly string[] };
    readonly state: 'up' | 'down' | null;
  };
  /** a UDP port that takes gue */
  fou: {
    readonly resource: { readonly port: number; readonly family: Family };
    readonly state: boolean;
  };
  /** `192.0.2.1/32` on an interface */
  address: {
    readonly resource: { readonly device: string; readonly address: string };
    readonly state: boolean;
  };
  /**
   * the default route of the lowest metric as `ip route` prints it, `via 10.0.0.1 dev eth0`; null =
   * none
   */
  route: { readonly resource: { readonly family: Family }; readonly state: string | null };
  firewall: {
    readonly resource: { readonly tool: FirewallTool; readonly rule: FirewallRule };
    readonly state: boolean;
  };
  service: { readonly resource: { readonly id: ServiceId }; readonly state: ServiceRules | null };
  timeouts: { readonly resource: Readonly<Record<never, never>>; readonly state: Timeouts };
  daemon: {
    readonly resource: { readonly role: DaemonRole };
    readonly state: DaemonRequest | null;
  };
}

/** A service with its servers. */
export interface ServiceRules extends VirtualServer {
  /** whether the kernel's order of servers counts: it does where a former state is put back */
  readonly ordered: boolean;
}

export type FirewallTool = 'nft' | 'iptables' | 'iptables-legacy';
export type ResourceTypeName = keyof States;
export type Resource = {
  readonly [K in ResourceTypeName]: { readonly kind: K } & States[K]['resource'];
}[ResourceTypeName];
export type State = States[ResourceTypeName]['state'];

/** One line of a plan. */
export interface Setting {
  readonly resource: Resource;
  readonly desired: State;
}

/** What is to be known of a kind of resource. Methods, so that a table can hold all kinds. */
export interface ResourceType<K extends ResourceTypeName> {
  /** others set it as well: what somebody else made of it since is left alone */
  readonly shared: boolean;
  /** what it is, for status: `sysctl net.ipv4.ip_forward` */
  title(resource: States[K]['resource']): string;
  show(state: States[K]['state']): string;
  read(resource: States[K]['resource'], machine: Machine): Promise<States[K]['state']>;
  /** whether what is there is what is desired */
  same(actual: States[K]['state'], desired: States[K]['state']): boolean;
  commands(
    resource: States[K]['resource'],
    from: States[K]['state'],
    to: States[K]['state'],
  ): readonly Command[];
}

/** Makes a setting of a kind, with its types checked. */
export function setting<K extends ResourceTypeName>(
  kind: K,
  resource: States[K]['resource'],
  desired: States[K]['state'],
): Setting {
  return { resource: { kind, ...resource } as Resource, desired };
}

/** One text a resource, whatever the order of its keys. */
export function keyOf(resource: Resource): string {
  return JSON.stringify(resource, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
