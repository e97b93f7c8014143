// A run whose packets all go through the data plane of a table, so that the table has afterwards
// what the run reports: connections, templates, counters.
import type { ServiceId } from '../model/service.js';
import { findService } from './admission.js';
import type { Dataplane } from './dataplane.js';
import { happen, Incidents } from './incidents.js';
import { Moves } from './moves.js';
import type { Packet } from './packet.js';
import { closing, opening } from './packets.js';
import { ESTIMATION_SECONDS } from './periodic.js';
import { seeded } from './random.js';
import type { LiveService } from './server.js';
import type { Result, Scenario } from './simulation.js';
import { Tallies, type Tally } from './tallies.js';
import { type Timed, Timers } from './timers.js';
import { Watch } from './watch.js';
import {
  type Arrival,
  PORTS as CLIENT_PORTS,
  FIRST_PORT as FIRST_CLIENT_PORT,
} from './workload.js';

interface Session extends Timed {
  readonly first: Packet;
  readonly tally: Tally | undefined;
}

/** a session that ends nearer than this to the end of the run stays open */
const INSTANT = 1e-6;
const PROGRESS_EVERY = 65536;
const DEFAULT_PORT = 80;
const PORTS = 65535;
/** ports that a client tries: it may have connections at nearly all of them */
const PORT_ATTEMPTS = 100;

/**
 * Plays the arrivals through a service of a table. The run ends when counters are next brought up
 * to date, so that those of the table are those of the report.
 * @param live of `plane`, with the settings and servers of `scenario`
 * @param start time of the first arrival's clock, seconds on the clock of `plane`
 * @param progress called now and then with the arrivals so far
 * @returns the report, and the time on the clock of `plane` at which the run ended
 */
export function playInto(
  plane: Dataplane,
  live: LiveService,
  start: number,
  scenario: Scenario,
  arrivals: Iterable<Arrival>,
  progress?: (done: number) => void,
): { readonly result: Result; readonly end: number } {
  return new KeptRun(plane, live, start, scenario).run(arrivals, progress);
}

class KeptRun {
  readonly #tallies: Tallies;
  readonly #incidents: Incidents;
  readonly #moves = new Moves();
  readonly #sessions = new Timers<Session>();
  readonly #port: number;
  readonly #watch: Watch | undefined;
  #refused = 0;
  #reused = 0;

  constructor(
    readonly plane: Dataplane,
    readonly live: LiveService,
    readonly start: number,
    readonly scenario: Scenario,
  ) {
    const { destinations, incidents, until, seed } = scenario;
    this.#tallies = new Tallies(destinations, until);
    this.#incidents = new Incidents(incidents);
    this.#port = portOf(plane, live);
    this.#watch = scenario.show && new Watch(plane, live, scenario.show);
    plane.random = seeded(seed);
    plane.beginEstimation(start);
  }

  run(
    arrivals: Iterable<Arrival>,
    progress?: (done: number) => void,
  ): { readonly result: Result; readonly end: number } {
    let count = 0;
    let last = 0;
    for (const arrival of arrivals) {
      this.#passTo(arrival.at);
      this.#open(arrival);
      last = arrival.at;
      if (++count % PROGRESS_EVERY === 0) progress?.(count);
    }
    const turns = Math.floor(Math.max(last, this.scenario.until) / ESTIMATION_SECONDS) + 1;
    const end = turns * ESTIMATION_SECONDS;
    this.#passTo(end - INSTANT);
    this.plane.advance(this.start + end);
    return { result: this.#result(count), end: this.start + end };
  }

  #result(arrivals: number): Result {
    const { service, destinations, incidents } = this.scenario;
    this.#tallies.sample(Number.POSITIVE_INFINITY);
    return {
      scheduler: service.scheduler,
      arrivals,
      refused: this.#refused,
      servers: destinations.map((destination) => ({
        destination,
        ...this.#tallies.of(destination),
      })),
      clients: incidents.length > 0 ? this.#moves.counts() : undefined,
      reused: this.#reused,
    };
  }

  /** Sessions end, incidents happen, the chart takes a sample. */
  #passTo(now: number): void {
    for (let next = this.#incidents.due(now); next; next = this.#incidents.due(now)) {
      this.#endSessions(next.at);
      this.plane.advance(this.start + next.at);
      happen(this.plane, this.live, next);
      this.#watch?.happened(next);
    }
    this.#endSessions(now);
    this.#tallies.sample(now);
  }

  #endSessions(now: number): void {
    for (let session = this.#sessions.due(now); session; session = this.#sessions.due(now)) {
      const { first, tally, expiresAt } = session;
      if (tally) tally.sessions--;
      for (const packet of closing(first)) this.#send(packet, expiresAt);
    }
  }

  #open(arrival: Arrival): void {
    const { at, client, seconds } = arrival;
    const [first, ...more] = this.#packets(arrival);
    this.#watch?.before(this.start + at);
    const verdict = this.plane.packet(first, this.start + at);
    this.#watch?.after({ at, client, clientPort: first.clientPort }, verdict);
    if (verdict.kind !== 'forwarded') {
      this.#refused++;
      return;
    }
    const tally = verdict.scheduled ? this.#tallies.begin(verdict.server) : undefined;
    if (tally === undefined) this.#reused++;
    else if (this.#incidents.first !== Number.POSITIVE_INFINITY)
      this.#moves.add(client, verdict.server, at >= this.#incidents.first, this.live.servers);
    for (const packet of more) this.#send(packet, at);
    this.#sessions.set({ first, tally, expiresAt: 0, queuedAt: 0 }, at + seconds);
  }

  /** A client does not use the port of a connection that it still has, unless it is given. */
  #packets(arrival: Arrival): readonly [Packet, ...Packet[]] {
    const { id } = this.scenario.service;
    let port = arrival.clientPort;
    for (let i = 0; i < PORT_ATTEMPTS; i++) {
      const packets = opening(id, this.#port, { ...arrival, clientPort: port });
      if (arrival.isPortGiven || !this.plane.isKnown(packets[0])) return packets;
      port = FIRST_CLIENT_PORT + ((port + 1 - FIRST_CLIENT_PORT) % CLIENT_PORTS);
    }
    return opening(id, this.#port, arrival);
  }

  #send(packet: Packet, at: number): void {
    if (packet.direction === 'in' || this.plane.seesReplies(packet))
      this.plane.packet(packet, this.start + at);
  }
}

/** A port at which this service answers, and not another one of the table. */
function portOf(plane: Dataplane, live: LiveService): number {
  const { id } = live.service;
  if (id.kind === 'fwmark') return DEFAULT_PORT;
  if (id.port !== 0) return id.port;
  const answers = (port: number) => findService(plane.services, probe(id, port)) === live;
  for (let port = DEFAULT_PORT; port <= PORTS; port++) if (answers(port)) return port;
  return DEFAULT_PORT;
}

function probe(id: Extract<ServiceId, { kind: 'address' }>, port: number): Packet {
  return opening(id, port, { at: 0, client: id.address, clientPort: 1, seconds: 0 })[0];
}
