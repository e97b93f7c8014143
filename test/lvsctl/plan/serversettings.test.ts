// What a file makes of a real server, by what is there already: settings of interfaces, the exit of
// the tunnel, the VIP, segments, the route of answers.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import type { Facts } from '../../../src/lvsctl/plan/facts.js';
import type { LinkState, LocalAddress } from '../../../src/lvsctl/plan/network.js';
import { realServerSettings } from '../../../src/lvsctl/plan/realserver.js';
import type { Setting } from '../../../src/lvsctl/plan/resources.js';

interface Of {
  readonly mode?: string;
  readonly tunnel?: string;
  readonly vip?: string;
  readonly rip?: string;
  readonly more?: string;
  readonly sysctls?: Readonly<Record<string, number>>;
  readonly addresses?: readonly string[];
  readonly links?: readonly LinkState[];
  readonly route?: string | null;
}
const link = (name: string, more: Partial<LinkState> = {}): LinkState => ({
  ...{ name, index: 2, up: true, carrier: true, mtu: 1500, asked: name !== 'lo' },
  ...{ type: '', local: '', remote: '', ...more },
});
/** @param text `eth0 192.0.2.1/24` */
function address(text: string): LocalAddress {
  const [device = '', own = '', prefix = ''] = text.split(/[ /]/);
  return { device, address: own, prefix: Number(prefix), up: true, secondary: false, args: [] };
}
/** `kind: …` of each setting, with what it is to be. */
function shown({ resource, desired }: Setting): string {
  const { kind, ...own } = resource;
  const values = Object.values(own).map((one) =>
    typeof one === 'object' ? JSON.stringify(one) : String(one),
  );
  if (kind === 'sysctl')
    return Object.entries(desired as object)
      .map(([key, value]) => `${key.slice('net/ipv4/conf/'.length)}=${value}`)
      .join();
  if (kind === 'firewall') {
    const { rule } = resource as {
      readonly rule: { readonly kind: string; readonly size?: number };
    };
    return `${rule.kind} ${rule.size} ${desired}`;
  }
  return [kind, ...values, desired === true ? 'there' : String(desired)].join(' ');
}
function settings(of: Of): string[] {
  const { mode = 'dr', tunnel, vip = '192.0.2.10', rip = '192.0.2.11', more, sysctls = {} } = of;
  const {
    addresses = [`eth0 ${rip}/${rip.includes(':') ? 64 : 24}`],
    links = [link('lo'), link('eth0')],
  } = of;
  const config = readConfig(
    `vips: [{address: "${vip}", interface: eth0}]
services: [{name: a, address: "${vip}", port: 80, mode: ${mode}, ${tunnel ? `tunnel: {${tunnel}}, ` : ''}${more ? `${more}, ` : ''}servers: [{address: "${rip}"}]}]
`,
    'f',
  );
  const facts: Facts = {
    addresses: addresses.map(address),
    links,
    routes: () => of.route ?? null,
    firewallTool: () => 'iptables',
    sysctl: (key) => sysctls[key.slice('net/ipv4/conf/'.length)],
    ownsModules: true,
  };
  return realServerSettings(config, facts).map(shown);
}
const ARP = ['eth0/arp_ignore=1', 'eth0/arp_announce=2'];
const ON_LO = 'address lo 192.0.2.10/32 there';
const SIX = { vip: '2001:db8::10', rip: '2001:db8::11' };

// biome-ignore format: a table
describe('dr', () => {
  test.each<readonly [string, Of, readonly string[]]>([
    ['nothing is there', {}, [...ARP, ON_LO]],
    ['quiet already', { sysctls: { 'all/arp_ignore': 0, 'eth0/arp_ignore': 1, 'all/arp_announce': 0, 'eth0/arp_announce': 2 } }, [...ARP, ON_LO]],
    ['quiet in `all`', { sysctls: { 'all/arp_ignore': 1, 'eth0/arp_ignore': 0, 'all/arp_announce': 2, 'eth0/arp_announce': 0 } }, ['all/arp_ignore=1', 'all/arp_announce=2', ON_LO]],
    ['quieter than asked for', { sysctls: { 'all/arp_ignore': 0, 'eth0/arp_ignore': 8 } }, ['eth0/arp_ignore=8', 'eth0/arp_announce=2', ON_LO]],
    ['a value of `all` that is too large for it', { sysctls: { 'all/arp_ignore': 3, 'eth0/arp_ignore': 1 } }, ['all/arp_ignore=1', ...ARP, ON_LO]],
    ['the same value in both', { sysctls: { 'all/arp_ignore': 1, 'eth0/arp_ignore': 1 } }, ['all/arp_ignore=1', 'eth0/arp_announce=2', ON_LO]],
    ['the network of the VIP is on another interface', { vip: '198.51.100.10', addresses: ['eth0 192.0.2.11/24', 'eth1 198.51.100.9/24'] }, [...ARP, 'eth1/arp_ignore=1', 'eth1/arp_announce=2', 'address lo 198.51.100.10/32 there']],
    ['the VIP is on the interface', { addresses: ['eth0 192.0.2.11/24', 'eth0 192.0.2.10/24'] }, [...ARP, 'extra_address eth0 192.0.2.10/24 null', ON_LO]],
    ['the VIP is on a dummy device', { addresses: ['eth0 192.0.2.11/24', 'd0 192.0.2.10/32'], links: [link('eth0'), link('d0', { asked: false })] }, [...ARP, 'address d0 192.0.2.10/32 there']],
    ['there with the prefix of a network', { addresses: ['eth0 192.0.2.11/24', 'd0 192.0.2.10/24'], links: [link('eth0'), link('d0', { asked: false })] }, [...ARP, 'd0/arp_ignore=1', 'd0/arp_announce=2', 'extra_address d0 192.0.2.10/24 null', ON_LO]],
    ['on both: that of lo is kept', { addresses: ['eth0 192.0.2.11/24', 'd0 192.0.2.10/32', 'lo 192.0.2.10/32'], links: [link('lo'), link('eth0'), link('d0', { asked: false })] }, [...ARP, ON_LO]],
    ['IPv6 asks for no settings', SIX, ['address lo 2001:db8::10/128 there']],
  ])('%s', (_, of, expected) => expect(settings(of)).toEqual(expected));
});

// biome-ignore format: a table
describe('tun', () => {
  const tun = (of: Of): Of => ({ mode: 'tun', ...of });
  const made = (name: string, ...args: readonly string[]) => `link ${name} ${JSON.stringify(args)} up`;
  const IPIP = made('lvs-ipip', 'type', 'ipip', 'local', '192.0.2.11');
  const own = (name: string) => `address ${name} 192.0.2.10/32 there`;
  const there = (type: string, more: Partial<LinkState> = {}): Of => ({
    links: [link('lo'), link('eth0'), link('tunl0', { type, asked: false, ...more })],
    addresses: ['eth0 192.0.2.11/24', 'tunl0 192.0.2.10/32'],
  });
  const USED = [...ARP, 'tunl0/rp_filter=2', 'mss 1440 true', 'address tunl0 192.0.2.10/32 there'];
  const OURS = [...ARP, IPIP, 'lvs-ipip/rp_filter=2', 'mss 1440 true'];
  test.each<readonly [string, Of, readonly string[]]>([
    ['ipip', {}, [...OURS, own('lvs-ipip')]],
    ['no filter on the device', { sysctls: { 'all/rp_filter': 0, 'lvs-ipip/rp_filter': 0 } }, [...ARP, IPIP, 'all/rp_filter=0', 'mss 1440 true', own('lvs-ipip')]],
    ['strict in `all`', { sysctls: { 'all/rp_filter': 1, 'lvs-ipip/rp_filter': 0 } }, [...OURS, own('lvs-ipip')]],
    ['gre', { tunnel: 'type: gre' }, [...ARP, made('lvs-gre', 'type', 'gre', 'local', '192.0.2.11'), 'lvs-gre/rp_filter=2', 'mss 1436 true', own('lvs-gre')]],
    ['gre with checksums', { tunnel: 'type: gre, checksum: checksum' }, [...ARP, made('lvs-grec', 'type', 'gre', 'local', '192.0.2.11', 'csum'), 'lvs-grec/rp_filter=2', 'mss 1432 true', own('lvs-grec')]],
    ['gue', { tunnel: 'type: gue, port: 5555' }, [...ARP, 'fou 5555 ipv4 there', IPIP, 'lvs-ipip/rp_filter=2', 'mss 1424 true', own('lvs-ipip')]],
    ['IPv6 in IPv4', { vip: '2001:db8::10' }, [made('lvs-sit', 'type', 'sit', 'local', '192.0.2.11'), 'mss 1420 true', 'address lvs-sit 2001:db8::10/128 there']],
    ['UDP has no segments', { more: 'protocol: udp' }, [...ARP, IPIP, 'lvs-ipip/rp_filter=2', own('lvs-ipip')]],
    ['the size of the interface is not known', { links: [link('lo')] }, [...ARP, IPIP, 'lvs-ipip/rp_filter=2', own('lvs-ipip')]],
    ['a device of another program is in use', there('ipip'), USED],
    ['it is for this server alone', there('ipip', { local: '192.0.2.11' }), USED],
    ['it is for all addresses', there('ipip', { local: '0.0.0.0', remote: '0.0.0.0' }), USED],
    ['it is for another address', there('ipip', { local: '192.0.2.99' }), [...OURS, own('lvs-ipip')]],
    ['it is for one sender', there('ipip', { remote: '192.0.2.1' }), [...OURS, own('lvs-ipip')]],
    ['it is another kind', there('gre'), [...OURS, own('lvs-ipip')]],
    ['it is down', there('ipip', { up: false }), [...OURS, own('lvs-ipip')]],
    ['ours is there too', { ...there('ipip'), links: [...(there('ipip').links ?? []), link('lvs-ipip', { type: 'ipip', asked: false })] }, [...OURS, own('lvs-ipip')]],
    ['gre has no such device', { ...there('gre'), tunnel: 'type: gre' }, [...ARP, made('lvs-gre', 'type', 'gre', 'local', '192.0.2.11'), 'lvs-gre/rp_filter=2', 'mss 1436 true', own('lvs-gre')]],
  ])('%s', (_, of, expected) => expect(settings(tun(of))).toEqual(expected));
});

// biome-ignore format: a table
describe('nat', () => {
  const nat = (of: Of): Of => ({ mode: 'nat', more: 'gateway: 192.0.2.1', ...of });
  test.each<readonly [string, Of, readonly string[]]>([
    ['no route', {}, ['route ipv4 via 192.0.2.1 dev eth0']],
    ['that of the director', { route: 'via 192.0.2.1 dev eth9 metric 7' }, ['route ipv4 via 192.0.2.1 dev eth9 metric 7']],
    ['the director alone', { route: 'via 192.0.2.1' }, ['route ipv4 via 192.0.2.1']],
    ['another router', { route: 'via 192.0.2.254 dev eth0' }, ['route ipv4 via 192.0.2.1 dev eth0']],
    ['one that begins alike', { route: 'via 192.0.2.11 dev eth0' }, ['route ipv4 via 192.0.2.1 dev eth0']],
    ['its metric stays', { route: 'via 192.0.2.254 dev eth0 metric 100' }, ['route ipv4 via 192.0.2.1 dev eth0 metric 100']],
    ['IPv6', { ...SIX, more: 'gateway: "2001:db8::1"' }, ['route ipv6 via 2001:db8::1 dev eth0 metric 1024']],
    ['no gateway is named', { more: '' }, []],
  ])('%s', (_, of, expected) => expect(settings(nat(of))).toEqual(expected));

  test('a gateway on none of the networks', () => {
    expect(() => settings(nat({ addresses: ['eth0 192.0.2.11/32'] }))).toThrow(
      "gateway 192.0.2.1: on none of this machine's networks",
    );
  });
});

test('a machine that is no server of the file', () => {
  const none =
    (...addresses: readonly string[]) =>
    () =>
      settings({ addresses });
  const text = 'no real server of the file is this machine, whose addresses are';
  expect(none('lo 192.0.2.11/32', 'eth0 192.0.2.99/24', 'eth1 198.51.100.1/24')).toThrow(
    `${text} 192.0.2.99, 198.51.100.1`,
  );
  expect(none()).toThrow(`${text} none`);
});
