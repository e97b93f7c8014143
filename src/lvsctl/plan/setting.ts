// What a plan is about: subjects that each have a state, and the state that is wanted.
import type { Family } from '../../model/address.js';
import type { DaemonRequest, DaemonRole } from '../../model/daemon.js';
import type { ServiceId } from '../../model/service.js';
import type { Timeouts } from '../../model/timeouts.js';
import type { Command } from './command.js';
import type { RuleSet } from './diff.js';
import type { FirewallRule } from './firewall.js';
import type { Machine } from './machine.js';

/**
 * Each with the type of its state; a state is plain JSON, so that it can be kept in the journal.
 */
export interface States {
  /** loaded */
  module: { readonly subject: { readonly name: string }; readonly state: boolean };
  /**
   * the value and, when a former one is put back, what changes with it; null = there is no such key
   */
  sysctl: {
    readonly subject: { readonly key: string };
    readonly state: Readonly<Record<string, string>> | null;
  };
  /** a tunnel device: words of `ip link add NAME` */
  link: {
    readonly subject: { readonly name: string; readonly words: readonly string[] };
    readonly state: 'up' | 'down' | null;
  };
  /** a UDP port that takes gue */
  fou: {
    readonly subject: { readonly port: number; readonly family: Family };
    readonly state: boolean;
  };
  /** `192.0.2.1/32` on an interface */
  address: {
    readonly subject: { readonly device: string; readonly address: string };
    readonly state: boolean;
  };
  /**
   * the default route of the lowest metric as `ip route` words it, `via 10.0.0.1 dev eth0`; null =
   * none
   */
  route: { readonly subject: { readonly family: Family }; readonly state: string | null };
  firewall: {
    readonly subject: { readonly tool: FirewallTool; readonly rule: FirewallRule };
    readonly state: boolean;
  };
  service: { readonly subject: { readonly id: ServiceId }; readonly state: RuleSet | null };
  timeouts: { readonly subject: Readonly<Record<never, never>>; readonly state: Timeouts };
  daemon: { readonly subject: { readonly role: DaemonRole }; readonly state: DaemonRequest | null };
}

export type FirewallTool = 'nft' | 'iptables' | 'iptables-legacy';
export type KindName = keyof States;
export type Subject = {
  readonly [K in KindName]: { readonly kind: K } & States[K]['subject'];
}[KindName];
export type State = States[KindName]['state'];

/** One line of a plan. */
export interface Setting {
  readonly subject: Subject;
  readonly wanted: State;
}

/** What is to be known of a kind of subject. Methods, so that a table can hold all kinds. */
export interface Kind<K extends KindName> {
  /** others set it as well: what somebody else made of it since is left alone */
  readonly shared: boolean;
  /** what it is, for status: `sysctl net.ipv4.ip_forward` */
  title(subject: States[K]['subject']): string;
  show(state: States[K]['state']): string;
  read(subject: States[K]['subject'], machine: Machine): Promise<States[K]['state']>;
  /** whether what is there is what is wanted */
  same(actual: States[K]['state'], wanted: States[K]['state']): boolean;
  commands(
    subject: States[K]['subject'],
    from: States[K]['state'],
    to: States[K]['state'],
  ): readonly Command[];
}

/** Makes a setting of a kind, with its types checked. */
export function setting<K extends KindName>(
  kind: K,
  subject: States[K]['subject'],
  wanted: States[K]['state'],
): Setting {
  return { subject: { kind, ...subject } as Subject, wanted };
}

/** One text a subject, whatever the order of its keys. */
export function keyOf(subject: Subject): string {
  return JSON.stringify(subject, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
