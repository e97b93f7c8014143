// Text of an lvsctl file -> Config: YAML with positions, the table of file.ts, then what keys mean
// together.
import { LineCounter, type Node, parseDocument } from 'yaml';
import { formatAddress, parseAddress } from '../../model/address.js';
import { flagRow } from '../../model/scheduler.js';
import { type Check, type CheckKind, USUAL_PORT } from './checks.js';
import { below, ConfigError, fail, type Place } from './field.js';
import { type Config, FILE, type Mode, type TunnelOptions, type VirtualService } from './file.js';
import { renderId, serverMode, serviceId, toNetmask } from './wanted.js';

/**
 * Reads a whole file. Needs no root and no kernel.
 * @param file its name, for messages
 * @throws ConfigError the first slip, with line and column
 */
export function readConfig(text: string, file: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const error = document.errors[0];
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new ConfigError('', error.message, file, line, col);
  }
  const root: Place = {
    source: { file, document, lines },
    node: document.contents as Node | null,
    path: '',
  };
  const config = FILE.read(root);
  checkWhole(config, root);
  return config;
}

function checkWhole(config: Config, root: Place): void {
  unique(
    config.vips,
    (vip) => formatAddress(vip.address),
    'VIP',
    (i) => below(root, 'vips', i),
  );
  unique(
    config.sync,
    (daemon) => daemon.role,
    'sync daemon',
    (i) => below(root, 'sync', i),
  );
  const at = (i: number) => below(root, 'services', i);
  unique(
    config.services,
    (service) => service.name,
    'service',
    (i) => below(at(i), 'name'),
  );
  unique(
    config.services,
    (service) => (service.mark === undefined ? undefined : String(service.mark)),
    'mark',
    (i) => below(at(i), 'mark'),
  );
  for (const [i, service] of config.services.entries()) checkService(service, at(i), config);
  unique(config.services, (service) => renderId(serviceId(service)), 'service', at);
  const { hook } = config.monitor;
  if (hook && !hook[0]?.startsWith('/'))
    fail(below(root, 'monitor', 'hook'), 'the program needs an absolute path');
}

function checkService(service: VirtualService, at: Place, config: Config): void {
  const vip = formatAddress(service.address);
  if (!config.vips.some(({ address }) => formatAddress(address) === vip))
    fail(below(at, 'address'), `${vip} is not one of vips`);
  if ((service.mark === undefined) !== (service.ports === undefined))
    fail(at, "`ports' and `mark' go together");
  if ((service.port === undefined) === (service.ports === undefined))
    fail(at, "give either `port', or `ports' with `mark'");
  if (service.port === 0 && !service.persistence)
    fail(below(at, 'port'), 'port 0 (all ports) needs persistence');
  checkTunnel(service.tunnel, service.mode, below(at, 'tunnel'));
  if (service.gateway && service.mode !== 'nat')
    fail(below(at, 'gateway'), `a gateway needs mode nat, not ${service.mode}`);
  if (service.gateway && service.gateway.family !== service.address.family) {
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
  checkChecks(service, at, config);
}

function checkTunnel(tunnel: TunnelOptions | undefined, mode: Mode, at: Place): void {
  if (!tunnel) return;
  if (mode !== 'tun') fail(at, `tunnel options need mode tun, not ${mode}`);
  if ((tunnel.port !== undefined) !== (tunnel.type === 'gue'))
    fail(at, "a tunnel `port' is needed with type gue and only there");
  if (tunnel.type === 'ipip' && tunnel.checksum !== 'none')
    fail(below(at, 'checksum'), 'ipip has no checksum');
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
  unique(all, key, 'server', (i) => all[i]?.place ?? at);
}

/** Kinds that can go out from another network namespace, by a port of their own. */
const FROM_NETNS: readonly CheckKind[] = ['tcp', 'http', 'https', 'udp', 'smtp'];

function checkChecks(service: VirtualService, at: Place, { monitor }: Config): void {
  for (const [i, check] of service.checks.entries()) {
    const target = below(at, 'checks', i, 'target');
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
      if (check.kind !== 'exec' && monitor.check_netns === undefined) {
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
        below(at, 'checks', i, 'source'),
        `an ${check.source.family} address, where another family is asked`,
      );
    }
    if (USUAL_PORT[check.kind] === undefined && !check.port && isPortless(service)) {
      fail(below(at, 'checks', i), `check ${check.kind} needs \`port', for the service has none`);
    }
    checkKeys(check, below(at, 'checks', i));
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
function checkKeys(check: Check, at: Place): void {
  if (check.fast_interval !== undefined && check.fast_interval > check.interval) {
    fail(below(at, 'fast_interval'), `it is longer than the interval, ${check.interval}`);
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

function unique<T>(
  items: readonly T[],
  key: (item: T) => string | undefined,
  noun: string,
  at: (i: number) => Place,
): void {
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    const name = key(item);
    if (name === undefined) continue;
    if (seen.has(name)) fail(at(i), `${noun} ${name} is there twice`);
    seen.add(name);
  }
}
