// A model of the kernel's control plane: the same checks in the same order with the same errno, the same defaults, the same dump order.

import { type Address, formatAddress, ipv4, sameAddress } from '../model/address.js';
import type { Change } from '../model/change.js';
import type { Connection } from '../model/connection.js';
import { NO_TRAFFIC } from '../model/counters.js';
import { DAEMON_ROLES, type Daemon, type DaemonRequest, type DaemonRole } from '../model/daemon.js';
import type { Destination, DestinationEntry, DestinationId } from '../model/destination.js';
import { IpvsError } from '../model/errors.js';
import { tunnelNumber } from '../model/forwarding.js';
import { familyOf, protocolNumber, type Service, type ServiceEntry, type ServiceId } from '../model/service.js';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../model/timeouts.js';
import type { Backend, Info } from './backend.js';
import { broadcastsOf, DEFAULT_MACHINE, isServerAddress, type Machine, sendsMulticast } from './machine.js';

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
}

export const EMPTY_TABLE: TableState = { machine: DEFAULT_MACHINE, services: [], timeouts: DEFAULT_TIMEOUTS, daemons: [] };

/** The schedulers that a Debian kernel has as modules; `none` needs none. */
const SCHEDULERS = new Set(['none', 'rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh']);
const ENGINES = new Set(['sip']);
const IPVS_VERSION = 0x010201;
/** slots in the table of the scheduler mh, which cannot serve more servers */
const MAGLEV_SLOTS = 4093;
/** INT_MAX / HZ with the 250 ticks a second of Debian's kernel */
const LONGEST_TIMEOUT = 8589934;

interface LiveService {
  service: Service;
  /** newest first */
  readonly destinations: Destination[];
}

/** The rules of one machine in memory. Every method answers at once; the promises are the interface's. */
export class MemoryBackend implements Backend {
  readonly batchSize = 256;
  readonly #machine: Machine;
  /** by `keyOf`, oldest first */
  readonly #services = new Map<string, LiveService>();
  readonly #broadcasts: ReadonlySet<number>;
  #timeouts: Timeouts;
  #daemons: readonly Daemon[];

  constructor(state: TableState = EMPTY_TABLE) {
    this.#machine = state.machine;
    this.#broadcasts = broadcastsOf(state.machine);
    this.#timeouts = state.timeouts;
    this.#daemons = state.daemons;
    for (const { service, destinations } of state.services) {
      this.#services.set(keyOf(service.id), { service, destinations: [...destinations] });
    }
  }

  /** The table as plain data. */
  state(): TableState {
    const services = [...this.#services.values()].map(({ service, destinations }) => ({ service, destinations: [...destinations] }));
    return { machine: this.#machine, services, timeouts: this.#timeouts, daemons: this.#daemons };
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
    const newestFirst = [...this.#services.values()].reverse();
    const buckets = newestFirst.map((live) => ({ live, bucket: bucketOf(live.service.id) }));
    buckets.sort((a, b) => a.bucket - b.bucket);
    return buckets.map(({ live }) => ({ service: live.service, counters: NO_TRAFFIC }));
  }

  async service(id: ServiceId): Promise<ServiceEntry> {
    const live = this.#services.get(keyOf(id));
    if (live === undefined) throw new IpvsError('list-service', 'ESRCH');
    return { service: live.service, counters: NO_TRAFFIC };
  }

  async destinations(id: ServiceId): Promise<readonly DestinationEntry[]> {
    const destinations = this.#services.get(keyOf(id))?.destinations ?? [];
    return destinations.map((destination) => ({ destination, ...IDLE }));
  }

  async timeouts(): Promise<Timeouts> {
    return this.#timeouts;
  }

  async daemons(): Promise<readonly Daemon[]> {
    return this.#daemons;
  }

  async connections(): Promise<readonly Connection[]> {
    return [];
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
        return this.#services.delete(keyOf(change.id)) ? undefined : 'ESRCH';
      case 'add-destination':
      case 'edit-destination':
      case 'delete-destination':
        return this.#changeDestination(change);
      case 'flush':
        this.#services.clear();
        return undefined;
      case 'zero':
        return change.id === undefined || this.#services.has(keyOf(change.id)) ? undefined : 'ESRCH';
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

  #addService(service: Service): string | undefined {
    const key = keyOf(service.id);
    if (this.#services.has(key)) return 'EEXIST';
    const refusal = checkService(service, 0);
    if (refusal === undefined) this.#services.set(key, { service, destinations: [] });
    return refusal;
  }

  /** Keeps the place in the dump order, the servers and everything else that is not a setting. */
  #editService(service: Service): string | undefined {
    const live = this.#services.get(keyOf(service.id));
    if (live === undefined) return 'ESRCH';
    const refusal = checkService(service, service.scheduler === live.service.scheduler ? 0 : live.destinations.length);
    if (refusal === undefined) live.service = service;
    return refusal;
  }

  #changeDestination(change: Extract<Change, { kind: `${string}-destination` }>): string | undefined {
    const live = this.#services.get(keyOf(change.id));
    if (live === undefined) return 'ESRCH';
    const { destinations } = live;
    const at = destinations.findIndex((destination) => sameDestination(destination, change.destination));
    if (change.kind === 'delete-destination') {
      if (at < 0) return 'ENOENT';
      destinations.splice(at, 1);
      return undefined;
    }
    const refusal = this.#checkDestination(change.destination, familyOf(change.id));
    if (refusal !== undefined) return refusal;
    if (change.kind === 'edit-destination') {
      if (at < 0) return 'ENOENT';
      destinations[at] = change.destination;
      return undefined;
    }
    if (at >= 0) return 'EEXIST';
    if (!isServerAddress(change.destination.address, this.#broadcasts)) return 'EINVAL';
    destinations.unshift(change.destination);
    return undefined;
  }

  #checkDestination(destination: Destination, family: Address['family']): string | undefined {
    const mixed = destination.address.family !== family;
    if (mixed && (this.#daemons.length > 0 || destination.forwarding !== 'tunnel')) return 'EINVAL';
    if (destination.weight < 0) return 'ERANGE';
    if (destination.lowerThreshold > destination.upperThreshold) return 'ERANGE';
    if (tunnelNumber(destination.tunnel.type) === GUE && destination.tunnel.port === 0) return 'EINVAL';
    return undefined;
  }

  /** All or nothing; 0 keeps a timeout. */
  #setTimeouts(timeouts: Timeouts): string | undefined {
    const { tcp, tcpFin, udp } = timeouts;
    if ([tcp, tcpFin, udp].some((seconds) => seconds < 0 || seconds > LONGEST_TIMEOUT)) return 'EINVAL';
    const old = this.#timeouts;
    this.#timeouts = { tcp: tcp || old.tcp, tcpFin: tcpFin || old.tcpFin, udp: udp || old.udp };
    return undefined;
  }

  #startDaemon(request: DaemonRequest): string | undefined {
    if (request.group !== undefined && !isMulticast(request.group)) return 'EINVAL';
    if (this.#hasMixedFamilies()) return 'EINVAL';
    const link = Object.hasOwn(this.#machine.links, request.interface) ? this.#machine.links[request.interface] : undefined;
    if (link === undefined) return 'ENODEV';
    if (this.#daemons.some(({ role }) => role === request.role)) return 'EEXIST';
    const group = request.group ?? DEFAULT_GROUP;
    if (request.role === 'master' && !(link.up && sendsMulticast(link, group.family))) return 'ENETUNREACH';
    const daemon: Daemon = {
      role: request.role,
      interface: request.interface,
      syncId: request.syncId,
      maxLength: syncLength(request, group, link.mtu),
      group,
      port: request.port || DEFAULT_PORT,
      ttl: request.ttl || DEFAULT_TTL,
    };
    this.#daemons = [...this.#daemons, daemon].sort((a, b) => DAEMON_ROLES[a.role].kernel - DAEMON_ROLES[b.role].kernel);
    return undefined;
  }

  #stopDaemon(role: DaemonRole): string | undefined {
    const left = this.#daemons.filter((daemon) => daemon.role !== role);
    if (left.length === this.#daemons.length) return 'ESRCH';
    this.#daemons = left;
    return undefined;
  }

  #hasMixedFamilies(): boolean {
    for (const { service, destinations } of this.#services.values()) {
      const family = familyOf(service.id);
      if (destinations.some(({ address }) => address.family !== family)) return true;
    }
    return false;
  }
}

const IDLE = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0, counters: NO_TRAFFIC } as const;
const GUE = tunnelNumber('gue');

const DEFAULT_GROUP = ipv4(0xe0000051);
const DEFAULT_PORT = 8848;
const DEFAULT_TTL = 1;

/** Scheduler, then engine, then prefix length, then what the scheduler itself refuses. */
function checkService(service: Service, destinations: number): string | undefined {
  if (!SCHEDULERS.has(service.scheduler)) return 'ENOENT';
  if (service.engine !== undefined && !ENGINES.has(service.engine)) return 'ENOENT';
  if (familyOf(service.id) === 'ipv6' && (service.netmask < 1 || service.netmask > 128)) return 'EINVAL';
  return service.scheduler === 'mh' && destinations > MAGLEV_SLOTS ? 'EINVAL' : undefined;
}

function sameDestination(a: DestinationId, b: DestinationId): boolean {
  return a.port === b.port && sameAddress(a.address, b.address);
}

/** What tells services apart; a mark of 0 is the TCP service of address and port zero. */
function keyOf(id: ServiceId): string {
  if (id.kind === 'fwmark') return id.mark === 0 ? keyOf(unmarked(id.family)) : `mark ${id.mark} ${id.family}`;
  return `${protocolNumber(id.protocol)} ${formatAddress(id.address)} ${id.port}`;
}

function unmarked(family: Address['family']): ServiceId {
  const address: Address = family === 'ipv4' ? ipv4(0) : { family, words: [0, 0, 0, 0] };
  return { kind: 'address', protocol: 'tcp', address, port: 0 };
}

const BUCKETS = 256;

/** The place in a dump: address services by a hash of protocol, address and port, then marks. The kernel's per-boot constant is 0 here. */
function bucketOf(id: ServiceId): number {
  if (id.kind === 'fwmark') return BUCKETS + (id.mark & 255);
  const folded = id.address.family === 'ipv4' ? id.address.value : id.address.words.reduce((a, b) => a ^ b, 0);
  return (protocolNumber(id.protocol) ^ folded ^ (id.port >> 8) ^ id.port) & 255;
}

function isMulticast(address: Address): boolean {
  return address.family === 'ipv4' ? address.value >>> 28 === 0xe : address.words[0] >>> 24 === 0xff;
}

/** Longest message: the role's default, or what was asked for within the role's limits. */
function syncLength({ role, maxLength }: DaemonRequest, group: Address, mtu: number): number {
  const header = group.family === 'ipv4' ? 28 : 48;
  const most = 65535 - header;
  const clamp = (value: number, least: number) => Math.min(Math.max(value, least), most);
  if (maxLength) return clamp(maxLength, role === 'master' ? 1 : 1024);
  return role === 'master' ? 1500 - header : Math.min(Math.max(mtu, 1500), 65535) - header;
}
