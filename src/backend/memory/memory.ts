// A model of the kernel's IPVS in memory: packets by the simulator's data plane, and of the control
// plane the same checks, defaults and dump order, which are the files beside this one.

import type { Change } from '../../model/change.js';
import type { Connection } from '../../model/connection.js';
import type { Daemon } from '../../model/daemon.js';
import type { Destination, DestinationEntry } from '../../model/destination.js';
import { IpvsError } from '../../model/errors.js';
import { familyOf, type Service, type ServiceEntry, type ServiceId } from '../../model/service.js';
import type { Timeouts } from '../../model/timeouts.js';
import type { Dataplane } from '../../simulator/dataplane.js';
import { lookupKey } from '../../simulator/keys.js';
import type { LiveService } from '../../simulator/server.js';
import { earlier } from '../../simulator/snapshot.js';
import type { Backend, Info } from '../backend.js';
import type { PacketRun, PacketSink } from '../packetsink.js';
import { checkDestination, checkService, checkTimeouts, type Errno } from './checks.js';
import { inDumpOrder } from './dumporder.js';
import { broadcastsOf, isServerAddress, type ModelHost } from './host.js';
import { dataplaneOf, EMPTY_TABLE, stateOf, type TableState } from './state.js';
import { withDaemon, withoutDaemon } from './syncdaemons.js';

const IPVS_VERSION = 0x010201;

/**
 * The rules of one machine in memory, and what packets make of them. Every method answers at once;
 * the promises are the interface's.
 */
export class MemoryBackend implements Backend, PacketSink {
  readonly batchSize = 256;
  readonly #host: ModelHost;
  #dataplane: Dataplane;
  /** seconds; the clock for what expires and what is estimated */
  readonly #clock: () => number;
  readonly #broadcasts: ReadonlySet<number>;
  #daemons: readonly Daemon[];

  /** @param clock seconds that do not go back; the machine's own when absent */
  constructor(state: TableState = EMPTY_TABLE, clock: () => number = wallClock) {
    this.#clock = clock;
    this.#dataplane = dataplaneOf(state, clock());
    this.#host = state.machine;
    this.#broadcasts = broadcastsOf(state.machine);
    this.#daemons = state.daemons;
  }

  /** where packets go; `packet` of it sends one */
  get dataplane(): Dataplane {
    return this.#dataplane;
  }

  /** The table as plain data. */
  state(): TableState {
    return { machine: this.#host, daemons: this.#daemons, ...stateOf(this.#dataplane) };
  }

  async info(): Promise<Info> {
    return { version: IPVS_VERSION, connectionTableSize: this.#host.connectionTableSize };
  }

  async apply(changes: readonly Change[]): Promise<readonly (IpvsError | undefined)[]> {
    return this.applyNow(changes);
  }

  /** `apply` without a promise, for callers that hold a lock. */
  applyNow(changes: readonly Change[]): readonly (IpvsError | undefined)[] {
    return changes.map((change) => {
      const code = this.#change(change);
      return code === undefined ? undefined : new IpvsError(change.kind, code);
    });
  }

  async services(): Promise<readonly ServiceEntry[]> {
    this.#dataplane.advance(this.#clock());
    return inDumpOrder(this.#dataplane.services.values()).map(({ service, traffic }) => ({
      service,
      counters: traffic.counters(),
    }));
  }

  async service(id: ServiceId): Promise<ServiceEntry> {
    this.#dataplane.advance(this.#clock());
    const live = this.#find(id);
    if (live === undefined) throw new IpvsError('list-service', 'ESRCH');
    return { service: live.service, counters: live.traffic.counters() };
  }

  async destinations(id: ServiceId): Promise<readonly DestinationEntry[]> {
    this.#dataplane.advance(this.#clock());
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
    return this.#dataplane.timeouts;
  }

  async daemons(): Promise<readonly Daemon[]> {
    return this.#daemons;
  }

  async connections(): Promise<readonly Connection[]> {
    this.#dataplane.advance(this.#clock());
    return this.#dataplane.connections();
  }

  async play<T>(work: PacketRun<T>): Promise<T> {
    return this.playNow(work);
  }

  /** `play` without a promise. */
  playNow<T>(work: PacketRun<T>): T {
    const start = this.#clock();
    this.#dataplane.advance(start);
    const { result, end } = work(this.#dataplane, start);
    const { traffic, ...state } = this.state();
    const { sysctls } = this.#dataplane;
    this.#dataplane = dataplaneOf(
      { ...state, traffic: traffic && earlier(traffic, end - start) },
      start,
    );
    Object.assign(this.#dataplane.sysctls, sysctls);
    return result;
  }

  async close(): Promise<void> {}

  /** @returns undefined, or the errno's name */
  #change(change: Change): Errno {
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
        return this.#flush();
      case 'zero':
        return this.#zero(change.id);
      case 'set-timeouts':
        return this.#setTimeouts(change.timeouts);
      case 'start-daemon':
        return this.#setDaemons(
          withDaemon(change.daemon, this.#daemons, this.#host, this.#hasMixedFamilies()),
        );
      case 'stop-daemon':
        return this.#setDaemons(withoutDaemon(change.role, this.#daemons));
      default:
        return change satisfies never;
    }
  }

  #find(id: ServiceId): LiveService | undefined {
    return this.#dataplane.services.get(lookupKey(id));
  }

  #addService(service: Service): Errno {
    if (this.#find(service.id)) return 'EEXIST';
    const refusal = checkService(service, 0);
    if (refusal === undefined) this.#dataplane.addService(service);
    return refusal;
  }

  /** Keeps the place in the dump order, the servers and everything else that is not a setting. */
  #editService(service: Service): Errno {
    const live = this.#find(service.id);
    if (live === undefined) return 'ESRCH';
    const refusal = checkService(
      service,
      service.scheduler === live.service.scheduler ? 0 : live.count,
    );
    if (refusal === undefined) live.set(service);
    return refusal;
  }

  #deleteService(id: ServiceId): Errno {
    const live = this.#find(id);
    if (live === undefined) return 'ESRCH';
    this.#dataplane.deleteService(live);
    return undefined;
  }

  #flush(): undefined {
    for (const live of [...this.#dataplane.services.values()]) this.#dataplane.deleteService(live);
  }

  #zero(id: ServiceId | undefined): Errno {
    const live = id && this.#find(id);
    if (id && live === undefined) return 'ESRCH';
    for (const { traffic, servers } of live ? [live] : this.#dataplane.services.values()) {
      traffic.clear();
      for (const server of servers) server.traffic.clear();
    }
    return undefined;
  }

  #changeDestination(change: Extract<Change, { kind: `${string}-destination` }>): Errno {
    const live = this.#find(change.id);
    if (live === undefined) return 'ESRCH';
    const server = live.find(change.destination);
    if (change.kind === 'delete-destination') {
      if (server === undefined) return 'ENOENT';
      this.#dataplane.deleteServer(live, server);
      return undefined;
    }
    const refusal = checkDestination(change.destination, {
      family: familyOf(change.id),
      syncs: this.#daemons.length > 0,
    });
    if (refusal !== undefined) return refusal;
    if (change.kind === 'add-destination')
      return server ? 'EEXIST' : this.#addDestination(live, change.destination);
    if (server === undefined) return 'ENOENT';
    live.edit(server, change.destination);
    return undefined;
  }

  #addDestination(live: LiveService, destination: Destination): Errno {
    // one that was deleted lately is taken back without a check of its address
    if (this.#dataplane.revive(live, destination)) return undefined;
    if (!isServerAddress(destination.address, this.#broadcasts)) return 'EINVAL';
    this.#dataplane.addServer(live, destination);
    return undefined;
  }

  /** 0 keeps a timeout. */
  #setTimeouts(timeouts: Timeouts): Errno {
    const refusal = checkTimeouts(timeouts);
    if (refusal !== undefined) return refusal;
    const old = this.#dataplane.timeouts;
    this.#dataplane.timeouts = {
      tcp: timeouts.tcp || old.tcp,
      tcpFin: timeouts.tcpFin || old.tcpFin,
      udp: timeouts.udp || old.udp,
    };
    return undefined;
  }

  #setDaemons(daemons: readonly Daemon[] | string): Errno {
    if (typeof daemons === 'string') return daemons;
    this.#daemons = daemons;
    return undefined;
  }

  #hasMixedFamilies(): boolean {
    for (const { service, servers } of this.#dataplane.services.values()) {
      const family = familyOf(service.id);
      if (servers.some(({ address }) => address.family !== family)) return true;
    }
    return false;
  }
}

const wallClock = () => Date.now() / 1000;
