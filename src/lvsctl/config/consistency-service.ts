// What the keys of one virtual service mean together.
import { formatAddress } from '../../model/address.js';
import { flagRow } from '../../model/scheduler.js';
import { checkChecks, type Monitor } from './consistency-checks.js';
import { serverMode, toNetmask } from './desired.js';
import { below } from './field.js';
import type { Mode, TunnelOptions, VirtualService } from './file.js';
import { once } from './once.js';
import { fail, type Place } from './place.js';

/**
 * Reports what does not fit together, at its place.
 * @param monitor what the checks need of it; undefined when it could not be read
 */
export function checkService(
  service: VirtualService,
  at: Place,
  monitor: Monitor | undefined,
): void {
  checkPorts(service, at);
  checkTunnel(service.tunnel, service.mode, below(at, 'tunnel'));
  if (service.gateway && service.mode !== 'nat')
    fail(below(at, 'gateway'), `a gateway needs mode nat, not ${service.mode}`);
  else if (service.gateway && service.gateway.family !== service.address.family) {
    fail(
      below(at, 'gateway'),
      `an ${service.address.family} service needs an ${service.address.family} gateway`,
    );
  }
  if (service.one_packet && service.protocol !== 'udp')
    fail(below(at, 'one_packet'), 'one-packet scheduling is only for udp');
  for (const [i, flag] of service.flags.entries()) {
    const owner = flagRow(flag)?.scheduler ?? service.scheduler;
    if (owner !== service.scheduler)
      fail(
        below(at, 'flags', i),
        `${flag} belongs to scheduler ${owner}, not ${service.scheduler}`,
      );
  }
  const { netmask } = service.persistence ?? {};
  if (netmask && toNetmask(netmask, service.address.family) === undefined) {
    fail(
      below(at, 'persistence', 'netmask'),
      `the mask does not fit an ${service.address.family} service`,
    );
  }
  checkServers(service, at);
  checkQuorum(service, below(at, 'health'));
  checkChecks(service, at, monitor);
}

function checkPorts(service: VirtualService, at: Place): void {
  const { port, ports, mark } = service;
  if ((mark === undefined) !== (ports === undefined)) fail(at, "`ports' and `mark' go together");
  else if ((port === undefined) === (ports === undefined))
    fail(at, "give either `port', or `ports' with `mark'");
  if (service.addresses) {
    once(service.addresses, formatAddress, 'VIP', (i) => below(at, 'addresses', i));
  }
  if (port === 0 && !service.persistence)
    fail(below(at, 'port'), 'port 0 (all ports) needs persistence');
}

function checkTunnel(tunnel: TunnelOptions | undefined, mode: Mode, at: Place): void {
  if (!tunnel) return;
  if (mode !== 'tun') {
    fail(at, `tunnel options need mode tun, not ${mode}`);
    return;
  }
  if ((tunnel.port !== undefined) !== (tunnel.type === 'gue'))
    fail(at, "a tunnel `port' is needed with type gue and only there");
  if (tunnel.type === 'ipip' && tunnel.checksum !== 'none')
    fail(below(at, 'checksum'), 'ipip has no checksum');
}

/** A quorum that can be reached, and one that can be missed. */
function checkQuorum({ health, servers }: VirtualService, at: Place): void {
  const { quorum, hysteresis } = health;
  if (hysteresis >= quorum) {
    fail(
      below(at, 'hysteresis'),
      `the hysteresis, ${hysteresis}, must be less than the quorum, ${quorum}: the service ` +
        'would never count as down',
    );
    return;
  }
  const weights = servers.reduce((sum, { weight }) => sum + weight, 0);
  if (quorum + hysteresis > 1 && quorum + hysteresis > weights)
    fail(
      below(at, 'quorum'),
      `the servers' weights are ${weights} together: a service that is down never reaches ${quorum}${hysteresis > 0 ? ` + ${hysteresis}` : ''} again`,
    );
}

function checkServers(service: VirtualService, at: Place): void {
  const servers = service.servers.map((server, i) => ({
    ...server,
    mode: serverMode(service, server),
    place: below(at, 'servers', i),
  }));
  const { sorry } = service;
  const all = sorry
    ? [...servers, { ...sorry, mode: sorry.mode ?? service.mode, place: below(at, 'sorry') }]
    : servers;
  for (const { address, port, mode, place } of all) {
    if (address.family !== service.address.family && mode !== 'tun') {
      fail(
        below(place, 'address'),
        `an ${address.family} server of an ${service.address.family} service needs mode tun`,
      );
    }
    const same = service.mark === undefined ? service.port : undefined;
    if (port !== undefined && port !== same && mode !== 'nat') {
      fail(
        below(place, 'port'),
        `mode ${mode} cannot change the port (${same ?? 'that of the request'}); only nat can`,
      );
    }
  }
  for (const { upper, lower, mode, tunnel, place } of servers) {
    checkTunnel(tunnel, mode, below(place, 'tunnel'));
    if (lower !== 0 && lower > upper)
      fail(below(place, 'lower'), 'the lower threshold is above the upper one');
  }
  const key = (server: { address: VirtualService['address']; port: number | undefined }) =>
    `${formatAddress(server.address)} port ${server.port ?? service.port ?? 0}`;
  once(all, key, 'server', (i) => all[i]?.place ?? at);
}
