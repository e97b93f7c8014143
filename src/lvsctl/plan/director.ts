// What a file asks of the director: modules, forwarding, marks, rules, VIPs, sync daemons, in the
// order in which traffic can rely on them.
import { type Address, formatAddress } from '../../model/address.js';
import { schedulerModule } from '../../model/scheduler.js';
import { desiredServices, serverMode } from '../config/desired.js';
import type { Config, VirtualService } from '../config/file.js';
import { hasPort } from '../config/groupport.js';
import { LvsctlError } from '../errors.js';
import { DUMMY } from './dummy.js';
import { connectedTo, type Facts } from './facts.js';
import { markRules } from './markrules.js';
import { type Setting, setting } from './resources.js';
import { servedVip } from './vips.js';

/**
 * The settings, in the order in which they are made.
 * @throws WRONG_MACHINE when the machine lacks an interface of the file
 */
export function directorSettings(config: Config, facts: Facts): Setting[] {
  requireInterfaces(config, facts);
  return [
    ...modules(config, facts),
    ...dummies(config),
    ...forwarding(config, facts),
    ...expiry(config),
    ...takeover(config),
    ...config.services
      .flatMap((service) => markRules(service))
      .map((rule) => setting('firewall', { tool: facts.firewallTool(), rule }, true)),
    ...rules(config),
    ...config.vips
      .filter(({ managed }) => managed)
      .map(({ address, interface: device }) => servedVip(address, device, facts)),
    ...config.sync.map(({ syncid, max_length, ...daemon }) =>
      setting(
        'daemon',
        { role: daemon.role },
        { ...daemon, syncId: syncid, maxLength: max_length },
      ),
    ),
  ];
}

/** @throws WRONG_MACHINE the first interface of the file that this machine does not have */
function requireInterfaces({ ha, vips, sync }: Config, { links }: Facts): void {
  const desired = [
    ...(ha?.engine === 'bird' ? [] : vips).map(
      (vip) => [vip.interface, `VIP ${formatAddress(vip.address)}`] as const,
    ),
    ...sync.map((daemon) => [daemon.interface, `sync daemon ${daemon.role}`] as const),
  ];
  const missing = desired.find(([device]) => !links.some(({ name }) => name === device));
  if (!missing) return;
  const present = links.map(({ name }) => name).join(', ');
  throw new LvsctlError(
    'WRONG_MACHINE',
    `${missing[1]}: this machine has no interface ${missing[0]}; it has ${present}`,
  );
}

/** The modules that the services need beside ip_vs itself. */
export function schedulerModules(config: Config): string[] {
  const schedulers = config.services.map(({ scheduler }) => schedulerModule(scheduler));
  const engines = config.services.flatMap(({ persistence: { engine } = {} }) =>
    engine ? [`ip_vs_pe_${engine}`] : [],
  );
  return [...new Set([...schedulers, ...engines, ...helperModules(config)])];
}

const FTP_PORT = 21;

/**
 * FTP names an address and a port for its data in the control connection, which nat has to
 * translate. Seen in the lab: without ip_vs_ftp PASV answers with the server's own address.
 */
function helperModules({ services }: Config): string[] {
  const ftp = services.some(
    (service) =>
      service.protocol === 'tcp' &&
      (service.port === FTP_PORT || service.ports?.some((ports) => hasPort(ports, FTP_PORT))) &&
      service.servers.some((server) => serverMode(service, server) === 'nat'),
  );
  return ftp ? ['ip_vs_ftp'] : [];
}

function modules(config: Config, facts: Facts): Setting[] {
  return facts.ownsModules
    ? ['ip_vs', ...schedulerModules(config)].map((name) => setting('module', { name }, true))
    : [];
}

function forwarding(config: Config, facts: Facts): Setting[] {
  const nat = config.services.filter((service) =>
    service.servers.some((server) => serverMode(service, server) === 'nat'),
  );
  const has = (family: Address['family']) => nat.some(({ address }) => address.family === family);
  return [
    ...(has('ipv4') ? [ipv4Forwarding(nat, facts)] : []),
    ...(has('ipv6') ? [sysctl('net/ipv6/conf/all/forwarding', '1')] : []),
    // clients and servers on one link must not learn a route past the director
    ...redirectingDevices(config, facts).map((device) =>
      sysctl(`net/ipv4/conf/${device}/send_redirects`, '0'),
    ),
  ];
}

/**
 * Answers are forwarded when the interface that they come in by forwards, also when the switch of
 * the whole machine is on: it is written to every interface only when it changes.
 */
function ipv4Forwarding(services: readonly VirtualService[], facts: Facts): Setting {
  const inner = services.flatMap((service) =>
    service.servers
      .filter((server) => serverMode(service, server) === 'nat' && server.address.family === 'ipv4')
      .flatMap(({ address }) => connectedTo(address, facts)),
  );
  const keys = inner
    .map(({ device }) => `net/ipv4/conf/${device}/forwarding`)
    .filter((key) => facts.sysctl(key) !== undefined);
  const key = 'net/ipv4/ip_forward';
  return setting('sysctl', { key }, Object.fromEntries([key, ...keys].map((one) => [one, '1'])));
}

/**
 * `all` and the interfaces towards clients and servers: a redirect is sent when either allows it.
 */
function redirectingDevices(config: Config, facts: Facts): string[] {
  const vips = config.vips
    .filter(({ address }) => address.family === 'ipv4')
    .map((vip) => vip.interface);
  if (vips.length === 0) return [];
  const servers = config.services.flatMap((service) =>
    service.servers.flatMap(({ address }) => connectedTo(address, facts)),
  );
  const inner = servers.filter(({ address }) => !address.includes(':')).map(({ device }) => device);
  return ['all', ...new Set([...vips, ...inner])];
}

/**
 * A client whose server was removed, or is out of service, must get another one: as long as it goes
 * on sending, the kernel keeps its connection (UDP) or its template.
 */
function expiry(config: Config): Setting[] {
  return [
    ...(config.services.some(losesServers) ? [sysctl('net/ipv4/vs/expire_nodest_conn', '1')] : []),
    ...(config.services.some((service) => service.persistence)
      ? [sysctl('net/ipv4/vs/expire_quiescent_template', '1')]
      : []),
  ];
}

/**
 * Whether connections of a service can outlive their server's entry. Seen in the lab: a UDP client
 * with one port loses everything for the 300 s of its connection.
 */
export function losesServers(service: VirtualService): boolean {
  if (service.one_packet) return false;
  const { persistence, health, checks, servers, ports = [], protocol } = service;
  const checked = checks.length > 0 || servers.some((server) => (server.checks ?? []).length > 0);
  const udp = [protocol, ...ports.map((port) => port.protocol ?? protocol)].includes('udp');
  return persistence !== undefined || udp || (checked && health.failed === 'remove');
}

/**
 * A director that gets a connection of another one sees no SYN of it. With mh and sh it chooses the
 * same server, once it may.
 */
function takeover({ ha, services }: Config): Setting[] {
  const hashed = services.some(({ scheduler }) => scheduler === 'mh' || scheduler === 'sh');
  return ha && hashed ? [sysctl('net/ipv4/vs/sloppy_tcp', '1')] : [];
}

/** With BIRD the VIPs are on dummy devices, which no link can take down. */
function dummies({ ha, vips }: Config): Setting[] {
  if (ha?.engine !== 'bird') return [];
  const names = new Set(vips.map((vip) => vip.interface));
  return [...names].map((name) => setting('link', { name, args: [...DUMMY] }, 'up'));
}

function rules(config: Config): Setting[] {
  const services = desiredServices(config).map(({ service, destinations, sorry }) => {
    const servers = destinations.length === 0 && sorry ? [sorry] : destinations;
    return setting(
      'service',
      { id: service.id },
      { service, destinations: servers, ordered: false },
    );
  });
  const { timeouts } = config;
  if (!timeouts) return services;
  return [
    setting('timeouts', {}, { tcp: timeouts.tcp, tcpFin: timeouts.tcp_fin, udp: timeouts.udp }),
    ...services,
  ];
}

function sysctl(key: string, value: string): Setting {
  return setting('sysctl', { key }, { [key]: value });
}
