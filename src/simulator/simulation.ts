// Arrivals through one service: what each real server got. Sessions count as in the kernel: active
// while they last (UDP never), then inactive until their entry times out.
import type { Destination } from '../model/destination.js';
import { schedulerRow } from '../model/scheduler.js';
import type { Service } from '../model/service.js';
import type { Timeouts } from '../model/timeouts.js';
import { Dataplane } from './dataplane.js';
import { happen, type Incident, Incidents } from './incidents.js';
import { Lingering } from './lingering.js';
import { Moves } from './moves.js';
import { type Packet, REFUSED, type Verdict } from './packet.js';
import { seeded } from './random.js';
import type { LiveServer, LiveService } from './server.js';
import { Tallies, type Tally } from './tallies.js';
import { type Timed, Timers } from './timers.js';
import { type Seen, Watch } from './watch.js';
import type { Arrival } from './workload.js';

export interface Scenario {
  readonly service: Service;
  /** in the order in which they were added */
  readonly destinations: readonly Destination[];
  readonly timeouts: Timeouts;
  readonly incidents: readonly Incident[];
  /** time of the last arrival, seconds, for the chart */
  readonly until: number;
  readonly seed: number;
  /** gets each connection as it is decided, and each event */
  readonly show?: ((seen: Seen) => void) | undefined;
}

export interface ServerResult {
  readonly destination: Destination;
  readonly connections: number;
  /** most sessions at once */
  readonly peak: number;
  /** sessions at evenly spaced times */
  readonly timeline: readonly number[];
}

export interface Result {
  readonly scheduler: string;
  readonly arrivals: number;
  readonly refused: number;
  /** in the order in which they were added */
  readonly servers: readonly ServerResult[];
  /**
   * clients that came before and after the first incident, and those of them that changed servers
   * though theirs was still there
   */
  readonly clients: { readonly seen: number; readonly moved: number } | undefined;
  /** arrivals whose address and port had a connection already, which continued; kept runs only */
  readonly reused?: number;
}

interface Session extends Timed {
  readonly server: LiveServer;
  readonly tally: Tally;
  /** its first packet, when the data plane counts it and not this file */
  readonly packet: Packet | undefined;
}

/**
 * Plays the arrivals. Memory grows with the sessions that are alive, and with the clients only when
 * there are incidents.
 * @param progress called now and then with the arrivals so far
 */
export function simulate(
  scenario: Scenario,
  arrivals: Iterable<Arrival>,
  progress?: (done: number) => void,
): Result {
  return new Simulation(scenario).run(arrivals, progress);
}

const PROGRESS_EVERY = 65536;
const TIME_WAIT_SECONDS = 120;

class Simulation {
  readonly #plane: Dataplane;
  readonly #live: LiveService;
  readonly #tallies: Tallies;
  readonly #sessions = new Timers<Session>();
  readonly #incidents: Incidents;
  readonly #protocol: Packet['protocol'];
  /** seconds that an entry stays after its session: TIME_WAIT, or the rest of UDP's timeout */
  readonly #linger: number;
  /** whether anything depends on entries that linger */
  readonly #lingers: boolean;
  readonly #lingering = new Lingering();
  readonly #packet: (arrival: Arrival) => LiveServer | undefined;
  readonly #moves = new Moves();
  readonly #watch: Watch | undefined;
  /** of the last packet that the data plane got itself */
  #verdict: Verdict | undefined;

  constructor(readonly scenario: Scenario) {
    const { service, destinations, timeouts, incidents, until, seed } = scenario;
    const { id } = service;
    this.#protocol =
      id.kind === 'address' && (id.protocol === 'udp' || id.protocol === 'sctp')
        ? id.protocol
        : 'tcp';
    this.#linger = this.#protocol === 'udp' ? timeouts.udp : TIME_WAIT_SECONDS;
    this.#lingers =
      schedulerRow(service.scheduler)?.countsInactive === true ||
      destinations.some(({ upperThreshold }) => upperThreshold > 0);
    this.#plane = new Dataplane(0, seeded(seed));
    this.#plane.timeouts = timeouts;
    this.#live = this.#plane.addService(service);
    for (const destination of destinations) this.#plane.addServer(this.#live, destination);
    this.#tallies = new Tallies(destinations, until);
    this.#incidents = new Incidents(incidents);
    this.#watch = scenario.show && new Watch(this.#plane, this.#live, scenario.show);
    this.#packet = service.persistence
      ? (arrival) => this.#throughTemplate(arrival)
      : (arrival) => this.#direct(arrival);
  }

  run(arrivals: Iterable<Arrival>, progress?: (done: number) => void): Result {
    const { service, destinations, incidents } = this.scenario;
    const { first } = this.#incidents;
    let count = 0;
    let refused = 0;
    for (const arrival of arrivals) {
      this.#passTo(arrival.at);
      this.#watch?.before(arrival.at);
      const server = this.#packet(arrival);
      this.#watch?.after(arrival, this.#verdict ?? verdictOf(server));
      if (server === undefined) refused++;
      else if (incidents.length > 0)
        this.#moves.add(arrival.client, server, arrival.at >= first, this.#live.servers);
      if (++count % PROGRESS_EVERY === 0) progress?.(count);
    }
    this.#tallies.sample(Number.POSITIVE_INFINITY);
    return {
      scheduler: service.scheduler,
      arrivals: count,
      refused,
      servers: destinations.map((destination) => ({
        destination,
        ...this.#tallies.of(destination),
      })),
      clients: incidents.length > 0 ? this.#moves.counts() : undefined,
    };
  }

  /** Sessions end, entries time out, incidents happen, the chart takes a sample. */
  #passTo(now: number): void {
    for (let next = this.#incidents.due(now); next; next = this.#incidents.due(now)) {
      this.#endSessions(next.at);
      this.#plane.advance(next.at);
      happen(this.#plane, this.#live, next);
      this.#watch?.happened(next);
    }
    this.#endSessions(now);
    this.#tallies.sample(now);
  }

  #endSessions(now: number): void {
    for (let session = this.#sessions.due(now); session; session = this.#sessions.due(now)) {
      const { server, packet, tally, expiresAt } = session;
      tally.sessions--;
      if (packet) {
        this.#send(packet, expiresAt, ['in', 'fin'], ['out', 'fin']);
        continue;
      }
      if (this.#protocol !== 'udp') server.active--;
      if (this.#lingers) {
        if (this.#protocol !== 'udp') server.inactive++;
        this.#lingering.add(server, expiresAt + this.#linger);
      } else if (this.#protocol === 'udp') server.inactive--;
    }
    this.#lingering.expire(now);
  }

  /** Further packets of a TCP connection. */
  #send(
    packet: Packet,
    at: number,
    ...segments: readonly (readonly ['in' | 'out', Packet['tcp']])[]
  ): void {
    if (this.#protocol !== 'tcp') return;
    const masqueraded = this.scenario.destinations.every(
      ({ forwarding }) => forwarding === 'masquerade',
    );
    for (const [direction, tcp] of segments)
      if (direction === 'in' || masqueraded) this.#plane.packet({ ...packet, direction, tcp }, at);
  }

  #direct({ at, client, clientPort, seconds }: Arrival): LiveServer | undefined {
    const { id } = this.scenario.service;
    this.#plane.advance(at);
    const server = this.#plane.pick(this.#live, {
      client,
      clientPort,
      virtual: id.kind === 'address' ? id.address : client,
    });
    if (server) this.#open(server, at, seconds, undefined);
    return server;
  }

  /** Persistence needs templates, and so real packets, which the data plane counts itself. */
  #throughTemplate({ at, client, clientPort, seconds }: Arrival): LiveServer | undefined {
    const { id } = this.scenario.service;
    const virtual = id.kind === 'address' ? id.address : client;
    const packet: Packet = {
      direction: 'in',
      protocol: this.#protocol,
      client,
      clientPort,
      virtual,
      virtualPort: id.kind === 'address' && id.port !== 0 ? id.port : 80,
      mark: id.kind === 'fwmark' ? id.mark : 0,
      tcp: 'syn',
      sctp: 'init',
      bytes: 60,
    };
    const verdict = this.#plane.packet(packet, at);
    this.#verdict = verdict;
    if (verdict.kind !== 'forwarded') return undefined;
    this.#send(packet, at, ['in', 'ack']);
    this.#open(verdict.server, at, seconds, packet);
    return verdict.server;
  }

  #open(server: LiveServer, at: number, seconds: number, packet: Packet | undefined): void {
    const tally = this.#tallies.begin(server);
    if (this.scenario.service.onePacket) {
      tally.sessions--;
      return;
    }
    if (packet === undefined) {
      if (this.#protocol === 'udp') server.inactive++;
      else server.active++;
      server.bound();
    }
    this.#sessions.set({ server, tally, packet, expiresAt: 0, queuedAt: 0 }, at + seconds);
  }
}

function verdictOf(server: LiveServer | undefined): Verdict {
  return server ? { kind: 'forwarded', server, port: server.port, scheduled: true } : REFUSED;
}
