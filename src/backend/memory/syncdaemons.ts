// Sync daemons of the model: what the kernel refuses, and the settings it fills in.
import { type Address, ipv4 } from '../../model/address.js';
import {
  DAEMON_ROLES,
  type Daemon,
  type DaemonRequest,
  type DaemonRole,
} from '../../model/daemon.js';
import { type ModelHost, sendsMulticast } from './host.js';

const DEFAULT_GROUP = ipv4(0xe0000051);
const DEFAULT_PORT = 8848;
const DEFAULT_TTL = 1;

/**
 * The daemons with one more, master before backup.
 * @param mixed whether a service has servers of another family than its own
 * @returns the errno's name when the kernel would refuse it
 */
export function withDaemon(
  request: DaemonRequest,
  daemons: readonly Daemon[],
  host: ModelHost,
  mixed: boolean,
): readonly Daemon[] | string {
  if (request.group !== undefined && !isMulticast(request.group)) return 'EINVAL';
  if (mixed) return 'EINVAL';
  const link = Object.hasOwn(host.links, request.interface)
    ? host.links[request.interface]
    : undefined;
  if (link === undefined) return 'ENODEV';
  if (daemons.some(({ role }) => role === request.role)) return 'EEXIST';
  const group = request.group ?? DEFAULT_GROUP;
  if (request.role === 'master' && !(link.up && sendsMulticast(link, group.family)))
    return 'ENETUNREACH';
  return [...daemons, daemonOf(request, group, link.mtu)].sort(
    (a, b) => DAEMON_ROLES[a.role].kernel - DAEMON_ROLES[b.role].kernel,
  );
}

/** The daemons without that of a role; ESRCH when there is none. */
export function withoutDaemon(
  role: DaemonRole,
  daemons: readonly Daemon[],
): readonly Daemon[] | string {
  const left = daemons.filter((daemon) => daemon.role !== role);
  return left.length === daemons.length ? 'ESRCH' : left;
}

function daemonOf(request: DaemonRequest, group: Address, mtu: number): Daemon {
  return {
    role: request.role,
    interface: request.interface,
    syncId: request.syncId,
    maxLength: syncLength(request, group, mtu),
    group,
    port: request.port || DEFAULT_PORT,
    ttl: request.ttl || DEFAULT_TTL,
  };
}

function isMulticast(address: Address): boolean {
  return address.family === 'ipv4'
    ? address.value >>> 28 === 0xe
    : address.words[0] >>> 24 === 0xff;
}

/** Longest message: the role's default, or what was asked for within the role's limits. */
function syncLength({ role, maxLength }: DaemonRequest, group: Address, mtu: number): number {
  const header = group.family === 'ipv4' ? 28 : 48;
  const most = 65535 - header;
  const clamp = (value: number, least: number) => Math.min(Math.max(value, least), most);
  if (maxLength) return clamp(maxLength, role === 'master' ? 1 : 1024);
  return role === 'master' ? 1500 - header : Math.min(Math.max(mtu, 1500), 65535) - header;
}
