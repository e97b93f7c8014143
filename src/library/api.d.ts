// The library of this package: what `import … from 'lvs-cli'` has. This file is shipped as it is,
// and docs/reference/library.md is made of it; tsc checks that the implementation has these types.

/** TCP, UDP or SCTP. */
export type Protocol = 'tcp' | 'udp' | 'sctp';

/** How packets reach a real server; `local` is a server on the director itself. */
export type Forwarding = 'masquerade' | 'direct' | 'tunnel' | 'local';

/** What identifies a virtual service: protocol, address and port, or a firewall mark. */
export type ServiceId =
  | {
      readonly protocol: Protocol;
      /** IPv4 or IPv6, numeric, without brackets */
      readonly address: string;
      /** 0..65535; 0 = all ports */
      readonly port: number;
    }
  | {
      /** 1..4294967295 */
      readonly mark: number;
      readonly family: 'ipv4' | 'ipv6';
    };

/** What identifies a real server within its service. */
export interface ServerId {
  /** IPv4 or IPv6, numeric, without brackets */
  readonly address: string;
  /** 0..65535 */
  readonly port: number;
}

/** Everything that one sets on a virtual service. */
export interface ServiceSettings {
  /** rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos */
  readonly scheduler: string;
  /** names of `ipvsadm -b`: mh-port, sh-fallback, flag-1 …; none when absent */
  readonly flags?: readonly string[];
  readonly persistence?: {
    /** seconds that a client stays with its server */
    readonly timeout: number;
    /** clients that count as one: `255.255.255.0`, or a prefix length for IPv6 */
    readonly netmask?: string | number;
    /** persistence engine: sip */
    readonly engine?: string;
  };
  /** one-packet scheduling (UDP); false when absent */
  readonly onePacket?: boolean;
}

/** Everything that one sets on a real server. */
export interface ServerSettings {
  readonly forwarding: Forwarding;
  readonly tunnel?: {
    readonly type: 'ipip' | 'gue' | 'gre';
    /** UDP port of gue */
    readonly port?: number;
    readonly checksum?: 'none' | 'checksum' | 'remote';
  };
  /** 0..2147483647; 0 = no new connections; 1 when absent */
  readonly weight?: number;
  /** connections at which it counts as overloaded; 0 = never, also when absent */
  readonly upperThreshold?: number;
  /** connections below which it is taken back */
  readonly lowerThreshold?: number;
}

export type Server = ServerId & ServerSettings;
export type Service = ServiceId & ServiceSettings;

/** A virtual service with its real servers. */
export interface VirtualServer {
  readonly service: Service;
  readonly servers: readonly Server[];
}

/** Virtual services with their servers: what a rule file has, what a table is to be. */
export type Rules = readonly VirtualServer[];

/** Traffic since the last zero: exact 64-bit numbers, which the kernel moves every 2 seconds. */
export interface Counters {
  readonly connections: bigint;
  readonly inPackets: bigint;
  readonly outPackets: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
}

/** A real server as it is in the table. */
export type LiveServer = Server & {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly counters: Counters;
};

/** A virtual service as it is in the table; its servers in the order in which they were added. */
export interface LiveVirtualServer extends VirtualServer {
  readonly servers: readonly LiveServer[];
  readonly counters: Counters;
}

/** The table, in the kernel's order. It can be used wherever rules can. */
export type Table = readonly LiveVirtualServer[];

/** One thing done to the table. */
export type Change =
  | { readonly kind: 'add-service'; readonly service: Service }
  | { readonly kind: 'edit-service'; readonly service: Service }
  | { readonly kind: 'delete-service'; readonly service: ServiceId }
  | { readonly kind: 'add-server'; readonly service: ServiceId; readonly server: Server }
  | { readonly kind: 'edit-server'; readonly service: ServiceId; readonly server: Server }
  | { readonly kind: 'delete-server'; readonly service: ServiceId; readonly server: ServerId };

/** One step of a plan. */
export interface Step {
  readonly action: 'add' | 'edit' | 'remove';
  readonly change: Change;
  /** the command line of ipvsadm that does it */
  readonly command: string;
  /** connections that it ends and no later step brings back; 0 when nothing is known of them */
  readonly ends: number;
}

/** Idle timeouts, seconds. */
export interface Timeouts {
  readonly tcp: number;
  readonly tcpFin: number;
  readonly udp: number;
}

/** An IPVS table that is open. Close it when it is no longer used. */
export interface Ipvs {
  /** Services, servers, connections and counters, read at once. */
  table(): Promise<Table>;
  /**
   * Makes all changes in their order, or none: after a refusal what was done is taken back, and
   * the table is read again. It takes the lock of `lvsctl`: each waits for the other. The history
   * of `lvsctl` has no entry of it, and a running monitor is not asked.
   * @throws LvsError REFUSED, NOT_RESTORED, INVALID, LOCKED, BACKEND
   */
  transact(changes: readonly Change[]): Promise<void>;
  timeouts(): Promise<Timeouts>;
  /** 0 leaves a timeout as it is. @throws LvsError REFUSED, LOCKED, BACKEND */
  setTimeouts(timeouts: Timeouts): Promise<void>;
  close(): Promise<void>;
}

/** What can go wrong; the codes do not change. */
export type ErrorCode =
  /** the table cannot be reached: no kernel support, no privilege, a damaged file */
  | 'BACKEND'
  /** a change was refused; the table is as before */
  | 'REFUSED'
  /** a change was refused, and the table is not as before: see `differences` */
  | 'NOT_RESTORED'
  /** `lvsctl` changes the table for more than 30 s, or waits for `lvsctl confirm` */
  | 'LOCKED'
  /** a text is no rule file; the message has file, line and column */
  | 'BAD_RULES'
  /** a value that no service or server can have */
  | 'INVALID';

/** Every error of the library; anything else is a fault in it. */
export declare class LvsError extends Error {
  private constructor();
  readonly code: ErrorCode;
  /** with NOT_RESTORED: one line for each difference; else empty */
  readonly differences: readonly string[];
}

/**
 * Opens the table of this kernel. Needs root or CAP_NET_ADMIN; the module is loaded when needed.
 * @throws LvsError BACKEND
 */
export declare function openKernel(): Promise<Ipvs>;

/**
 * Opens a table that is kept in a file, made when it is not there: a model of the kernel for tests
 * and trials, the same as `LVS_BACKEND=file:PATH`.
 * @throws LvsError BACKEND
 */
export declare function openFile(path: string): Promise<Ipvs>;

/**
 * The table that saved rules make (`ipvsadm -S -n`), without a kernel. Addresses and ports are
 * numeric.
 * @param name of the text, for messages
 * @throws LvsError BAD_RULES
 */
export declare function parseRules(text: string, name?: string): Rules;

/**
 * Rules as `ipvsadm -R` reads them: a line for each service and server.
 * @throws LvsError INVALID
 */
export declare function renderRules(rules: Rules): string;

/**
 * The changes that make the second of the first, in an order that leaves no service without a
 * server that both have. `diff(a, a)` is empty.
 * @param options `prune: false` keeps services that only the first has
 * @throws LvsError INVALID
 */
export declare function diff(
  actual: Rules,
  desired: Rules,
  options?: { readonly prune?: boolean },
): Change[];

/**
 * The same as steps: additions, edits, removals of servers, removals of services, each with its
 * command line and what it ends.
 * @param actual a live table, so that connections are known
 * @param options as of `diff`; `keepWeights`: servers that are there keep their weight
 * @throws LvsError INVALID
 */
export declare function plan(
  actual: Table,
  desired: Rules,
  options?: { readonly prune?: boolean; readonly keepWeights?: boolean },
): Step[];

/** New connections of invented clients. */
export interface Workload {
  /** how many; 10000 when absent */
  readonly connections?: number;
  /** a second, on average; 100 when absent */
  readonly rate?: number;
  /** different clients; 1000 when absent */
  readonly clients?: number;
  /** `zipf`: the n-th client comes 1/n as often as the first; uniform when absent */
  readonly distribution?: 'uniform' | 'zipf';
  /** mean length of a connection, seconds; 10 when absent */
  readonly session?: number;
  /** the same seed gives the same run; 1 when absent */
  readonly seed?: number;
}

/** What came of a run. */
export interface Simulation {
  readonly arrivals: number;
  /** connections for which the scheduler had no server */
  readonly refused: number;
  readonly servers: readonly {
    readonly server: ServerId;
    readonly connections: number;
    /** most connections at once */
    readonly peak: number;
  }[];
}

/**
 * Sends connections through a service as the kernel's scheduler would, without a kernel.
 * @throws LvsError INVALID
 */
export declare function simulate(virtual: VirtualServer, workload?: Workload): Simulation;
