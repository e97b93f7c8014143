// The real server behind a virtual service; `Destination` in code, as in the kernel.
import type { Address } from './address.js';
import type { Counters } from './counters.js';
import type { Forwarding, Tunnel } from './forwarding.js';

export interface DestinationId {
  readonly address: Address;
  readonly port: number;
}

/** Everything that one sets on a real server. */
export interface Destination extends DestinationId {
  readonly forwarding: Forwarding;
  readonly tunnel: Tunnel;
  /** 0..2^31-1; 0 = quiesced: known connections go on, new ones go elsewhere */
  readonly weight: number;
  /** connections at which the server counts as overloaded, 0 = never */
  readonly upperThreshold: number;
  /** connections below which it is taken back, 0 = three quarters of the upper threshold */
  readonly lowerThreshold: number;
}

/** What the kernel reports of a real server beside its settings. */
export interface DestinationEntry {
  readonly destination: Destination;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
  readonly counters: Counters;
}
