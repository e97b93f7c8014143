/** Idle timeouts of connections in seconds; in a change 0 leaves that one as it is. */
export interface Timeouts {
  readonly tcp: number;
  readonly tcpFin: number;
  readonly udp: number;
}

/** What a new network namespace starts with. */
export const DEFAULT_TIMEOUTS: Timeouts = { tcp: 900, tcpFin: 120, udp: 300 };
