// What is shown of a run: each connection as it is decided, with the reason and the servers as the
// scheduler saw them.
import type { Address } from '../model/address.js';
import type { Destination } from '../model/destination.js';
import { type ServerKey, serverKey } from '../model/table.js';
import type { Reason, SchedulerInput, Settings } from '../schedulers/scheduler.js';
import type { Dataplane } from './dataplane.js';
import type { Incident } from './incidents.js';
import type { Verdict } from './packet.js';
import type { LiveServer, LiveService } from './server.js';

/** A server at the moment of a decision, before it. */
export interface ServerSeen {
  readonly server: ServerKey;
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
  readonly overloaded: boolean;
}

/** The reason of the scheduler, or why it was not asked. */
export type Why =
  | { readonly rule: 'scheduler'; readonly reason: Reason }
  /** a persistence template has its server */
  | { readonly rule: 'template'; readonly seconds: number }
  /** the client's address and port have a connection already */
  | { readonly rule: 'connection' }
  | { readonly rule: 'refused' | 'dropped' | 'passed' };

export interface ConnectionDecision {
  readonly kind: 'connection';
  /** seconds from the start of the run */
  readonly at: number;
  readonly client: Address;
  readonly clientPort: number;
  readonly server: Destination | undefined;
  readonly why: Why;
  /** newest first, as schedulers get them */
  readonly servers: readonly ServerSeen[];
}

/** A change of a server during the run. */
export interface Happened extends Incident {
  readonly kind: 'event';
}

export type Seen = ConnectionDecision | Happened;

/** Watches the runs of one service; asks its scheduler in place of the data plane. */
export class Watch {
  #reason: Reason | undefined;
  #servers: readonly ServerSeen[] = [];

  constructor(
    readonly plane: Dataplane,
    readonly live: LiveService,
    readonly show: (seen: Seen) => void,
  ) {
    plane.ask = (asked, arrival, settings) => this.#ask(asked, arrival, settings);
  }

  /** Before a connection. @param now on the clock of the data plane */
  before(now: number): void {
    this.plane.advance(now);
    this.#reason = undefined;
    this.#servers = this.live.servers.map(seen);
  }

  /** After it. @param verdict what became of its first packet */
  after(from: Pick<ConnectionDecision, 'at' | 'client' | 'clientPort'>, verdict: Verdict): void {
    const { at, client, clientPort } = from;
    const server = verdict.kind === 'forwarded' ? verdict.server.destination : undefined;
    const why = this.#why(verdict);
    this.show({ kind: 'connection', at, client, clientPort, server, why, servers: this.#servers });
  }

  happened(incident: Incident): void {
    this.show({ kind: 'event', ...incident });
  }

  #why(verdict: Verdict): Why {
    if (this.#reason) return { rule: 'scheduler', reason: this.#reason };
    if (verdict.kind !== 'forwarded') return { rule: verdict.kind };
    if (!verdict.scheduled) return { rule: 'connection' };
    return { rule: 'template', seconds: this.live.service.persistence?.timeout ?? 0 };
  }

  #ask(
    { scheduler, state, servers }: LiveService,
    arrival: SchedulerInput,
    settings: Settings,
  ): LiveServer | undefined {
    if (!scheduler) return undefined;
    const drawn: number[] = [];
    const random = () => {
      const number = settings.random();
      drawn.push(number);
      return number;
    };
    const why = scheduler.why(state, servers, arrival, settings);
    const picked = scheduler.pick(state, servers, arrival, { ...settings, random });
    this.#reason = why(picked, drawn);
    return picked;
  }
}

function seen(live: LiveServer): ServerSeen {
  const { destination, weight, active, inactive, overloaded } = live;
  return { server: serverKey(destination), weight, active, inactive, overloaded };
}
