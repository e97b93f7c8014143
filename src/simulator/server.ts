// A real server and a virtual service while they run: settings, what is counted, what the scheduler
// remembers.
import type { Address } from '../model/address.js';
import type { Destination, DestinationId } from '../model/destination.js';
import type { Service } from '../model/service.js';
import type {
  Candidate,
  Scheduler,
  SchedulerInput,
  ServerList,
  Settings,
} from '../schedulers/scheduler.js';
import { schedulerOf } from '../schedulers/table.js';
import { destinationKey } from './keys.js';
import { Traffic } from './traffic.js';

export class LiveServer implements Candidate {
  destination: Destination;
  weight: number;
  lastWeight: number;
  overloaded = false;
  available = true;
  active = 0;
  inactive = 0;
  /** templates */
  persistent = 0;
  traffic = new Traffic();

  constructor(destination: Destination) {
    this.destination = destination;
    this.weight = destination.weight;
    this.lastWeight = destination.weight;
  }

  get address(): Address {
    return this.destination.address;
  }

  get port(): number {
    return this.destination.port;
  }

  /** New settings. A threshold that was removed, or is higher than before, ends the overload. */
  set(destination: Destination): void {
    const { upperThreshold } = destination;
    if (upperThreshold === 0 || upperThreshold > this.destination.upperThreshold)
      this.overloaded = false;
    this.destination = destination;
    this.weight = destination.weight;
  }

  /** One connection or template more. */
  bound(): void {
    const { upperThreshold } = this.destination;
    if (upperThreshold !== 0 && this.active + this.inactive >= upperThreshold)
      this.overloaded = true;
  }

  /** One less. */
  unbound(): void {
    const { upperThreshold, lowerThreshold } = this.destination;
    const total = this.active + this.inactive;
    if (
      lowerThreshold !== 0
        ? total < lowerThreshold
        : upperThreshold === 0 || total * 4 < upperThreshold * 3
    )
      this.overloaded = false;
  }
}

export class LiveService implements ServerList {
  service: Service;
  /** oldest first, by `destinationKey` */
  readonly #byKey = new Map<string, LiveServer>();
  /** made when it is read after a change */
  #newestFirst: readonly LiveServer[] | undefined;
  readonly traffic: Traffic;
  scheduler: Scheduler<unknown> | undefined;
  state: unknown;

  constructor(service: Service, traffic = new Traffic()) {
    this.service = service;
    this.traffic = traffic;
    this.scheduler = schedulerOf(service.scheduler);
    this.state = this.scheduler?.start(this.servers);
  }

  /** newest first */
  get servers(): readonly LiveServer[] {
    this.#newestFirst ??= [...this.#byKey.values()].reverse();
    return this.#newestFirst;
  }

  get count(): number {
    return this.#byKey.size;
  }

  find(id: DestinationId): LiveServer | undefined {
    return this.#byKey.get(destinationKey(id));
  }

  /** New settings. Another scheduler begins anew, the same one goes on. */
  set(service: Service): void {
    const same = service.scheduler === this.service.scheduler;
    this.service = service;
    if (same) return;
    this.scheduler = schedulerOf(service.scheduler);
    this.state = this.scheduler?.start(this.servers);
  }

  /** @param server of an address and port that no other server of the service has */
  add(server: LiveServer): void {
    this.#byKey.set(destinationKey(server.destination), server);
    this.#newestFirst = undefined;
    this.scheduler?.changed?.(this.state, { kind: 'add', server }, this);
  }

  edit(server: LiveServer, destination: Destination): void {
    const previousWeight = server.weight;
    server.set(destination);
    if (destination.weight !== 0) server.lastWeight = destination.weight;
    this.scheduler?.changed?.(this.state, { kind: 'edit', server, previousWeight }, this);
  }

  remove(server: LiveServer): void {
    const before = () => this.servers;
    const after: ServerList = {
      count: this.count - 1,
      get servers() {
        return before().filter((one) => one !== server);
      },
    };
    const index = () => this.servers.indexOf(server);
    // the list is still whole here, for those that ask for the place
    this.scheduler?.changed?.(this.state, { kind: 'delete', server, index }, after);
    this.#byKey.delete(destinationKey(server.destination));
    this.#newestFirst = undefined;
  }
}

/** The server that the scheduler of a service chooses. */
export function askScheduler(
  { scheduler, state, servers }: LiveService,
  arrival: SchedulerInput,
  settings: Settings,
): LiveServer | undefined {
  return scheduler?.pick(state, servers, arrival, settings);
}
