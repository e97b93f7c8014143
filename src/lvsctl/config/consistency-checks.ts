// What the health checks of a service mean together with their service.
import { parseAddress } from '../../model/address.js';
import { type Check, type CheckKind, DEFAULT_PORT } from './checks.js';
import { serverMode } from './desired.js';
import { below } from './field.js';
import type { Config, VirtualService } from './file.js';
import { fail, type Place } from './place.js';

/** Kinds that can go out from another network namespace, by a port of their own. */
const FROM_NETNS: readonly CheckKind[] = ['tcp', 'http', 'https', 'udp', 'smtp'];

/** What checks need of the key `monitor`. */
export type Monitor = Pick<Config['monitor'], 'check_netns'>;

/**
 * Reports whatever does not fit together, at its place.
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
      if (check.kind !== 'exec' && !FROM_NETNS.includes(check.kind)) {
        fail(
          target,
          `check ${check.kind} cannot ask for the VIP; ${FROM_NETNS.join(', ')} and exec can`,
        );
      }
      if (check.kind !== 'exec' && !reachableByTunnel(service))
        fail(target, 'through a tunnel only IPv4 within IPv4 is possible; use exec');
      if (check.kind === 'udp' && !check.reply)
        fail(target, "without `reply: true' the silence of a machine that is off would pass");
      if (check.kind !== 'exec' && monitor && monitor.check_netns === undefined) {
        fail(
          target,
          "the VIP is the director's own address: to reach that of a server `monitor.check_netns' is needed",
        );
      }
    }
    const asked =
      check.target === 'vip' ? [service.address] : service.servers.map(({ address }) => address);
    if (check.source && asked.some(({ family }) => family !== check.source?.family)) {
      fail(
        below(at, i, 'source'),
        `an ${check.source.family} address, where another family is asked`,
      );
    }
    if (DEFAULT_PORT[check.kind] === undefined && !check.port && isPortless(service)) {
      fail(below(at, i), `check ${check.kind} needs \`port', for the service has none`);
    }
    checkOne(check, below(at, i));
  }
}

function isPortless({ port, ports = [], servers }: VirtualService): boolean {
  return !port && ports.every((one) => !one.port) && servers.some((server) => !server.port);
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
  switch (check.kind) {
    case 'http':
    case 'https':
      if (check.method === 'HEAD' && check.body)
        fail(below(at, 'body'), 'an answer to HEAD has no body');
      return;
    case 'dns': {
      const family = { A: 'ipv4', AAAA: 'ipv6' }[check.type as string];
      const odd = check.expected.findIndex(
        (text) => family !== undefined && parseAddress(text)?.family !== family,
      );
      if (odd >= 0)
        fail(
          below(at, 'expected', odd),
          `\`${check.expected[odd]}' is no ${family} address, of which records of type ${check.type} are`,
        );
      return;
    }
    case 'udp':
      if (check.payload !== undefined && check.payload_hex !== undefined)
        fail(below(at, 'payload_hex'), "give either `payload' or `payload_hex'");
      return;
    case 'exec':
      if (!check.command[0]?.startsWith('/'))
        fail(below(at, 'command'), 'the program needs an absolute path');
      return;
    default:
      return; // the others have nothing that could contradict
  }
}
