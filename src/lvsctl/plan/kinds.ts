// Every kind of subject with what is to be known of it.
import type { Command } from './command.js';
import { FIREWALL } from './firewall.js';
import type { Machine } from './machine.js';
import { ADDRESS, FOU, LINK, ROUTE } from './network.js';
import { DAEMON, SERVICE, TIMEOUTS } from './rules.js';
import type { Kind, KindName, State, Subject } from './setting.js';
import { MODULE, SYSCTL } from './sysctl.js';

const KINDS: { readonly [K in KindName]: Kind<K> } = {
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

/** A subject with its kind's functions, so that callers need no types of states. */
export interface Bound {
  readonly title: string;
  readonly shared: boolean;
  show(state: State): string;
  read(machine: Machine): Promise<State>;
  same(actual: State, wanted: State): boolean;
  commands(from: State, to: State): readonly Command[];
}

export function bind(subject: Subject): Bound {
  const kind = KINDS[subject.kind] as unknown as Kind<KindName>;
  return {
    title: kind.title(subject as never),
    shared: kind.shared,
    show: (state) => kind.show(state as never),
    read: (machine) => kind.read(subject as never, machine),
    same: (actual, wanted) => kind.same(actual as never, wanted as never),
    commands: (from, to) => kind.commands(subject as never, from as never, to as never),
  };
}

/** Whether text from a journal names a kind. */
export function isKind(name: unknown): name is KindName {
  return typeof name === 'string' && Object.hasOwn(KINDS, name);
}
