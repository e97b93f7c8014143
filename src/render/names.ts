// What addresses and ports are called, looked up before anything is rendered.
import type { Address } from '../model/address.js';
import type { Protocol } from '../model/service.js';

export interface ReverseNames {
  /** canonical name of an address, undefined = print the number */
  host(address: Address): string | undefined;
  /** service name of a port, undefined = print the number */
  port(port: number, protocol: Protocol): string | undefined;
}

/** Everything as numbers. */
export const NUMERIC: ReverseNames = { host: () => undefined, port: () => undefined };
