// A model of the kernel's IPVS: packets by the simulator's data plane, and of the control plane the
// same checks in the same order with the same errno, the same defaults, the same dump order.

import { type Address, ipv4, sameAddress } from '../model/address.js';
import type { Change } from '../model/change.js';
import type { Connection } from '../model/connection.js';
import { DAEMON_ROLES, type Daemon, type DaemonRequest, type DaemonRole } from '../model/daemon.js';
import type { Destination, DestinationEntry, DestinationId } from '../model/destination.js';
import { IpvsError } from '../model/errors.js';
import { tunnelNumber } from '../model/forwarding.js';
import { SCHEDULER_NAMES, SCHEDULERS } from '../model/scheduler.js';
import {
  familyOf,
  protocolNumber,
  type Service,
  type ServiceEntry,
  type ServiceId,
} from '../model/service.js';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../model/timeouts.js';
import { Dataplane } from '../simulator/dataplane.js';
import { lookupKey } from '../simulator/keys.js';
import type { LiveService } from '../simulator/server.js';
import { earlier, type Snapshot } from '../simulator/snapshot.js';
import type { Backend, Info, Run } from './backend.js';
import {
  broadcastsOf,
  DEFAULT_MACHINE,
  isServerAddress,
  type Machine,
  sendsMulticast,
} from './machine.js';

/** A service and its real servers, newest first. */
export interface TableService {
  readonly service: Service;
  readonly destinations: readonly Destination[];
}

/** All that a table consists of: what the file backend keeps. */
export interface TableState {
  readonly machine: Machine;
  /** oldest first */
  readonly services: readonly TableService[];
  readonly timeouts: Timeouts;
  readonly daemons: readonly Daemon[];
  /** what packets left behind */
  readonly traffic?: Snapshot | undefined;
}

export const EMPTY_TABLE: TableState = {
  machine: DEFAULT_MACHINE,
  services: [],
  timeouts: DEFAULT_TIMEOUTS,
  daemons: [],
};

/** A Debian kernel has them as modules; `none` needs none. */
const SCHEDULER_MODULES: ReadonlySet<string> = new Set([
  'none',
  ...SCHEDULER_NAMES.filter((name) => !SCHEDULERS[name].absent),
]);
const ENGINES = new Set(['sip']);
const IPVS_VERSION = 0x010201;
/** slots in the table of the scheduler mh, which cannot serve more servers */
const MAGLEV_SLOTS = 4093;
/** INT_MAX / HZ with the 250 ticks a second of Debian's kernel */
const LONGEST_TIMEOUT = 8589934;

/**
 * The rules of one machine in memory, and what packets make of them. Every method answers at once;
 * the promises are the interface's.
 */
export class MemoryBackend implements Backend {
  readonly batchSize = 256;
  readonly #machine: Machine;
  #dataplane: Dataplane;
  /** seconds; what expires and what is estimated goes by it */
  readonly #clock: () => number;
  readonly #broadcasts: ReadonlySet<number>;
  #daemons: readonly Daemon[];

  /** @param clock seconds that do not go back; the machine's own when absent */
  constructor(state: TableState = EMPTY_TABLE, clock: () => number = wallClock) {
    this.#clock = clock;
    this.#dataplane = dataplaneOf(state, clock());
    this.#machine = state.machine;
    this.#broadcasts = broadcastsOf(state.machine);
    this.#daemons = state.daemons;
  }

  /** where packets go; `packet` of it sends one */
  get dataplane(): Dataplane {
    return this.#dataplane;
  }

  /** The table as plain data. */
  state(): TableState {
    const services = [...this.dataplane.services.values()].map(({ service, servers }) => ({
      service,
      destinations: servers.map(({ destination }) => destination),
    }));
    return {
      machine: this.#machine,
      services,
      timeouts: this.dataplane.timeouts,
      daemons: this.#daemons,
      traffic: this.dataplane.snapshot(),
    };
  }

  async info(): Promise<Info> {
    return { version: IPVS_VERSION, connectionTableSize: this.#machine.connectionTableSize };
  }

  async apply(changes: readonly Change[]): Promise<readonly (IpvsError | undefined)[]> {
    return this.applyNow(changes);
  }

  /** `apply` without a promise, for those that hold a lock meanwhile. */
  applyNow(changes: readonly Change[]): readonly (IpvsError | undefined)[] {
    return changes.map((change) => {
      const code = this.#change(change);
      return code === undefined ? undefined : new IpvsError(change.kind, code);
    });
  }

  async services(): Promise<readonly ServiceEntry[]> {
    this.dataplane.advance(this.#clock());
    const newestFirst = [...this.dataplane.services.values()].reverse();
    const buckets = newestFirst.map((live) => ({ live, bucket: bucketOf(live.service.id) }));
    buckets.sort((a, b) => a.bucket - b.bucket);
    return buckets.map(({ live }) => ({
      service: live.service,
      counters: live.traffic.counters(),
    }));
  }

  async service(id: ServiceId): Promise<ServiceEntry> {
    this.dataplane.advance(this.#clock());
    const live = this.#find(id);
    if (live === undefined) throw new IpvsError('list-service', 'ESRCH');
    return { service: live.service, counters: live.traffic.counters() };
  }

  async destinations(id: ServiceId): Promise<readonly DestinationEntry[]> {
    this.dataplane.advance(this.#clock());
    return (this.#find(id)?.servers ?? []).map(
      ({ destination, active, inactive, persistent, traffic }) => ({
        destination,
        activeConnections: active,
        inactiveConnections: inactive,
        persistentConnections: persistent,
        counters: traffic.counters(),
      }),
    );
  }

  async timeouts(): Promise<Timeouts> {
    return this.dataplane.timeouts;
  }

  async daemons(): Promise<readonly Daemon[]> {
    return this.#daemons;
  }

  async connections(): Promise<readonly Connection[]> {
    this.dataplane.advance(this.#clock());
    return this.dataplane.connections();
  }

  async play<T>(work: Run<T>): Promise<T> {
    return this.playNow(work);
  }

  /** `play` without a promise. */
  playNow<T>(work: Run<T>): T {
    const start = this.#clock();
    this.dataplane.advance(start);
    const { result, end } = work(this.dataplane, start);
    const state = this.state();
    const { sysctls } = this.dataplane;
    this.#dataplane = dataplaneOf(
      { ...state, traffic: state.traffic && earlier(state.traffic, end - start) },
      start,
    );
    Object.assign(this.#dataplane.sysctls, sysctls);
    return result;
  }

  async close(): Promise<void> {}

  /** @returns undefined, or the errno's name */
  #change(change: Change): string | undefined {
    switch (change.kind) {
      case 'add-service':
        return this.#addService(change.service);
      case 'edit-service':
        return this.#editService(change.service);
      case 'delete-service':
        return this.#deleteService(change.id);
      case 'add-destination':
      case 'edit-destination':
      case 'delete-destination':
        return this.#changeDestination(change);
      case 'flush':
        for (const live of [...this.dataplane.services.values()])
          this.dataplane.deleteService(live);
        return undefined;
      case 'zero':
        return this.#zero(change.id);
      case 'set-timeouts':
        return this.#setTimeouts(change.timeouts);
      case 'start-daemon':
        return this.#startDaemon(change.daemon);
      case 'stop-daemon':
        return this.#stopDaemon(change.role);
      default:
        return change satisfies never;
    }
  }

  #find(id: ServiceId): LiveService | undefined {
    return this.dataplane.services.get(lookupKey(id));
  }

  #addService(service: Service): string | undefined {
    if (this.#find(service.id)) return 'EEXIST';
    const refusal = checkService(service, 0);
    if (refusal === undefined) this.dataplane.addService(service);
    return refusal;
  }

  /** Keeps the place in the dump order, the servers and everything else that is not a setting. */
  #editService(service: Service): string | undefined {
    const live = this.#find(service.id);
    if (live === undefined) return 'ESRCH';
    const refusal = checkService(
      service,
      service.scheduler === live.service.scheduler ? 0 : live.servers.length,
    );
    if (refusal === undefined) live.set(service);
    return refusal;
  }

  #deleteService(id: ServiceId): string | undefined {
    const live = this.#find(id);
    if (live === undefined) return 'ESRCH';
    this.dataplane.deleteService(live);
    return undefined;
  }

  #zero(id: ServiceId | undefined): string | undefined {
    const live = id && this.#find(id);
    if (id && live === undefined) return 'ESRCH';
    for (const { traffic, servers } of live ? [live] : this.dataplane.services.values()) {
      traffic.clear();
      for (const server of servers) server.traffic.clear();
    }
    return undefined;
  }

  #changeDestination(
    change: Extract<Change, { kind: `${string}-destination` }>,
  ): string | undefined {
    const live = this.#find(change.id);
    if (live === undefined) return 'ESRCH';
    const server = live.servers.find(({ destination }) =>
      sameDestination(destination, change.destination),
    );
    if (change.kind === 'delete-destination') {
      if (server === undefined) return 'ENOENT';
      this.dataplane.deleteServer(live, server);
      return undefined;
    }
    const refusal = this.#checkDestination(change.destination, familyOf(change.id));
    if (refusal !== undefined) return refusal;
    if (change.kind === 'edit-destination') {
      if (server === undefined) return 'ENOENT';
      live.edit(server, change.destination);
      return undefined;
    }
    if (server !== undefined) return 'EEXIST';
    // one that was deleted lately is taken back without a look at its address
    if (this.dataplane.revive(live, change.destination)) return undefined;
    if (!isServerAddress(change.destination.address, this.#broadcasts)) return 'EINVAL';
    this.dataplane.addServer(live, change.destination);
    return undefined;
  }

  #checkDestination(destination: Destination, family: Address['family']): string | undefined {
    const mixed = destination.address.family !== family;
    if (mixed && (this.#daemons.length > 0 || destination.forwarding !== 'tunnel')) return 'EINVAL';
    if (destination.weight < 0) return 'ERANGE';
    if (destination.lowerThreshold > destination.upperThreshold) return 'ERANGE';
    if (tunnelNumber(destination.tunnel.type) === GUE && destination.tunnel.port === 0)
      return 'EINVAL';
    return undefined;
  }

  /** All or nothing; 0 keeps a timeout. */
  #setTimeouts(timeouts: Timeouts): string | undefined {
    const { tcp, tcpFin, udp } = timeouts;
    if ([tcp, tcpFin, udp].some((seconds) => seconds < 0 || seconds > LONGEST_TIMEOUT))
      return 'EINVAL';
    const old = this.dataplane.timeouts;
    this.dataplane.timeouts = {
      tcp: tcp || old.tcp,
      tcpFin: tcpFin || old.tcpFin,
      udp: udp || old.udp,
    };
    return undefined;
  }

  #startDaemon(request: DaemonRequest): string | undefined {
    if (request.group !== undefined && !isMulticast(request.group)) return 'EINVAL';
    if (this.#hasMixedFamilies()) return 'EINVAL';
    const link = Object.hasOwn(this.#machine.links, request.interface)
      ? this.#machine.links[request.interface]
      : undefined;
    if (link === undefined) return 'ENODEV';
    if (this.#daemons.some(({ role }) => role === request.role)) return 'EEXIST';
    const group = request.group ?? DEFAULT_GROUP;
    if (request.role === 'master' && !(link.up && sendsMulticast(link, group.family)))
      return 'ENETUNREACH';
    const daemon: Daemon = {
      role: request.role,
      interface: request.interface,
      syncId: request.syncId,
      maxLength: syncLength(request, group, link.mtu),
      group,
      port: request.port || DEFAULT_PORT,
      ttl: request.ttl || DEFAULT_TTL,
    };
    this.#daemons = [...this.#daemons, daemon].sort(
      (a, b) => DAEMON_ROLES[a.role].kernel - DAEMON_ROLES[b.role].kernel,
    );
    return undefined;
  }

  #stopDaemon(role: DaemonRole): string | undefined {
    const left = this.#daemons.filter((daemon) => daemon.role !== role);
    if (left.length === this.#daemons.length) return 'ESRCH';
    this.#daemons = left;
    return undefined;
  }

  #hasMixedFamilies(): boolean {
    for (const { service, servers } of this.dataplane.services.values()) {
      const family = familyOf(service.id);
      if (servers.some(({ address }) => address.family !== family)) return true;
    }
    return false;
  }
}

function dataplaneOf({ services, timeouts, traffic }: TableState, now: number): Dataplane {
  const plane = new Dataplane(now);
  plane.timeouts = timeouts;
  for (const { service, destinations } of services) {
    const live = plane.addService(service);
    for (const destination of [...destinations].reverse()) plane.addServer(live, destination);
  }
  if (traffic) plane.restore(traffic);
  return plane;
}

const wallClock = () => Date.now() / 1000;
const GUE = tunnelNumber('gue');

const DEFAULT_GROUP = ipv4(0xe0000051);
const DEFAULT_PORT = 8848;
const DEFAULT_TTL = 1;

/** Scheduler, then engine, then prefix length, then what the scheduler itself refuses. */
function checkService(service: Service, destinations: number): string | undefined {
  if (!SCHEDULER_MODULES.has(service.scheduler)) return 'ENOENT';
  if (service.engine !== undefined && !ENGINES.has(service.engine)) return 'ENOENT';
  if (familyOf(service.id) === 'ipv6' && (service.netmask < 1 || service.netmask > 128))
    return 'EINVAL';
  return service.scheduler === 'mh' && destinations > MAGLEV_SLOTS ? 'EINVAL' : undefined;
}

function sameDestination(a: DestinationId, b: DestinationId): boolean {
  return a.port === b.port && sameAddress(a.address, b.address);
}

const BUCKETS = 256;

/**
 * The place in a dump: address services by a hash of protocol, address and port, then marks. The
 * kernel's per-boot constant is 0 here.
 */
function bucketOf(id: ServiceId): number {
  if (id.kind === 'fwmark') return BUCKETS + (id.mark & 255);
  const folded =
    id.address.family === 'ipv4' ? id.address.value : id.address.words.reduce((a, b) => a ^ b, 0);
  return (protocolNumber(id.protocol) ^ folded ^ (id.port >> 8) ^ id.port) & 255;
}

function isMulticast(address: Address): boolean {
  return address.family === 'ipv4'
    ? address.value >>> 28 === 0xe
    : address.words[0] >>> 24 === 0xff;
}

/** Longest message: the role's default, or what was asked for within the role's limits. */
function syncLength({ role, maxLength }: DaemonRequest, group: Address, mtu: number): number {
  const header = group.family === 'ipv4' ? 28 : 48;
  const most = 65535 - header;
  const clamp = (value: number, least: number) => Math.min(Math.max(value, least), most);
  if (maxLength) return clamp(maxLength, role === 'master' ? 1 : 1024);
  return role === 'master' ? 1500 - header : Math.min(Math.max(mtu, 1500), 65535) - header;
}
