// The connection table: connections and persistence templates, their states, timers and counts.
import type { Address } from '../model/address.js';
import type { Connection } from '../model/connection.js';
import type { KnownProtocol } from '../model/service.js';
import type { Timeouts } from '../model/timeouts.js';
import type { Packet } from './packet.js';
import type { LiveServer, LiveService } from './server.js';
import { type Direction, firstState, isActive, nextSctp, nextTcp, secondsIn } from './states.js';
import { type Timed, Timers } from './timers.js';

export interface Template extends Timed {
  readonly kind: 'template';
  readonly key: string;
  readonly protocol: KnownProtocol | 'ip';
  readonly client: Address;
  readonly virtual: Address;
  virtualPort: number;
  readonly server: LiveServer;
  serverPort: number;
  seconds: number;
  assured: boolean;
  /** connections made through it */
  users: number;
  readonly engine: Connection['engine'];
}

export interface Flow extends Timed {
  readonly kind: 'flow';
  readonly key: string;
  readonly packet: Packet;
  readonly server: LiveServer;
  readonly service: LiveService;
  readonly serverPort: number;
  readonly template: Template | undefined;
  state: string;
  active: boolean;
  /** the director saw a reply, or rewrites addresses and so must see them */
  bidirectional: boolean;
}

/** What identifies one template from another, and what is shown of it. */
export type TemplateTuple = Pick<
  Template,
  'key' | 'protocol' | 'client' | 'virtual' | 'virtualPort' | 'engine'
>;

/** A template that no connection uses yet, and that is not queued to expire. */
export function newTemplate(
  tuple: TemplateTuple,
  parts: Pick<Template, 'server' | 'serverPort' | 'seconds'>,
): Template {
  return {
    kind: 'template',
    ...tuple,
    ...parts,
    assured: false,
    users: 0,
    expiresAt: 0,
    queuedAt: 0,
  };
}

/** A connection as its first packet finds it. */
export function newFlow(
  parts: Pick<Flow, 'service' | 'server' | 'serverPort' | 'template'>,
  packet: Packet,
  key: string,
): Flow {
  return {
    kind: 'flow',
    key,
    packet,
    ...parts,
    state: firstState(packet.protocol),
    active: false,
    bidirectional: parts.server.destination.forwarding === 'masquerade',
    expiresAt: 0,
    queuedAt: 0,
  };
}

/** what a template that still has connections gets when its time is over */
const TEMPLATE_AGAIN_SECONDS = 60;
const UNUSABLE_PORT = 65535;

export class ConnectionTable {
  readonly flows = new Map<string, Flow>();
  readonly templates = new Map<string, Template>();
  /** templates that no new connection uses any more, until their time is over */
  readonly retired = new Set<Template>();
  readonly #timers = new Timers<Flow | Template>();

  /** The next time at which an entry may go, Infinity when there are none. */
  get nextExpiry(): number {
    return this.#timers.next;
  }

  /** A connection that its server counts as inactive so far. */
  add(flow: Flow): void {
    if (flow.template) flow.template.users++;
    this.flows.set(flow.key, flow);
  }

  remove(flow: Flow): void {
    flow.expiresAt = Number.POSITIVE_INFINITY;
    if (!this.flows.delete(flow.key)) return;
    if (flow.active) flow.server.active--;
    else flow.server.inactive--;
    flow.server.unbound();
    if (flow.template) flow.template.users--;
  }

  removeOf(server: LiveServer): void {
    for (const flow of this.flows.values()) if (flow.server === server) this.remove(flow);
  }

  addTemplate(template: Template): void {
    this.templates.set(template.key, template);
    template.server.persistent++;
    template.server.bound();
  }

  /** No new connection uses the template any more. */
  retire(template: Template): void {
    this.templates.delete(template.key);
    this.retired.add(template);
    template.virtualPort = UNUSABLE_PORT;
    template.serverPort = UNUSABLE_PORT;
  }

  /** A template lasts for its whole time again. */
  renew(template: Template, now: number): void {
    this.#timers.set(template, now + template.seconds);
  }

  /** Sets the time at which an entry that was kept in a file expires. */
  expireAt(entry: Flow | Template, time: number): void {
    this.#timers.set(entry, time);
  }

  /** The state machine, the timer, and where the connection counts. */
  move(
    flow: Flow,
    packet: Packet,
    direction: Direction,
    { now, timeouts, secure }: { now: number; timeouts: Timeouts; secure: boolean },
  ): void {
    const { protocol } = packet;
    if (protocol === 'tcp') flow.state = nextTcp(flow.state, packet.tcp, direction, secure);
    else if (protocol === 'sctp')
      flow.state = nextSctp(flow.state, packet.sctp ?? 'data', direction);
    const active = isActive(protocol, flow.state);
    if (active !== flow.active) {
      flow.active = active;
      flow.server.active += active ? 1 : -1;
      flow.server.inactive += active ? -1 : 1;
    }
    if (flow.state === 'ESTABLISHED' && flow.template) flow.template.assured = true;
    this.#timers.set(flow, now + secondsIn(protocol, flow.state, timeouts));
  }

  /** Lets what is due expire. */
  expire(now: number): void {
    for (let due = this.#timers.due(now); due; due = this.#timers.due(now))
      if (due.kind === 'flow') this.remove(due);
      else this.#expireTemplate(due, now);
  }

  #expireTemplate(template: Template, now: number): void {
    if (template.users > 0) {
      template.seconds = TEMPLATE_AGAIN_SECONDS;
      this.renew(template, now);
      return;
    }
    if (!this.retired.delete(template)) this.templates.delete(template.key);
    template.server.persistent--;
    template.server.unbound();
  }
}
