// One setting of every kind, on a machine that has nothing of it and on one that has something
// else.
import { type Setting, setting } from '../../src/lvsctl/plan/resources.js';
import { type Address, parseAddress } from '../../src/model/address.js';
import type { Destination } from '../../src/model/destination.js';
import type { Service } from '../../src/model/service.js';
import type { WholeMachine } from './fakeip.js';

const address = (text: string) => parseAddress(text) as Address;
const ID = { kind: 'address', protocol: 'tcp', address: address('192.0.2.10'), port: 80 } as const;
const service = (scheduler: string): Service => ({
  id: ID,
  scheduler,
  schedulerFlags: 0,
  persistence: undefined,
  netmask: 0xffffffff,
  engine: undefined,
  onePacket: false,
});
const server = (text: string, weight: number): Destination => ({
  address: address(text),
  port: 80,
  forwarding: 'masquerade',
  tunnel: { type: 'ipip', port: 0, flags: 0 },
  weight,
  upperThreshold: 0,
  lowerThreshold: 0,
});
const rules = (scheduler: string, ...servers: readonly Destination[]): Setting =>
  setting(
    'service',
    { id: ID },
    { service: service(scheduler), destinations: servers, ordered: false },
  );
const daemon = (syncId: number): Setting =>
  setting(
    'daemon',
    { role: 'master' },
    {
      role: 'master',
      interface: 'eth0',
      syncId,
      maxLength: undefined,
      group: undefined,
      port: undefined,
      ttl: undefined,
    },
  );
export const sysctl = (key: string, value: string) => setting('sysctl', { key }, { [key]: value });
const mark = (tool: 'nft' | 'iptables') =>
  setting(
    'firewall',
    {
      tool,
      rule: { kind: 'mark', protocol: 'tcp', address: address('192.0.2.10'), ports: [80], mark: 1 },
    },
    true,
  );
export const LINK = setting(
  'link',
  { name: 'lvs-ipip', args: ['type', 'ipip', 'local', '198.51.100.11'] },
  'up',
);
export const route = (text: string) => setting('route', { family: 'ipv4' }, text);
export const FORWARD = 'net/ipv4/ip_forward';

export interface Row {
  readonly what: string;
  /** what is there before */
  readonly prepare?: (machine: WholeMachine) => void | Promise<void>;
  readonly first: Setting;
  /** another state of the same subject, where there is one */
  readonly second?: Setting;
}

// biome-ignore format: a table
export const ROWS: readonly Row[] = [
  { what: 'module', first: setting('module', { name: 'ip_vs_wlc' }, true) },
  { what: 'sysctl', first: sysctl('net/ipv4/conf/eth0/arp_ignore', '1'), second: sysctl('net/ipv4/conf/eth0/arp_ignore', '2') },
  { what: 'sysctl with side effects', first: sysctl(FORWARD, '1') },
  { what: 'sysctl with side effects, an interface forwards already', prepare: (m) => void m.files.set('/proc/sys/net/ipv4/conf/eth0/forwarding', '1'), first: sysctl(FORWARD, '1') },
  { what: 'sysctl with side effects, redirects are refused already', prepare: (m) => void m.files.set('/proc/sys/net/ipv4/conf/all/accept_redirects', '0'), first: sysctl(FORWARD, '1') },
  { what: 'sysctl with side effects, IPv6', prepare: (m) => void m.files.set('/proc/sys/net/ipv6/conf/eth0/forwarding', '1'), first: sysctl('net/ipv6/conf/all/forwarding', '1') },
  { what: 'tunnel device', first: LINK },
  { what: 'tunnel device that is there and down', prepare: (m) => void m.devices.set('lvs-ipip', 'down'), first: LINK },
  { what: 'gue port', first: setting('fou', { port: 6080, family: 'ipv4' }, true) },
  { what: 'gue port, IPv6, beside the same of IPv4', prepare: (m) => void m.ports.add('port 6080 gue'), first: setting('fou', { port: 6080, family: 'ipv6' }, true) },
  { what: 'address', first: setting('address', { device: 'eth0', address: '192.0.2.10/32' }, true) },
  { what: 'address that another device has', prepare: (m) => void m.addresses.add('lo 192.0.2.10/32'), first: setting('address', { device: 'eth0', address: '192.0.2.10/32' }, true) },
  { what: 'address too many', prepare: (m) => void m.addresses.add('eth0 192.0.2.10/24'), first: setting('extra_address', { device: 'eth0', address: '192.0.2.10/24' }, null) },
  { what: 'address, IPv6', first: setting('address', { device: 'lo', address: '2001:db8::10/128' }, true) },
  { what: 'route', first: route('via 198.51.100.1 dev eth0'), second: route('via 198.51.100.2 dev eth0') },
  { what: 'route in the place of another', prepare: (m) => void m.routes.ipv4.push('via 198.51.100.254 dev eth0'), first: route('via 198.51.100.1 dev eth0'), second: route('via 198.51.100.2 dev eth0') },
  { what: 'route in the place of that of the lowest metric', prepare: (m) => void m.routes.ipv4.push('via 198.51.100.253 dev eth0 metric 200', 'via 198.51.100.254 dev eth0 proto dhcp src 198.51.100.11 metric 100', 'via 198.51.100.252 dev eth0 metric 1000'), first: route('via 198.51.100.1 dev eth0 metric 100'), second: route('via 198.51.100.2 dev eth0 metric 100') },
  { what: 'mark, nft', first: mark('nft') },
  { what: 'mark, iptables', first: mark('iptables') },
  { what: 'service', first: rules('wlc', server('198.51.100.11', 1)), second: rules('rr', server('198.51.100.12', 2)) },
  { what: 'service that is there', prepare: async (m) => void (await (await m.backend()).apply([{ kind: 'add-service', service: service('sh') }, { kind: 'add-destination', id: ID, destination: server('198.51.100.13', 5) }, { kind: 'add-destination', id: ID, destination: server('198.51.100.11', 3) }])), first: rules('wlc', server('198.51.100.11', 1)), second: rules('rr', server('198.51.100.12', 2)) },
  { what: 'timeouts', first: setting('timeouts', {}, { tcp: 1, tcpFin: 2, udp: 3 }), second: setting('timeouts', {}, { tcp: 4, tcpFin: 5, udp: 6 }) },
  { what: 'sync daemon', first: daemon(1), second: daemon(2) },
  { what: 'sync daemon that runs with another number', prepare: async (m) => void (await (await m.backend()).apply([{ kind: 'start-daemon', daemon: { role: 'master', interface: 'eth0', syncId: 9, maxLength: undefined, group: undefined, port: undefined, ttl: undefined } }])), first: daemon(1), second: daemon(2) },
];
