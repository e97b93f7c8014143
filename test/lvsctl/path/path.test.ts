// The path of a packet from facts alone: a director and a server as a file has them, one thing
// changed, and where the packet is lost then. test/kernel/path.test.ts compares it with clients.
import { describe, expect, test } from 'vitest';
import { trace } from '../../../src/lvsctl/path/trace.js';
import { parseAddress } from '../../../src/model/address.js';
import {
  both,
  type Change,
  down,
  end,
  follow,
  iptables,
  MACHINES,
  route,
  sysctl,
  via,
  without,
} from '../../support/intendedpath.js';

test.each([80, 81, 82, 83, 84, 86, 90])(
  'as the file has it, port %d: the client gets an answer',
  (port) => {
    expect(end(follow(port))).toBe('pass');
  },
);

// biome-ignore format: a table
const ROWS: readonly (readonly [name: string, port: number, changes: Readonly<Record<string, Change>>, outcome: string])[] = [
  ['the VIP is missing', 80, { director: without('192.0.2.10') }, 'lost: director routing not-local'],
  ['INPUT drops', 80, { director: iptables('-A INPUT -p tcp -j DROP') }, 'lost: director input filter'],
  ['INPUT drops another port', 80, { director: iptables('-A INPUT -p tcp -m tcp --dport 81 -j DROP') }, 'pass'],
  ['a rule that is not understood', 80, { director: iptables('-A INPUT -m set --match-set x src -j DROP') }, 'unknown: director input filter'],
  ['DNAT takes the port', 80, { director: iptables('-t nat -A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1:80') }, 'lost: director prerouting translated'],
  ['OUTPUT sees what is forwarded', 80, { director: iptables('-A OUTPUT -d 192.0.2.10/32 -j DROP') }, 'lost: director output filter'],
  ['OUTPUT sees the outside of a tunnel', 82, { director: iptables('-A OUTPUT -p ipencap -j DROP') }, 'lost: director output filter'],
  ['FORWARD does not see requests', 80, { director: iptables('-P FORWARD DROP') }, 'pass'],
  ['FORWARD sees answers of nat', 81, { director: iptables('-P FORWARD DROP') }, 'lost: director forward filter'],
  ['answers of nat are not established without conntrack', 81, { director: iptables('-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-P FORWARD DROP') }, 'lost: director forward filter'],
  ['with conntrack they are', 81, { director: both(iptables('-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-P FORWARD DROP'), sysctl('net/ipv4/vs/conntrack', '1')) }, 'pass'],
  ['no forwarding', 81, { director: sysctl('net/ipv4/ip_forward', '0') }, 'lost: director answer forwarding'],
  ['dr needs no forwarding', 80, { director: sysctl('net/ipv4/ip_forward', '0') }, 'pass'],
  ['the server is behind a router', 80, { director: route('192.0.2.11/32', via('192.0.2.254')) }, 'lost: director forward router'],
  ['tun may go through a router', 82, { director: route('192.0.2.13/32', via('192.0.2.254')) }, 'pass'],
  ['no route to the server', 80, { director: route('192.0.2.11/32', { type: 'blackhole', hops: [] }) }, 'lost: director output no-route'],
  ['the link to the server is down, its routes are gone', 80, { director: (facts) => ({ ...down('eth0')(facts), addresses: [...facts.addresses, { device: 'eth0', address: '192.0.2.1', prefix: 24, unusable: null, deprecated: false }, { device: 'eth1', address: '203.0.113.1', prefix: 24, unusable: null, deprecated: false }], routes: facts.routes.filter(({ type }) => type === 'local') }) }, 'lost: director output link'],
  ['the server does not answer ARP', 80, { director: () => ({ neighbours: [{ address: '192.0.2.11', device: 'eth0', mac: null, states: ['FAILED'] }] }) }, 'lost: director neighbour neighbour'],
  ['no server', 80, { director: ({ services }) => ({ services: (services ?? []).map((one) => ({ ...one, servers: [] })) }) }, 'lost: director server no-server'],
  ['no service', 85, {}, 'lost: director service no-service'],
  ['no rule sets the mark', 90, { director: () => ({ packet_filter: { iptables: [], nft: [] } }) }, 'lost: director service no-service'],
  ['a backup', 80, { director: both(sysctl('net/ipv4/vs/backup_only', '1'), () => ({ daemons: [{ role: 'backup', interface: 'eth0', syncid: 0 }] })) }, 'lost: director service backup-only'],
  ['the VIP is not on the server', 80, { rs: without('192.0.2.10') }, 'lost: rs routing not-local'],
  ['the server answers ARP for the VIP', 80, { director: ({ addresses }) => ({ addresses: [...addresses, { device: 'eth0', address: '192.0.2.1', prefix: 24, unusable: null, deprecated: false }] }), rs: both(({ addresses }) => ({ addresses: [...addresses, { device: 'eth0', address: '192.0.2.11', prefix: 24, unusable: null, deprecated: false }] }), sysctl('net/ipv4/conf/all/arp_ignore', '0')) }, 'lost: rs arrival arp'],
  ['the VIP is on the server\'s interface', 80, { director: ({ addresses }) => ({ addresses: [...addresses, { device: 'eth0', address: '192.0.2.1', prefix: 24, unusable: null, deprecated: false }] }), rs: ({ addresses }) => ({ addresses: [...addresses, { device: 'eth0', address: '192.0.2.11', prefix: 24, unusable: null, deprecated: false }, { device: 'eth0', address: '192.0.2.10', prefix: 24, unusable: null, deprecated: false }] }) }, 'lost: rs arrival arp'],
  ['a network is local', 80, { rs: both(route('203.0.113.0/24', { table: 'local', type: 'local', hops: [{ device: 'lo', via: null, dead: false }] }), ({ addresses }) => ({ addresses: [...addresses, { device: 'lo', address: '203.0.113.1', prefix: 24, unusable: null, deprecated: false }] })) }, 'lost: rs source wide'],
  ['no program listens', 80, { rs: () => ({ listeners: [{ protocol: 'tcp', address: '0.0.0.0', port: 8080 }] }) }, 'lost: rs listener listener'],
  ['one listens on all addresses', 80, { rs: () => ({ listeners: [{ protocol: 'tcp', address: '::', port: 80 }] }) }, 'pass'],
  ['one listens on the server\'s own address', 80, { rs: () => ({ listeners: [{ protocol: 'tcp', address: '192.0.2.11', port: 80 }] }) }, 'lost: rs listener listener'],
  ['REDIRECT in place of the VIP', 80, { rs: both(without('192.0.2.10'), iptables('-t nat -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 80 -j REDIRECT')) }, 'pass'],
  ['REDIRECT from a tunnel device without an address', 82, { rs3: (facts) => ({ ...iptables('-t nat -A PREROUTING -p tcp -m tcp --dport 82 -j REDIRECT')(facts), addresses: facts.addresses.map((one) => (one.address === '192.0.2.10' ? { ...one, device: 'lo' } : one)) }) }, 'lost: rs3 prerouting filter'],
  ['MASQUERADE with conntrack and dr', 80, { director: both(iptables('-t nat -A POSTROUTING -p tcp -j MASQUERADE'), sysctl('net/ipv4/vs/conntrack', '1')) }, 'lost: rs source source'],
  ['answers go through the director', 80, { rs: route('0.0.0.0/0', { metric: -1, ...via('192.0.2.1') }) }, 'lost: director source spoofed'],
  ['no default route on the server', 80, { rs: ({ routes }) => ({ routes: routes.filter(({ to }) => to !== '0.0.0.0/0') }) }, 'lost: rs answer no-route'],
  ['the tunnel device is down', 82, { rs3: down('lvs-ipip') }, 'lost: rs3 tunnel no-tunnel'],
  ['the UDP port is closed', 83, { rs4: () => ({ udp_tunnels: [] }) }, 'lost: rs4 tunnel no-tunnel'],
  ['strict reverse path filter', 82, { rs3: sysctl('net/ipv4/conf/lvs-ipip/rp_filter', '1') }, 'lost: rs3 source source'],
  ['loose reverse path filter', 82, { rs3: sysctl('net/ipv4/conf/lvs-ipip/rp_filter', '2') }, 'pass'],
  ['loose, and the device has no address', 82, { rs3: both(sysctl('net/ipv4/conf/lvs-ipip/rp_filter', '2'), ({ addresses }) => ({ addresses: addresses.map((one) => (one.device === 'lvs-ipip' ? { ...one, device: 'lo' } : one)) })) }, 'lost: rs3 source source'],
  ['the answer goes to another router', 81, { rs2: route('0.0.0.0/0', { metric: -1, ...via('192.0.2.254') }) }, 'lost: rs2 answer gateway'],
  ['the client is on the network of the server', 81, { rs2: route('203.0.113.0/24') }, 'lost: rs2 answer same-network'],
  ['MASQUERADE brings it back, with conntrack', 81, { rs2: both(route('203.0.113.0/24'), route('192.0.2.0/24')), director: both(iptables('-t nat -A POSTROUTING -d 192.0.2.12/32 -j MASQUERADE'), sysctl('net/ipv4/vs/conntrack', '1')) }, 'pass'],
  ['without conntrack it does not', 81, { rs2: route('203.0.113.0/24'), director: iptables('-t nat -A POSTROUTING -d 192.0.2.12/32 -j MASQUERADE') }, 'lost: rs2 answer same-network'],
  ['INPUT takes the SYN alone', 80, { director: iptables('-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP') }, 'lost: director input filter'],
  ['what is not tracked is not established', 80, { director: iptables('-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT', '-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT', '-P INPUT DROP') }, 'lost: director input filter'],
  ['the server takes the SYN alone', 80, { rs: iptables('-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP') }, 'lost: rs input filter'],
  ['a rule about low ports of clients', 80, { director: iptables('-A POSTROUTING -p tcp -m tcp --sport 80 -j DROP') }, 'pass'],
  ['no rule cuts segments', 82, { rs3: () => ({ packet_filter: { iptables: [], nft: [] } }) }, 'unknown: director size size'],
  ['a route that offers small segments', 82, { rs3: both(() => ({ packet_filter: { iptables: [], nft: [] } }), route('203.0.113.0/24', { advmss: 1440 })) }, 'pass'],
  ['segments that are too large by one', 82, { rs3: both(() => ({ packet_filter: { iptables: [], nft: [] } }), route('203.0.113.0/24', { advmss: 1441 })) }, 'unknown: director size size'],
  ['fragments', 82, { rs3: () => ({ packet_filter: { iptables: [], nft: [] } }), director: sysctl('net/ipv4/vs/pmtu_disc', '0') }, 'pass'],
  ['the message about size is stopped', 82, { rs3: () => ({ packet_filter: { iptables: [], nft: [] } }), director: iptables('-A OUTPUT -p icmp -j DROP') }, 'lost: director size size'],
  ['a smaller link to the server', 80, { director: route('192.0.2.11/32', { mtu: 1400 }) }, 'unknown: director size size'],
  ['the server answers on an interface without an address', 80, { rs: both(({ links }) => ({ links: [...links, { name: 'eth9', index: 9, up: true, carrier: true, noarp: false, mtu: 1500, mac: null, kind: null, master: null, tunnel: null }] }), sysctl('net/ipv4/conf/all/arp_ignore', '0')) }, 'unknown: rs arrival arp'],
  ['a neighbour that has not answered yet', 80, { director: () => ({ neighbours: [{ address: '192.0.2.11', device: 'eth0', mac: null, states: ['INCOMPLETE'] }] }) }, 'unknown: director neighbour neighbour'],
  ['a rule of routing prohibits', 80, { rs: () => ({ rules: [{ family: 'ipv4', priority: 1, from: null, to: '203.0.113.0/24', mark: null, mask: null, in_device: null, out_device: null, table: null, action: 'prohibit', not: false, other: [] }] }) }, 'lost: rs routing not-local'],
];

test('ip6tnl drops packets whose outer source is the VIP, which the server has too', () => {
  const usable: Change = ({ addresses }) => ({
    addresses: addresses.map((one) => ({ ...one, deprecated: false })),
  });
  expect(end(follow(86, { director: usable }))).toBe('lost: rs6 tunnel no-tunnel');
  const own: Change = (facts) => ({
    addresses: [
      ...(usable(facts).addresses ?? []),
      { device: 'eth0', address: '2001:db8::17', prefix: 128, unusable: null, deprecated: false },
    ],
  });
  expect(end(follow(86, { director: own }))).toBe('pass');
});

test('ICMPv6 that is dropped keeps neighbours away; a rule for its types is not understood', () => {
  const rules = (...lines: string[]): Change => {
    const text = ['*filter', ':INPUT DROP [0:0]', '-A INPUT -p tcp -j ACCEPT', ...lines, 'COMMIT'];
    return () => ({
      packet_filter: {
        iptables: [{ family: 'ipv6', variant: 'x_tables', text: text.join('\n') }],
        nft: [],
      },
    });
  };
  expect(end(follow(84, { director: rules() }))).toBe('lost: director input filter');
  expect(end(follow(84, { director: rules('-A INPUT -p ipv6-icmp -j ACCEPT') }))).toBe('pass');
  const types = '-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT';
  expect(end(follow(84, { director: rules(types) }))).toBe('pass');
});

test('an interface of a VRF: not known', () => {
  const vrf: Change = ({ links, addresses, routes }) => ({
    addresses: addresses.map((one) => ({ ...one, device: 'eth0' })),
    routes: routes.filter(({ table }) => table !== 'local'),
    links: [
      ...links.map((one) => (one.name === 'eth0' ? { ...one, master: 'blue' } : one)),
      { ...(links[0] ?? expect.fail()), name: 'blue', kind: 'vrf' },
    ],
  });
  expect(end(follow(80, { director: vrf }))).toMatch(/^unknown: director (?:source|routing) rule$/);
});

test('a client that has an address of the director: lost in dr, not followed in nat', () => {
  const client: Change = ({ addresses }) => ({
    addresses: [
      ...addresses,
      { device: 'eth0', address: '203.0.113.9', prefix: 32, unusable: null, deprecated: false },
    ],
  });
  expect(end(follow(80, { director: client }))).toBe('lost: director source source');
  expect(end(follow(81, { director: client }))).toBe('unknown: director arrival rule');
  const taken = both(client, sysctl('net/ipv4/conf/all/accept_local', '1'));
  expect(end(follow(80, { director: taken }))).toBe('unknown: director arrival rule');
});

describe('one thing changed', () => {
  test.each(ROWS)('%s', (_, port, changes, outcome) => {
    expect(end(follow(port, changes))).toBe(outcome);
  });
});

test('what a director alone knows ends at the server', () => {
  const [director] = MACHINES;
  const found = trace(
    director ? [director] : [],
    {
      protocol: 'tcp',
      client: parseAddress('203.0.113.9') ?? expect.fail(),
      clientPort: undefined,
      virtual: parseAddress('192.0.2.10') ?? expect.fail(),
      virtualPort: 80,
    },
    'facts',
  );
  expect(end(found)).toBe('unknown: 192.0.2.11:80 arrival no-facts');
});
