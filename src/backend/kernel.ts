// The kernel as a backend: changes and queries as messages of the generic-netlink family
// IPVS.
import { constants } from 'node:os';
import type { Family } from '../model/address.js';
import type { Change, Operation } from '../model/change.js';
import type { Daemon } from '../model/daemon.js';
import type { DestinationEntry } from '../model/destination.js';
import { BackendError, IpvsError } from '../model/errors.js';
import { familyOf, type ServiceEntry, type ServiceId } from '../model/service.js';
import type { Timeouts } from '../model/timeouts.js';
import { CONTROLLER, decodeReply, FAMILY, type Message, Requests } from '../wire/genl.js';
import { COMMAND, INFO, IPVS, TOP, TOP_WITHOUT_COUNTERS, type WireTop } from '../wire/ipvs.js';
import type { Backend, Detail, Info, Replies, ReplyTaker } from './backend.js';
import { Channel, type ChannelOptions } from './netlink.js';
import { openDirect } from './rawsocket.js';
import { requestFor, serverCommand } from './requests.js';
import { hasTemplate, writeServer } from './serverrequest.js';
import { daemonFromWire, destinationFromWire, idToWire, serviceFromWire } from './translate.js';

/** What the kernel backend needs of the machine beside the socket. */
export interface Host {
  /** Loads the module `ip_vs`; false when the program that does it fails. */
  loadModule(): Promise<boolean>;
  /** Whether this process may open raw sockets; decides how a kernel without IPVS is reported. */
  mayOpenRawSockets(): boolean;
  /** whether this process does nothing beside, and opens no descriptors in other threads */
  readonly isAlone?: boolean;
}

/**
 * Opens the kernel's IPVS: family, version and privilege are checked here, the module is loaded
 * when it is missing.
 * @throws IpvsError of operation `info` when it cannot be used, ENOPROTOOPT or EPERM
 */
export async function openKernel(host: Host, options?: ChannelOptions): Promise<Backend> {
  const channel = new Channel(host.isAlone ? { open: openDirect, ...options } : options);
  try {
    const opened = await attempt(channel);
    if (typeof opened !== 'number') return opened;
    const loaded = await host.loadModule();
    const again = loaded ? await attempt(channel) : opened;
    if (typeof again !== 'number') return again;
    throw new IpvsError('info', reasonOf(again, host));
  } catch (error) {
    channel.close();
    throw error;
  }
}

async function attempt(channel: Channel): Promise<KernelBackend | number> {
  const request = new Requests().add(
    CONTROLLER.family,
    CONTROLLER.getFamily,
    CONTROLLER.version,
    FAMILY,
    { name: IPVS.family },
  );
  const reply = await channel.query(request);
  if (typeof reply === 'number') return reply;
  const { id } = decodeReply(reply, FAMILY);
  if (id === undefined) throw new BackendError('netlink: the family IPVS has no number');
  const backend = new KernelBackend(channel, id);
  const errno = await backend.probe();
  return errno === 0 ? backend : errno;
}

/**
 * Without the family the socket-option interface is what is left; it needs a raw socket first, then
 * misses the protocol.
 */
function reasonOf(errno: number, host: Host): string {
  if (errno === constants.errno.ENOENT) return host.mayOpenRawSockets() ? 'ENOPROTOOPT' : 'EPERM';
  return errnoName(errno);
}

class KernelBackend implements Backend {
  readonly #channel: Channel;
  readonly #family: number;
  #info: Info | undefined;
  /** the request of `replies`, which are asked for one at a time */
  readonly #request = new Requests();

  constructor(channel: Channel, family: number) {
    this.#channel = channel;
    this.#family = family;
  }

  get batchSize(): number {
    return this.#channel.batchSize;
  }

  /** Asks for the version. @returns 0, or the errno of the refusal */
  async probe(): Promise<number> {
    const reply = await this.#channel.query(this.#encode(COMMAND.getInfo, {}));
    if (typeof reply === 'number') return reply;
    const { version = 0, connectionTableSize = 0 } = decodeReply(reply, INFO);
    this.#info = { version, connectionTableSize };
    return 0;
  }

  async info(): Promise<Info> {
    return this.#info as Info;
  }

  async apply(changes: readonly Change[]): Promise<readonly (IpvsError | undefined)[]> {
    const requests = new Requests(changes.length * ROOM);
    for (const change of changes) this.#add(requests, change);
    // A daemon stopped before its thread has run is stopped without any answer; the question behind
    // it gets one.
    if (changes.at(-1)?.kind === 'stop-daemon')
      requests.add(this.#family, COMMAND.getInfo, IPVS.version, TOP, {});
    const errors = await this.#channel.request(requests);
    return changes.map((change, i) =>
      errors[i] ? new IpvsError(change.kind, errnoName(errors[i])) : undefined,
    );
  }

  readonly replies: Replies = {
    services: (detail, taker) =>
      this.#each('list-services', this.#asked(COMMAND.getService, {}), taker, (message) =>
        serviceIn(message, detail),
      ),
    destinations: (service, detail, taker) => {
      const isName = 'attributes' in service;
      const family = isName ? service.family : familyOf(service);
      const request = isName
        ? this.#askedWith(COMMAND.getDestination, service.attributes)
        : this.#asked(COMMAND.getDestination, { service: idToWire(service) });
      return this.#each('list-destinations', request, taker, (message) =>
        destinationIn(message, detail, family),
      );
    },
  };

  async services(detail: Detail = 'counters'): Promise<readonly ServiceEntry[]> {
    return this.#dump('list-services', COMMAND.getService, {}, (message) =>
      serviceIn(message, detail),
    );
  }

  async service(id: ServiceId): Promise<ServiceEntry> {
    const { service } = await this.#query('list-service', COMMAND.getService, {
      service: idToWire(id),
    });
    if (service === undefined) throw new BackendError('netlink: a service without attributes');
    return serviceFromWire(service);
  }

  async destinations(
    id: ServiceId,
    detail: Detail = 'counters',
  ): Promise<readonly DestinationEntry[]> {
    const family = familyOf(id);
    const value = { service: idToWire(id) };
    return this.#dump('list-destinations', COMMAND.getDestination, value, (message) =>
      destinationIn(message, detail, family),
    );
  }

  async timeouts(): Promise<Timeouts> {
    const {
      timeoutTcp = 0,
      timeoutTcpFin = 0,
      timeoutUdp = 0,
    } = await this.#query('timeouts', COMMAND.getConfig, {});
    return { tcp: timeoutTcp, tcpFin: timeoutTcpFin, udp: timeoutUdp };
  }

  async daemons(): Promise<readonly Daemon[]> {
    return this.#dump('daemons', COMMAND.getDaemon, {}, (message) => {
      const { daemon } = decodeReply(message, TOP);
      return daemon && daemonFromWire(daemon);
    });
  }

  async connections(): Promise<undefined> {
    return undefined;
  }

  async close(): Promise<void> {
    this.#channel.close();
  }

  #add(requests: Requests, change: Change): void {
    if (change.kind === 'add-destination' || change.kind === 'edit-destination') {
      if (hasTemplate(change)) {
        const command = serverCommand(change.kind);
        const write = (bytes: Uint8Array, at: number) => writeServer(bytes, at, change);
        requests.addWith(this.#family, command, IPVS.version, write);
        return;
      }
    }
    const { command, value } = requestFor(change);
    requests.add(this.#family, command, IPVS.version, TOP, value);
  }

  async #query(operation: Operation, command: number, value: WireTop): Promise<WireTop> {
    const reply = await this.#channel.query(this.#encode(command, value));
    if (typeof reply === 'number') throw new IpvsError(operation, errnoName(reply));
    return decodeReply(reply, TOP);
  }

  async #dump<T>(
    operation: Operation,
    command: number,
    value: WireTop,
    decode: (message: Message) => T | undefined,
  ): Promise<T[]> {
    const items = await this.#channel.dump(this.#encode(command, value), decode);
    if (typeof items === 'number') throw new IpvsError(operation, errnoName(items));
    return items.filter((item) => item !== undefined);
  }

  async #each<T>(
    operation: Operation,
    request: Requests,
    taker: ReplyTaker<T>,
    decode: (message: Message) => T | undefined,
  ): Promise<void> {
    const errno = await this.#channel.each(request, {
      begin: () => taker.begin(),
      takeOrdinary: (bytes, at, end, sequence) => taker.takeOrdinary(bytes, at, end, sequence),
      take(message) {
        const entry = decode(message);
        if (entry !== undefined) taker.take(entry);
      },
    });
    if (errno !== 0) throw new IpvsError(operation, errnoName(errno));
  }

  #asked(command: number, value: WireTop): Requests {
    return this.#request.clear().add(this.#family, command, IPVS.version, TOP, value);
  }

  #askedWith(command: number, attributes: Uint8Array): Requests {
    return this.#request.clear().addWith(this.#family, command, IPVS.version, (bytes, at) => {
      bytes.set(attributes, at);
      return at + attributes.length;
    });
  }

  #encode(command: number, value: WireTop): Requests {
    return new Requests().add(this.#family, command, IPVS.version, TOP, value);
  }
}

/** bytes of a typical request, so that the buffer of a batch need not grow */
const ROOM = 160;
const TABLES = { rules: TOP_WITHOUT_COUNTERS, counters: TOP } as const;

function serviceIn(message: Message, detail: Detail): ServiceEntry | undefined {
  const { service } = decodeReply(message, TABLES[detail]);
  return service && serviceFromWire(service);
}

function destinationIn(
  message: Message,
  detail: Detail,
  serviceFamily: Family,
): DestinationEntry | undefined {
  const { destination } = decodeReply(message, TABLES[detail]);
  return destination && destinationFromWire(destination, serviceFamily);
}

/** `EEXIST` of 17; a number without a name stays a number. */
export function errnoName(errno: number): string {
  const row = Object.entries(constants.errno).find(([, number]) => number === errno);
  return row ? row[0] : `errno ${errno}`;
}
