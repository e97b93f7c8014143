// Faults of a director, from facts: rules that set marks, persistence and removed servers, modules,
// VIPs that are nowhere; what a service by mark is expected to be.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { DIRECTOR_CHECKS } from '../../../src/lvsctl/doctor/director.js';
import { inspect } from '../../../src/lvsctl/doctor/inspection.js';
import type { MachineFacts } from '../../../src/lvsctl/facts/types.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import type { ShownServer, ShownService } from '../../../src/lvsctl/show/table.js';
import { formatAddress } from '../../../src/model/address.js';
import { addressed, foundBy, linkFact, mangleFact, routeFact } from '../../support/hostfacts.js';

const VIPS =
  'vips: [{address: 192.0.2.10, interface: eth0}, {address: 192.0.2.20, interface: eth0}, {address: "2001:db8::10", interface: eth0}]\n';
const group = (name: string, mark: number, ports: string, vips = '192.0.2.10', more = '') =>
  `  - {name: ${name}, addresses: [${vips}], ports: [${ports}], mark: ${mark}, mode: dr, servers: [{address: 192.0.2.11}]${more}}\n`;
const plain = (more = '', protocol = 'tcp') =>
  `  - {name: a, address: 192.0.2.10, port: 80, protocol: ${protocol}, mode: dr, servers: [{address: 192.0.2.11}]${more}}\n`;
const configOf = (...services: readonly string[]) =>
  readConfig(`${VIPS}services:\n${services.join('')}`, 'f');

type Stated = Partial<MachineFacts>;
/** What a check finds on the director of a file, which is as the file has it but for what is stated. */
function found(id: string, services: readonly string[], stated: Stated = {}, hasFile = true) {
  const config = configOf(...services);
  const [facts] = intendedFacts(config) as [MachineFacts];
  return foundBy(
    DIRECTOR_CHECKS,
    id,
    inspect(hasFile ? config : undefined, 'director', { facts: { ...facts, ...stated } }),
  );
}
const filter = (lines: readonly string[], family: 'ipv4' | 'ipv6' = 'ipv4'): Stated => ({
  packet_filter: { iptables: [mangleFact(lines, family)], nft: [] },
});
const rule = (match: string, value = '0x7/0xffffffff') =>
  `-A PREROUTING ${match} -j MARK --set-xmark ${value}`;
const VIP = '-d 192.0.2.10/32 -p tcp';

describe('the rules that set a mark', () => {
  const missing = (vip: string, ports: string) =>
    `fwmark 7 ipv4: no rule sets this mark: mark 7 on tcp ${vip} port ${ports} > iptables -t mangle -A PREROUTING -d ${vip} -p tcp ${ports.includes(',') ? '-m multiport --dports' : '--dport'} ${ports.replaceAll('-', ':')} -j MARK --set-mark 7`;
  const none = (ports: string) => missing('192.0.2.10', ports).replace(/ mark: .* >/, ' mark >');
  const file = [group('a', 7, '80, 8000-8100')];

  test('as the file makes them', async () => {
    expect(await found('mark', file)).toEqual([]);
  });

  // biome-ignore format: a table
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['of all ports', [rule(VIP)], []],
    ['of all protocols', [rule('-d 192.0.2.10/32')], []],
    ['of every VIP', [rule('-p tcp')], []],
    ['one for each port', [rule(`${VIP} -m tcp --dport 80`), rule(`${VIP} -m tcp --dport 8000:8100`)], []],
    ['of a wider range', [rule(`${VIP} -m multiport --dports 80,7000:9000`)], []],
    ['of a port more', [rule(`${VIP} -m multiport --dports 80,443,8000:8100`)], []],
    ['the range is missing', [rule(`${VIP} -m tcp --dport 80`)], [missing('192.0.2.10', '80,8000-8100')]],
    ['the port is missing', [rule(`${VIP} -m tcp --dport 8000:8100`)], [missing('192.0.2.10', '80,8000-8100')]],
    ['of a smaller range', [rule(`${VIP} -m multiport --dports 80,8000:8099`)], [missing('192.0.2.10', '80,8000-8100')]],
    ['of another protocol', [rule('-d 192.0.2.10/32 -p udp')], [missing('192.0.2.10', '80,8000-8100')]],
    ['of another VIP', [rule('-d 192.0.2.20/32 -p tcp')], [missing('192.0.2.10', '80,8000-8100')]],
    ['of a network: it may be this one', [rule('-d 192.0.2.0/24 -p tcp')], []],
    ['that asks more than is understood', [rule(`${VIP} -m statistic --mode random --probability 0.5`)], []],
    ['another mark', [rule(VIP, '0x8/0xffffffff')], [none('80,8000-8100')]],
    ['some bits, which are those of the mark', [rule(VIP, '0x7/0xf')], []],
    ['some bits, which are others', [rule(VIP, '0x8/0xf')], [none('80,8000-8100')]],
    ['bits that do not matter here', [rule(VIP, '0x0/0xf0')], []],
    ['none at all', [], [none('80,8000-8100')]],
  ])('%s', async (_, lines, expected) => {
    expect(await found('mark', file, filter(lines))).toEqual(expected);
  });

  test('those of the other family do not count', async () => {
    expect(await found('mark', file, filter([rule('-p tcp')], 'ipv6'))).toEqual([
      none('80,8000-8100'),
    ]);
  });

  test('of each VIP of a group', async () => {
    const two = [group('a', 7, '80', '192.0.2.10, 192.0.2.20')];
    const lines = [rule(`${VIP} -m tcp --dport 443`)];
    const [one, ...more] = await found('mark', two, filter(lines));
    expect(more).toEqual([]);
    expect(one).toBe(
      'fwmark 7 ipv4: no rule sets this mark: mark 7 on tcp 192.0.2.10 port 80; mark 7 on tcp 192.0.2.20 port 80 > ' +
        'iptables -t mangle -A PREROUTING -d 192.0.2.10 -p tcp --dport 80 -j MARK --set-mark 7; ' +
        'iptables -t mangle -A PREROUTING -d 192.0.2.20 -p tcp --dport 80 -j MARK --set-mark 7',
    );
    expect(await found('mark', two, filter([...lines, rule('-d 192.0.2.20 -p tcp')]))).toEqual([
      missing('192.0.2.10', '80'),
    ]);
  });

  test('of the service that has the mark', async () => {
    const two = [group('a', 6, '80'), group('b', 7, '443')];
    const lines = [rule(`${VIP} -m tcp --dport 80`, '0x6/0xffffffff')];
    expect(await found('mark', two, filter(lines))).toEqual([none('443')]);
  });

  test('without a file any rule is enough, and a pattern is advice', async () => {
    const of = (lines: readonly string[]) => found('mark', file, filter(lines), false);
    expect(await of([rule(`${VIP} -m tcp --dport 9`)])).toEqual([]);
    expect(await of([])).toEqual([
      'fwmark 7 ipv4: no rule sets this mark >  # add a rule that sets it, such as iptables -t mangle -A PREROUTING -d VIP -p tcp --dport PORT -j MARK --set-mark 7',
    ]);
    const match = `${VIP} -m tcp --dport 80`;
    const late = (text: string) => rule(text).replace('PREROUTING', 'POSTROUTING');
    expect(await of([late(match)])).toEqual([
      `fwmark 7 ipv4: no rule sets this mark before IPVS: postrouting comes after it, where iptables -t mangle ${late(match)} is > iptables -t mangle ${late(match).replace('-A', '-D')}; iptables -t mangle ${rule(match)}`,
    ]);
    expect(await of([late(`${match} -m owner --uid-owner 0`)])).toEqual([
      expect.stringContaining('add a rule that sets it'),
    ]);
  });

  test('a rule that comes after IPVS has asked for the mark is none', async () => {
    const late = rule(VIP).replace('PREROUTING', 'POSTROUTING');
    expect(await found('mark', file, filter([late]))).toEqual([none('80,8000-8100')]);
    const last = rule(VIP).replace('PREROUTING', 'INPUT');
    expect(await found('mark', file, filter([last]))).toEqual([]);
  });
});

describe('the VIPs of a service by mark, without a file', () => {
  const vips = (lines: readonly string[], family: 'ipv4' | 'ipv6' = 'ipv4') => {
    const six = family === 'ipv6';
    const service = six
      ? group('a', 7, '80', '"2001:db8::10"').replace('192.0.2.11', '"2001:db8::11"')
      : group('a', 7, '80');
    const [facts] = intendedFacts(configOf(service)) as [MachineFacts];
    const { expected } = inspect(undefined, undefined, {
      facts: { ...facts, ...filter(lines, family) },
    });
    return expected.map(({ vips: all }) => all.map(formatAddress).join(' '));
  };
  test.each([
    ['that of its rule', [rule(VIP)], '192.0.2.10'],
    ['of several rules', [rule(VIP), rule('-d 192.0.2.20/32')], '192.0.2.10 192.0.2.20'],
    ['no network', [rule('-d 192.0.2.0/24')], ''],
    ['no rule of another mark', [rule(VIP, '0x8/0xffffffff')], ''],
    ['no rule without a VIP', [rule('-p tcp')], ''],
    ['no rule', [], ''],
  ])('%s', (_, lines, expected) => expect(vips(lines)).toEqual([expected]));
  test('of IPv6', () => {
    expect(vips([rule('-d 2001:db8::10/128 -p tcp')], 'ipv6')).toEqual(['2001:db8::10']);
    expect(vips([rule('-d 2001:db8::/64 -p tcp')], 'ipv6')).toEqual(['']);
    expect(vips([rule(VIP)], 'ipv4')).not.toEqual(vips([rule('-p tcp')], 'ipv6'));
  });
});

describe('clients that stay with a server', () => {
  const zero = (...names: readonly string[]): Stated => ({
    sysctls: Object.fromEntries(names.map((name) => [`net/ipv4/vs/${name}`, '0\n'])),
  });
  const [NODEST, QUIESCENT] = ['expire_nodest_conn', 'expire_quiescent_template'] as const;
  const is0 = (name: string) => `net.ipv4.vs.${name} is 0 > sysctl -w net.ipv4.vs.${name}=1`;
  const PERSISTENT = ', persistence: {timeout: 60}';
  const CHECKED = ', checks: [{kind: tcp}]';

  // biome-ignore format: a table
  test.each<readonly [string, readonly string[], Stated, readonly string[], readonly string[]]>([
    ['nothing keeps them', [plain()], zero(NODEST, QUIESCENT), [], []],
    ['persistence', [plain(PERSISTENT)], zero(NODEST, QUIESCENT), [is0(NODEST), is0(QUIESCENT)], []],
    ['persistence, one is set', [plain(PERSISTENT)], zero(QUIESCENT), [is0(QUIESCENT)], []],
    ['persistence, both are set', [plain(PERSISTENT)], { sysctls: { [`net/ipv4/vs/${NODEST}`]: '1', [`net/ipv4/vs/${QUIESCENT}`]: '1' } }, [], []],
    ['persistence, neither is known', [plain(PERSISTENT)], { sysctls: {} }, [], []],
    ['persistence of one service of two', [plain(), plain(PERSISTENT).replace('name: a', 'name: b').replace('port: 80', 'port: 81')], zero(NODEST), [is0(NODEST)], []],
    ['UDP', [plain('', 'udp')], zero(NODEST, QUIESCENT), [], [is0(NODEST)]],
    ['UDP beside TCP', [plain(), plain('', 'udp').replace('name: a', 'name: b')], zero(NODEST), [], [is0(NODEST)]],
    ['UDP with persistence', [plain(PERSISTENT, 'udp')], zero(NODEST), [is0(NODEST)], []],
    ['UDP by packets', [plain(', one_packet: true', 'udp')], zero(NODEST), [], []],
    ['SCTP', [plain('', 'sctp')], zero(NODEST), [], []],
    ['checks', [plain(CHECKED)], zero(NODEST), [], [is0(NODEST)]],
    ['checks of one server', [plain().replace('{address: 192.0.2.11}', '{address: 192.0.2.11, checks: [{kind: tcp}]}, {address: 192.0.2.12}')], zero(NODEST), [], [is0(NODEST)]],
    ['checks that quiesce', [plain(`${CHECKED}, health: {failed: quiesce}`)], zero(NODEST), [], []],
    ['checks, and it is set', [plain(CHECKED)], { sysctls: { [`net/ipv4/vs/${NODEST}`]: '1' } }, [], []],
    ['checks of one service, persistence of another', [plain(CHECKED), plain(PERSISTENT).replace('name: a', 'name: b').replace('port: 80', 'port: 81')], zero(NODEST), [is0(NODEST)], []],
  ])('%s', async (_, services, stated, persistence, removed) => {
    expect(await found('persistence', services, stated)).toEqual(persistence);
    expect(await found('removed-server', services, stated)).toEqual(removed);
  });
});

describe('modules', () => {
  const [DIRECTOR] = intendedFacts(configOf(plain())) as [MachineFacts];
  const [SERVICE] = (DIRECTOR.services ?? []) as [ShownService];
  const [SERVER] = SERVICE.servers as [ShownServer];
  const ofFtp = (more: Partial<ShownService> & { modes?: readonly string[] }) => {
    const { modes = ['nat'], protocol = 'tcp', port = 21 } = more;
    const shown = {
      ...SERVICE,
      service: `${protocol} 192.0.2.10:${port}`,
      protocol,
      port,
      servers: modes.map((mode, i) => ({ ...SERVER, mode, server: `192.0.2.1${i}:${port}`, port })),
    };
    const facts = { ...DIRECTOR, modules: ['ip_vs'], services: [shown] };
    return foundBy(DIRECTOR_CHECKS, 'module', inspect(undefined, 'director', { facts }));
  };
  test.each([
    ['FTP by NAT', {}, true],
    ['by NAT to one of two', { modes: ['dr', 'nat'] }, true],
    ['by dr', { modes: ['dr'] }, false],
    ['by tun', { modes: ['tun'] }, false],
    ['of another port', { port: 22 }, false],
    ['of UDP', { protocol: 'udp' }, false],
  ])('%s', async (_, more, isFtp) => {
    const text = 'module ip_vs_ftp is not loaded > modprobe ip_vs_ftp';
    expect(await ofFtp(more)).toEqual(isFtp ? [text] : []);
  });

  test('of the schedulers of the file, where the rules are those of the kernel', async () => {
    const services = [plain(', scheduler: sh')];
    const of = (stated: Stated) => found('module', services, stated);
    expect(await of({ modules: [] })).toEqual([
      'module ip_vs is not loaded > modprobe ip_vs',
      'module ip_vs_sh is not loaded > modprobe ip_vs_sh',
    ]);
    expect(await of({ modules: ['ip_vs', 'ip_vs_sh'] })).toEqual([]);
    expect(await of({ modules: [], kernel_rules: false })).toEqual([]);
  });
});

describe('a VIP that is nowhere, without a file', () => {
  const of = (stated: Stated) => found('vip', [plain()], { addresses: [], ...stated }, false);
  const on = (device: string) =>
    `VIP 192.0.2.10 is on no interface > ip addr add 192.0.2.10/32 dev ${device}`;
  test.each([
    [
      'its network is on an interface',
      { ...addressed('eth3 192.0.2.1/24'), routes: [routeFact('0.0.0.0/0 eth4 192.0.2.9')] },
      'eth3',
    ],
    [
      'the default route leads to an interface',
      { routes: [routeFact('0.0.0.0/0 eth4 198.51.100.9')] },
      'eth4',
    ],
    ['neither', { routes: [] }, 'eth0'],
    [
      'the address of one host is no network',
      { ...addressed('eth3 192.0.2.1/32'), routes: [] },
      'eth0',
    ],
  ])('%s', async (_, stated, device) => {
    expect(await of(stated)).toEqual([on(device)]);
  });
  test('a route makes it local', async () => {
    const local = routeFact('192.0.2.10/32 lo', { table: 'local', type: 'local' });
    expect(await of({ routes: [local] })).toEqual([]);
  });
});

describe('the kernel and a port that is used again', () => {
  const of = (kernel: string | null, mode: string, conntrack = '0') =>
    found('conn-reuse', [plain()], {
      kernel,
      sysctls: {
        'net/ipv4/vs/conn_reuse_mode': `${mode}\n`,
        'net/ipv4/vs/conntrack': `${conntrack}\n`,
      },
    });
  const off = 'net.ipv4.vs.conn_reuse_mode is 0 > sysctl -w net.ipv4.vs.conn_reuse_mode=1';
  const stalls = (release: string) =>
    `net.ipv4.vs.conn_reuse_mode is 1 with connection tracking: Linux ${release} then delays a reused port by a second > sysctl -w net.ipv4.vs.conn_reuse_mode=0`;
  test.each<readonly [string | null, string, string, readonly string[]]>([
    ['5.8.18', '1', '1', [stalls('5.8.18')]],
    ['5.8.18', '1', '0', []],
    ['5.8.18', '0', '1', []],
    ['5.9.0', '0', '0', [off]],
    ['5.9.0', '1', '1', []],
    ['5.10.0-1', '0', '1', [off]],
    ['6', '0', '0', [off]],
    ['4.19.1', '0', '0', []],
    [null, '0', '0', []],
  ])('Linux %s, mode %s, conntrack %s', async (kernel, mode, conntrack, expected) => {
    expect(await of(kernel, mode, conntrack)).toEqual(expected);
  });
});

describe('forwarding of packets', () => {
  const nat = (rip = '192.0.2.11', vip = '192.0.2.10') =>
    plain()
      .replace('mode: dr', 'mode: nat')
      .replace('192.0.2.10', `"${vip}"`)
      .replace('192.0.2.11', `"${rip}"`);
  const six = nat('2001:db8::11', '2001:db8::10').replace('name: a', 'name: b');
  const off = (four: string, ipv6: string): Stated => ({
    sysctls: { 'net/ipv4/ip_forward': `${four}\n`, 'net/ipv6/conf/all/forwarding': `${ipv6}\n` },
  });
  const FOUR = 'net.ipv4.ip_forward is 0 > sysctl -w net.ipv4.ip_forward=1';
  const SIX = 'net.ipv6.conf.all.forwarding is 0 > sysctl -w net.ipv6.conf.all.forwarding=1';
  const mixed = nat().replace(
    '{address: "192.0.2.11"}',
    '{address: 192.0.2.11}, {address: 192.0.2.12, mode: dr}',
  );
  test.each<readonly [string, readonly string[], Stated, readonly string[]]>([
    ['nat', [nat()], off('0', '0'), [FOUR]],
    ['nat of IPv6', [six], off('0', '0'), [SIX]],
    ['both', [nat(), six], off('0', '0'), [FOUR, SIX]],
    ['dr', [plain()], off('0', '0'), []],
    ['one server by nat, another by dr', [mixed], off('0', '1'), [FOUR]],
    ['it is on', [nat(), six], off('1', '1'), []],
    ['it is not known', [nat(), six], { sysctls: {} }, []],
  ])('%s', async (_, services, stated, expected) => {
    expect(await found('forwarding', services, stated)).toEqual(expected);
  });
});

describe('sync daemons', () => {
  const daemon = (role: string, device = 'eth0') =>
    ({ role, interface: device, syncid: 5 }) as unknown as MachineFacts['daemons'][number];
  const config = (sync: string) => readConfig(`${VIPS}services:\n${plain()}sync: [${sync}]\n`, 'f');
  const of = (sync: string, daemons: MachineFacts['daemons'], links?: MachineFacts['links']) => {
    const [facts] = intendedFacts(config(sync)) as [MachineFacts];
    const stated = { ...facts, daemons, ...(links ? { links } : {}) };
    return foundBy(DIRECTOR_CHECKS, 'sync', inspect(config(sync), 'director', { facts: stated }));
  };
  const BOTH =
    '{role: master, interface: eth0, syncid: 5}, {role: backup, interface: eth0, syncid: 6, max_length: 1000}';
  const starts = {
    master:
      'sync daemon master is not running > ipvsadm --start-daemon master --mcast-interface eth0 --syncid 5',
    backup:
      'sync daemon backup is not running > ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 6 --sync-maxlen 1000',
  };
  test.each([
    ['none runs', [], [starts.master, starts.backup]],
    ['the master runs', ['master'], [starts.backup]],
    ['the backup runs', ['backup'], [starts.master]],
    ['both run', ['master', 'backup'], []],
  ])('of the file: %s', async (_, roles, expected) => {
    expect(
      await of(
        BOTH,
        roles.map((role) => daemon(role)),
      ),
    ).toEqual(expected);
  });

  const deaf = (role: string, device: string, state: string, repair: string) =>
    `sync daemon ${role}: its interface ${device} ${state}, so it has no peer > ${repair}`;
  test.each([
    ['eth0', {}, []],
    ['eth0', { up: false }, [deaf('master', 'eth0', 'is down', 'ip link set eth0 up')]],
    ['eth0', { carrier: false }, [deaf('master', 'eth0', 'has no carrier', 'ip link set eth0 up')]],
    [
      'lo',
      {},
      [deaf('master', 'lo', 'has no other hosts', 'ipvsadm --stop-daemon master --syncid 0')],
    ],
    [
      'eth7',
      {},
      [deaf('master', 'eth7', 'does not exist', 'ipvsadm --stop-daemon master --syncid 0')],
    ],
  ])('the interface %s, %j', async (device, more, expected) => {
    const links = [linkFact('lo', more), linkFact('eth0', more)];
    expect(await of('', [daemon('master', device)], links)).toEqual(expected);
  });
});
