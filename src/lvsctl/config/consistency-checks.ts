// What the health checks of a service mean together with their service.
import { type Address, formatAddress } from '../../model/address.js';
import { CHECKS, rowOf } from '../checks/table.js';
import type { Check } from './checks.js';
import { serverMode } from './desired.js';
import { below } from './field.js';
import type { Config, VirtualService } from './file.js';
import { fail, type Place } from './place.js';

/** Kinds that can reach the VIP on a server over a route. */
const OVER_ROUTE = Object.entries(CHECKS).flatMap(([kind, { vip }]) =>
  vip === 'route' ? [kind] : [],
);

/** What checks need of the key `monitor`. */
export type Monitor = Pick<Config['monitor'], 'check_netns'>;

/**
 * Reports what does not fit together, at its place.
 * @param monitor undefined when it could not be read
 */
export function checkChecks(
  service: VirtualService,
  at: Place,
  monitor: Monitor | undefined,
): void {
  const sharing = service.servers.filter(({ checks }) => checks === undefined);
  checkList(service.checks, { ...service, servers: sharing }, below(at, 'checks'), monitor);
  for (const [i, server] of service.servers.entries()) {
    if (server.checks === undefined) continue;
    const place = below(at, 'servers', i, 'checks');
    checkList(server.checks, { ...service, servers: [server] }, place, monitor);
  }
}

/** @param service with the servers that have these checks */
function checkList(
  checks: readonly Check[],
  service: VirtualService,
  at: Place,
  monitor: Monitor | undefined,
): void {
  for (const [i, check] of checks.entries()) {
    const target = below(at, i, 'target');
    if (check.target === 'vip') {
      if (service.servers.some((server) => serverMode(service, server) === 'nat'))
        fail(target, 'only dr and tun servers have the VIP');
      const { vip } = rowOf(check);
      if (vip === 'never') {
        fail(
          target,
          `check ${check.kind} cannot ask for the VIP; ${OVER_ROUTE.join(', ')} and exec can`,
        );
      }
      if (vip === 'route' && !reachableByTunnel(service))
        fail(target, 'through a tunnel only IPv4 within IPv4 is possible; use exec');
      if (vip === 'route' && monitor && monitor.check_netns === undefined) {
        fail(
          target,
          "the VIP is the director's own address: to reach that of a server " +
            "`monitor.check_netns' is needed",
        );
      }
    }
    checkConnectTo(check, service, below(at, i, 'connect_to'));
    if (
      check.source &&
      targetsOf(check, service).some(({ family }) => family !== check.source?.family)
    ) {
      fail(
        below(at, i, 'source'),
        `an ${check.source.family} address, where another family is asked`,
      );
    }
    if (rowOf(check).defaultPort === undefined && !check.port && isPortless(service)) {
      fail(below(at, i), `check ${check.kind} needs \`port', for the service has none`);
    }
    checkOne(check, below(at, i));
  }
}

function isPortless({ port, ports = [], servers }: VirtualService): boolean {
  return !port && ports.every((one) => one.port === 0) && servers.some((server) => !server.port);
}

function reachableByTunnel(service: VirtualService): boolean {
  const tunnelled = service.servers.filter((server) => serverMode(service, server) === 'tun');
  return [...tunnelled, ...(tunnelled.length > 0 ? [service] : [])].every(
    ({ address }) => address.family === 'ipv4',
  );
}

/** What the keys of one check mean together. */
function checkOne(check: Check, at: Place): void {
  if (check.fast_interval !== undefined && check.fast_interval > check.interval) {
    const place = below(at, 'fast_interval');
    if (place.path.startsWith(at.path))
      fail(place, `it is longer than the interval, ${check.interval}`);
    else
      fail(
        below(at, 'interval'),
        `it is shorter than ${place.path}, ${check.fast_interval}; give this check a \`fast_interval'`,
      );
  }
  rowOf(check).consistency?.(check as never, at);
}

/** Another address to check: of a server of the service, and instead of the VIP. */
function checkConnectTo(check: Check, service: VirtualService, at: Place): void {
  const { connect_to: other } = check;
  if (other === undefined) return;
  if (check.target === 'vip') fail(at, "give either `connect_to' or `target: vip'");
  if (!('byServer' in other)) return;
  const servers = service.servers.map(({ address }) => formatAddress(address));
  for (const [server] of other.byServer) {
    const text = formatAddress(server);
    if (!servers.includes(text)) {
      const place = below(at, text);
      fail(place, `${text} is no server of ${service.name} that has this check`);
    }
  }
}

/** The addresses that a check goes to. */
function targetsOf(check: Check, service: VirtualService): readonly Address[] {
  if (check.target === 'vip') return [service.address];
  const { connect_to: other } = check;
  if (other !== undefined && !('byServer' in other)) return [other];
  const map = new Map(other?.byServer.map(([one, to]) => [formatAddress(one), to]));
  return service.servers.map(({ address }) => map.get(formatAddress(address)) ?? address);
}
