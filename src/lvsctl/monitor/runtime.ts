// What the monitor needs of the machine beside the table: time, probes, programs, signals, files,
// a socket. Tests hand in a simulated one.
import type { Probe } from '../../system/probe/spec.js';
import type { CheckMachine } from '../checks/row.js';

export interface Clock {
  /** milliseconds of a clock that never jumps */
  now(): number;
  /** the time of day, for people */
  date(): Date;
  /**
   * Calls `work` once, `delayMs` from now.
   * @param now what `now` gives, where it is known: reading a clock may be a system call
   * @returns what cancels it
   */
  after(delayMs: number, work: () => void, now?: number): () => void;
  /** The same for a call that is set again and again. */
  timer(work: () => void): Timer;
}

/** One call at a time. */
export interface Timer {
  /** Calls `delayMs` from now, and not when it was set to. @param now as for `after` */
  set(delayMs: number, now?: number): void;
  clear(): void;
}

export type Environment = Readonly<Record<string, string>>;
export type Signal = 'SIGHUP' | 'SIGTERM' | 'SIGINT';

/** A request over the socket, as it came. */
export interface ApiRequest {
  readonly method: string;
  /** path and query */
  readonly url: string;
  readonly body: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON with a newline */
  readonly body: string;
  /** More, for as long as the client stays. @returns what is called when it has left */
  readonly stream?: (write: (text: string) => void, end: () => void) => () => void;
}

/** Never rejects. */
export type ApiHandler = (request: ApiRequest) => Promise<ApiAnswer>;

/** A request to the socket. */
export interface ApiCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body?: string;
}

/** The whole screen of a terminal. */
export interface Screen {
  write(text: string): void;
  size(): { readonly columns: number; readonly rows: number };
  /** @returns what ends it */
  onResize(work: () => void): () => void;
  /** Gives it back for a time, and takes it again. */
  leave(): void;
  enter(): void;
  close(): void;
}

export interface Runtime extends CheckMachine {
  readonly clock: Clock;
  /** For a process that stays: less memory, for some more processor time. */
  keepMemoryLow(): void;
  readonly probe: Probe;
  /**
   * What identifies a named network namespace, or without a name our own; undefined = there
   * is none.
   */
  netnsIdentity(name?: string): string | undefined;
  /**
   * The addresses of this machine as `eth0 192.0.2.1`, of interfaces that are up.
   * @returns undefined when they cannot be read
   */
  localAddresses(): ReadonlySet<string> | undefined;
  readonly pid: number;
  /** Ends probes in progress, with their programs. */
  endProbes(): void;
  /**
   * Runs a program that is no probe, without a shell.
   * @param user that it runs as; this process's own when undefined
   * @returns why it failed
   */
  run(
    command: readonly string[],
    environment: Environment,
    timeoutMs: number,
    user?: string,
  ): Promise<string | undefined>;
  /** Ends such programs with their process groups; none is started afterwards. */
  endPrograms(): void;
  /** 0 <= x < 1 */
  random(): number;
  /** @returns what ends it */
  onSignal(handle: (signal: Signal) => void): () => void;
  /** the user that this process is */
  readonly uid: number;
  /**
   * A regular file with its owner and permission bits, undefined when there is none.
   * @throws a system error when it cannot be read, or is no regular file
   */
  readFile(
    path: string,
  ): { readonly text: string; readonly mode: number; readonly uid: number } | undefined;
  /**
   * The text of a configuration file.
   * @throws a system error when it is missing, cannot be read, or is a FIFO or device, on which a
   *   reader might wait for ever
   */
  readConfigFile(path: string): string;
  /** Identifies the content of a file without reading it; '' where there is none. */
  fileStamp(path: string): string;
  /**
   * Replaces a file in one step, mode 0600, making its directory (0700) when it is missing.
   * @throws a system error
   */
  writeText(path: string, text: string): void;
  /**
   * Adds to a file, mode 0600 when it is new, in a directory (0700) that is made when it is
   * missing. Opened for each line, so that log rotation needs no signal. Never waits.
   * @throws a system error
   */
  appendText(path: string, text: string): void;
  /**
   * The log on stderr. Lines that cannot be written are dropped: it never throws and never waits.
   * @param lost makes the line that reports how many are missing
   */
  createLogOutput(lost: (lines: number) => string): { write(text: string): void };
  /** At the end: gives up stdin, stdout and stderr where their terminal is closed. */
  leaveLostTerminal(): void;
  /**
   * Reads keys where stdin is a terminal; Ctrl-C is `'\x03'` then, and no signal.
   * @returns what gives the terminal back
   */
  readKeys(
    press: (key: string) => void,
    /** is given back while the process is stopped */
    screen?: { leave(): void; enter(): void },
  ): () => void;
  /** Takes the whole screen of the terminal; any end of the process gives it back. */
  openScreen(): Screen;
  /**
   * Answers HTTP on a unix socket of mode 0600. A socket on which nothing answers is replaced; one
   * whose file was removed is bound anew.
   * @param report takes what happened to the file
   * @throws Error with code EADDRINUSE, and where known `pid`, when another process listens there;
   *   another Error when it cannot listen
   */
  serve(
    path: string,
    handle: ApiHandler,
    report: (event: { readonly rebound: true } | { readonly problem: string }) => void,
  ): Promise<{ close(): void }>;
  /** Sends a request to such a socket. @throws a system error when no process is there */
  ask(path: string, request: ApiCall): Promise<{ readonly status: number; readonly body: string }>;
  /** Follows an answer without an end, in pieces. @throws as `ask`, from `answer` */
  follow(
    path: string,
    url: string,
    take: (piece: string) => void,
  ): { readonly answer: Promise<number>; end(): void };
  /** Notifies systemd, when it wants that; the arguments are those of systemd-notify. */
  notify(args: readonly string[]): Promise<string | undefined>;
  /** Milliseconds that systemd waits for a sign of life; undefined = it does not. */
  readonly watchdogMs: number | undefined;
}
