// Settings that are seldom seen and decide nevertheless: none of them may be taken for absent.
import { describe, expect, test } from 'vitest';
import type { LinkFact, MachineFacts, RoutingRuleFact } from '../../../src/lvsctl/facts/types.js';
import {
  both,
  type Change,
  end,
  follow,
  iptables,
  route,
  sysctl,
  via,
  without,
} from '../../support/intendedpath.js';

const address =
  (device: string, text: string, prefix = 24): Change =>
  ({ addresses }) => ({
    addresses: [...addresses, { device, address: text, prefix, unusable: null, deprecated: false }],
  });
const link =
  (name: string, more: Partial<LinkFact>): Change =>
  ({ links }) => ({ links: links.map((one) => (one.name === name ? { ...one, ...more } : one)) });
const neighbour =
  (text: string, mac: string | null, ...states: string[]): Change =>
  () => ({ neighbours: [{ address: text, device: 'eth0', mac, states }] });
const rule =
  (more: Partial<RoutingRuleFact>): Change =>
  ({ rules }) => ({
    rules: [
      ...(rules.length > 0 ? rules : DEFAULT),
      { ...RULE, priority: 50, table: '77', ...more },
    ].sort((a, b) => a.priority - b.priority),
  });
const RULE: RoutingRuleFact = {
  family: 'ipv4',
  priority: 0,
  from: null,
  to: null,
  mark: null,
  mask: null,
  in_device: null,
  out_device: null,
  table: 'local',
  action: 'table',
  not: false,
  other: [],
};
const DEFAULT: readonly RoutingRuleFact[] = [
  RULE,
  { ...RULE, priority: 32_766, table: 'main' },
  { ...RULE, priority: 32_767, table: 'default' },
];
const table77 = (more: Parameters<typeof route>[1]) => route('0.0.0.0/0', { table: '77', ...more });
const refuses = table77({ type: 'unreachable', hops: [] });
const hops = (...list: string[]) => ({
  metric: -1,
  hops: list.map((one) => ({ device: 'eth0', via: one, dead: false })),
});
const services =
  (change: (one: NonNullable<MachineFacts['services']>[number]) => object): Change =>
  ({ services: all }) => ({ services: (all ?? []).map((one) => ({ ...one, ...change(one) })) });
const listeners =
  (...list: NonNullable<MachineFacts['listeners']>[number][]): Change =>
  () => ({ listeners: list });
const l3mdev: RoutingRuleFact = { ...RULE, priority: 1000, table: null, other: ['l3mdev'] };
/** The interface of a server in a VRF, with what the kernel moves there. */
const inVrf =
  (...more: Change[]): Change =>
  (facts) =>
    both(
      link('eth0', { master: 'blue' }),
      ({ links }) => ({
        links: [
          ...links,
          { ...(links[0] as LinkFact), name: 'blue', kind: 'vrf', table: '78', noarp: true },
        ],
      }),
      ({ routes }) => ({
        routes: routes.map((one) => (one.table === 'main' ? { ...one, table: '78' } : one)),
        rules: [RULE, l3mdev, ...DEFAULT.slice(1)],
      }),
      listeners({ protocol: 'tcp', address: '0.0.0.0', port: 80 }),
      ...more,
    )(facts);
const local6 = route('2001:db8::1/128', { family: 'ipv6', table: 'local', type: 'local' });
const prohibit6 = (from: string): Change => {
  const prohibits: RoutingRuleFact = { ...RULE, from, table: null, action: 'prohibit' };
  const rules = [RULE, prohibits, { ...RULE, table: 'main' }];
  return () => ({
    rules: rules.map((one, priority) => ({ ...one, priority, family: 'ipv6' as const })),
  });
};
const usable: Change = ({ addresses }) => ({
  addresses: addresses.map((one) => ({ ...one, deprecated: false })),
});
const own = both(address('eth0', '192.0.2.1'));
const client = '203.0.113.9';
const MAC = '02:00:00:00:00:0b';
const connection = {
  ...{ protocol: 'tcp', client, client_port: 40_000, virtual: '192.0.2.10', virtual_port: 80 },
  ...{ server: '192.0.2.99', server_port: 80, state: 'ESTABLISHED', expires: 9 },
};

// biome-ignore format: a table
const ROWS: readonly (readonly [name: string, port: number, changes: Readonly<Record<string, Change>>, outcome: string])[] = [
  ['a rule that jumps over the main table', 80, { rs: rule({ other: ['goto 32767'], table: null }) }, 'lost: rs answer no-route'],
  ['a rule that jumps to the main table', 80, { rs: both(refuses, rule({ priority: 60 }), rule({ other: ['goto 32766'], table: null })) }, 'pass'],
  ['a jump that depends on what is not read', 80, { rs: rule({ other: ['goto 32767', 'uid_start 5'], table: null }) }, 'unknown: rs source rule'],
  ['a table without its default route', 80, { rs: both(refuses, rule({ priority: 60 }), rule({ table: 'main', other: ['suppress_prefixlen 0'] })) }, 'lost: rs answer no-route'],
  ['a route for a type of service', 80, { rs: route('0.0.0.0/0', { metric: -1, type: 'unreachable', hops: [], other: ['tos 0x10'] }) }, 'pass'],
  ['a route that puts labels on', 80, { rs: route('203.0.113.0/24', { other: ['encap mpls'] }) }, 'unknown: rs source rule'],
  ['two next hops, one of them the director', 81, { director: own, rs2: route('0.0.0.0/0', hops('192.0.2.1', '192.0.2.254')) }, 'lost: rs2 answer gateway'],
  ['the same, the director second', 81, { director: own, rs2: route('0.0.0.0/0', hops('192.0.2.254', '192.0.2.1')) }, 'lost: rs2 answer gateway'],
  ['two next hops, and dr may use one of them alone', 80, { director: own, rs: route('0.0.0.0/0', hops('192.0.2.254', '192.0.2.1')) }, 'lost: director source spoofed'],
  ['two routers', 80, { rs: route('0.0.0.0/0', hops('192.0.2.253', '192.0.2.254')) }, 'pass'],
  ['the second of two routers does not answer', 80, { rs: both(route('0.0.0.0/0', hops('192.0.2.253', '192.0.2.254')), neighbour('192.0.2.254', null, 'FAILED')) }, 'lost: rs neighbour neighbour'],
  ['a mark of OUTPUT chooses the table', 80, { rs: both(refuses, rule({ mark: 7 }), iptables('-t mangle -A OUTPUT -p tcp -j MARK --set-xmark 0x7/0xffffffff')) }, 'lost: rs answer no-route'],
  ['a mark of what dr sends leads it back to the VIP', 80, { director: iptables('-t mangle -A OUTPUT -p tcp -j MARK --set-xmark 0x7/0xffffffff') }, 'lost: director output filter'],
  ['the same, IPv6', 87, { director: iptables('-t mangle -A OUTPUT -p tcp -j MARK --set-xmark 0x7/0xffffffff') }, 'lost: director output filter'],
  ['nat is sent to the server', 81, { director: iptables('-t mangle -A OUTPUT -p tcp -j MARK --set-xmark 0x7/0xffffffff') }, 'pass'],
  ['the packet around another one goes to the server', 82, { director: iptables('-t mangle -A OUTPUT -d 192.0.2.13/32 -j MARK --set-xmark 0x7/0xffffffff') }, 'pass'],
  ['a mark of POSTROUTING does not', 80, { rs: both(refuses, rule({ mark: 7 }), iptables('-t mangle -A POSTROUTING -p tcp -j MARK --set-xmark 0x7/0xffffffff')) }, 'pass'],
  ['answers have the mark of the request', 80, { rs: both(refuses, rule({ mark: 7, in_device: 'lo' }), iptables('-t mangle -A PREROUTING -p tcp -j MARK --set-xmark 0x7/0xffffffff'), sysctl('net/ipv4/tcp_fwmark_accept', '1')) }, 'lost: rs answer no-route'],
  ['answers of nat are routed again from the VIP', 81, { director: both(rule({ from: '192.0.2.10/32', table: null, action: 'prohibit' })) }, 'lost: director answer no-route'],
  ['a jump to where no rule is', 80, { rs: rule({ other: ['goto 32769', 'unresolved'], table: null }) }, 'pass'],
  ['a rule about the sender of a tunnel of IPv6, which is the VIP', 86, { director: both(usable, prohibit6('2001:db8::10/128')) }, 'lost: rs6 tunnel no-tunnel'],
  ['the same, and the sender is another', 86, { director: both(address('eth0', '2001:db8::17', 128), prohibit6('2001:db8::17/128')) }, 'pass'],
  ['a rule about the sender of a tunnel of IPv4', 82, { director: both(own, ({ addresses }) => ({ addresses: [...addresses].reverse() }), rule({ from: '192.0.2.1/32', table: null, action: 'prohibit' })) }, 'lost: director output no-route'],
  ['a rule about the client, dr', 80, { director: rule({ from: '203.0.113.9/32', table: null, action: 'prohibit' }) }, 'pass'],
  ['a rule about the client, nat to a server', 81, { director: rule({ from: '203.0.113.9/32', table: null, action: 'prohibit' }) }, 'pass'],
  ['not without snat_reroute', 81, { director: both(rule({ from: '192.0.2.10/32', table: null, action: 'prohibit' }), sysctl('net/ipv4/vs/snat_reroute', '0')) }, 'pass'],
  ['a MAC set by hand that the server has not', 80, { director: neighbour('192.0.2.11', MAC, 'PERMANENT'), rs: link('eth0', { mac: '02:00:00:00:00:01' }) }, 'lost: director neighbour neighbour'],
  ['the same, learned', 80, { director: neighbour('192.0.2.11', MAC, 'REACHABLE'), rs: link('eth0', { mac: '02:00:00:00:00:01' }) }, 'unknown: director neighbour neighbour'],
  ['the server has a VLAN there, the director none, and no MAC', 80, { rs: link('eth0', { kind: 'vlan' }) }, 'unknown: director neighbour neighbour'],
  ['the same with its MAC', 80, { director: neighbour('192.0.2.11', MAC, 'REACHABLE'), rs: link('eth0', { kind: 'vlan', mac: MAC }) }, 'pass'],
  ['both have a VLAN there', 80, { director: link('eth0', { kind: 'vlan' }), rs: link('eth0', { kind: 'vlan' }) }, 'pass'],
  ['the MAC of the server', 80, { director: neighbour('192.0.2.11', MAC, 'PERMANENT'), rs: link('eth0', { mac: MAC }) }, 'pass'],
  ['a MAC set by hand of a router that is not read', 80, { rs: both(route('0.0.0.0/0', { metric: -1, ...via('192.0.2.254') }), neighbour('192.0.2.254', MAC, 'PERMANENT')) }, 'unknown: rs neighbour neighbour'],
  ['the server does without ARP', 80, { rs: both(address('eth0', '192.0.2.11'), link('eth0', { noarp: true })) }, 'lost: director neighbour neighbour'],
  ['the server answers no ARP', 80, { rs: both(address('eth0', '192.0.2.11'), sysctl('net/ipv4/conf/all/arp_ignore', '8')) }, 'lost: director neighbour neighbour'],
  ['rules see the ARP of the server', 80, { director: own, rs: both(address('eth0', '192.0.2.11'), () => ({ packet_filter: { iptables: [], nft: [{ rule: { family: 'arp', table: 'filter', chain: 'input' } }] } })) }, 'unknown: rs arrival arp'],
  ['the director does not answer for the VIP', 80, { director: both(address('eth0', '192.0.2.1'), without('192.0.2.10'), address('lo', '192.0.2.10', 32), route('192.0.2.10/32', { table: 'local', type: 'local' }), sysctl('net/ipv4/conf/all/arp_ignore', '1')) }, 'lost: director arrival silent'],
  ['MASQUERADE of IPv6 in dr', 87, { director: both(iptables('-t nat -A POSTROUTING -p tcp -j MASQUERADE'), sysctl('net/ipv4/vs/conntrack', '1'), address('eth0', '2001:db8::1', 64), ({ addresses }) => ({ addresses: [...addresses].reverse() }), local6), rs8: address('eth0', '2001:db8::18', 64) }, 'lost: director answer spoofed'],
  ['the same, and the VIP is the nearest of its addresses', 87, { director: both(iptables('-t nat -A POSTROUTING -p tcp -j MASQUERADE'), sysctl('net/ipv4/vs/conntrack', '1'), address('eth0', '2001:db8::1', 64), ({ addresses }) => ({ addresses: [...addresses].reverse().sort((a) => (a.address === '2001:db8::10' ? -1 : 0)) }), local6), rs8: address('eth0', '2001:db8::18', 64) }, 'lost: rs8 answer spoofed'],
  ['both sync daemons and backup_only', 80, { director: both(sysctl('net/ipv4/vs/backup_only', '1'), () => ({ daemons: ['master', 'backup'].map((role) => ({ role, interface: 'eth0', syncid: 0 })) })) }, 'lost: director service backup-only'],
  ['a master and backup_only', 80, { director: both(sysctl('net/ipv4/vs/backup_only', '1'), () => ({ daemons: [{ role: 'master', interface: 'eth0', syncid: 0 }] })) }, 'pass'],
  ['every server is at its threshold', 80, { director: services(({ servers }) => ({ servers: servers.map((one) => ({ ...one, upper: 2, active: 1, inactive: 1 })) })) }, 'lost: director server no-server'],
  ['below it', 80, { director: services(({ servers }) => ({ servers: servers.map((one) => ({ ...one, upper: 3, active: 1, inactive: 1 })) })) }, 'pass'],
  ['the connection of a server that was removed', 80, { director: () => ({ connections: { count: 1, tally: [], listed: [connection] } }) }, 'lost: director server no-server'],
  ['with expire_nodest_conn it gets another', 80, { director: both(() => ({ connections: { count: 1, tally: [], listed: [connection] } }), sysctl('net/ipv4/vs/expire_nodest_conn', '1')) }, 'pass'],
  ['a program for IPv6 alone', 80, { rs: listeners({ protocol: 'tcp', address: '::', port: 80, only_ipv6: true }) }, 'lost: rs listener listener'],
  ['a program for both', 80, { rs: listeners({ protocol: 'tcp', address: '::', port: 80, only_ipv6: false }) }, 'pass'],
  ['a program for each', 80, { rs: listeners({ protocol: 'tcp', address: '::', port: 80, only_ipv6: true }, { protocol: 'tcp', address: '0.0.0.0', port: 80 }) }, 'pass'],
  ['a machine whose programs could not be read', 80, { rs: () => ({ time: '2026-01-01T00:00:00Z', listeners: null }) }, 'unknown: rs listener rule'],
  ['DNAT into a container of the server', 81, { rs2: iptables('-t nat -A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80') }, 'unknown: rs2 routing rule'],
  ['an interface of a VRF without an address answers too', 80, { rs: both(sysctl('net/ipv4/conf/all/arp_ignore', '0'), ({ links }) => ({ links: [...links, { ...(links[1] as LinkFact), name: 'blue', kind: 'vrf', table: '78', noarp: true }, { ...(links[1] as LinkFact), name: 'eth9', master: 'blue' }] })) }, 'unknown: rs arrival arp'],
  ['a VRF, and a program outside', 80, { rs: inVrf() }, 'lost: rs listener listener'],
  ['a VRF, and a program that takes from all', 80, { rs: inVrf(sysctl('net/ipv4/tcp_l3mdev_accept', '1')) }, 'pass'],
  ['a VRF, and a program in it', 80, { rs: inVrf(listeners({ protocol: 'tcp', address: '0.0.0.0', port: 80, device: 'blue' })) }, 'pass'],
  ['a program in a VRF, and none outside', 80, { rs: listeners({ protocol: 'tcp', address: '0.0.0.0', port: 80, device: 'blue' }) }, 'lost: rs listener listener'],
  ['a VRF without a route to the client', 80, { rs: inVrf(sysctl('net/ipv4/tcp_l3mdev_accept', '1'), ({ routes }) => ({ routes: routes.filter(({ to }) => to !== '0.0.0.0/0') })) }, 'lost: rs answer no-route'],
  ['a gue port for another address', 83, { rs4: () => ({ udp_tunnels: [{ family: 'ipv4', port: 6080, gue: true, local: '192.0.2.99' }] }) }, 'lost: rs4 tunnel no-tunnel'],
  ['a gue port for its own', 83, { rs4: () => ({ udp_tunnels: [{ family: 'ipv4', port: 6080, gue: true, local: '192.0.2.14' }] }) }, 'pass'],
  ['a device for its own address drops what another would take', 84, { rs5: ({ links }) => ({ links: links.flatMap((one) => (one.tunnel ? [{ ...one, name: 'gre0', tunnel: { ...one.tunnel, local: null } }, { ...one, tunnel: { ...one.tunnel, local: '2001:db8::15', checksum: true } }] : [one])) }) }, 'lost: rs5 tunnel no-tunnel'],
  ['a key leaves it to another device', 84, { rs5: ({ links }) => ({ links: links.flatMap((one) => (one.tunnel ? [one, { ...one, name: 'gre9', tunnel: { ...one.tunnel, local: '2001:db8::15', remote: '2001:db8::1', other: ['key 0.0.0.5'] } }] : [one])) }) }, 'pass'],
  ['a key on the tunnel device', 84, { rs5: ({ links }) => ({ links: links.map((one) => (one.tunnel ? { ...one, tunnel: { ...one.tunnel, other: ['key 0.0.0.5'] } } : one)) }) }, 'lost: rs5 tunnel no-tunnel'],
];

describe('one thing changed', () => {
  test.each(ROWS)('%s', (_, port, changes, outcome) => {
    expect(end(follow(port, changes))).toBe(outcome);
  });
});
