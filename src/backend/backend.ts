// What every backend can do: the kernel, the model in memory, the model kept in a file.
import type { Family } from '../model/address.js';
import type { Change } from '../model/change.js';
import type { Connection } from '../model/connection.js';
import type { Daemon } from '../model/daemon.js';
import type { DestinationEntry } from '../model/destination.js';
import type { IpvsError } from '../model/errors.js';
import type { ServiceEntry, ServiceId } from '../model/service.js';
import type { Timeouts } from '../model/timeouts.js';

export interface Info {
  /** 0x010201 is version 1.2.1 */
  readonly version: number;
  readonly connectionTableSize: number;
}

/**
 * How much of an entry is read, all of it by default: with `rules` alone its counters are
 * reported as zero, and large tables are read in half the time.
 */
export type Detail = 'rules' | 'counters';

/** The first change of several that was refused. */
export interface FailedChange {
  readonly at: number;
  readonly error: IpvsError;
}

/** Takes the entries of a list, ordinary ones as messages. */
export interface ReplyTaker<T> {
  /** called before each reading: what came before it no longer counts */
  begin(): void;
  /**
   * Takes the messages that begin at `at` of a datagram, as long as they answer the request
   * `sequence` and need no general decoder. The bytes may be others after it returns.
   * @returns where the first one begins that is not taken
   */
  takeOrdinary(bytes: Uint8Array, at: number, end: number, sequence: number): number;
  /** Takes an entry that the general decoder read. */
  take(entry: T): void;
}

/** What names a service in a request: its attributes, as bytes of a message. */
export interface ServiceName {
  readonly attributes: Uint8Array;
  readonly family: Family;
}

/**
 * The table of a backend that has it as messages, for printers that need no objects. Both reject as
 * the methods of the backend do. One list at a time.
 */
export interface Replies {
  services(detail: Detail, taker: ReplyTaker<ServiceEntry>): Promise<void>;
  destinations(
    service: ServiceId | ServiceName,
    detail: Detail,
    taker: ReplyTaker<DestinationEntry>,
  ): Promise<void>;
}

/**
 * All methods may reject with `BackendError` when the backend itself fails; those that name a code
 * reject with `IpvsError` as the kernel would.
 */
export interface Backend {
  /** changes that are best handed over at once */
  readonly batchSize: number;
  /** absent where the table is no messages */
  readonly replies?: Replies | undefined;
  info(): Promise<Info>;
  /**
   * Carries out the changes in their order. A refused one does not keep the next from being tried.
   * @returns one element a change: undefined when it took effect, else why not
   */
  apply(changes: readonly Change[]): Promise<readonly (IpvsError | undefined)[]>;
  /**
   * Carries out all of the changes, or none when one is refused. Only a backend that can do so has
   * it; the kernel cannot.
   * @returns the first refusal and the index of its change; undefined when all took effect
   */
  applyWhole?(changes: readonly Change[]): Promise<FailedChange | undefined>;
  /**
   * All services in the kernel's order (`--nosort`): address services by hash bucket, then marks;
   * newest first in a bucket.
   */
  services(detail?: Detail): Promise<readonly ServiceEntry[]>;
  /** @throws IpvsError ESRCH when there is none */
  service(id: ServiceId): Promise<ServiceEntry>;
  /** The real servers of a service, newest first; empty when there is no such service. */
  destinations(id: ServiceId, detail?: Detail): Promise<readonly DestinationEntry[]>;
  timeouts(): Promise<Timeouts>;
  /** Running sync daemons, master before backup. */
  daemons(): Promise<readonly Daemon[]>;
  /** The connections of a backend that keeps its own; undefined where /proc has them. */
  connections(): Promise<readonly Connection[] | undefined>;
  close(): Promise<void>;
}
