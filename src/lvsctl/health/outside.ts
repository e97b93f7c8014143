// What the monitor needs of the world beside the table: time, probes, programs, signals, a socket.
// Tests hand in a simulated one.

export interface Clock {
  /** milliseconds of a clock that never jumps */
  now(): number;
  /** the time of day, for people */
  date(): Date;
  /** Calls `work` once, `delayMs` from now. @returns what cancels it */
  after(delayMs: number, work: () => void): () => void;
}

/** Where a probe goes, from where, and for how long. */
export interface Target {
  readonly address: string;
  readonly port: number;
  readonly source: string | undefined;
  readonly timeoutMs: number;
  /**
   * from a port of this range, both ends included: by it a network namespace finds the way to one
   * server
   */
  readonly ports?: readonly [number, number];
}

/** Whether it occurs in a text, found in time proportional to the text. */
export interface Pattern {
  readonly source: string;
  readonly test: (text: string) => boolean;
}

export interface HttpQuestion {
  /**
   * `name` is sent as SNI unless it is an address, and the certificate must be for it; `ca` is a
   * file of certificates to trust
   */
  readonly tls:
    | { readonly verify: boolean; readonly ca: string | undefined; readonly name: string }
    | undefined;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: readonly { readonly from: number; readonly to: number }[];
  readonly body: Pattern | undefined;
  readonly redirects: number;
}

export interface DnsQuestion {
  readonly name: string;
  readonly type: string;
  /** one of these must be among the answers; any answer will do when empty */
  readonly expected: readonly string[];
}

export interface UdpQuestion {
  /** bytes sent, as hexadecimal digits */
  readonly hex: string;
  /** whether silence fails */
  readonly reply: boolean;
}

export type Environment = Readonly<Record<string, string>>;

/**
 * Why a probe failed, in a few words; undefined = it passed; trouble of the director's own says
 * nothing of the server.
 */
export type Verdict = string | Trouble | undefined;

export interface Trouble {
  readonly trouble: string;
}

/** One function a kind of check. None rejects; all end within their time limit. */
export interface Probes {
  tcp(target: Target): Promise<Verdict>;
  http(target: Target, question: HttpQuestion): Promise<Verdict>;
  dns(target: Target, question: DnsQuestion): Promise<Verdict>;
  udp(target: Target, question: UdpQuestion): Promise<Verdict>;
  smtp(target: Target, helo: string): Promise<Verdict>;
  ping(target: Target): Promise<Verdict>;
  exec(command: readonly string[], environment: Environment, timeoutMs: number): Promise<Verdict>;
}

/** The kinds that can go out from another network namespace. */
export type RemoteProbes = Pick<Probes, 'tcp' | 'http' | 'udp' | 'smtp'>;

export type Signal = 'SIGHUP' | 'SIGTERM' | 'SIGINT';

export interface Outside {
  readonly clock: Clock;
  readonly probes: Probes;
  /** Probes from a named network namespace. */
  probesIn(netns: string): RemoteProbes;
  /**
   * What tells a named network namespace, or without a name our own, from others; undefined = there
   * is none.
   */
  netnsIdentity(name?: string): string | undefined;
  readonly pid: number;
  /** Ends probes under way, with their programs. */
  endProbes(): void;
  /** Runs a program that is no probe, without a shell. @returns why it failed */
  run(
    command: readonly string[],
    environment: Environment,
    timeoutMs: number,
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
   * The text of a file of settings.
   * @throws a system error when it is missing, cannot be read, or is a FIFO or device, on which a
   *   reader might wait for ever
   */
  readSettings(path: string): string;
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
   * @param lost makes the line that says how many are missing
   */
  createLogOutput(lost: (lines: number) => string): { write(text: string): void };
  /** At the end: gives up stdin, stdout and stderr where their terminal is gone. */
  leaveLostTerminal(): void;
  /**
   * Reads keys where stdin is a terminal; Ctrl-C is `'\x03'` then, and no signal.
   * @returns what gives the terminal back
   */
  readKeys(press: (key: string) => void): () => void;
  /** Why a file of certificates (PEM) cannot be used; undefined = it can. */
  whyNoCertificates(path: string): string | undefined;
  /** Whether a program can be run. */
  isExecutable(path: string): boolean;
  /**
   * Listens on a unix socket of mode 0600: one line in, one line out. A socket on which nothing
   * answers is replaced; one whose file was removed is bound anew.
   * @param tell takes what happened to the file
   * @throws Error with code EADDRINUSE, and where known `pid`, when another process listens there;
   *   another Error when it cannot listen
   */
  serve(
    path: string,
    answer: (line: string) => Promise<string>,
    tell: (event: { readonly rebound: true } | { readonly problem: string }) => void,
  ): Promise<{ close(): void }>;
  /** Asks such a socket. @throws a system error when nobody is there */
  ask(path: string, line: string): Promise<string>;
  /** Tells systemd, when it wants to be told; the words are those of systemd-notify. */
  notify(words: readonly string[]): Promise<string | undefined>;
  /** Milliseconds that systemd waits for a sign of life; undefined = it does not. */
  readonly watchdogMs: number | undefined;
}
