// IPVS as far as packets go: service look-up, scheduling, persistence, counting, the passing of
// time. The clock is an argument of the functions that need it, in seconds. Facts: seen in the lab
// and reproduced from recorded traces (test/simulator).
import type { Connection } from '../model/connection.js';
import type { Destination } from '../model/destination.js';
import type { Service } from '../model/service.js';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../model/timeouts.js';
import type { Settings } from '../schedulers/scheduler.js';
import { FTP_PORT, findService, mayBegin, mustReschedule } from './admission.js';
import { ConnectionTable, type Flow, newFlow, newTemplate, type Template } from './connections.js';
import { flowKey, lookupKey, trashKey } from './keys.js';
import {
  DEFAULT_SYSCTLS,
  DROPPED,
  PASSED,
  type Packet,
  REFUSED,
  type Sysctls,
  type Verdict,
} from './packet.js';
import { expirationOf, Periodic } from './periodic.js';
import { templateOf } from './persistence.js';
import { askScheduler, LiveServer, LiveService } from './server.js';
import { shownConnections } from './shown.js';
import { restoreSnapshot, type Snapshot, takeSnapshot } from './snapshot.js';
import type { Direction } from './states.js';
import { Trash } from './trash.js';

export class Dataplane {
  readonly sysctls: Sysctls = { ...DEFAULT_SYSCTLS };
  timeouts: Timeouts = DEFAULT_TIMEOUTS;
  /** of schedulers that draw; a run that is to be repeatable sets its own */
  random: () => number;
  /** how a scheduler is asked; a run that is shown asks for its reason as well */
  ask = askScheduler;
  /** by `lookupKey`, oldest first */
  readonly services = new Map<string, LiveService>();
  readonly #connections = new ConnectionTable();
  readonly #trash = new Trash();
  readonly #periodic: Periodic;
  #now: number;

  constructor(now = 0, random: () => number = Math.random) {
    this.#now = now;
    this.random = random;
    this.#periodic = new Periodic(now);
  }

  // ---- rules

  addService(service: Service): LiveService {
    const live = new LiveService(service);
    this.services.set(lookupKey(service.id), live);
    return live;
  }

  /** Its servers go to the trash, with their connections. */
  deleteService(live: LiveService): void {
    this.services.delete(lookupKey(live.service.id));
    for (const server of live.servers) this.#discard(live, server);
  }

  /**
   * A server that was deleted lately is restored with its connections.
   * @returns whether it was one of these
   */
  revive(live: LiveService, destination: Destination): boolean {
    const server = this.#trash.take(trashKey(live.service.id, destination));
    if (!server) return false;
    server.available = true;
    server.set(destination);
    server.lastWeight = destination.weight;
    live.add(server);
    return true;
  }

  addServer(live: LiveService, destination: Destination): LiveServer {
    const server = new LiveServer(destination);
    live.add(server);
    return server;
  }

  deleteServer(live: LiveService, server: LiveServer): void {
    live.remove(server);
    this.#discard(live, server);
  }

  #discard(live: LiveService, server: LiveServer): void {
    server.available = false;
    this.#trash.put(trashKey(live.service.id, server.destination), server, this.#now);
    if (this.sysctls.expire_nodest_conn !== 0) this.#connections.removeOf(server);
  }

  // ---- packets

  /** What becomes of a packet. Time must not go back. */
  packet(packet: Packet, now: number): Verdict {
    this.advance(now);
    const key = flowKey(packet);
    const flow = this.#connections.flows.get(key);
    if (packet.direction === 'out') return flow ? this.#reply(flow, packet) : PASSED;
    if (flow && !mustReschedule(flow, packet, this.sysctls))
      return this.#forward(flow, packet, false);
    if (flow) {
      if (!flow.server.available && this.sysctls.expire_nodest_conn === 0) return DROPPED;
      this.#connections.remove(flow);
    }
    if (!mayBegin(packet, this.sysctls)) return PASSED;
    const live = findService(this.services, packet);
    return live ? this.#schedule(live, packet, key) : PASSED;
  }

  /** Whether there is a connection that the packet belongs to. */
  isKnown(packet: Packet): boolean {
    return this.#connections.flows.has(flowKey(packet));
  }

  /** Whether replies of a connection pass the director: they do where it rewrites addresses. */
  seesReplies(packet: Packet): boolean {
    return this.#connections.flows.get(flowKey(packet))?.bidirectional ?? false;
  }

  /** Counters are brought up to date, and rates estimated, every two seconds from this time on. */
  beginEstimation(now: number): void {
    this.advance(now);
    this.#periodic.startAt(now);
  }

  #schedule(live: LiveService, packet: Packet, key: string): Verdict {
    const { id, persistence, engine } = live.service;
    if (persistence) {
      if (engine === 'sip' && packet.protocol === 'udp' && packet.callId === undefined)
        return DROPPED;
      return this.#schedulePersistent(live, packet, key, persistence.timeout);
    }
    const strange = id.kind === 'address' && id.port !== packet.virtualPort && id.port !== FTP_PORT;
    const server = strange ? undefined : this.pick(live, packet);
    if (!server) return REFUSED;
    return this.#begin(live, server, server.port || packet.virtualPort, undefined, packet, key);
  }

  /** Asks the scheduler, and nothing else. */
  pick(
    live: LiveService,
    { client, clientPort, virtual }: Pick<Packet, 'client' | 'clientPort' | 'virtual'>,
  ): LiveServer | undefined {
    const { service } = live;
    const settings: Settings = {
      flags: service.schedulerFlags,
      expiration: expirationOf(service, this.sysctls),
      random: this.random,
    };
    return this.ask(
      live,
      { client, clientPort, virtual, hasPorts: true, now: this.#now },
      settings,
    );
  }

  #schedulePersistent(live: LiveService, packet: Packet, key: string, timeout: number): Verdict {
    const { id } = live.service;
    const where = templateOf(live.service, packet);
    let template = this.#connections.templates.get(where.key);
    if (template && !this.#isUsable(template)) {
      this.#connections.retire(template);
      template = undefined;
    }
    if (!template) {
      const server = this.pick(live, packet);
      if (!server) return REFUSED;
      const serverPort = where.virtualPort === 0 ? 0 : server.port;
      template = newTemplate(where, { server, serverPort, seconds: timeout });
      this.#connections.addTemplate(template);
    }
    const { server } = template;
    const own = id.kind === 'address' && id.port === packet.virtualPort;
    const verdict = this.#begin(
      live,
      server,
      own ? server.port || packet.virtualPort : packet.virtualPort,
      template,
      packet,
      key,
    );
    this.#connections.renew(template, this.#now);
    return verdict;
  }

  #isUsable({ server }: Template): boolean {
    return (
      server.available && !(this.sysctls.expire_quiescent_template !== 0 && server.weight === 0)
    );
  }

  #begin(
    live: LiveService,
    server: LiveServer,
    port: number,
    template: Template | undefined,
    packet: Packet,
    key: string,
  ): Verdict {
    const flow = newFlow({ service: live, server, serverPort: port, template }, packet, key);
    server.inactive++;
    server.bound();
    server.traffic.connection();
    live.traffic.connection();
    if (live.service.onePacket && packet.protocol === 'udp') {
      countIn(flow, packet.bytes);
      server.inactive--;
      server.unbound();
      return { kind: 'forwarded', server, port, scheduled: true };
    }
    this.#connections.add(flow);
    return this.#forward(flow, packet, true);
  }

  #forward(flow: Flow, packet: Packet, scheduled: boolean): Verdict {
    countIn(flow, packet.bytes);
    this.#move(flow, packet, flow.bidirectional ? 'in' : 'in-only');
    return { kind: 'forwarded', server: flow.server, port: flow.serverPort, scheduled };
  }

  #reply(flow: Flow, packet: Packet): Verdict {
    if (!flow.server.available) return DROPPED;
    flow.server.traffic.packetOut(packet.bytes);
    flow.service.traffic.packetOut(packet.bytes);
    flow.bidirectional = true;
    this.#move(flow, packet, 'out');
    if (packet.protocol === 'udp' && flow.template) flow.template.assured = true;
    return { kind: 'forwarded', server: flow.server, port: flow.serverPort, scheduled: false };
  }

  #move(flow: Flow, packet: Packet, direction: Direction): void {
    this.#connections.move(flow, packet, direction, {
      now: this.#now,
      timeouts: this.timeouts,
      secure: this.sysctls.secure_tcp >= 2,
    });
  }

  // ---- time

  /** Lets time pass: what is due expires, rates are estimated. */
  advance(now: number): void {
    for (;;) {
      const next = Math.min(this.#connections.nextExpiry, this.#periodic.next, this.#trash.nextRun);
      if (next > now) break;
      this.#now = Math.max(this.#now, next);
      this.#connections.expire(next);
      if (this.#trash.nextRun <= next) this.#trash.run(next);
      const idleUntil = Math.min(now, this.#connections.nextExpiry);
      this.#periodic.run(next, idleUntil, this.services.values(), this.sysctls);
    }
    this.#now = Math.max(this.#now, now);
  }

  /** How many connections and templates there are. */
  get entries(): number {
    const { flows, templates, retired } = this.#connections;
    return flows.size + templates.size + retired.size;
  }

  /** The next time at which an entry may go, Infinity when there are none. */
  get nextExpiry(): number {
    return this.#connections.nextExpiry;
  }

  // ---- what is shown and kept

  /** Connections and templates as /proc shows them. */
  connections(): Connection[] {
    return shownConnections(this.#connections, this.#now);
  }

  /** What packets left behind; undefined when there is nothing. */
  snapshot(): Snapshot | undefined {
    return takeSnapshot([...this.services.values()], this.#connections, this.#now);
  }

  /** Takes over what was kept, into services and servers that are there already. */
  restore(snapshot: Snapshot): void {
    restoreSnapshot(snapshot, [...this.services.values()], this.#connections);
    const { now } = snapshot;
    this.#now = Math.min(this.#now, now);
    this.#periodic.startAt(now);
  }
}

function countIn({ server, service }: Flow, bytes: number): void {
  server.traffic.packetIn(bytes);
  service.traffic.packetIn(bytes);
}
