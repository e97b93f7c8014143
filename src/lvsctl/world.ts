// Everything lvsctl touches outside itself; main.ts hands in the real things, tests their own.
import type { Backend } from '../backend/backend.js';
import type { NameResolver } from './config/rulefile.js';
import type { EtcdAddress, FleetStore } from './fleet/store.js';
import type { Runtime } from './monitor/runtime.js';
import type { Machine } from './plan/machine.js';
import type { RecordDirectory } from './plan/recorddirectory.js';
import type { WebMachine } from './serve/machine.js';
import type { Terminal } from './terminal.js';
import type { TransactionStore } from './transaction/store.js';

export interface World extends Terminal {
  /** Opens the backend (LVS_BACKEND); the caller closes it. */
  openBackend(): Promise<Backend>;
  /** The same for a command that stays: opened again when it has failed. */
  openLastingBackend(): Promise<Backend>;
  /** The machine of plans; `backend` is opened once. */
  readonly machine: Machine;
  /**
   * The records of what was changed in this network namespace.
   * @param directory where they are; the default directory when undefined
   */
  records(directory: string | undefined): RecordDirectory;
  /**
   * The history of changes of the table, and the lock of all that change it; undefined where the
   * table is in memory, and lost with the process.
   */
  transactions(): TransactionStore | undefined;
  /**
   * The text of a file or pipe, of stdin for `-`.
   * @param limit bytes, by default those of a file of settings
   * @throws a system error with the path when it cannot be read, or is larger
   */
  readText(path: string, limit?: number): string;
  /** The files that a shell pattern names, sorted; none when there are none. */
  filesMatching(pattern: string): readonly string[];
  /** the name of this machine */
  hostName(): string;
  /**
   * The lines of a file that may be too large to be held, one after the other.
   * @throws a system error with the path, when the first is taken
   */
  lines(path: string): Iterable<string>;
  /** Its bytes; a piece is good until the next is taken. @throws as `lines` */
  pieces(path: string): Iterable<Uint8Array>;
  /**
   * Replaces a file in one step, or not at all; a device or FIFO is written to.
   * @param mode of a file that does not exist yet, 0600 by default
   * @throws a system error
   */
  writeText(path: string, text: string, mode?: number): void;
  /** Clock, probes, signals and the rest, for a command that stays. */
  runtime(): Promise<Runtime>;
  /** HTTP, for `serve`. */
  web(): Promise<WebMachine>;
  places(): MonitorPaths;
  /** Addresses and ports of the names in a rule file. */
  readonly names: NameResolver;
  out(text: string): void;
  /** Resolves when stdout has taken all that was written to it, or is closed. */
  flushed(): Promise<void>;
  /** From now on output that cannot be written is no error: for a command that stays. */
  ignoreOutputErrors(): void;
  /** Whether stdout still has a reader; known after the next piece only. */
  isRead(): boolean;
  err(text: string): void;
  /** Shows how much is done, 0..1, where stderr is a terminal; undefined takes the display away. */
  readonly progress?: (share: number | undefined) => void;
  /** seconds since 1970 */
  now(): number;
  readonly isRoot: boolean;
  /** etcd, reached when it is first asked. */
  openEtcd(options: EtcdAddress): Promise<FleetStore>;
  /** the path of lvsctl itself, for what runs it later */
  readonly program: string;
  /** the directory of the documentation */
  readonly docs: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Does the same in another network namespace, in a process of its own, which gets the signals
   * that come here.
   * @param netns a name of ip-netns(8), or a path
   * @returns the exit status @throws LvsctlError when it cannot be entered
   */
  enter(netns: string, args: readonly string[]): Promise<number>;
  /**
   * Runs a program, found on PATH, with this process's terminal and streams.
   * @param env added to this process's @returns its exit status
   */
  attach(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<number>;
  /** the path of Node itself */
  readonly node: string;
  /** the network namespace that `enter` put this process into, as it was named */
  readonly netns: string | undefined;
}

/** Where the monitor of this network namespace is met. */
export interface MonitorPaths {
  /** its unix socket */
  readonly socket: string;
  /** its state file: administrative states, what is left of earlier files */
  readonly state: string;
}
