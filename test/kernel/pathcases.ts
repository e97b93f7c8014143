// Random set-ups of a director and a real server for test/kernel/path.test.ts: right ones made in
// several ways, with none, one or two faults. A case is plain data: commands for each machine.
import { random as seeded } from '../support/random.js';

export type Mode = 'nat' | 'dr' | 'ipip' | 'gre' | 'gue';
export interface Machines {
  cl: string[];
  dir: string[];
  rs: string[];
}
export interface PathCase {
  readonly seed: number;
  readonly family: 'ipv4' | 'ipv6';
  readonly mode: Mode;
  /** what was planted, for the report */
  readonly planted: readonly string[];
  readonly client: string;
  readonly vip: string;
  /** lines for `bash`, after a reset */
  readonly commands: Machines;
}

const PREFIX = {
  ipv4: ['192.0.2.', '198.51.100.', '203.0.113.'],
  ipv6: ['2001:db8:a::', '2001:db8:b::', '2001:db8:c::'],
} as const;

/** One set-up; the same for the same seed. */
export function pathCase(seed: number): PathCase {
  const random = seeded(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const chance = (p: number) => random() < p;
  const family = chance(0.3) ? 'ipv6' : 'ipv4';
  const mode = one<Mode>(['nat', 'nat', 'dr', 'dr', 'ipip', 'gre', 'gue']);
  const draw = { one, chance };
  const place = placeOf(family, mode, draw);
  const commands: Machines = { cl: [], dir: [], rs: [] };
  basics(place, commands);
  const planted: string[] = [directorVip(place, commands, draw), serverVip(place, commands, draw)];
  const odd = oddButRight(place);
  const wrong = faults(place);
  if (chance(0.5)) planted.push(apply(one(odd), commands));
  const count = one([0, 0, 1, 1, 1, 2]);
  for (let i = 0; i < count; i++) planted.push(`FAULT ${apply(one(wrong), commands)}`);
  return {
    seed,
    family,
    mode,
    planted: [place.text, ...planted],
    client: place.client,
    vip: place.vip,
    commands,
  };
}

interface Draw {
  readonly one: <T>(list: readonly T[]) => T;
  readonly chance: (p: number) => boolean;
}
interface Place {
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly mode: Mode;
  /** option of ip */
  readonly f: string;
  readonly full: number;
  readonly wide: number;
  readonly vip: string;
  readonly client: string;
  readonly clientFar: boolean;
  readonly net: string;
  readonly serverNet: string;
  readonly director: string;
  readonly rip: string;
  /** interface of server, and of the director towards it */
  readonly sdev: string;
  readonly ddev: string;
  readonly router: string;
  readonly tables: string;
}

function placeOf(family: 'ipv4' | 'ipv6', mode: Mode, { chance }: Draw): Place {
  const [a, b, c] = PREFIX[family];
  const onA = chance(0.5);
  const clientFar = chance(0.6);
  const serverNet = onA ? a : b;
  return {
    text: `${family} ${mode}, server on ${onA ? 'the same' : 'another'} network, client ${clientFar ? 'far' : 'near'}`,
    family,
    mode,
    f: family === 'ipv4' ? '-4' : '-6',
    full: family === 'ipv4' ? 32 : 128,
    wide: family === 'ipv4' ? 24 : 64,
    vip: `${a}10`,
    client: clientFar ? `${c}9` : `${a}100`,
    clientFar,
    net: a,
    serverNet,
    director: `${serverNet}1`,
    rip: `${serverNet}11`,
    sdev: onA ? 'eth0' : 'eth1',
    ddev: onA ? 'eth0' : 'eth1',
    router: `${serverNet}254`,
    tables: family === 'ipv4' ? 'iptables-legacy' : 'ip6tables-legacy',
  };
}

/** `ip addr add`, usable at once. */
function add({ family }: Place, address: string, device: string): string {
  return `ip addr add ${address} dev ${device}${family === 'ipv6' ? ' nodad' : ''}`;
}

function basics(p: Place, { cl, dir, rs }: Machines): void {
  const { f, net, wide } = p;
  if (p.clientFar)
    cl.push(
      add(p, `${p.client}/${wide}`, 'eth1'),
      `ip ${f} route add default via ${PREFIX[p.family][2]}254`,
    );
  else cl.push(add(p, `${p.client}/${wide}`, 'eth0'), `ip ${f} route add default via ${net}254`);
  dir.push(add(p, `${net}1/${wide}`, 'eth0'), add(p, `${PREFIX[p.family][1]}1/${wide}`, 'eth1'));
  dir.push(`ip ${f} route add default via ${net}254`);
  rs.push(add(p, `${p.rip}/${wide}`, p.sdev));
  rs.push(`ip ${f} route add default via ${p.mode === 'nat' ? p.director : p.router}`);
  const at = (address: string, port: number) =>
    p.family === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`;
  const how = {
    nat: '-m',
    dr: '-g',
    ipip: '-i',
    gre: '-i --tun-type gre',
    gue: '-i --tun-type gue --tun-port 6080',
  }[p.mode];
  const port = p.mode === 'nat' ? 8080 : 80;
  dir.push(
    `ipvsadm -A -t ${at(p.vip, 80)} -s rr`,
    `ipvsadm -a -t ${at(p.vip, 80)} -r ${at(p.rip, port)} ${how}`,
  );
  dir.push(
    'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
  );
}

function directorVip(p: Place, { dir }: Machines, { one }: Draw): string {
  const [device, length] = one([
    ['eth0', p.full],
    ['eth0', p.wide],
    ['dummy0', p.full],
    ['lo', p.full],
  ] as const);
  // IPv6 is answered for on the interface itself alone
  const at = p.family === 'ipv6' ? 'eth0' : device;
  dir.push(add(p, `${p.vip}/${length}`, at));
  return `VIP/${length} on ${at}`;
}

function serverVip(p: Place, { rs }: Machines, { one, chance }: Draw): string {
  if (p.mode === 'nat') return 'no VIP on the server';
  const where = one(['all', p.sdev]);
  rs.push(
    `echo 1 > /proc/sys/net/ipv4/conf/${where}/arp_ignore; echo 2 > /proc/sys/net/ipv4/conf/${where}/arp_announce`,
  );
  if (p.mode === 'dr') {
    const device = one(['lo', 'dummy0']);
    rs.push(add(p, `${p.vip}/${p.full}`, device));
    return `VIP on the server's ${device}, arp in ${where}`;
  }
  const own = chance(0.5);
  const six = p.family === 'ipv6';
  const kind = p.mode === 'gre' ? (six ? 'ip6gre' : 'gre') : six ? 'ip6tnl mode any' : 'ipip';
  rs.push(`ip link add vt0 type ${kind} local ${p.rip}`, 'ip link set vt0 up');
  if (p.mode === 'gue') rs.push(`ip fou add port 6080 gue${six ? ' -6' : ''}`);
  rs.push(add(p, `${p.vip}/${p.full}`, own ? 'vt0' : 'lo'));
  return `VIP on the server's ${own ? 'vt0' : 'lo'}, arp in ${where}`;
}

interface Plant {
  readonly name: string;
  readonly on: keyof Machines;
  readonly line: string;
}

function apply({ name, on, line }: Plant, commands: Machines): string {
  commands[on].push(line);
  return name;
}

function oddButRight(p: Place): Plant[] {
  const t = p.tables;
  const conf = '/proc/sys/net/ipv4/conf';
  return [
    {
      name: 'stateful INPUT that takes port 80',
      on: 'dir',
      line: `${t} -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; ${t} -A INPUT -p tcp --dport 80 -j ACCEPT; ${t} -A INPUT -p ${p.family === 'ipv4' ? 'icmp' : 'icmpv6'} -j ACCEPT; ${t} -P INPUT DROP`,
    },
    { name: 'NOTRACK', on: 'dir', line: `${t} -t raw -A PREROUTING -p tcp --dport 80 -j NOTRACK` },
    {
      name: 'MASQUERADE without conntrack',
      on: 'dir',
      line: `${t} -t nat -A POSTROUTING -p tcp -j MASQUERADE`,
    },
    {
      name: 'MASQUERADE with conntrack',
      on: 'dir',
      line: `${t} -t nat -A POSTROUTING -p tcp -j MASQUERADE; echo 1 > /proc/sys/net/ipv4/vs/conntrack`,
    },
    { name: 'conntrack', on: 'dir', line: 'echo 1 > /proc/sys/net/ipv4/vs/conntrack' },
    { name: 'loose rp_filter', on: 'rs', line: `echo 2 > ${conf}/all/rp_filter` },
    { name: 'strict rp_filter on the director', on: 'dir', line: `echo 1 > ${conf}/all/rp_filter` },
    { name: 'strict rp_filter on the server', on: 'rs', line: `echo 1 > ${conf}/all/rp_filter` },
    {
      name: 'a second routing table',
      on: 'rs',
      line: `ip ${p.f} route add default via ${p.mode === 'nat' ? p.director : p.router} table 77; ip ${p.f} rule add from ${p.vip} lookup 77 pref 100`,
    },
    {
      name: 'FORWARD of what is established',
      on: 'dir',
      line: `${t} -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; ${t} -P FORWARD DROP`,
    },
    {
      name: 'FORWARD drops what is invalid',
      on: 'dir',
      line: `${t} -A FORWARD -m conntrack --ctstate INVALID -j DROP`,
    },
    {
      name: 'FORWARD by port',
      on: 'dir',
      line: `${t} -A FORWARD -p tcp --sport 8080 -j ACCEPT; ${t} -P FORWARD DROP`,
    },
    {
      name: 'a mark, and a service by mark',
      on: 'dir',
      line: `${t} -t mangle -A PREROUTING -d ${p.vip} -p tcp --dport 80 -j MARK --set-mark 5`,
    },
  ];
}

function faults(p: Place): Plant[] {
  const t = p.tables;
  const outer = {
    ipip: p.family === 'ipv4' ? '4' : '41',
    gre: '47',
    gue: 'udp',
    nat: 'tcp',
    dr: 'tcp',
  }[p.mode];
  const vip = p.family === 'ipv6' ? `[${p.vip}]:80` : `${p.vip}:80`;
  return [
    { name: 'INPUT rejects', on: 'dir', line: `${t} -A INPUT -p tcp -j REJECT` },
    {
      name: 'INPUT drops another port',
      on: 'dir',
      line: `${t} -A INPUT -p tcp --dport 81 -j DROP`,
    },
    { name: 'INPUT takes what is new', on: 'dir', line: `${t} -A INPUT -p tcp ! --syn -j DROP` },
    { name: 'FORWARD policy DROP', on: 'dir', line: `${t} -P FORWARD DROP` },
    {
      name: 'DNAT of the port',
      on: 'dir',
      line: `${t} -t nat -A PREROUTING -d ${p.vip} -p tcp --dport 80 -j REDIRECT --to-ports 8443`,
    },
    {
      name: 'no forwarding',
      on: 'dir',
      line: 'echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding',
    },
    {
      name: 'VIP missing',
      on: 'dir',
      line: `for d in eth0 dummy0 lo; do for l in ${p.full} ${p.wide}; do ip addr del ${p.vip}/$l dev $d 2>/dev/null || true; done; done`,
    },
    { name: 'weight 0', on: 'dir', line: `ipvsadm -C; ipvsadm -A -t ${vip} -s rr` },
    { name: 'OUTPUT drops', on: 'dir', line: `${t} -A OUTPUT -p ${outer} -j DROP` },
    { name: 'no route to the server', on: 'dir', line: `ip ${p.f} route add blackhole ${p.rip}` },
    { name: 'the link to the server is down', on: 'dir', line: `ip link set ${p.ddev} down` },
    {
      name: 'a mark that no service has',
      on: 'dir',
      line: `${t} -t mangle -A PREROUTING -p tcp -j MARK --set-mark 9`,
    },
    {
      name: 'a mark that a service without servers has',
      on: 'dir',
      line: `${t} -t mangle -A PREROUTING -p tcp -j MARK --set-mark 9; ipvsadm -A -f 9${p.family === 'ipv6' ? ' -6' : ''} -s rr`,
    },
    {
      name: 'POSTROUTING drops',
      on: 'dir',
      line: `${t} -t mangle -A POSTROUTING -p tcp --sport 80 -j DROP`,
    },
    {
      name: 'VIP missing on the server',
      on: 'rs',
      line: `for d in vt0 dummy0 lo; do ip addr del ${p.vip}/${p.full} dev $d 2>/dev/null || true; done`,
    },
    { name: 'VIP with its network on lo', on: 'rs', line: `ip addr add ${p.vip}/${p.wide} dev lo` },
    {
      name: 'INPUT of the server drops',
      on: 'rs',
      line: `${t} -A INPUT -p tcp --dport 80:8080 -j DROP`,
    },
    {
      name: 'INPUT of the server drops the tunnel',
      on: 'rs',
      line: `${t} -A INPUT -p ${outer} -j DROP`,
    },
    { name: 'no default route on the server', on: 'rs', line: `ip ${p.f} route del default` },
    {
      name: 'another default route on the server',
      on: 'rs',
      line: `ip ${p.f} route replace default via ${p.mode === 'nat' ? p.router : p.director}`,
    },
    {
      name: 'the tunnel device is down',
      on: 'rs',
      line: 'ip link set vt0 down 2>/dev/null || true',
    },
    { name: 'OUTPUT of the server drops', on: 'rs', line: `${t} -A OUTPUT -p tcp -j DROP` },
    {
      name: 'the program listens on another port',
      on: 'dir',
      line: `ipvsadm -C; ipvsadm -A -t ${vip} -s rr; ipvsadm -a -t ${vip} -r ${p.family === 'ipv6' ? `[${p.rip}]` : p.rip}:9999 -m`,
    },
    {
      name: 'prohibit by a rule',
      on: 'rs',
      line: `ip ${p.f} rule add to ${p.client} prohibit pref 90`,
    },
    { name: 'the link of the server is down', on: 'rs', line: `ip link set ${p.sdev} down` },
    {
      name: 'the port of the service is another one',
      on: 'dir',
      line: `ipvsadm -C; ipvsadm -A -t ${vip}81 -s rr`,
    },
  ];
}
