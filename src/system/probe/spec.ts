// What a probe is asked to do and what comes of it: plain data, which goes as it is to a process
// in another network namespace. The monitor makes it, the probes here carry it out.

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
}

export interface HttpProbe {
  readonly kind: 'http';
  /**
   * `name` is sent as SNI unless it is an address, and the certificate must be for it; `ca` is a
   * file of certificates to trust
   */
  readonly tls?: { readonly verify: boolean; readonly ca?: string; readonly name: string };
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  /** statuses that pass, both ends included */
  readonly status: readonly { readonly from: number; readonly to: number }[];
  /** RE2 pattern that the body must match */
  readonly body?: string;
  readonly redirects: number;
}

export interface DnsProbe {
  readonly kind: 'dns';
  readonly name: string;
  readonly type: string;
  /** one of these must be among the answers; any answer will do when empty */
  readonly expected: readonly string[];
}

export interface UdpProbe {
  readonly kind: 'udp';
  /** bytes sent, as hexadecimal digits */
  readonly hex: string;
  /** whether silence fails */
  readonly reply: boolean;
}

export interface ExecProbe {
  readonly kind: 'exec';
  /** program and arguments; no shell */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export type ProbeSpec =
  | { readonly kind: 'tcp' }
  | HttpProbe
  | DnsProbe
  | UdpProbe
  | { readonly kind: 'smtp'; readonly helo: string }
  | { readonly kind: 'ping' }
  | ExecProbe;
export type ProbeKind = ProbeSpec['kind'];

/**
 * `error`: the probe could not be made, which says nothing of the server. `weight`, 0..65535: what
 * the server asks for, where the probe reads one.
 */
export type ProbeOutcome =
  | { readonly outcome: 'pass'; readonly weight?: number }
  | { readonly outcome: 'fail' | 'error'; readonly reason: string };

/** Makes a probe. Never rejects; ends within its time limit. */
export type Probe = (spec: ProbeSpec, target: ProbeTarget) => Promise<ProbeOutcome>;
