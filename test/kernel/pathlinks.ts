// More of what random set-ups have: bridges, VLANs, VRFs, neighbours that are set by hand, and rules of
// routing that are seldom seen. Rows as in pathplants.ts.
import { address, anyNet, type Place } from './pathcases.js';
import { conf, type More, type Plant, row } from './pathplants.js';

/** The interface of the server that packets of the service do not use. */
const unused = ({ dev }: Place) => (dev === 'eth0' ? 'eth1' : 'eth0');

/** A bridge with the interface of the server as its port, which keeps its address or gives it away. */
function bridge(p: Place, isMoved: boolean): More {
  const own = `${p.rip}/${p.wide}`;
  const via = p.mode === 'nat' ? p.director : p.router;
  return {
    ip: [
      'link add br7 type bridge forward_delay 0',
      'link set br7 up',
      `link set ${p.dev} master br7`,
      ...(isMoved
        ? [
            `addr del ${own} dev ${p.dev}`,
            address(p, `${own} dev br7`),
            `route replace ${anyNet(p)} via ${via}`,
          ]
        : []),
    ],
  };
}

/** The network of the servers in a VLAN, on one machine. */
function vlan(p: Place, own: string): More {
  const name = `${p.dev}.7`;
  return {
    ip: [
      `link add link ${p.dev} name ${name} type vlan id 7`,
      `link set ${name} up`,
      `addr del ${own}/${p.wide} dev ${p.dev}`,
      address(p, `${own}/${p.wide} dev ${name}`),
    ],
  };
}

/** The way back of a server's answers by a table that a rule leads to. */
function backBy(route: string, ...rules: string[]): More {
  return { ip: [`route add ${route} table 77`, ...rules.map((one) => `rule add ${one}`)] };
}

/** Most of them right. */
export function oddLinks(p: Place): Plant[] {
  const via = p.mode === 'nat' ? p.director : p.router;
  const all = anyNet(p);
  const gateway = `${all} via ${via}`;
  const marked = { tables: { mangle: ['-A OUTPUT -p tcp -j MARK --set-mark 7'] } };
  const onVlan = p.mode === 'nat' && p.dev === 'eth1';
  // biome-ignore format: a table
  return [
    row(p, 'the address is on a bridge', 'rs', bridge(p, true)),
    { name: 'the servers are in a VLAN', plant: (machines) => {
      if (!onVlan) return;
      row(p, '', 'dir', vlan(p, p.director)).plant(machines);
      row(p, '', 'rs', vlan(p, p.rip)).plant(machines);
      row(p, '', 'rs', { ip: [`route replace ${gateway}`] }).plant(machines);
    } },
    row(p, 'a VLAN that nothing uses', 'rs', { ip: [`link add link ${p.dev} name ${p.dev}.9 type vlan id 9`] }),
    row(p, 'an interface in a VRF', 'rs', { ip: ['link add vrf7 type vrf table 78', 'link set vrf7 up', `link set ${unused(p)} master vrf7`] }),
    row(p, 'marks choose the table of answers', 'rs', { ...marked, ...backBy(gateway, 'fwmark 7 lookup 77 pref 91') }),
    row(p, 'a table that throws', 'rs', backBy(`throw ${all}`, `from ${p.vip} lookup 77 pref 91`)),
    row(p, 'the default route of the main table is left out', 'rs', backBy(gateway, 'lookup main suppress_prefixlength 0 pref 91', 'lookup 77 pref 92')),
    row(p, 'a rule that jumps to the main table', 'rs', { ip: [`rule add to ${p.client} goto 32766 pref 91`, `rule add to ${p.client} prohibit pref 92`] }),
    row(p, 'ARP at 8 on an unused interface', 'rs', conf(unused(p), 'arp_ignore', '8')),
  ];
}

/** Most of them wrong. */
export function linkFaults(p: Place): Plant[] {
  const all = anyNet(p);
  const marked = { tables: { mangle: ['-A OUTPUT -p tcp -j MARK --set-mark 7'] } };
  const wrongMac = 'lladdr 02:00:00:00:00:99';
  // biome-ignore format: a table
  return [
    row(p, 'the address is on a port of a bridge', 'rs', bridge(p, false)),
    row(p, 'a VLAN on the server alone', 'rs', vlan(p, p.rip)),
    row(p, 'the interface of the server is in a VRF', 'rs', { ip: ['link add vrf7 type vrf table 78', 'link set vrf7 up', `link set ${p.dev} master vrf7`] }),
    row(p, 'a MAC of no machine', 'dir', { ip: [`neigh replace ${p.rip} ${wrongMac} dev ${p.dev} nud permanent`] }),
    row(p, 'a MAC of no machine for the answers', 'rs', { ip: [`neigh replace ${p.mode === 'nat' ? p.director : p.router} ${wrongMac} dev ${p.dev} nud permanent`] }),
    row(p, 'the server does without ARP', 'rs', { ip: [`link set ${p.dev} arp off`] }),
    row(p, 'the server answers no ARP', 'rs', conf('all', 'arp_ignore', '8')),
    row(p, 'the director answers ARP for its interface alone', 'dir', conf('all', 'arp_ignore', '1')),
    row(p, 'prohibit for the VIP as the sender', 'dir', { ip: [`rule add from ${p.vip} prohibit pref 91`] }),
    row(p, 'blackhole for what comes in', 'dir', { ip: [`rule add iif ${p.dev} to ${p.client} blackhole pref 91`] }),
    row(p, 'marks lead to a table without routes', 'rs', { ...marked, ip: [`route add unreachable ${all} table 77`, 'rule add fwmark 7 lookup 77 pref 91'] }),
    row(p, 'a rule that jumps past the main table', 'rs', { ip: [`rule add to ${p.client} goto 32767 pref 91`] }),
    row(p, 'marks of what the director sends', 'dir', { tables: { mangle: ['-A OUTPUT -p tcp -j MARK --set-mark 7'] }, ip: [`rule add fwmark 7 prohibit pref 91`] }),
    ...(p.family === 'ipv6' ? [row(p, 'IPv6 is off', 'rs', { sysctls: [[`ipv6/conf/${p.dev}/disable_ipv6`, '1']] })] : []),
  ];
}
