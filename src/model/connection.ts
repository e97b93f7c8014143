// One line of /proc/net/ip_vs_conn.
import type { Address } from './address.js';

export interface Connection {
  /** as the kernel prints it: `TCP`, `UDP`, `SCTP`, `IP` for templates of firewall marks */
  readonly protocol: string;
  readonly client: Address;
  readonly clientPort: number;
  readonly virtual: Address;
  readonly virtualPort: number;
  readonly destination: Address;
  readonly destinationPort: number;
  readonly state: string;
  /** seconds until the entry expires */
  readonly expires: number;
  /** persistence engine and its data, of templates made by one */
  readonly engine: { readonly name: string; readonly data: string } | undefined;
}
