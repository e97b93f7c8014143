// What is valid in an lvsctl file and is probably a mistake.
import { formatAddress, formatIpv4 } from '../../model/address.js';
import { schedulerRow } from '../../model/scheduler.js';
import type { Check } from './checks.js';
import { hasHoles, serverMode, vipsOf } from './desired.js';
import { below } from './field.js';
import type { Config, VirtualService } from './file.js';
import type { GroupPort } from './groupport.js';
import { fail, type Place } from './place.js';

/** Reports all warnings, at their places. */
export function warn(config: Config, root: Place): void {
  for (const [i, service] of config.services.entries()) {
    const at = below(root, 'services', i);
    warnOfGateway(service, at);
    warnOfOnePacket(service, at);
    warnOfHashing(service, at);
    warnOfTimeouts(service.checks, below(at, 'checks'));
    for (const [n, { checks = [] }] of service.servers.entries())
      warnOfTimeouts(checks, below(at, 'servers', n, 'checks'));
    const { netmask } = service.persistence ?? {};
    const holes = netmask && 'bits' in netmask ? netmaskWarning(netmask.bits) : undefined;
    if (holes !== undefined) fail(below(at, 'persistence', 'netmask'), holes);
  }
  warnOfClaims(config, root);
}

function warnOfTimeouts(checks: readonly Check[], at: Place): void {
  for (const [i, check] of checks.entries()) {
    if (check.timeout <= check.interval) continue;
    fail(
      below(at, i, 'timeout'),
      `the timeout, ${check.timeout} s, is longer than the interval, ${check.interval} s: a ` +
        `server that does not answer is checked every ${check.timeout} s only`,
    );
  }
}

/** About an IPv4 netmask with holes, which is probably a mistake; undefined when it is a prefix. */
export function netmaskWarning(bits: number): string | undefined {
  if (!hasHoles(bits)) return undefined;
  const length = bits <= 32 ? `; the prefix length ${bits} is another mask` : '';
  return `the netmask ${formatIpv4(bits)} has holes${length}`;
}

function warnOfGateway(service: VirtualService, at: Place): void {
  const nat = service.servers.filter((server) => serverMode(service, server) === 'nat');
  if (nat.length === 0 || service.gateway) return;
  fail(
    below(at, 'mode'),
    "mode nat without `gateway': lvsctl realserver up gives these servers no route back " +
      'through the director',
  );
}

/** The director keeps no connection by which it could give an answer the VIP back; sip finds it. */
function warnOfOnePacket(service: VirtualService, at: Place): void {
  const isNat = service.servers.some((server) => serverMode(service, server) === 'nat');
  if (!service.one_packet || !isNat || service.persistence?.engine !== undefined) return;
  fail(
    below(at, 'one_packet'),
    'mode nat with one_packet: answers keep the address of their server, so that clients drop them',
  );
}

/** Weight 0 refuses the clients of a server where the scheduler hashes, but for its fallback. */
function warnOfHashing(service: VirtualService, at: Place): void {
  const { scheduler, flags, health, checks, servers } = service;
  if (!schedulerRow(scheduler)?.hashes) return;
  const fallback = schedulerRow(scheduler)?.flags?.[0];
  if (flags.some((flag) => flag === fallback || flag === 'flag-1')) return;
  const cure = fallback === undefined ? '' : `; the flag ${fallback} sends them to another server`;
  const refused = `scheduler ${scheduler} refuses the clients of a server with weight 0${cure}`;
  const checked = checks.length > 0 || servers.some((server) => (server.checks ?? []).length > 0);
  if (health.failed === 'quiesce' && checked) fail(below(at, 'health', 'failed'), refused);
  for (const [i, { weight }] of servers.entries())
    if (weight === 0) fail(below(at, 'servers', i, 'weight'), refused);
}

/** Ports of a group for one protocol and VIP. */
interface Claim extends Pick<GroupPort, 'port' | 'last'> {
  readonly owner: string;
}

/** A packet gets one mark, and a mark comes before address and port. */
function warnOfClaims({ services }: Config, root: Place): void {
  const claims = new Map<string, Claim[]>();
  const find = (key: string, { port, last }: Pick<GroupPort, 'port' | 'last'>) =>
    claims.get(key)?.find((one) => one.port <= last && port <= one.last)?.owner;
  for (const [i, service] of services.entries()) {
    const { name, mark, ports = [], protocol } = service;
    if (mark === undefined) continue;
    for (const [n, one] of ports.entries()) {
      for (const address of vipsOf(service)) {
        const key = `${one.protocol ?? protocol} ${formatAddress(address)}`;
        const what = `${key} ${portText(one)}`;
        const owner = find(key, one);
        claims.set(key, [...(claims.get(key) ?? []), { ...one, owner: name }]);
        if (owner === undefined) continue;
        fail(
          below(root, 'services', i, 'ports', n),
          owner === name
            ? `${what} stands here twice`
            : `${what} belongs to the group ${owner} too; a packet gets one mark`,
        );
      }
    }
  }
  for (const [i, { mark, port, protocol, address }] of services.entries()) {
    if (mark !== undefined || port === undefined) continue;
    const key = `${protocol} ${formatAddress(address)}`;
    const owner = port === 0 ? undefined : find(key, { port, last: port });
    if (owner !== undefined)
      fail(
        below(root, 'services', i, 'port'),
        `${key} port ${port} belongs to the group ${owner} too, whose mark comes first: this ` +
          'service gets nothing',
      );
  }
}

function portText({ port, last }: Pick<GroupPort, 'port' | 'last'>): string {
  if (port === 0) return 'all ports';
  return port === last ? `port ${port}` : `ports ${port}-${last}`;
}
