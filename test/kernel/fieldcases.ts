// Set-ups of people's reports and tutorials for test/kernel/faults.test.ts: faults that brought them
// to a forum, and what works though it does not look as a file would make it. The letter of a row is
// its kind: C the real server, D right in another way, E the way back of NAT, F the packet filter,
// B marks, G hashing schedulers, I loops, O another network.
import type { Machines, Mode, PathCase, Setup } from './pathcases.js';

export interface FieldCase extends PathCase {
  /** clients are answered, and the doctor is silent */
  readonly works: boolean;
}

interface Row {
  readonly name: string;
  readonly mode: Mode;
  readonly works?: true;
  readonly isAlone?: true;
  /** how often the client asks before the facts are read */
  readonly asks?: number;
  /** the client is on the network of the VIP */
  readonly near?: true;
  /** the network of the server: `a` has the VIP; nat has `b` else */
  readonly on?: 'a' | 'b';
  /** where the director has the VIP; `VIP` stands for the address */
  readonly director?: string;
  /** where the server has it */
  readonly server?: readonly string[];
  /** sysctls of the server, below net/ipv4/conf; those of tutorials else */
  readonly arp?: readonly (readonly [string, string])[];
  /** lines of `ipvsadm -R`; `RIP` stands for the server */
  readonly table?: readonly string[];
  change?(machines: Machines): void;
}

const METHOD: Partial<Record<Mode, string>> = { nat: '-m', dr: '-g', ipip: '-i' };
const TUTORIAL = [
  ['all/arp_ignore', '1'],
  ['all/arp_announce', '2'],
] as const;
const NO_ARP = [] as const;

const rules = (setup: Setup, table: string, ...lines: string[]) => {
  setup.tables[`4 ${table}`] = lines;
};
const TUNL0 = ['link set tunl0 up', 'addr add VIP/32 dev tunl0'];
const MARK = ['-A -f 5 -s rr', '-a -f 5 -r RIP:0 -g'];
const marking = (chain: string, { dir }: Machines) =>
  rules(dir, 'mangle', `-A ${chain} -d VIP/32 -p tcp -m tcp --dport 80 -j MARK --set-mark 5`);

// biome-ignore format: a table
const ROWS: readonly Row[] = [
  { name: 'C VIP of its network on eth0, beside lo', mode: 'dr', near: true, server: ['addr add VIP/32 dev lo', 'addr add VIP/24 dev eth0'] },
  { name: 'C VIP of its network on eth0 alone', mode: 'dr', server: ['addr add VIP/24 dev eth0'] },
  { name: 'C VIP of its network on lo alone', mode: 'dr', near: true, server: ['addr add VIP/24 dev lo'] },
  { name: 'C VIP on dummy0, and arp_ignore is 0', mode: 'dr', server: ['addr add VIP/32 dev dummy0'], arp: NO_ARP },
  { name: 'C arp_ignore of lo alone', mode: 'dr', arp: [['lo/arp_ignore', '1'], ['lo/arp_announce', '2']] },
  { name: 'C no VIP on the server, seen from the director', mode: 'dr', server: [], isAlone: true, asks: 4 },
  { name: 'C loose filter on tunl0, which has no address', mode: 'ipip', server: ['link set tunl0 up', 'addr add VIP/32 dev lo'], change: ({ rs }) => rs.sysctls.push(['ipv4/conf/tunl0/rp_filter', '2']) },
  { name: 'D director, VIP of its network', mode: 'dr', works: true, director: 'VIP/24 dev eth0' },
  { name: 'D director, VIP on dummy0', mode: 'dr', works: true, director: 'VIP/32 dev dummy0' },
  { name: 'C server of NAT with the VIP', mode: 'nat', on: 'a', change: ({ rs }) => rs.ip.push('addr add VIP/32 dev lo') },
  { name: 'D server of NAT with a VIP that is not answered', mode: 'nat', works: true, change: ({ rs }) => { rs.ip.push('addr add VIP/32 dev lo'); for (const [key, value] of TUTORIAL) rs.sysctls.push([`ipv4/conf/${key}`, value]); } },
  { name: 'D the same, on the network of the VIP', mode: 'nat', on: 'a', works: true, change: ({ rs }) => { rs.ip.push('addr add VIP/32 dev lo'); for (const [key, value] of TUTORIAL) rs.sysctls.push([`ipv4/conf/${key}`, value]); } },
  { name: 'D director of NAT, VIP on lo', mode: 'nat', works: true, director: 'VIP/32 dev lo' },
  { name: 'D server, VIP on dummy0', mode: 'dr', works: true, server: ['addr add VIP/32 dev dummy0'] },
  { name: 'D server, arp_ignore of all', mode: 'dr', works: true, near: true },
  { name: 'D server, arp_ignore of eth0', mode: 'dr', works: true, arp: [['eth0/arp_ignore', '1'], ['eth0/arp_announce', '2']] },
  { name: 'D server, tunl0', mode: 'ipip', works: true },
  { name: 'D server, tunl0 on another network', mode: 'ipip', works: true, on: 'b' },
  { name: 'D director, VIP on tunl0', mode: 'ipip', works: true, director: 'VIP/32 dev tunl0', change: ({ dir }) => dir.ip.splice(dir.ip.findIndex((line) => line.includes('tunl0')), 0, 'link set tunl0 up') },
  { name: 'D REDIRECT in place of the VIP', mode: 'dr', works: true, server: [], change: ({ rs }) => rules(rs, 'nat', '-A PREROUTING -d VIP/32 -p tcp -m tcp --dport 80 -j REDIRECT') },
  { name: 'D one network, MASQUERADE with conntrack', mode: 'nat', works: true, near: true, on: 'a', change: ({ dir }) => { rules(dir, 'nat', '-A POSTROUTING -d RIP/32 -p tcp -j MASQUERADE'); dir.sysctls.push(['ipv4/vs/conntrack', '1']); } },
  { name: 'D a mark in PREROUTING', mode: 'dr', works: true, table: MARK, change: (all) => marking('PREROUTING', all) },
  { name: 'E another default route', mode: 'nat', change: ({ rs }) => rs.late.push('route replace default via 198.51.100.254') },
  { name: 'E one network', mode: 'nat', near: true, on: 'a', change: ({ dir }) => rules(dir, 'nat') },
  { name: 'F INPUT as an installer makes it', mode: 'dr', change: ({ dir }) => rules(dir, 'filter', '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A INPUT -p icmp -j ACCEPT', '-A INPUT -i lo -j ACCEPT', '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT', '-A INPUT -j REJECT --reject-with icmp-host-prohibited') },
  { name: 'F the same for NAT', mode: 'nat', change: ({ dir }) => rules(dir, 'filter', '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT', '-A INPUT -j REJECT --reject-with icmp-host-prohibited', '-A FORWARD -j REJECT --reject-with icmp-host-prohibited') },
  { name: 'F FORWARD policy of docker', mode: 'nat', change: ({ dir }) => rules(dir, 'filter', ':FORWARD DROP', '-A FORWARD -i docker0 -j ACCEPT') },
  { name: 'F DNAT of the port', mode: 'nat', change: ({ dir }) => rules(dir, 'nat', '-A PREROUTING -d VIP/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 198.51.100.11:9999') },
  { name: 'F MASQUERADE without conntrack', mode: 'nat', near: true, on: 'a', change: ({ dir }) => rules(dir, 'nat', '-A POSTROUTING -d RIP/32 -p tcp -j MASQUERADE') },
  { name: 'F INPUT takes what is new or established', mode: 'dr', works: true, change: ({ dir }) => rules(dir, 'filter', ':INPUT DROP', '-A INPUT -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT') },
  { name: 'F INPUT of the server', mode: 'dr', change: ({ rs }) => rules(rs, 'filter', '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT', '-A INPUT -d 192.0.2.11/32 -j ACCEPT', '-A INPUT -j REJECT --reject-with icmp-host-prohibited') },
  { name: 'B a mark in POSTROUTING alone', mode: 'dr', table: MARK, change: (all) => marking('POSTROUTING', all) },
  { name: 'B no rule sets the mark', mode: 'dr', table: MARK, change: ({ dir }) => rules(dir, 'mangle') },
  { name: 'G sh, and most servers have weight 0', mode: 'dr', table: ['-A -t VIP:80 -s sh', '-a -t VIP:80 -r RIP:80 -g', ...[12, 13, 14, 15, 16, 17, 18].map((n) => `-a -t VIP:80 -r 192.0.2.${n}:80 -g -w 0`)] },
  { name: 'I the server balances too', mode: 'dr', change: ({ rs }) => rs.ipvs.push('-A -t VIP:80 -s rr', '-a -t VIP:80 -r 192.0.2.1:80 -g') },
  { name: 'O a server behind a router', mode: 'dr', on: 'b', change: ({ dir }) => dir.ip.splice(1, 1) },
];

/** Each row with a VIP of its own. */
export function fieldCases(): FieldCase[] {
  return ROWS.map((row, i) => fieldCase(row, `192.0.2.${100 + i}`));
}

const empty = (): Setup => ({ ip: [], late: [], ipvs: [], tables: {}, sysctls: [] });

function fieldCase(row: Row, vip: string): FieldCase {
  const { mode, name, near, works = false, isAlone = false, asks } = row;
  const on = row.on ?? (mode === 'nat' ? 'b' : 'a');
  const net = on === 'a' ? '192.0.2.' : '198.51.100.';
  const rip = `${net}11`;
  const client = near ? '192.0.2.200' : '203.0.113.9';
  const machines = { cl: empty(), dir: empty(), rs: empty() };
  const { cl, dir, rs } = machines;
  cl.ip.push(`addr add ${client}/24 dev ${near ? 'eth0' : 'eth1'}`);
  cl.ip.push(`route add default via ${near ? '192.0.2.254' : '203.0.113.254'}`);
  dir.ip.push('addr add 192.0.2.1/24 dev eth0', 'addr add 198.51.100.1/24 dev eth1');
  dir.ip.push('route add default via 192.0.2.254');
  dir.ip.push(`addr add ${row.director ?? 'VIP/32 dev eth0'}`);
  dir.sysctls.push(['ipv4/ip_forward', '1']);
  rs.ip.push(`addr add RIP/24 dev ${on === 'a' ? 'eth0' : 'eth1'}`);
  rs.ip.push(`route add default via ${net}${mode === 'nat' ? 1 : 254}`);
  if (mode !== 'nat') {
    rs.ip.push(...(row.server ?? (mode === 'dr' ? ['addr add VIP/32 dev lo'] : TUNL0)));
    for (const [key, value] of row.arp ?? TUTORIAL) rs.sysctls.push([`ipv4/conf/${key}`, value]);
  }
  const port = mode === 'nat' ? 8080 : 80;
  dir.ipvs.push(
    ...(row.table ?? ['-A -t VIP:80 -s rr', `-a -t VIP:80 -r RIP:${port} ${METHOD[mode]}`]),
  );
  row.change?.(machines);
  const written = (text: string) => text.replaceAll('VIP', vip).replaceAll('RIP', rip);
  return {
    ...{ seed: 0, family: 'ipv4', mode, client, vip, works, isAlone },
    planted: [mode, name],
    ...(asks === undefined ? {} : { asks }),
    machines: { cl: filled(cl, written), dir: filled(dir, written), rs: filled(rs, written) },
  };
}

function filled(setup: Setup, written: (text: string) => string): Setup {
  return {
    ip: setup.ip.map(written),
    late: setup.late.map(written),
    ipvs: setup.ipvs.map(written),
    sysctls: setup.sysctls,
    tables: Object.fromEntries(
      Object.entries(setup.tables).map(([key, lines]) => [key, lines.map(written)]),
    ),
  };
}
