// Where a probe goes and what comes of it: plain data, the same for every kind.

/** Where a probe goes, from where, and for how long. */
export interface ProbeTarget {
  readonly address: string;
  readonly port: number;
  readonly source?: string;
  readonly timeoutMs: number;
  /** a named network namespace in which the probe is made */
  readonly netns?: string;
  /**
   * from a port of this range, both ends included: by it the namespace finds the route to one
   * server
   */
  readonly ports?: readonly [number, number];
  /** from this port, chosen from `ports` */
  readonly localPort?: number;
}

/**
 * `error`: the probe could not be made, which shows nothing about the server. `weight`, 0..65535:
 * what the server asks for, where the probe reads one.
 */
export type ProbeOutcome =
  | { readonly outcome: 'pass'; readonly weight?: number }
  | { readonly outcome: 'fail' | 'error'; readonly reason: string };

export const PASS: ProbeOutcome = { outcome: 'pass' };

/** The server did not do what it should. */
export function failed(reason: string): ProbeOutcome {
  return { outcome: 'fail', reason };
}

/** The probe could not be made. */
export function notMade(reason: string): ProbeOutcome {
  return { outcome: 'error', reason };
}
