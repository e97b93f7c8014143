// What random set-ups have beside their basics: odd things that are right, and faults. A row says
// what it adds to a machine; whether clients are still served, the real client shows.
import {
  address,
  anyNet,
  at,
  type Machines,
  METHODS,
  type Place,
  type Setup,
} from './pathcases.js';

export interface Plant {
  readonly name: string;
  plant(machines: Machines): void;
}

type Where = keyof Machines;
export type More = Partial<{ readonly [K in 'ip' | 'ipvs']: readonly string[] }> & {
  /** `4 filter` without the family: `filter` */
  readonly tables?: Readonly<Record<string, readonly string[]>>;
  readonly sysctls?: readonly (readonly [string, string])[];
  /** replaces the rules of IPVS */
  readonly table?: readonly string[];
};

/** A row that adds lines to one machine. */
export function row(p: Place, name: string, on: Where, more: More): Plant {
  return { name, plant: (machines) => add(p, machines[on], more) };
}

function add({ family }: Place, setup: Setup, more: More): void {
  setup.late.push(...(more.ip ?? []));
  if (more.table) setup.ipvs.splice(0, setup.ipvs.length, ...more.table);
  setup.ipvs.push(...(more.ipvs ?? []));
  for (const [key, value] of more.sysctls ?? []) setup.sysctls.push([key, value]);
  for (const [name, lines] of Object.entries(more.tables ?? {})) {
    const key = `${family === 'ipv4' ? '4' : '6'} ${name}`;
    setup.tables[key] = [...(setup.tables[key] ?? []), ...lines];
  }
}

const filter = (...lines: string[]): More => ({ tables: { filter: lines } });
export const conf = (device: string, name: string, value: string): More => ({
  sysctls: [[`ipv4/conf/${device}/${name}`, value]],
});
/** Protocol number around a packet in a tunnel. */
function outer({ mode, family }: Place): string {
  return { ipip: family === 'ipv4' ? '4' : '41', gre: '47', gue: 'udp', nat: 'tcp', dr: 'tcp' }[
    mode
  ];
}

/** Set-ups that do not look as tutorials have them, most of them right. */
export function oddButRight(p: Place): Plant[] {
  const answers = p.mode === 'nat' ? p.director : p.router;
  const icmp = p.family === 'ipv4' ? 'icmp' : 'icmpv6';
  const service = `-t ${at(p, p.vip, 80)}`;
  const mark = p.family === 'ipv6' ? '-f 5 -6' : '-f 5';
  const ownServer = `${at(p, p.rip, p.mode === 'nat' ? 8080 : 80)} ${METHODS[p.mode]}`;
  const masquerade = { tables: { nat: ['-A POSTROUTING -p tcp -j MASQUERADE'] } };
  // biome-ignore format: a table
  return [
    row(p, 'stateful INPUT that takes port 80', 'dir', filter(':INPUT DROP', '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A INPUT -p tcp --dport 80 -j ACCEPT', `-A INPUT -p ${icmp} -j ACCEPT`)),
    row(p, 'NOTRACK', 'dir', { tables: { raw: ['-A PREROUTING -p tcp --dport 80 -j NOTRACK'] } }),
    row(p, 'MASQUERADE without conntrack', 'dir', masquerade),
    row(p, 'MASQUERADE with conntrack', 'dir', { ...masquerade, sysctls: [['ipv4/vs/conntrack', '1']] }),
    row(p, 'conntrack', 'dir', { sysctls: [['ipv4/vs/conntrack', '1']] }),
    row(p, 'loose rp_filter', 'rs', conf('all', 'rp_filter', '2')),
    row(p, 'strict rp_filter on the director', 'dir', conf('all', 'rp_filter', '1')),
    row(p, 'strict rp_filter on the server', 'rs', conf('all', 'rp_filter', '1')),
    row(p, 'strict for all, loose on the interface', 'rs', { sysctls: [['ipv4/conf/all/rp_filter', '1'], [`ipv4/conf/${p.dev}/rp_filter`, '2']] }),
    row(p, 'a second routing table', 'rs', { ip: [`route add ${anyNet(p)} via ${answers} table 77`, `rule add from ${p.vip} lookup 77 pref 100`] }),
    row(p, 'a default route in table 77 alone', 'rs', { ip: [`route add ${anyNet(p)} via ${answers} table 77`, `rule add from ${p.vip} lookup 77 pref 100`, `route del ${anyNet(p)}`] }),
    row(p, 'a rule by mark that no packet has', 'dir', { ip: [`route add blackhole ${anyNet(p)} table 77`, 'rule add fwmark 3 lookup 77 pref 100'] }),
    row(p, 'a route to the client of its own', 'rs', { ip: [`route add ${p.client} via ${answers}`] }),
    row(p, 'two default routes', 'rs', { ip: [`route add ${anyNet(p)} via ${p.net === p.router.slice(0, -3) ? p.director : p.router} metric 50`] }),
    row(p, 'FORWARD of what is established', 'dir', filter(':FORWARD DROP', '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT')),
    row(p, 'FORWARD drops what is invalid', 'dir', filter('-A FORWARD -m conntrack --ctstate INVALID -j DROP')),
    row(p, 'INPUT drops what is invalid', 'dir', filter('-A INPUT -m conntrack --ctstate INVALID -j DROP')),
    row(p, 'FORWARD by port', 'dir', filter(':FORWARD DROP', '-A FORWARD -p tcp --sport 8080 -j ACCEPT')),
    row(p, 'a mark without a service', 'dir', { tables: { mangle: [`-A PREROUTING -d ${p.vip} -p tcp --dport 80 -j MARK --set-mark 5`] } }),
    row(p, 'a mark with a service', 'dir', { tables: { mangle: [`-A PREROUTING -d ${p.vip} -p tcp --dport 80 -j MARK --set-mark 5`] }, ipvs: [`-A ${mark} -s rr`, `-a ${mark} -r ${ownServer}`] }),
    row(p, 'segments are cut', 'rs', { tables: { mangle: ['-A OUTPUT -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1360'] } }),
    row(p, 'persistence', 'dir', { table: [`-A ${service} -s rr -p 60`, `-a ${service} -r ${ownServer}`] }),
    row(p, 'the VIP is also a local route', 'dir', p.family === 'ipv4' ? { ip: [`route add local ${p.vip} dev lo table 77`] } : {}),
  ];
}

/** Set-ups that are wrong for most places, and of no matter for others. */
export function faults(p: Place): Plant[] {
  const service = `-t ${at(p, p.vip, 80)}`;
  const all = anyNet(p);
  const six = p.family === 'ipv6' ? ' -6' : '';
  const own = p.serverVip;
  const away: More = own === undefined ? {} : { ip: [`addr del ${own}`] };
  // biome-ignore format: a table
  return [
    row(p, 'INPUT rejects', 'dir', filter('-A INPUT -p tcp -j REJECT')),
    row(p, 'INPUT drops another port', 'dir', filter('-A INPUT -p tcp --dport 81 -j DROP')),
    row(p, 'INPUT takes what is new', 'dir', filter('-A INPUT -p tcp ! --syn -j DROP')),
    row(p, 'INPUT takes what is established', 'dir', filter(':INPUT DROP', '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT')),
    row(p, 'FORWARD policy DROP', 'dir', filter(':FORWARD DROP')),
    row(p, 'FORWARD policy DROP on the server', 'rs', filter(':FORWARD DROP')),
    row(p, 'DNAT of the port', 'dir', { tables: { nat: [`-A PREROUTING -d ${p.vip} -p tcp --dport 80 -j REDIRECT --to-ports 8443`] } }),
    row(p, 'no forwarding', 'dir', { sysctls: [['ipv4/ip_forward', '0'], ['ipv6/conf/all/forwarding', '0']] }),
    row(p, 'VIP missing', 'dir', { ip: [`addr del ${p.directorVip}`] }),
    row(p, 'weight 0', 'dir', { table: [`-A ${service} -s rr`, `-a ${service} -r ${at(p, p.rip, 80)} -g -w 0`] }),
    row(p, 'no servers', 'dir', { table: [`-A ${service} -s rr`] }),
    row(p, 'OUTPUT drops', 'dir', filter(`-A OUTPUT -p ${outer(p)} -j DROP`)),
    row(p, 'no route to the server', 'dir', { ip: [`route add blackhole ${p.rip}`] }),
    row(p, 'the link to the server is down', 'dir', { ip: [`link set ${p.dev} down`] }),
    row(p, 'a mark that no service has', 'dir', { tables: { mangle: ['-A PREROUTING -p tcp -j MARK --set-mark 9'] } }),
    row(p, 'a mark that a service without servers has', 'dir', { tables: { mangle: ['-A PREROUTING -p tcp -j MARK --set-mark 9'] }, ipvs: [`-A -f 9${six} -s rr`] }),
    row(p, 'the director marks what it sends', 'dir', { tables: { mangle: ['-A OUTPUT -p tcp -j MARK --set-mark 7'] } }),
    row(p, 'POSTROUTING drops answers', 'dir', { tables: { mangle: ['-A POSTROUTING -p tcp --sport 80 -j DROP'] } }),
    row(p, 'VIP missing on the server', 'rs', away),
    row(p, 'VIP with its network on lo', 'rs', { ip: [address(p, `${p.vip}/${p.wide} dev lo`)] }),
    row(p, 'VIP on the interface of the server', 'rs', { ip: [address(p, `${p.vip}/${p.full} dev ${p.dev}`)] }),
    row(p, 'VIP on an unused interface of the server', 'rs', { ip: [address(p, `${p.vip}/${p.full} dev ${p.dev === 'eth0' ? 'eth1' : 'eth0'}`)] }),
    row(p, 'the server answers ARP', 'rs', { sysctls: [['ipv4/conf/all/arp_ignore', '0'], [`ipv4/conf/${p.dev}/arp_ignore`, '0']] }),
    row(p, 'INPUT of the server drops', 'rs', filter('-A INPUT -p tcp --dport 80:8080 -j DROP')),
    row(p, 'INPUT of the server drops the tunnel', 'rs', filter(`-A INPUT -p ${outer(p)} -j DROP`)),
    row(p, 'no default route on the server', 'rs', { ip: [`route del ${all}`] }),
    row(p, 'another default route on the server', 'rs', { ip: [`route replace ${all} via ${p.mode === 'nat' ? p.router : p.director}`] }),
    row(p, 'the tunnel device is down', 'rs', p.tunnel ? { ip: ['link set vt0 down'] } : {}),
    row(p, 'the tunnel device is missing', 'rs', p.tunnel ? { ip: ['link del vt0'] } : {}),
    row(p, 'strict on the tunnel device', 'rs', p.tunnel ? conf('vt0', 'rp_filter', '1') : {}),
    row(p, 'OUTPUT of the server drops', 'rs', filter('-A OUTPUT -p tcp -j DROP')),
    row(p, 'another program port', 'dir', { table: [`-A ${service} -s rr`, `-a ${service} -r ${at(p, p.rip, 9999)} -m`] }),
    row(p, 'prohibit by a rule', 'rs', { ip: [`rule add to ${p.client} prohibit pref 90`] }),
    row(p, 'a rule of another source', 'rs', { ip: [`route add unreachable ${all} table 77`, `rule add from ${p.rip} lookup 77 pref 90`] }),
    row(p, 'unreachable for the VIP as the sender', 'rs', { ip: [`route add unreachable ${all} table 77`, `rule add from ${p.vip} lookup 77 pref 90`] }),
    row(p, 'the link of the server is down', 'rs', { ip: [`link set ${p.dev} down`] }),
    row(p, 'another port of the service', 'dir', { table: [`-A ${service}81 -s rr`] }),
    row(p, 'REDIRECT on the server', 'rs', { tables: { nat: ['-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080'] } }),
    row(p, 'the director has the client address', 'dir', { ip: [address(p, `${p.client}/${p.full} dev lo`)] }),
    row(p, 'a director that is no server any more', 'dir', { table: [`-A ${service} -s rr`, `-a ${service} -r ${at(p, `${p.net}77`, 80)} -g`] }),
  ];
}
