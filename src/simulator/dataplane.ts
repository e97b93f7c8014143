// IPVS as far as packets go: service look-up, scheduling, persistence, connection states, counting,
// expiry. The clock is an argument of whatever needs it, in seconds. Facts: seen in the lab and
// reproduced from recorded traces (test/simulator).
import { type Address, type Family, formatAddress, ipv4, ipv6 } from '../model/address.js';
import type { Connection } from '../model/connection.js';
import type { Destination, DestinationId } from '../model/destination.js';
import {
  familyOf,
  fullNetmask,
  type KnownProtocol,
  PROTOCOLS,
  protocolNumber,
  type Service,
  type ServiceId,
} from '../model/service.js';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../model/timeouts.js';
import type { Settings } from '../schedulers/scheduler.js';
import type { SctpChunk } from './sctp.js';
import { LiveServer, LiveService } from './server.js';
import type { KeptFlow, KeptTemplate, Snapshot } from './snapshot.js';
import {
  type Direction,
  firstState,
  isActive,
  nextSctp,
  nextTcp,
  secondsIn,
  type TcpEvent,
} from './states.js';
import { type Timed, Timers } from './timers.js';

/** The sysctls of /proc/sys/net/ipv4/vs that change what becomes of a packet. */
export interface Sysctls {
  expire_nodest_conn: number;
  expire_quiescent_template: number;
  conn_reuse_mode: number;
  lblc_expiration: number;
  lblcr_expiration: number;
  sloppy_tcp: number;
  sloppy_sctp: number;
  secure_tcp: number;
}

export const DEFAULT_SYSCTLS: Readonly<Sysctls> = {
  expire_nodest_conn: 0,
  expire_quiescent_template: 0,
  conn_reuse_mode: 1,
  lblc_expiration: 86400,
  lblcr_expiration: 86400,
  sloppy_tcp: 0,
  sloppy_sctp: 0,
  secure_tcp: 0,
};

/** A packet by the client's side of its connection, whichever way it goes. */
export interface Packet {
  readonly direction: 'in' | 'out';
  readonly protocol: KnownProtocol;
  readonly client: Address;
  readonly clientPort: number;
  readonly virtual: Address;
  readonly virtualPort: number;
  /** firewall mark, 0 = none */
  readonly mark: number;
  /** what a TCP packet says; undefined = no flag at all */
  readonly tcp?: TcpEvent | undefined;
  /** first chunk of an SCTP packet */
  readonly sctp?: SctpChunk | undefined;
  /** length of the IP packet */
  readonly bytes: number;
  /** Call-ID of a SIP datagram */
  readonly callId?: string | undefined;
}

export type Verdict =
  /** to this server and port */
  | {
      readonly kind: 'forwarded';
      readonly server: LiveServer;
      readonly port: number;
      readonly scheduled: boolean;
    }
  /** no server: the client is told that nobody is there */
  | { readonly kind: 'refused' }
  /** silently */
  | { readonly kind: 'dropped' }
  /** not for IPVS */
  | { readonly kind: 'passed' };

interface Template extends Timed {
  readonly kind: 'template';
  key: string;
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

interface Flow extends Timed {
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
  bothWays: boolean;
}

const ESTIMATION_SECONDS = 2;
const SCHEDULER_TICK_SECONDS = 60;
const TRASH_RUN_SECONDS = 60;
const TRASH_KEEPS_SECONDS = 120;
/** what a template that still has connections gets when its time is over */
const TEMPLATE_AGAIN_SECONDS = 60;
const FTP_PORT = 21;
const FTP_DATA_PORT = 20;
const FIRST_FREE_PORT = 1024;
const UNUSABLE_PORT = 65535;
const FORWARDED_FROM_TRASH = '\0';

export class Dataplane {
  readonly sysctls: Sysctls = { ...DEFAULT_SYSCTLS };
  timeouts: Timeouts = DEFAULT_TIMEOUTS;
  readonly random: () => number;
  /** by `serviceKey`, oldest first */
  readonly services = new Map<string, LiveService>();
  readonly #flows = new Map<string, Flow>();
  readonly #templates = new Map<string, Template>();
  /** templates that no new connection uses any more, until their time is over */
  readonly #retired = new Set<Template>();
  readonly #timers = new Timers<Flow | Template>();
  readonly #trash = new Map<
    string,
    { readonly server: LiveServer; stampedAt: number | undefined }
  >();
  #now: number;
  #nextTrashRun = Number.POSITIVE_INFINITY;
  #nextEstimation: number;
  #nextTick: number;

  constructor(now = 0, random: () => number = Math.random) {
    this.#now = now;
    this.random = random;
    this.#nextEstimation = now + ESTIMATION_SECONDS;
    this.#nextTick = now + SCHEDULER_TICK_SECONDS;
  }

  // ---- rules

  addService(service: Service): LiveService {
    const live = new LiveService(service);
    this.services.set(serviceKey(service.id), live);
    return live;
  }

  /** Its servers go to the trash, with their connections. */
  deleteService(live: LiveService): void {
    this.services.delete(serviceKey(live.service.id));
    for (const server of live.servers) this.#discard(live, server);
  }

  /**
   * A server that was deleted lately comes back with its connections.
   * @returns whether it was one of these
   */
  revive(live: LiveService, destination: Destination): boolean {
    const key = trashKey(live.service.id, destination);
    const found = this.#trash.get(key);
    if (!found) return false;
    this.#trash.delete(key);
    const { server } = found;
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
    this.#trash.set(trashKey(live.service.id, server.destination), {
      server,
      stampedAt: undefined,
    });
    if (this.#nextTrashRun === Number.POSITIVE_INFINITY)
      this.#nextTrashRun = this.#now + TRASH_RUN_SECONDS;
    if (this.sysctls.expire_nodest_conn === 0) return;
    for (const flow of this.#flows.values()) if (flow.server === server) this.#remove(flow);
  }

  // ---- packets

  /** What becomes of a packet. Time must not go back. */
  packet(packet: Packet, now: number): Verdict {
    this.advance(now);
    const key = flowKey(packet);
    const flow = this.#flows.get(key);
    if (packet.direction === 'out') return flow ? this.#reply(flow, packet) : PASSED;
    if (flow && !this.#mustReschedule(flow, packet)) return this.#forward(flow, packet, false);
    if (flow) {
      if (!flow.server.available && this.sysctls.expire_nodest_conn === 0) return DROPPED;
      this.#remove(flow);
    }
    if (!this.#mayBegin(packet)) return PASSED;
    const live = this.findService(packet);
    return live ? this.#schedule(live, packet, key) : PASSED;
  }

  /** Whether replies of a connection pass the director: they do where it rewrites addresses. */
  seesReplies(packet: Packet): boolean {
    return this.#flows.get(flowKey(packet))?.bothWays ?? false;
  }

  /** Sets the clock back before anything has happened, so that a past can be played. */
  startAt(now: number): void {
    if (this.#timers.next !== Number.POSITIVE_INFINITY || now >= this.#now) return;
    this.#now = now;
    this.#nextEstimation = now + ESTIMATION_SECONDS;
    this.#nextTick = now + SCHEDULER_TICK_SECONDS;
  }

  /** The service that a packet without a connection belongs to. */
  findService({ protocol, virtual, virtualPort, mark }: Packet): LiveService | undefined {
    const at = (port: number) =>
      this.services.get(serviceKey({ kind: 'address', protocol, address: virtual, port }));
    const marked =
      mark === 0
        ? undefined
        : this.services.get(serviceKey({ kind: 'fwmark', mark, family: virtual.family }));
    const ftp =
      protocol === 'tcp' && (virtualPort === FTP_DATA_PORT || virtualPort >= FIRST_FREE_PORT);
    return marked ?? at(virtualPort) ?? (ftp ? at(FTP_PORT) : undefined) ?? at(0);
  }

  #mayBegin({ protocol, tcp, sctp, clientPort }: Packet): boolean {
    if (clientPort === FTP_DATA_PORT) return false;
    if (protocol === 'tcp')
      return tcp === 'syn' || (this.sysctls.sloppy_tcp !== 0 && tcp !== 'rst');
    if (protocol === 'sctp')
      return sctp === 'init' || (this.sysctls.sloppy_sctp !== 0 && sctp !== 'abort');
    return true;
  }

  #mustReschedule(flow: Flow, packet: Packet): boolean {
    if (!flow.server.available) return true;
    const { expire_nodest_conn: expire, conn_reuse_mode: mode } = this.sysctls;
    const begins =
      packet.protocol === 'tcp'
        ? packet.tcp === 'syn'
        : packet.protocol === 'sctp' && packet.sctp === 'init';
    if (!begins) return false;
    if (expire !== 0 && flow.server.weight === 0) return true;
    if (mode === 0 || flow.template) return false;
    const { state } = flow;
    if (
      packet.protocol === 'sctp' ? state === 'CLOSED' : state === 'TIME_WAIT' || state === 'CLOSE'
    )
      return true;
    return (mode & 2) !== 0 && state === 'FIN_WAIT' && !flow.bothWays;
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
    const { scheduler, service } = live;
    if (!scheduler) return undefined;
    const settings: Settings = {
      flags: service.schedulerFlags,
      expiration:
        service.scheduler === 'lblcr'
          ? this.sysctls.lblcr_expiration
          : this.sysctls.lblc_expiration,
      random: this.random,
    };
    return scheduler.pick(
      live.state,
      live.servers,
      { client, clientPort, virtual, hasPorts: true, now: this.#now },
      settings,
    );
  }

  #schedulePersistent(live: LiveService, packet: Packet, key: string, timeout: number): Verdict {
    const { id } = live.service;
    const where = templatePlace(live.service, packet);
    let template = this.#templates.get(where.key);
    if (template && !this.#isUsable(template)) {
      this.#retire(template);
      template = undefined;
    }
    if (!template) {
      const server = this.pick(live, packet);
      if (!server) return REFUSED;
      template = {
        kind: 'template',
        ...where,
        server,
        serverPort: where.virtualPort === 0 ? 0 : server.port,
        seconds: timeout,
        assured: false,
        users: 0,
        expiresAt: 0,
        queuedAt: 0,
      };
      this.#templates.set(where.key, template);
      server.persistent++;
      server.bound();
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
    this.#timers.set(template, this.#now + template.seconds);
    return verdict;
  }

  #isUsable({ server }: Template): boolean {
    return (
      server.available && !(this.sysctls.expire_quiescent_template !== 0 && server.weight === 0)
    );
  }

  #retire(template: Template): void {
    this.#templates.delete(template.key);
    this.#retired.add(template);
    template.virtualPort = UNUSABLE_PORT;
    template.serverPort = UNUSABLE_PORT;
  }

  #begin(
    live: LiveService,
    server: LiveServer,
    port: number,
    template: Template | undefined,
    packet: Packet,
    key: string,
  ): Verdict {
    const flow: Flow = {
      kind: 'flow',
      key,
      packet,
      server,
      service: live,
      serverPort: port,
      template,
      state: firstState(packet.protocol),
      active: false,
      bothWays: server.destination.forwarding === 'masquerade',
      expiresAt: 0,
      queuedAt: 0,
    };
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
    if (template) template.users++;
    this.#flows.set(key, flow);
    return this.#forward(flow, packet, true);
  }

  #forward(flow: Flow, packet: Packet, scheduled: boolean): Verdict {
    countIn(flow, packet.bytes);
    this.#move(flow, packet, flow.bothWays ? 'in' : 'in-only');
    return { kind: 'forwarded', server: flow.server, port: flow.serverPort, scheduled };
  }

  #reply(flow: Flow, packet: Packet): Verdict {
    if (!flow.server.available) return DROPPED;
    flow.server.traffic.packetOut(packet.bytes);
    flow.service.traffic.packetOut(packet.bytes);
    flow.bothWays = true;
    this.#move(flow, packet, 'out');
    if (packet.protocol === 'udp' && flow.template) flow.template.assured = true;
    return { kind: 'forwarded', server: flow.server, port: flow.serverPort, scheduled: false };
  }

  /** The state machine, the timer, and where the connection counts. */
  #move(flow: Flow, packet: Packet, direction: Direction): void {
    const { protocol } = packet;
    if (protocol === 'tcp')
      flow.state = nextTcp(flow.state, packet.tcp, direction, this.sysctls.secure_tcp >= 2);
    else if (protocol === 'sctp')
      flow.state = nextSctp(flow.state, packet.sctp ?? 'data', direction);
    const active = isActive(protocol, flow.state);
    if (active !== flow.active) {
      flow.active = active;
      flow.server.active += active ? 1 : -1;
      flow.server.inactive += active ? -1 : 1;
    }
    if (flow.state === 'ESTABLISHED' && flow.template) flow.template.assured = true;
    this.#timers.set(flow, this.#now + secondsIn(protocol, flow.state, this.timeouts));
  }

  // ---- time

  /** Lets time pass: what is due expires, rates are estimated. */
  advance(now: number): void {
    for (;;) {
      const next = Math.min(
        this.#timers.next,
        this.#nextEstimation,
        this.#nextTrashRun,
        this.#nextTick,
      );
      if (next > now) break;
      this.#now = Math.max(this.#now, next);
      for (let due = this.#timers.due(next); due; due = this.#timers.due(next)) this.#expire(due);
      if (this.#nextTrashRun <= next) this.#emptyTrash(next);
      if (this.#nextTick <= next) this.#tick(next);
      if (this.#nextEstimation <= next) this.#estimate(now);
    }
    this.#now = Math.max(this.#now, now);
  }

  /** The next time at which an entry may go, Infinity when there are none. */
  get nextExpiry(): number {
    return this.#timers.next;
  }

  get now(): number {
    return this.#now;
  }

  #expire(entry: Flow | Template): void {
    if (entry.kind === 'flow') {
      this.#remove(entry);
      return;
    }
    if (entry.users > 0) {
      entry.seconds = TEMPLATE_AGAIN_SECONDS;
      this.#timers.set(entry, this.#now + entry.seconds);
      return;
    }
    if (!this.#retired.delete(entry)) this.#templates.delete(entry.key);
    entry.server.persistent--;
    entry.server.unbound();
  }

  #remove(flow: Flow): void {
    flow.expiresAt = Number.POSITIVE_INFINITY;
    if (!this.#flows.delete(flow.key)) return;
    if (flow.active) flow.server.active--;
    else flow.server.inactive--;
    flow.server.unbound();
    if (flow.template) flow.template.users--;
  }

  /** What nobody refers to is noted at one run and goes at one that is late enough after that. */
  #emptyTrash(now: number): void {
    for (const [key, entry] of this.#trash) {
      const { active, inactive, persistent } = entry.server;
      if (active + inactive + persistent > 0) entry.stampedAt = undefined;
      else if (entry.stampedAt === undefined) entry.stampedAt = now;
      else if (now >= entry.stampedAt + TRASH_KEEPS_SECONDS) this.#trash.delete(key);
    }
    this.#nextTrashRun = this.#trash.size > 0 ? now + TRASH_RUN_SECONDS : Number.POSITIVE_INFINITY;
  }

  #tick(now: number): void {
    for (const { scheduler, state, service } of this.services.values()) {
      scheduler?.tick?.(
        state,
        now,
        service.scheduler === 'lblcr'
          ? this.sysctls.lblcr_expiration
          : this.sysctls.lblc_expiration,
      );
    }
    this.#nextTick = now + SCHEDULER_TICK_SECONDS;
  }

  /** When nothing moves any more, the rest of the time needs no estimation. */
  #estimate(until: number): void {
    let moved = false;
    for (const { traffic, servers } of this.services.values()) {
      moved = traffic.estimate() || moved;
      for (const server of servers) moved = server.traffic.estimate() || moved;
    }
    const at = this.#nextEstimation + ESTIMATION_SECONDS;
    const idle = Math.min(until, this.#timers.next);
    this.#nextEstimation =
      moved || idle <= at
        ? at
        : at + Math.floor((idle - at) / ESTIMATION_SECONDS) * ESTIMATION_SECONDS;
  }

  // ---- what is shown

  /** Connections and templates, newest first; the kernel's own order is random. */
  connections(): Connection[] {
    const flows = [...this.#flows.values()].map((flow) => this.#shownFlow(flow));
    const templates = [...this.#templates.values(), ...this.#retired].map((template) =>
      this.#shownTemplate(template),
    );
    return [...flows.reverse(), ...templates.reverse()];
  }

  // ---- what is kept

  /** What packets left behind; undefined when there is nothing. */
  snapshot(): Snapshot | undefined {
    const lives = [...this.services.values()];
    const places = new Map(
      lives.flatMap(({ servers }, service) =>
        servers.map((one, server) => [one, { service, server }] as const),
      ),
    );
    const templates = [...this.#templates.values(), ...this.#retired].filter(({ server }) =>
      places.has(server),
    );
    const flows = [...this.#flows.values()].filter(({ server }) => places.has(server));
    if (flows.length + templates.length === 0 && lives.every(({ traffic }) => traffic.isIdle))
      return undefined;
    const placeOf = (server: LiveServer) =>
      places.get(server) as { readonly service: number; readonly server: number };
    const orders = new Map(templates.map((template, i) => [template, i]));
    return {
      now: this.#now,
      services: lives.map(({ traffic, servers }) => ({
        traffic: traffic.state(),
        servers: servers.map((one) => ({
          traffic: one.traffic.state(),
          lastWeight: one.lastWeight,
          overloaded: one.overloaded,
        })),
      })),
      templates: templates.map(
        ({
          server,
          protocol,
          client,
          virtual,
          virtualPort,
          serverPort,
          engine,
          seconds,
          assured,
          expiresAt,
          ...rest
        }) => ({
          ...placeOf(server),
          protocol,
          client,
          virtual,
          virtualPort,
          serverPort,
          callId: engine?.data,
          seconds,
          assured,
          expiresAt,
          retired:
            this.#templates.get(rest.key)?.server !== server ||
            this.#templates.get(rest.key)?.expiresAt !== expiresAt,
        }),
      ),
      flows: flows.map(({ server, packet, serverPort, state, bothWays, template, expiresAt }) => ({
        ...placeOf(server),
        protocol: packet.protocol,
        client: packet.client,
        clientPort: packet.clientPort,
        virtual: packet.virtual,
        virtualPort: packet.virtualPort,
        mark: packet.mark,
        serverPort,
        state,
        bothWays,
        template: template ? (orders.get(template) ?? -1) : -1,
        expiresAt,
      })),
    };
  }

  /**
   * Takes over what was kept, into services and servers that are there already. Places that are not
   * are left out.
   */
  restore({ now, services, templates, flows }: Snapshot): void {
    const lives = [...this.services.values()];
    for (const [i, kept] of services.entries()) {
      const live = lives[i];
      live?.traffic.set(kept.traffic);
      for (const [j, one] of kept.servers.entries()) {
        const server = live?.servers[j];
        server?.traffic.set(one.traffic);
        if (server) [server.lastWeight, server.overloaded] = [one.lastWeight, one.overloaded];
      }
    }
    this.#now = Math.min(this.#now, now);
    this.#nextEstimation = now + ESTIMATION_SECONDS;
    this.#nextTick = now + SCHEDULER_TICK_SECONDS;
    const made = templates.map((kept) => this.#restoreTemplate(kept, lives));
    for (const kept of flows) this.#restoreFlow(kept, lives, made[kept.template]);
  }

  #restoreTemplate(kept: KeptTemplate, lives: readonly LiveService[]): Template | undefined {
    const { service, server: place, callId, retired, expiresAt, ...rest } = kept;
    const server = lives[service]?.servers[place];
    if (!server) return undefined;
    const engine = callId === undefined ? undefined : { name: 'sip', data: callId };
    const template: Template = {
      kind: 'template',
      ...rest,
      server,
      key: templateKey(rest, callId),
      engine,
      users: 0,
      expiresAt,
      queuedAt: 0,
    };
    if (retired) this.#retired.add(template);
    else this.#templates.set(template.key, template);
    server.persistent++;
    this.#timers.set(template, expiresAt);
    return template;
  }

  #restoreFlow(
    kept: KeptFlow,
    lives: readonly LiveService[],
    template: Template | undefined,
  ): void {
    const {
      service: at,
      server: place,
      serverPort,
      state,
      bothWays,
      expiresAt,
      template: _,
      ...tuple
    } = kept;
    const service = lives[at];
    const server = service?.servers[place];
    if (!service || !server) return;
    const packet: Packet = { direction: 'in', ...tuple, bytes: 0 };
    const active = isActive(packet.protocol, state);
    const key = flowKey(packet);
    this.#flows.set(key, {
      kind: 'flow',
      key,
      packet,
      server,
      service,
      serverPort,
      template,
      state,
      active,
      bothWays,
      expiresAt,
      queuedAt: 0,
    });
    if (active) server.active++;
    else server.inactive++;
    if (template) template.users++;
    this.#timers.set(this.#flows.get(key) as Flow, expiresAt);
  }

  /** Live connections; templates do not count. */
  get flowCount(): number {
    return this.#flows.size;
  }

  #shownFlow({ packet, server, serverPort, state, expiresAt }: Flow): Connection {
    return {
      protocol: PROTOCOLS[packet.protocol].listed,
      client: packet.client,
      clientPort: packet.clientPort,
      virtual: packet.virtual,
      virtualPort: packet.virtualPort,
      destination: server.address,
      destinationPort: serverPort,
      state,
      expires: this.#secondsUntil(expiresAt),
      engine: undefined,
    };
  }

  #shownTemplate({
    protocol,
    client,
    virtual,
    virtualPort,
    server,
    serverPort,
    assured,
    expiresAt,
    engine,
  }: Template): Connection {
    return {
      protocol: protocol === 'ip' ? 'IP' : PROTOCOLS[protocol].listed,
      client,
      clientPort: 0,
      virtual,
      virtualPort,
      destination: server.address,
      destinationPort: serverPort,
      state: assured ? 'ASSURED' : 'NONE',
      expires: this.#secondsUntil(expiresAt),
      engine,
    };
  }

  #secondsUntil(time: number): number {
    return Math.max(0, Math.floor(time - this.#now));
  }
}

const REFUSED: Verdict = { kind: 'refused' };
const DROPPED: Verdict = { kind: 'dropped' };
const PASSED: Verdict = { kind: 'passed' };

function countIn({ server, service }: Flow, bytes: number): void {
  server.traffic.packetIn(bytes);
  service.traffic.packetIn(bytes);
}

/** What tells services apart; a mark of 0 is the TCP service of address and port zero. */
export function serviceKey(id: ServiceId): string {
  if (id.kind === 'address')
    return `${protocolNumber(id.protocol)} ${addressKey(id.address)} ${id.port}`;
  if (id.mark !== 0) return `mark ${id.mark} ${id.family}`;
  return `6 ${addressKey(id.family === 'ipv4' ? ipv4(0) : ipv6(0, 0, 0, 0))} 0`;
}

function trashKey(id: ServiceId, { address, port }: DestinationId): string {
  return `${serviceKey(id)}${FORWARDED_FROM_TRASH}${addressKey(address)} ${port}`;
}

function flowKey({ protocol, client, clientPort, virtual, virtualPort }: Packet): string {
  return `${protocol} ${addressKey(client)} ${clientPort} ${addressKey(virtual)} ${virtualPort}`;
}

/** Short for IPv4, which most are. */
function addressKey(address: Address): string {
  return address.family === 'ipv4' ? address.value.toString(36) : formatAddress(address);
}

function templateKey(
  {
    protocol,
    client,
    virtual,
    virtualPort,
  }: Pick<Template, 'protocol' | 'client' | 'virtual' | 'virtualPort'>,
  callId = '',
): string {
  return `${protocol} ${addressKey(client)} ${addressKey(virtual)} ${virtualPort} ${callId}`;
}

/** What a template is known by, and how it is listed. */
function templatePlace(
  { id, netmask, engine }: Service,
  packet: Packet,
): Pick<Template, 'key' | 'protocol' | 'client' | 'virtual' | 'virtualPort' | 'engine'> {
  const client = masked(packet.client, netmask);
  const data =
    engine === 'sip' && packet.callId !== undefined
      ? { name: engine, data: packet.callId }
      : undefined;
  const marked = id.kind === 'fwmark';
  const virtual = marked ? markAddress(id.mark, familyOf(id)) : packet.virtual;
  const perPort = !marked && id.port === packet.virtualPort && id.port !== FTP_PORT;
  const virtualPort = perPort ? packet.virtualPort : 0;
  const protocol = marked ? ('ip' as const) : packet.protocol;
  const place = { protocol, client, virtual, virtualPort };
  return { key: templateKey(place, data?.data), ...place, engine: data };
}

function markAddress(mark: number, family: Family): Address {
  return family === 'ipv4' ? ipv4(mark) : ipv6(mark, 0, 0, 0);
}

/** The client as the persistence mask sees it. */
function masked(address: Address, netmask: number): Address {
  if (netmask === fullNetmask(address.family)) return address;
  if (address.family === 'ipv4') return ipv4(address.value & netmask);
  const part = (i: number) => {
    const bits = Math.min(32, Math.max(0, netmask - 32 * i));
    return bits === 0 ? 0 : (address.words[i as 0 | 1 | 2 | 3] & (0xffffffff << (32 - bits))) >>> 0;
  };
  return ipv6(part(0), part(1), part(2), part(3));
}
