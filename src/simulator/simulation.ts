// Arrivals through one service: what each real server got. Sessions count as in the kernel: active
// while they last (UDP never), then inactive until their entry times out.
import { formatAddress } from '../model/address.js';
import type { Destination } from '../model/destination.js';
import { schedulerRow } from '../model/scheduler.js';
import { familyOf, type Service } from '../model/service.js';
import type { Timeouts } from '../model/timeouts.js';
import { Dataplane, type Packet } from './dataplane.js';
import { seeded } from './random.js';
import type { LiveServer, LiveService } from './server.js';
import { type Timed, Timers } from './timers.js';
import type { Arrival } from './workload.js';

/** Something done to a server at a time. */
export interface Incident {
  /** seconds from the start */
  readonly at: number;
  readonly server: Destination;
  /** `remove`: deleted; `add`: added again; a number: the new weight */
  readonly what: 'remove' | 'add' | number;
}

export interface Scenario {
  readonly service: Service;
  /** in the order in which they were added */
  readonly destinations: readonly Destination[];
  readonly timeouts: Timeouts;
  readonly incidents: readonly Incident[];
  /** time of the last arrival, seconds, for the chart */
  readonly until: number;
  readonly seed: number;
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
}

/** moments at which the chart looks */
export const SAMPLES = 120;

interface Session extends Timed {
  readonly server: LiveServer;
  readonly tally: Tally;
  /** its first packet, when the data plane counts it and not this file */
  readonly packet: Packet | undefined;
}

/**
 * Entries whose session is over, in the order in which they time out: all of them stay equally
 * long.
 */
class Lingering {
  #servers: LiveServer[] = [];
  #until: number[] = [];
  #first = 0;

  add(server: LiveServer, until: number): void {
    this.#servers.push(server);
    this.#until.push(until);
  }

  expire(now: number): void {
    for (; (this.#until[this.#first] ?? Number.POSITIVE_INFINITY) <= now; this.#first++) {
      const server = this.#servers[this.#first] as LiveServer;
      server.inactive--;
      server.unbound();
    }
    if (this.#first < COMPACT_AT || this.#first * 2 < this.#until.length) return;
    this.#servers = this.#servers.slice(this.#first);
    this.#until = this.#until.slice(this.#first);
    this.#first = 0;
  }
}

const COMPACT_AT = 4096;

interface Tally {
  connections: number;
  sessions: number;
  peak: number;
  readonly timeline: number[];
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
  readonly #tallies = new Map<string, Tally>();
  readonly #byServer = new Map<LiveServer, Tally>();
  readonly #sessions = new Timers<Session>();
  readonly #incidents: Incident[];
  readonly #protocol: Packet['protocol'];
  /** seconds that an entry stays after its session: TIME_WAIT, or the rest of UDP's timeout */
  readonly #linger: number;
  /** whether anything depends on entries that linger */
  readonly #lingers: boolean;
  readonly #lingering = new Lingering();
  readonly #packet: (arrival: Arrival) => LiveServer | undefined;
  readonly #before = new Map<string, string>();
  readonly #after = new Set<string>();
  #moved = 0;
  #nextSample = 0;

  constructor(readonly scenario: Scenario) {
    const { service, destinations, timeouts, incidents, seed } = scenario;
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
    for (const destination of destinations) {
      this.#plane.addServer(this.#live, destination);
      this.#tallies.set(nameOf(destination), {
        connections: 0,
        sessions: 0,
        peak: 0,
        timeline: [],
      });
    }
    this.#incidents = [...incidents].sort((a, b) => b.at - a.at);
    this.#packet = service.persistence
      ? (arrival) => this.#throughTemplate(arrival)
      : (arrival) => this.#direct(arrival);
  }

  run(arrivals: Iterable<Arrival>, progress?: (done: number) => void): Result {
    const { service, destinations, incidents } = this.scenario;
    const first =
      incidents.length > 0 ? Math.min(...incidents.map(({ at }) => at)) : Number.POSITIVE_INFINITY;
    let count = 0;
    let refused = 0;
    for (const arrival of arrivals) {
      this.#passTo(arrival.at);
      const server = this.#packet(arrival);
      if (server === undefined) refused++;
      else if (incidents.length > 0) this.#remember(arrival, server, arrival.at >= first);
      if (++count % PROGRESS_EVERY === 0) progress?.(count);
    }
    this.#sample(Number.POSITIVE_INFINITY);
    return {
      scheduler: service.scheduler,
      arrivals: count,
      refused,
      servers: destinations.map((destination) => ({
        destination,
        ...(this.#tallies.get(nameOf(destination)) as Tally),
      })),
      clients: incidents.length > 0 ? { seen: this.#after.size, moved: this.#moved } : undefined,
    };
  }

  /** Sessions end, entries time out, incidents happen, the chart looks. */
  #passTo(now: number): void {
    for (
      let incident = this.#incidents.at(-1);
      incident && incident.at <= now;
      incident = this.#incidents.at(-1)
    ) {
      this.#incidents.pop();
      this.#endSessions(incident.at);
      this.#happen(incident);
    }
    this.#endSessions(now);
    this.#sample(now);
  }

  #endSessions(now: number): void {
    for (let session = this.#sessions.due(now); session; session = this.#sessions.due(now)) {
      const { server, packet, tally, expiresAt } = session;
      tally.sessions--;
      if (packet) {
        this.#say(packet, expiresAt, ['in', 'fin'], ['out', 'fin']);
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
  #say(
    packet: Packet,
    at: number,
    ...words: readonly (readonly ['in' | 'out', Packet['tcp']])[]
  ): void {
    if (this.#protocol !== 'tcp') return;
    const masqueraded = this.scenario.destinations.every(
      ({ forwarding }) => forwarding === 'masquerade',
    );
    for (const [direction, tcp] of words)
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
    if (verdict.kind !== 'forwarded') return undefined;
    this.#say(packet, at, ['in', 'ack']);
    this.#open(verdict.server, at, seconds, packet);
    return verdict.server;
  }

  #open(server: LiveServer, at: number, seconds: number, packet: Packet | undefined): void {
    const tally = this.#tally(server);
    tally.connections++;
    tally.sessions++;
    if (tally.sessions > tally.peak) tally.peak = tally.sessions;
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

  /** Looked up once a server: a name costs more than the rest of a connection. */
  #tally(server: LiveServer): Tally {
    const known = this.#byServer.get(server);
    if (known) return known;
    const tally = this.#tallies.get(nameOf(server.destination)) as Tally;
    this.#byServer.set(server, tally);
    return tally;
  }

  #happen({ server: destination, what }: Incident): void {
    const live = this.#live;
    const server = live.servers.find((one) => nameOf(one.destination) === nameOf(destination));
    if (what === 'add') {
      if (!server && !this.#plane.revive(live, destination))
        this.#plane.addServer(live, destination);
    } else if (server && what === 'remove') {
      this.#plane.deleteServer(live, server);
    } else if (server && typeof what === 'number') {
      live.edit(server, { ...server.destination, weight: what });
    }
  }

  #remember({ client }: Arrival, server: LiveServer, after: boolean): void {
    const who = formatAddress(client);
    const where = nameOf(server.destination);
    if (!after) this.#before.set(who, where);
    else if (this.#before.has(who) && !this.#after.has(who)) {
      this.#after.add(who);
      const former = this.#before.get(who);
      const stillThere = this.#live.servers.some(
        (one) => one.weight > 0 && nameOf(one.destination) === former,
      );
      if (former !== where && stillThere) this.#moved++;
    }
  }

  #sample(now: number): void {
    const step = this.scenario.until / (SAMPLES - 1) || 1;
    while (this.#nextSample < SAMPLES && this.#nextSample * step <= now) {
      for (const tally of this.#tallies.values()) tally.timeline.push(tally.sessions);
      this.#nextSample++;
    }
  }
}

/** `192.168.0.1:80` */
export function nameOf({ address, port }: Destination): string {
  return address.family === 'ipv6'
    ? `[${formatAddress(address)}]:${port}`
    : `${formatAddress(address)}:${port}`;
}

/**
 * The share of the connections that each server should get by its weight; 0 for all when no weight
 * is above 0.
 */
export function wantedShares(destinations: readonly Destination[]): number[] {
  const total = destinations.reduce((sum, { weight }) => sum + weight, 0);
  return destinations.map(({ weight }) => (total === 0 ? 0 : weight / total));
}

export interface Fairness {
  /** Jain's index of connections per weight: 1 = each as its weight, 1/n = one gets all */
  readonly jain: number;
  /** the largest excess over the share that the weight gives, 0.5 = half as much again */
  readonly worst: number;
}

/** How near the connections are to the weights; servers of weight 0 do not count. */
export function fairness({ servers }: Pick<Result, 'servers'>): Fairness {
  const weighted = servers.filter(({ destination }) => destination.weight > 0);
  const loads = weighted.map(({ connections, destination }) => connections / destination.weight);
  const sum = loads.reduce((a, b) => a + b, 0);
  const squares = loads.reduce((a, b) => a + b * b, 0);
  const mean = sum / (loads.length || 1);
  return {
    jain: squares === 0 ? 1 : sum ** 2 / (loads.length * squares),
    worst: mean === 0 ? 0 : Math.max(...loads) / mean - 1,
  };
}

/** The family of the clients of a service. */
export function clientFamily(service: Service): 'ipv4' | 'ipv6' {
  return familyOf(service.id);
}
