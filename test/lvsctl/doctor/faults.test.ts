// A table over all checks: one fault planted on a healthy machine, and what the doctor finds. Each
// limit has a row on either side of it.
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { DIRECTOR_CHECKS } from '../../../src/lvsctl/doctor/director.js';
import type { Diagnosis } from '../../../src/lvsctl/doctor/examine.js';
import { REALSERVER_CHECKS } from '../../../src/lvsctl/doctor/realserver.js';
import { parseNetwork } from '../../../src/lvsctl/filter/values.js';
import type { ExecResult } from '../../../src/lvsctl/plan/machine.js';
import { formatAddress } from '../../../src/model/address.js';
import { networkOf } from '../../../src/model/prefix.js';
import { answer } from '../../support/inprocess.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';

/** What of a machine the doctor looks at. */
interface Facts {
  /** interface, address, prefix; `down` and `dead` (no carrier) after a colon */
  readonly addresses: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** other files, by path */
  readonly files: Readonly<Record<string, string>>;
  /** `default` routes by family, as `ip route show` prints them */
  readonly routes: readonly string[];
  /** addresses that a route makes local */
  readonly local: readonly string[];
  /** answers to `arping`, by address */
  readonly arp: Readonly<Record<string, string>>;
  readonly neighbours: string;
  /** what `ip6tables-save`, `iptables-save` and `nft -j list ruleset` print, by program */
  readonly firewall: Readonly<Record<string, string>>;
  /** connections are opened so often */
  readonly connections: number;
  readonly kernelRules: boolean;
  readonly rules: string;
  /** port of a DR server that another program than ipvsadm added */
  readonly mappedTo: number | undefined;
  /** absent = no file is named */
  readonly file: string | undefined;
  readonly args: readonly string[];
}
type Planted = Partial<Facts>;

const CONF = 'net/ipv4/conf';
const CAPABLE = { '/proc/self/status': 'CapEff:\t000001ffffffffff\n' };
const VIP = 'vips: [{address: 192.0.2.10, interface: eth0}]\n';
const fileOf = (mode: string, more = '', servers = '{address: 192.0.2.11}') =>
  `${VIP}services:\n  - {name: a, address: 192.0.2.10, port: 80, mode: ${mode}, scheduler: rr, servers: [${servers}]${more}}\n`;

const DIRECTOR: Facts = {
  addresses: ['lo 127.0.0.1 8', 'eth0 192.0.2.1 24', 'eth0 192.0.2.10 32'],
  sysctls: {
    'net/ipv4/ip_forward': '1',
    'net/ipv6/conf/all/forwarding': '1',
    'net/ipv4/vs/conn_reuse_mode': '1',
    'net/ipv4/vs/conntrack': '0',
    'net/ipv4/vs/expire_nodest_conn': '1',
    'net/ipv4/vs/expire_quiescent_template': '1',
    'kernel/osrelease': '6.1.0',
  },
  files: {},
  routes: ['default via 192.0.2.254 dev eth0'],
  local: [],
  arp: {},
  neighbours: '',
  firewall: {},
  connections: 0,
  mappedTo: undefined,
  kernelRules: false,
  rules: '-A -t 192.0.2.10:80 -s rr\n-a -t 192.0.2.10:80 -r 192.0.2.11:80 -g\n',
  file: undefined,
  args: [],
};
const BY_FILE: Facts = { ...DIRECTOR, file: fileOf('dr') };
const SERVER: Facts = {
  ...DIRECTOR,
  addresses: ['lo 127.0.0.1 8', 'eth0 192.0.2.11 24', 'lo 192.0.2.10 32'],
  sysctls: {
    [`${CONF}/all/arp_ignore`]: '0',
    [`${CONF}/eth0/arp_ignore`]: '1',
    [`${CONF}/all/arp_announce`]: '0',
    [`${CONF}/eth0/arp_announce`]: '2',
    [`${CONF}/all/rp_filter`]: '0',
    [`${CONF}/eth0/rp_filter`]: '0',
  },
  rules: '',
};
const DR: Facts = { ...SERVER, file: fileOf('dr') };
const TUN: Facts = {
  ...SERVER,
  addresses: ['lo 127.0.0.1 8', 'eth0 192.0.2.11 24', 'lvs-ipip 192.0.2.10 32'],
  sysctls: { ...SERVER.sysctls, [`${CONF}/lvs-ipip/rp_filter`]: '2' },
  firewall: {
    'iptables-save':
      '*mangle\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -s 192.0.2.10/32 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1440\nCOMMIT\n',
  },
  file: fileOf('tun'),
};
const NAT: Facts = {
  ...SERVER,
  addresses: ['lo 127.0.0.1 8', 'eth0 192.0.2.11 24'],
  routes: ['default via 192.0.2.1 dev eth0'],
  file: fileOf('nat', ', gateway: 192.0.2.1'),
};

function linksOf({ addresses }: Facts): string {
  const byDevice = new Map<string, { flags: string[]; addr_info: object[]; mtu: number }>();
  for (const line of addresses) {
    const [device = '', address = '', rest = ''] = line.split(' ');
    const [prefix, state] = rest.split(':');
    const flags = { down: [], dead: ['UP'] }[state ?? ''] ?? ['UP', 'LOWER_UP'];
    const link = byDevice.get(device) ?? { flags, addr_info: [], mtu: 1500 };
    if (address !== '-') link.addr_info.push({ local: address, prefixlen: Number(prefix) });
    byDevice.set(device, link);
  }
  return JSON.stringify([...byDevice].map(([ifname, link]) => ({ ifname, ...link })));
}

/** The routes that addresses bring along, those that are planted, and those that are local. */
function routesOf({ addresses, routes, local }: Facts, six: boolean): string {
  const own = addresses.flatMap((line) => {
    const [dev = '', address = '', rest = ''] = line.split(' ');
    const prefix = Number(rest.split(':')[0]);
    if (address === '-' || rest.endsWith(':down') || address.includes(':') !== six) return [];
    const full = six ? 128 : 32;
    const network = parseNetwork(`${address}/${prefix}`);
    if (network?.kind !== 'network') return [];
    const net = formatAddress(networkOf(network.address, prefix));
    const connected = prefix < full ? [{ dst: `${net}/${prefix}`, dev }] : [];
    if (dev === 'lo' && prefix < full)
      return [{ type: 'local', dst: `${net}/${prefix}`, dev, table: 'local' }];
    return [{ type: 'local', dst: address, dev, table: 'local' }, ...connected];
  });
  const planted = routes
    .filter((line) => line.includes(':') === six)
    .map((line) => {
      const value = (name: string) => new RegExp(` ${name} (\\S+)`).exec(line)?.[1];
      const advmss = value('advmss');
      return {
        dst: 'default',
        gateway: value('via'),
        dev: value('dev'),
        metric: Number(value('metric') ?? 0),
        ...(advmss === undefined ? {} : { metrics: [{ advmss: Number(advmss) }] }),
      };
    });
  const more = six ? [] : local.map((dst) => ({ type: 'local', dst, dev: 'lo', table: 'local' }));
  return JSON.stringify([...own, ...more, ...planted]);
}

function programsOf(
  facts: Facts,
): Record<string, (args: readonly string[]) => Partial<ExecResult>> {
  const saved = (name: string) => () => ({ stdout: facts.firewall[name] ?? '' });
  return {
    ip(args) {
      if (args[0] === 'neigh') return { stdout: facts.neighbours };
      const answer = {
        '-json -details addr show': linksOf(facts),
        '-json -4 route show table all': routesOf(facts, false),
        '-json -6 route show table all': routesOf(facts, true),
      }[args.join(' ')];
      return { stdout: answer ?? '[]' };
    },
    arping(args) {
      if (args.join() === '-V') return {};
      const [address = '', device = '', ...options] = [...args].reverse();
      if (options.join(' ') !== '-I 1 -w 2 -c -D' || device === '') return { status: 127 };
      const found = facts.arp[address];
      return found === undefined ? {} : { status: 1, stdout: found };
    },
    nft: (args) => (args[0] === '-j' ? { stdout: facts.firewall.nft ?? '' } : { status: 1 }),
    'iptables-save': saved('iptables-save'),
    'ip6tables-save': saved('ip6tables-save'),
  };
}

async function diagnose(facts: Facts): Promise<Diagnosis> {
  const backend = new MemoryBackend();
  expect((await answer('ipvsadm', ['-R'], { backend, stdin: facts.rules })).stderr).toBe('');
  const [first] = await backend.services();
  const [server] = first ? await backend.destinations(first.service.id) : [];
  if (first && server && facts.mappedTo !== undefined) {
    const destination = { ...server.destination, port: facts.mappedTo };
    const { id } = first.service;
    expect(await backend.apply([{ kind: 'add-destination', id, destination }])).toEqual([
      undefined,
    ]);
  }
  const entries = backend.destinations.bind(backend);
  backend.destinations = async (id) =>
    (await entries(id)).map((entry) => ({
      ...entry,
      activeConnections: Math.floor(facts.connections / 2),
      inactiveConnections: Math.ceil(facts.connections / 2),
    }));
  const sysctls = Object.fromEntries(
    Object.entries(facts.sysctls).map(([key, value]) => [`/proc/sys/${key}`, `${value}\n`]),
  );
  const machine = {
    ...fakeMachine({ ...CAPABLE, ...sysctls, ...facts.files }, programsOf(facts), backend),
    hasKernelRules: facts.kernelRules,
  };
  const files = facts.file === undefined ? {} : { f: facts.file };
  const args = ['doctor', '--json', ...facts.args, ...Object.keys(files)];
  const { stdout, stderr, status } = await lvsctl(args, files, { machine });
  expect(stderr).toBe('');
  const diagnosis = JSON.parse(stdout) as Diagnosis;
  expect(status).toBe(diagnosis.findings.length === 0 ? 0 : 1);
  return diagnosis;
}
const found = async (facts: Facts) =>
  (await diagnose(facts)).findings.map(
    ({ id, what, repair, advice, afterwards }) =>
      `${id}: ${what} > ${[...repair, ...(advice === undefined ? [] : [`# ${advice}`]), ...(afterwards?.repair ?? [])].join('; ')}`,
  );

const sysctls = (facts: Facts, more: Readonly<Record<string, string>>): Planted => ({
  sysctls: { ...facts.sysctls, ...more },
});
const bits = (n: number) => ({
  '/sys/module/ip_vs/parameters/conn_tab_bits': `${n}\n`,
  '/sys/module/ip_vs_rr/x': '',
});
const PERSISTENT = '-A -t 192.0.2.10:80 -s rr -p 60\n-a -t 192.0.2.10:80 -r 192.0.2.11:80 -g\n';
const MASQ = '-A -t 192.0.2.10:80 -s rr\n-a -t 192.0.2.10:80 -r 192.0.2.11:8080 -m\n';
const MASQ6 = '-A -t [2001:db8::10]:80 -s rr\n-a -t [2001:db8::10]:80 -r [2001:db8::11]:80 -m\n';
const MARKED = '-A -f 7 -s rr\n-a -f 7 -r 192.0.2.11:0 -g\n';
const GROUP = fileOf('dr')
  .replace('{address: 192.0.2.10, interface: eth0}', '$&, {address: 192.0.2.20, interface: eth0}')
  .replace(
    'address: 192.0.2.10, port: 80',
    'addresses: [192.0.2.10, 192.0.2.20], ports: [80, 8000-8100], mark: 7',
  );
const mangle = (more: string) => ({
  'iptables-save': `*mangle\n-A PREROUTING -d 192.0.2.10/32 -p tcp -j MARK ${more}\nCOMMIT\n`,
});
const SYNC = '--start-daemon master --mcast-interface eth0 --syncid 1\n';

test.each([
  ['director without a file', DIRECTOR, ['director']],
  ['director with a file', BY_FILE, ['director']],
  ['DR server without a file', SERVER, ['realserver']],
  ['DR server', DR, ['realserver']],
  ['TUN server', TUN, ['realserver']],
  ['NAT server', NAT, ['realserver']],
  ['both roles', { ...DR, rules: DIRECTOR.rules }, ['director', 'realserver']],
] as const)('the roles of a machine: %s', async (_, facts, roles) => {
  expect((await diagnose(facts)).roles).toEqual(roles);
});

test.each([
  ['director without a file', DIRECTOR],
  ['director with a file', BY_FILE],
  ['DR server without a file', SERVER],
  ['DR server', DR],
  ['TUN server', TUN],
  ['NAT server', NAT],
])('nothing is found on a healthy machine: %s', async (_, facts) => {
  expect(await diagnose(facts)).toMatchObject({ findings: [], skipped: [] });
});

test('rules that this process may not read are skipped, and reported so', async () => {
  const files = { '/proc/self/status': 'CapEff:\t0\n', '/sys/module/ip_vs/x': '' };
  const { skipped } = await diagnose({ ...DIRECTOR, kernelRules: true, files });
  expect(skipped).toEqual(['the rules of the kernel: no CAP_NET_ADMIN']);
});

// biome-ignore format: a table
const ROWS: readonly (readonly [string, Facts, Planted, readonly string[]])[] = [
  // module
  ['the module is missing', DIRECTOR, { kernelRules: true }, ['module: module ip_vs is not loaded > modprobe ip_vs']],
  ['the scheduler of the file is missing', BY_FILE, { kernelRules: true, files: { '/sys/module/ip_vs/x': '' } }, ['module: module ip_vs_rr is not loaded > modprobe ip_vs_rr']],
  ['both are there', BY_FILE, { kernelRules: true, files: { '/sys/module/ip_vs/x': '', '/sys/module/ip_vs_rr/x': '' } }, []],
  ['both are part of the kernel', BY_FILE, { kernelRules: true, files: { '/lib/modules/6.1.0/modules.builtin': 'kernel/ip_vs.ko\nkernel/ip_vs_rr.ko\n' } }, []],
  // capability
  ['no CAP_NET_ADMIN', DIRECTOR, { files: { '/proc/self/status': 'CapEff:\t0000000000000fff\n' } }, ['capability: this process has no CAP_NET_ADMIN; the rules were not checked > sudo lvsctl doctor']],
  ['no CAP_NET_ADMIN: nothing is said of the services of the file', BY_FILE, { kernelRules: true, files: { '/proc/self/status': 'CapEff:\t0\n', '/sys/module/ip_vs/x': '', '/sys/module/ip_vs_rr/x': '' } }, ['capability: this process has no CAP_NET_ADMIN; the rules were not checked > sudo lvsctl doctor']],
  ['CAP_NET_ADMIN alone', DIRECTOR, { files: { '/proc/self/status': 'CapEff:\t0000000000001000\n' } }, []],
  // forwarding
  ['no forwarding, NAT', DIRECTOR, { rules: MASQ, ...sysctls(DIRECTOR, { 'net/ipv4/ip_forward': '0' }) }, ['forwarding: net.ipv4.ip_forward is 0 > sysctl -w net.ipv4.ip_forward=1']],
  ['no forwarding, DR', DIRECTOR, sysctls(DIRECTOR, { 'net/ipv4/ip_forward': '0' }), []],
  ['no forwarding of IPv4, NAT of IPv6', DIRECTOR, { rules: MASQ6, routes: [...DIRECTOR.routes, 'default via 2001:db8::fe dev eth0'], addresses: [...DIRECTOR.addresses, 'eth0 2001:db8::1 64', 'eth0 2001:db8::10 128'], ...sysctls(DIRECTOR, { 'net/ipv4/ip_forward': '0' }) }, []],
  ['no forwarding of IPv6, NAT of IPv6', DIRECTOR, { rules: MASQ6, routes: [...DIRECTOR.routes, 'default via 2001:db8::fe dev eth0'], addresses: [...DIRECTOR.addresses, 'eth0 2001:db8::1 64', 'eth0 2001:db8::10 128'], ...sysctls(DIRECTOR, { 'net/ipv6/conf/all/forwarding': '0' }) }, ['forwarding: net.ipv6.conf.all.forwarding is 0 > sysctl -w net.ipv6.conf.all.forwarding=1']],
  // vip
  ['the VIP is missing', BY_FILE, { addresses: ['eth0 192.0.2.1 24'] }, ['vip: VIP 192.0.2.10 is not on eth0 > ip addr add 192.0.2.10/32 dev eth0']],
  ['a VIP of another program is not asked for', BY_FILE, { file: fileOf('dr').replace('interface: eth0', 'interface: eth0, managed: false'), addresses: ['eth0 192.0.2.1 24'], local: [] }, []],
  ['nor does it hide that another VIP is missing', BY_FILE, { file: fileOf('dr').replace('interface: eth0}', 'interface: eth0, managed: false}, {address: 192.0.2.20, interface: eth0}'), addresses: ['eth0 192.0.2.1 24'], local: [] }, ['vip: VIP 192.0.2.20 is not on eth0 > ip addr add 192.0.2.20/32 dev eth0']],
  ['the VIP is on another interface: the kernel takes its packets', BY_FILE, { addresses: ['eth0 192.0.2.1 24', 'eth1 192.0.2.10 32'] }, []],
  ['the VIP has the prefix of its network, as keepalived gives it', BY_FILE, { addresses: ['eth0 192.0.2.1 24', 'eth0 192.0.2.10 24'] }, []],
  ['without a file: no interface has the VIP', DIRECTOR, { local: [], addresses: ['eth3 192.0.2.1 24'] }, ['vip: VIP 192.0.2.10 is on no interface > ip addr add 192.0.2.10/32 dev eth3']],
  ['and no network is connected: the default route leads there', DIRECTOR, { local: [], addresses: ['eth3 198.51.100.1 24'], routes: ['default via 198.51.100.254 dev eth4'] }, ['vip: VIP 192.0.2.10 is on no interface > ip addr add 192.0.2.10/32 dev eth4']],
  ['and there is no default route', DIRECTOR, { local: [], addresses: ['eth3 198.51.100.1 24'], routes: [] }, ['vip: VIP 192.0.2.10 is on no interface > ip addr add 192.0.2.10/32 dev eth0']],
  // arp-answer
  ['a real server answers ARP', DIRECTOR, { arp: { '192.0.2.10': 'Unicast reply from 192.0.2.10 [52:54:00:AA:BB:CC] 1ms' }, neighbours: '192.0.2.11 lladdr 52:54:00:aa:bb:cc REACHABLE\n' }, ['arp-answer: 192.0.2.11 (52:54:00:aa:bb:cc) answers ARP for VIP 192.0.2.10 > sysctl -w net.ipv4.conf.all.arp_ignore=1; sysctl -w net.ipv4.conf.all.arp_announce=2; arping -U -c 3 -I eth0 192.0.2.10']],
  ['a machine that is no neighbour answers ARP', DIRECTOR, { arp: { '192.0.2.10': 'Unicast reply from 192.0.2.10 [52:54:00:AA:BB:CC] 1ms' } }, ['arp-answer: a machine (52:54:00:aa:bb:cc) answers ARP for VIP 192.0.2.10 > sysctl -w net.ipv4.conf.all.arp_ignore=1; sysctl -w net.ipv4.conf.all.arp_announce=2; arping -U -c 3 -I eth0 192.0.2.10']],
  ['NAT: nobody else may have the VIP, but that is no matter of ARP settings', DIRECTOR, { rules: MASQ, arp: { '192.0.2.10': 'Unicast reply from 192.0.2.10 [52:54:00:AA:BB:CC] 1ms' } }, []],
  ['a VIP on lo is asked of no network', DIRECTOR, { addresses: ['lo 192.0.2.10 32', 'eth0 192.0.2.1 24'], args: ['--role', 'director'], arp: { '192.0.2.10': 'Unicast reply from 192.0.2.10 [52:54:00:AA:BB:CC] 1ms' } }, []],
  // conn-reuse: more in doctor.test.ts
  ['reused ports go to dead servers', DIRECTOR, sysctls(DIRECTOR, { 'net/ipv4/vs/conn_reuse_mode': '0' }), ['conn-reuse: net.ipv4.vs.conn_reuse_mode is 0 > sysctl -w net.ipv4.vs.conn_reuse_mode=1']],
  // persistence
  ['persistent clients stay with a deleted server', DIRECTOR, { rules: PERSISTENT, ...sysctls(DIRECTOR, { 'net/ipv4/vs/expire_nodest_conn': '0' }) }, ['persistence: net.ipv4.vs.expire_nodest_conn is 0 > sysctl -w net.ipv4.vs.expire_nodest_conn=1']],
  ['persistent clients stay with a server of weight 0', DIRECTOR, { rules: PERSISTENT, ...sysctls(DIRECTOR, { 'net/ipv4/vs/expire_quiescent_template': '0' }) }, ['persistence: net.ipv4.vs.expire_quiescent_template is 0 > sysctl -w net.ipv4.vs.expire_quiescent_template=1']],
  ['no persistence', DIRECTOR, sysctls(DIRECTOR, { 'net/ipv4/vs/expire_nodest_conn': '0' }), []],
  // removed-server
  ['UDP clients stay with a deleted server', DIRECTOR, { rules: DIRECTOR.rules.replaceAll('-t', '-u'), ...sysctls(DIRECTOR, { 'net/ipv4/vs/expire_nodest_conn': '0' }) }, ['removed-server: net.ipv4.vs.expire_nodest_conn is 0 > sysctl -w net.ipv4.vs.expire_nodest_conn=1']],
  ['one-packet scheduling keeps no connections', DIRECTOR, { rules: DIRECTOR.rules.replaceAll('-t', '-u').replace('-s rr', '-s rr -o'), ...sysctls(DIRECTOR, { 'net/ipv4/vs/expire_nodest_conn': '0' }) }, []],
  ['checks of the file remove servers', BY_FILE, { file: fileOf('dr', ', checks: [{kind: tcp}]'), ...sysctls(DIRECTOR, { 'net/ipv4/vs/expire_nodest_conn': '0' }) }, ['removed-server: net.ipv4.vs.expire_nodest_conn is 0 > sysctl -w net.ipv4.vs.expire_nodest_conn=1']],
  ['they quiesce them', BY_FILE, { file: fileOf('dr', ', checks: [{kind: tcp}], health: {failed: quiesce}'), ...sysctls(DIRECTOR, { 'net/ipv4/vs/expire_nodest_conn': '0' }) }, []],
  // port-mapping
  ['DR does not change ports', DIRECTOR, { mappedTo: 8080 }, ['port-mapping: tcp 192.0.2.10:80: server 192.0.2.11:8080 (direct) has another port than the service > ipvsadm -d -t 192.0.2.10:80 -r 192.0.2.11:8080; ipvsadm -a -t 192.0.2.10:80 -r 192.0.2.11:80 -g -w 1']],
  ['TUN does not change ports', DIRECTOR, { rules: DIRECTOR.rules.replace('-g', '-i'), mappedTo: 8080 }, ['port-mapping: tcp 192.0.2.10:80: server 192.0.2.11:8080 (tunnel) has another port than the service > ipvsadm -d -t 192.0.2.10:80 -r 192.0.2.11:8080; ipvsadm -a -t 192.0.2.10:80 -r 192.0.2.11:80 -i -w 1 --tun-type ipip']],
  ['NAT changes ports', DIRECTOR, { rules: MASQ }, []],
  // weights
  ['all weights are 0', DIRECTOR, { rules: '-A -t 192.0.2.10:80 -s rr\n-a -t 192.0.2.10:80 -r 192.0.2.11 -g -w 0\n-a -t 192.0.2.10:80 -r 192.0.2.12 -g -w 0\n' }, ['weights: tcp 192.0.2.10:80: all servers have weight 0 > ipvsadm -e -t 192.0.2.10:80 -r 192.0.2.12:80 -g -w 1; ipvsadm -e -t 192.0.2.10:80 -r 192.0.2.11:80 -g -w 1']],
  ['with a file: its weights are the repair', BY_FILE, { file: fileOf('dr', '', '{address: 192.0.2.11, weight: 5}'), rules: '-A -t 192.0.2.10:80 -s rr\n-a -t 192.0.2.10:80 -r 192.0.2.11 -g -w 0\n' }, ['weights: tcp 192.0.2.10:80: all servers have weight 0 > ipvsadm -e -t 192.0.2.10:80 -r 192.0.2.11:80 -g -w 5']],
  ['of two servers each gets its own', BY_FILE, { file: fileOf('dr', '', '{address: 192.0.2.11, weight: 5}, {address: 192.0.2.12, weight: 7}'), rules: '-A -t 192.0.2.10:80 -s rr\n-a -t 192.0.2.10:80 -r 192.0.2.11 -g -w 0\n-a -t 192.0.2.10:80 -r 192.0.2.12 -g -w 0\n' }, ['weights: tcp 192.0.2.10:80: all servers have weight 0 > ipvsadm -e -t 192.0.2.10:80 -r 192.0.2.12:80 -g -w 7; ipvsadm -e -t 192.0.2.10:80 -r 192.0.2.11:80 -g -w 5']],
  ['a service that the file has not gets weight 1', BY_FILE, { rules: `${DIRECTOR.rules}-A -t 192.0.2.10:81 -s rr\n-a -t 192.0.2.10:81 -r 192.0.2.11 -g -w 0\n` }, ['weights: tcp 192.0.2.10:81: all servers have weight 0 > ipvsadm -e -t 192.0.2.10:81 -r 192.0.2.11:81 -g -w 1']],
  ['one weight is 0', DIRECTOR, { rules: '-A -t 192.0.2.10:80 -s rr\n-a -t 192.0.2.10:80 -r 192.0.2.11 -g -w 0\n-a -t 192.0.2.10:80 -r 192.0.2.12 -g\n' }, []],
  // no-servers
  ['no servers', DIRECTOR, { rules: '-A -t 192.0.2.10:80 -s rr\n' }, ['no-servers: tcp 192.0.2.10:80: no servers > # ipvsadm -a -t 192.0.2.10:80 -r SERVER adds a server; to delete the service instead: ipvsadm -D -t 192.0.2.10:80']],
  ['no servers, the file has some', BY_FILE, { rules: '-A -t 192.0.2.10:80 -s rr\n' }, ['no-servers: tcp 192.0.2.10:80: no servers > ipvsadm -a -t 192.0.2.10:80 -r 192.0.2.11:80 -g -w 1']],
  ['no servers, the file has another service', BY_FILE, { rules: `${DIRECTOR.rules}-A -t 192.0.2.10:81 -s rr\n` }, ['no-servers: tcp 192.0.2.10:81: no servers > # ipvsadm -a -t 192.0.2.10:81 -r SERVER adds a server; to delete the service instead: ipvsadm -D -t 192.0.2.10:81']],
  // service
  ['the service of the file is missing', BY_FILE, { rules: '' }, ['service: tcp 192.0.2.10:80: not in the table > ipvsadm -A -t 192.0.2.10:80 -s rr; ipvsadm -a -t 192.0.2.10:80 -r 192.0.2.11:80 -g -w 1']],
  // mark
  ['no rule sets the mark', DIRECTOR, { rules: MARKED }, ['mark: fwmark 7 ipv4: no rule sets this mark > # add a rule that sets it, such as iptables -t mangle -A PREROUTING -d VIP -p tcp --dport PORT -j MARK --set-mark 7']],
  ['no rule sets the mark, IPv6', DIRECTOR, { rules: '-A -f 7 -6 -s rr\n-a -f 7 -6 -r [2001:db8::11]:0 -g\n' }, ['mark: fwmark 7 ipv6: no rule sets this mark > # add a rule that sets it, such as ip6tables -t mangle -A PREROUTING -d VIP -p tcp --dport PORT -j MARK --set-mark 7']],
  ['a rule sets another mark', DIRECTOR, { rules: MARKED, firewall: mangle('--set-xmark 0x8/0xffffffff') }, ['mark: fwmark 7 ipv4: no rule sets this mark > # add a rule that sets it, such as iptables -t mangle -A PREROUTING -d VIP -p tcp --dport PORT -j MARK --set-mark 7']],
  ['a rule sets it', DIRECTOR, { rules: MARKED, firewall: mangle('--set-xmark 0x7/0xffffffff') }, []],
  ['one VIP of a group has no rule', BY_FILE, { file: GROUP, rules: MARKED, firewall: mangle('--set-mark 7'), addresses: [...DIRECTOR.addresses, 'eth0 192.0.2.20 32'] }, ['mark: fwmark 7 ipv4: no rule sets this mark: mark 7 on tcp 192.0.2.20 port 80,8000-8100 > iptables -t mangle -A PREROUTING -d 192.0.2.20 -p tcp -m multiport --dports 80,8000:8100 -j MARK --set-mark 7']],
  ['the VIP of the rule is missing', DIRECTOR, { rules: MARKED, firewall: mangle('--set-mark 7'), local: [], addresses: ['eth0 192.0.2.1 24'] }, ['vip: VIP 192.0.2.10 is on no interface > ip addr add 192.0.2.10/32 dev eth0']],
  // table-size
  ['two entries to a bucket', DIRECTOR, { files: bits(8), connections: 512 }, []],
  ['more than two entries to a bucket', DIRECTOR, { files: bits(8), connections: 513 }, ["table-size: 513 connections in a table of 256 buckets > echo 'options ip_vs conn_tab_bits=11' > /etc/modprobe.d/ip_vs.conf; ipvsadm-save -n > /run/ipvsadm.rules; ipvsadm -C; modprobe -r ip_vs_rr ip_vs; modprobe ip_vs conn_tab_bits=11; ipvsadm-restore < /run/ipvsadm.rules"]],
  ['the largest table is 2^20', DIRECTOR, { files: bits(12), connections: 4_000_000 }, ["table-size: 4000000 connections in a table of 4096 buckets > echo 'options ip_vs conn_tab_bits=20' > /etc/modprobe.d/ip_vs.conf; ipvsadm-save -n > /run/ipvsadm.rules; ipvsadm -C; modprobe -r ip_vs_rr ip_vs; modprobe ip_vs conn_tab_bits=20; ipvsadm-restore < /run/ipvsadm.rules"]],
  ['the size is not known', DIRECTOR, { connections: 4_000_000 }, []],
  // sync
  ['the sync daemon of the file does not run', BY_FILE, { file: `${fileOf('dr')}sync: [{role: master, interface: eth0, syncid: 5}]\n` }, ['sync: sync daemon master is not running > ipvsadm --start-daemon master --mcast-interface eth0 --syncid 5']],
  ['the same with its message size', BY_FILE, { file: `${fileOf('dr')}sync: [{role: backup, interface: eth0, syncid: 5, max_length: 1000}]\n` }, ['sync: sync daemon backup is not running > ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 5 --sync-maxlen 1000']],
  // arp
  ...[['0', 'found'], ['1', ''], ['2', ''], ['3', 'found'], ['8', '']].map(([value, outcome]) => [`arp_ignore ${value}`, DR, sysctls(DR, { [`${CONF}/eth0/arp_ignore`]: value ?? '' }), outcome === '' ? [] : [`arp: net.ipv4.conf.eth0.arp_ignore is ${value} > sysctl -w net.ipv4.conf.eth0.arp_ignore=1`]] as const),
  ...[['0', 'found'], ['1', 'found'], ['2', '']].map(([value, outcome]) => [`arp_announce ${value}`, DR, sysctls(DR, { [`${CONF}/eth0/arp_announce`]: value ?? '' }), outcome === '' ? [] : [`arp: net.ipv4.conf.eth0.arp_announce is ${value} > sysctl -w net.ipv4.conf.eth0.arp_announce=2`]] as const),
  ['the larger one of `all` and the interface counts', DR, sysctls(DR, { [`${CONF}/all/arp_ignore`]: '1', [`${CONF}/eth0/arp_ignore`]: '0' }), []],
  ['one that is too large in `all` is repaired there as well', DR, sysctls(DR, { [`${CONF}/all/arp_ignore`]: '3' }), ['arp: net.ipv4.conf.eth0.arp_ignore is 3 > sysctl -w net.ipv4.conf.all.arp_ignore=1; sysctl -w net.ipv4.conf.eth0.arp_ignore=1']],
  ['without a file: the interface of the VIP\'s network', SERVER, sysctls(SERVER, { [`${CONF}/eth0/arp_announce`]: '1' }), ['arp: net.ipv4.conf.eth0.arp_announce is 1 > sysctl -w net.ipv4.conf.eth0.arp_announce=2']],
  ['without a file: any outer interface where the VIP is of no network', SERVER, { addresses: ['lo 127.0.0.1 8', 'eth0 198.51.100.11 24', 'lo 192.0.2.10 32'], ...sysctls(SERVER, { [`${CONF}/eth0/arp_ignore`]: '0' }) }, ['arp: net.ipv4.conf.eth0.arp_ignore is 0 > sysctl -w net.ipv4.conf.eth0.arp_ignore=1']],
  // vip of a real server
  ['the VIP is not on lo', DR, { addresses: ['eth0 192.0.2.11 24'] }, ['vip: VIP 192.0.2.10 is not on lo > ip addr add 192.0.2.10/32 dev lo']],
  ['the VIP makes a network local', DR, { addresses: ['eth0 192.0.2.11 24', 'lo 192.0.2.10 24'] }, ['vip: VIP 192.0.2.10 is on lo with prefix 24 > ip addr del 192.0.2.10/24 dev lo; ip addr add 192.0.2.10/32 dev lo']],
  ['the same without a file', SERVER, { addresses: ['lo 127.0.0.1 8', 'eth0 192.0.2.11 24', 'lo 192.0.2.10 24'], args: ['--role', 'realserver'] }, ['vip: VIP 192.0.2.10 is on lo with prefix 24 > ip addr del 192.0.2.10/24 dev lo; ip addr add 192.0.2.10/32 dev lo']],
  ['the same of IPv6', SERVER, { addresses: ['lo ::1 128', 'eth0 192.0.2.11 24', 'lo 2001:db8::10 64'], args: ['--role', 'realserver'] }, ['vip: VIP 2001:db8::10 is on lo with prefix 64 > ip addr del 2001:db8::10/64 dev lo; ip addr add 2001:db8::10/128 dev lo nodad preferred_lft 0']],
  // tunnel-device
  ['the tunnel device is missing', TUN, { addresses: ['eth0 192.0.2.11 24'] }, ['tunnel-device: tunnel device lvs-ipip is missing > ip link add lvs-ipip type ipip local 192.0.2.11; ip link set lvs-ipip up', 'vip: VIP 192.0.2.10 is not on lvs-ipip > ip addr add 192.0.2.10/32 dev lvs-ipip']],
  ['the tunnel device is down', TUN, { addresses: ['eth0 192.0.2.11 24', 'lvs-ipip 192.0.2.10 32:down'] }, ['tunnel-device: tunnel device lvs-ipip is down > ip link set lvs-ipip up']],
  ['without a file', SERVER, { addresses: ['eth0 192.0.2.11 24', 'tunl0 192.0.2.10 32:down'], ...sysctls(SERVER, { [`${CONF}/tunl0/rp_filter`]: '2' }) }, ['tunnel-device: tunnel device tunl0 is down > ip link set tunl0 up']],
  // rp-filter: more in doctor.test.ts
  ['strict filtering behind the tunnel', TUN, sysctls(TUN, { [`${CONF}/lvs-ipip/rp_filter`]: '1' }), ['rp-filter: net.ipv4.conf.lvs-ipip.rp_filter is 1 (strict) > sysctl -w net.ipv4.conf.lvs-ipip.rp_filter=2']],
  ['strict in `all`, loose on the device', TUN, sysctls(TUN, { [`${CONF}/all/rp_filter`]: '1' }), []],
  ['strict in `all`, off on the device', TUN, sysctls(TUN, { [`${CONF}/all/rp_filter`]: '1', [`${CONF}/lvs-ipip/rp_filter`]: '0' }), ['rp-filter: net.ipv4.conf.lvs-ipip.rp_filter is 1 (strict) > sysctl -w net.ipv4.conf.lvs-ipip.rp_filter=2']],
  ['strict on a tunnel device, without a file', SERVER, { addresses: ['eth0 192.0.2.11 24', 'tunl0 192.0.2.10 32'], ...sysctls(SERVER, { [`${CONF}/tunl0/rp_filter`]: '1' }) }, ['rp-filter: net.ipv4.conf.tunl0.rp_filter is 1 (strict) > sysctl -w net.ipv4.conf.tunl0.rp_filter=2']],
  ['a DR server whose route to clients is the same interface', DR, sysctls(DR, { [`${CONF}/eth0/rp_filter`]: '1' }), []],
  // tunnel-mtu
  ['no rule for the segment size', TUN, { firewall: {} }, ['tunnel-mtu: VIP 192.0.2.10 offers segments that the tunnel has no room for; 1440 bytes fit > iptables -t mangle -A POSTROUTING -s 192.0.2.10 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1440']],
  ['UDP has no segments', TUN, { firewall: {}, file: fileOf('tun', ', protocol: udp') }, []],
  ['the route offers no more', TUN, { firewall: {}, routes: ['default via 192.0.2.254 dev eth0 advmss 1440'] }, []],
  ['the route offers one byte more', TUN, { firewall: {}, routes: ['default via 192.0.2.254 dev eth0 advmss 1441'] }, ['tunnel-mtu: VIP 192.0.2.10 offers segments that the tunnel has no room for; 1440 bytes fit > iptables -t mangle -A POSTROUTING -s 192.0.2.10 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1440']],
  // gateway
  ['answers go elsewhere', NAT, { routes: ['default via 192.0.2.254 dev eth0'] }, ['gateway: a: the default route is via 192.0.2.254 dev eth0, not via the director 192.0.2.1 > ip route replace default via 192.0.2.1 dev eth0']],
  ['a gateway on no network of this machine', NAT, { addresses: ['lo 127.0.0.1 8', 'eth0 192.0.2.11 32'], routes: [] }, ['gateway: a: the default route is missing, not via the director 192.0.2.1 > ip route replace default via 192.0.2.1']],
  ['a gateway whose address only begins alike', NAT, { routes: ['default via 192.0.2.11 dev eth0'] }, ['gateway: a: the default route is via 192.0.2.11 dev eth0, not via the director 192.0.2.1 > ip route replace default via 192.0.2.1 dev eth0']],
  ['the route of the lowest metric counts', NAT, { routes: ['default via 192.0.2.254 dev eth0 metric 200', 'default via 192.0.2.1 dev eth0 metric 100'] }, []],
  ['no default route', NAT, { routes: [] }, ['gateway: a: the default route is missing, not via the director 192.0.2.1 > ip route replace default via 192.0.2.1 dev eth0']],
  ['no default route, and the file names no gateway', NAT, { routes: [], file: fileOf('nat') }, ['gateway: a: no default route, so no answer leaves (DIRECTOR: its address on this network) > ip route add default via DIRECTOR']],
  ['the file names no gateway', NAT, { file: fileOf('nat') }, []],
];

describe('a planted fault is found', () => {
  test.each(ROWS)('%s', async (_, facts, planted, findings) => {
    expect(await found({ ...facts, ...planted })).toEqual(findings);
  });

  test.each([
    ['eth0 192.0.2.1 24', 'eth0', undefined, ''],
    ['eth0 192.0.2.1 24:down', 'eth0', 'is down', 'ip link set eth0 up'],
    ['eth0 192.0.2.1 24:dead', 'eth0', 'has no carrier', 'ip link set eth0 up'],
    ['eth1 192.0.2.1 24', 'eth0', 'does not exist', 'ipvsadm --stop-daemon master --syncid 0'],
  ])('a sync daemon on an interface: %s', async (address, device, state, repair) => {
    const facts = {
      ...DIRECTOR,
      addresses: ['eth9 192.0.2.9 24', 'eth9 192.0.2.10 32', address],
      routes: ['default via 192.0.2.254 dev eth9'],
      rules: `${DIRECTOR.rules}${SYNC}`,
    };
    expect(await found(facts)).toEqual(
      state === undefined
        ? []
        : [
            `sync: sync daemon master: its interface ${device} ${state}, so it has no peer > ${repair}`,
          ],
    );
  });

  test('every check has a row', () => {
    const rows = new Set(ROWS.flatMap(([, , , lines]) => lines.map((line) => line.split(':')[0])));
    const missing = [...DIRECTOR_CHECKS, ...REALSERVER_CHECKS].filter(({ id }) => !rows.has(id));
    expect(missing.map(({ id }) => id)).toEqual([]);
  });
});
