// What the arguments read so far have set, while a command line is folded; the finished thing
// is a `Command`.
import type { Address, Family } from '../model/address.js';
import type { DaemonRole } from '../model/daemon.js';
import type { KnownForwarding, KnownTunnel } from '../model/forwarding.js';
import type { KnownProtocol } from '../model/service.js';
import type { Names } from './values.js';

export interface Draft {
  readonly names: Names;
  /** the family of the virtual service, IPv4 until an option sets another one */
  family: Family;
  /** undefined until a service option; TCP with a firewall mark */
  protocol: KnownProtocol | undefined;
  address: Address | undefined;
  port: number;
  mark: number | undefined;
  scheduler: string;
  schedulerFlags: string;
  persistence: number | undefined;
  /** undefined = the whole address */
  netmask: number | undefined;
  engine: string;
  onePacket: boolean;
  server: Address | undefined;
  serverPort: number;
  forwarding: KnownForwarding;
  weight: number;
  upperThreshold: number;
  lowerThreshold: number;
  tunnelType: KnownTunnel;
  tunnelPort: number;
  tunnelFlags: number;
  daemon: DaemonRole;
  interface: string;
  syncId: number;
  maxLength: number | undefined;
  group: Address | undefined;
  groupPort: number | undefined;
  ttl: number | undefined;
}

/** A draft before the first option. */
export function emptyDraft(names: Names): Draft {
  return {
    names,
    family: 'ipv4',
    protocol: undefined,
    address: undefined,
    port: 0,
    mark: undefined,
    scheduler: '',
    schedulerFlags: '',
    persistence: undefined,
    netmask: undefined,
    engine: '',
    onePacket: false,
    server: undefined,
    serverPort: 0,
    forwarding: 'direct',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnelType: 'ipip',
    tunnelPort: 0,
    tunnelFlags: 0,
    daemon: 'master',
    interface: '',
    syncId: 0,
    maxLength: undefined,
    group: undefined,
    groupPort: undefined,
    ttl: undefined,
  };
}
