// What packets left behind, as plain data that can be kept in a file: counters, templates and
// connections of the services that are there.
// Not kept: what a scheduler remembers, and servers that were deleted, with their connections.
import type { Address } from '../model/address.js';
import type { KnownProtocol } from '../model/service.js';
import type { TrafficState } from './traffic.js';

/** Places count services from the oldest and servers from the newest, as the table lists them. */
export interface Snapshot {
  /** seconds on the clock of the data plane */
  readonly now: number;
  readonly services: readonly {
    readonly traffic: TrafficState;
    readonly servers: readonly {
      readonly traffic: TrafficState;
      readonly lastWeight: number;
      readonly overloaded: boolean;
    }[];
  }[];
  readonly templates: readonly KeptTemplate[];
  readonly flows: readonly KeptFlow[];
}

export interface KeptTemplate {
  readonly service: number;
  readonly server: number;
  readonly protocol: KnownProtocol | 'ip';
  readonly client: Address;
  readonly virtual: Address;
  readonly virtualPort: number;
  readonly serverPort: number;
  /** Call-ID of the engine sip */
  readonly callId: string | undefined;
  readonly seconds: number;
  readonly assured: boolean;
  readonly retired: boolean;
  readonly expiresAt: number;
}

export interface KeptFlow {
  readonly service: number;
  readonly server: number;
  readonly protocol: KnownProtocol;
  readonly client: Address;
  readonly clientPort: number;
  readonly virtual: Address;
  readonly virtualPort: number;
  readonly mark: number;
  readonly serverPort: number;
  readonly state: string;
  readonly bothWays: boolean;
  /** place among the templates, -1 = none */
  readonly template: number;
  readonly expiresAt: number;
}
