// Faults of a real server, from facts: tunnels of each kind, where the VIP is and who is answered for
// it, the reverse path filter, the route of answers.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { inspect } from '../../../src/lvsctl/doctor/inspection.js';
import { REALSERVER_CHECKS } from '../../../src/lvsctl/doctor/realserver.js';
import { servedVips } from '../../../src/lvsctl/doctor/served.js';
import type { LinkFact, MachineFacts, TunnelFact } from '../../../src/lvsctl/facts/types.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import { formatAddress } from '../../../src/model/address.js';
import { addressed, foundBy, linkFact, routeFact, tunnelLink } from '../../support/hostfacts.js';
import { type SmallFile, smallConfig } from '../../support/smallfile.js';

type Changed = (facts: MachineFacts) => Partial<MachineFacts>;
const UNCHANGED: Changed = () => ({});

/** What a check finds on the server of a file, which is as the file has it but for one thing. */
function found(id: string, file: SmallFile, changed: Changed = UNCHANGED) {
  const config = smallConfig(file);
  const [, facts] = intendedFacts(config) as [MachineFacts, MachineFacts];
  return foundBy(
    REALSERVER_CHECKS,
    id,
    inspect(config, 'realserver', { facts: { ...facts, ...changed(facts) } }),
  );
}
/** The same without a file, of a machine that is stated whole. */
function foundWithout(id: string, stated: Partial<MachineFacts>) {
  const [, server] = intendedFacts(smallConfig()) as [MachineFacts, MachineFacts];
  const facts = { ...server, packet_filter: { iptables: [], nft: [] }, ...stated };
  return foundBy(REALSERVER_CHECKS, id, inspect(undefined, 'realserver', { facts }));
}
const links =
  (change: (link: LinkFact) => LinkFact | undefined): Changed =>
  (facts) => ({ links: facts.links.flatMap((one) => change(one) ?? []) });
const tunnels = (change: (link: LinkFact) => LinkFact | undefined) =>
  links((one) => (one.tunnel ? change(one) : one));
const gone = tunnels(() => undefined);
const down = tunnels((one) => ({ ...one, up: false }));
const GUE = 'type: gue, port: 5555';

describe('the exit of a tunnel', () => {
  const KINDS = [
    ['ipip', { tunnel: 'type: ipip' }, 'lvs-ipip', 'type ipip local 192.0.2.11'],
    ['gre', { tunnel: 'type: gre' }, 'lvs-gre', 'type gre local 192.0.2.11'],
    ['gre with checksums', { tunnel: 'type: gre, checksum: checksum' }, 'lvs-grec', ''],
    ['gue', { tunnel: GUE }, 'lvs-ipip', 'type ipip local 192.0.2.11'],
    [
      'ipip of IPv6',
      { tunnel: 'type: ipip', vip: '2001:db8::10', rip: '2001:db8::11' },
      'lvs-ip6tnl',
      '',
    ],
    ['IPv6 in IPv4', { tunnel: 'type: ipip', vip: '2001:db8::10' }, 'lvs-sit', ''],
  ] as const;
  test.each(KINDS)('%s: it is there, it is missing, it is down', async (_, file, name, args) => {
    const of = (changed?: Changed) => found('tunnel-device', { mode: 'tun', ...file }, changed);
    expect(await of()).toEqual([]);
    const [missing, ...more] = await of(gone);
    expect([missing, more]).toEqual([
      expect.stringMatching(`^tunnel device ${name} is missing > ip link add ${name} ${args}`),
      [],
    ]);
    expect(missing).toMatch(`; ip link set ${name} up`);
    expect(await of(down)).toEqual([`tunnel device ${name} is down > ip link set ${name} up`]);
  });

  test.each<readonly [string, MachineFacts['udp_tunnels'], boolean]>([
    ['none is open', [], true],
    ['another one', [{ family: 'ipv4', port: 5556, gue: true }], true],
    ['of the other family', [{ family: 'ipv6', port: 5555, gue: true }], true],
    [
      'it is among others',
      [
        { family: 'ipv4', port: 7, gue: true },
        { family: 'ipv4', port: 5555, gue: true },
      ],
      false,
    ],
  ])('the port of gue: %s', async (_, udp_tunnels, isFault) => {
    const lines = await found('tunnel-device', { mode: 'tun', tunnel: GUE }, () => ({
      udp_tunnels,
    }));
    const text = 'no UDP port 5555 takes gue > ip fou add port 5555 gue';
    expect(lines).toEqual(isFault ? [text] : []);
  });

  const [OWN, OTHER] = ['192.0.2.11', '192.0.2.12'];
  const fou = { family: 'ipv4', port: 5555, gue: false } as const;
  test.each<readonly [string, MachineFacts['udp_tunnels'], string]>([
    ['takes fou', [fou], 'ip fou del port 5555; ip fou add port 5555 gue'],
    [
      'takes fou, for its own address',
      [{ ...fou, local: OWN }],
      `ip fou del port 5555 local ${OWN}; ip fou add port 5555 gue`,
    ],
    [
      'is for another address',
      [{ ...fou, gue: true, local: OTHER }],
      `ip fou add port 5555 gue local ${OWN}`,
    ],
    [
      'is for another address, and takes fou for its own',
      [
        { ...fou, local: OTHER },
        { ...fou, local: OWN },
      ],
      `ip fou del port 5555 local ${OWN}; ip fou add port 5555 gue local ${OWN}`,
    ],
  ])('the port of gue %s', async (_, udp_tunnels, repair) => {
    const lines = await found('tunnel-device', { mode: 'tun', tunnel: GUE }, () => ({
      udp_tunnels,
    }));
    expect(lines).toEqual([`no UDP port 5555 takes gue > ${repair}`]);
  });

  test('the port of gue around IPv6', async () => {
    const file = { mode: 'tun', tunnel: GUE, vip: '2001:db8::10', rip: '2001:db8::11' };
    expect(await found('tunnel-device', file, () => ({ udp_tunnels: [] }))).toEqual([
      'no UDP port 5555 takes gue > ip fou add port 5555 gue -6',
    ]);
  });

  test.each([
    ['no kind is known, up', { kind: null, tunnel: null, up: true }, []],
    [
      'no kind is known, down',
      { kind: null, tunnel: null, up: false },
      ['tunnel device lvs-ipip is down > ip link set lvs-ipip up'],
    ],
    [
      'another kind of that name',
      { kind: 'dummy', tunnel: null, up: true },
      [
        expect.stringMatching(
          /^no device takes ipip packets \(ipip\) > ip link del lvs-ipip; ip link add lvs-ipip /,
        ),
      ],
    ],
    ['of another name', { name: 'tun7' }, []],
    [
      'of another name, down',
      { name: 'tun7', up: false },
      ['tunnel device tun7 is down > ip link set tun7 up'],
    ],
  ])('%s', async (_, more, expected) => {
    const changed = tunnels((one) => ({ ...one, ...more }));
    expect(await found('tunnel-device', { mode: 'tun' }, changed)).toEqual(expected);
  });

  const ends = (more: object) =>
    tunnels((one) => ({ ...one, tunnel: { ...(one.tunnel as TunnelFact), ...more } }));
  const GRE = { mode: 'tun', tunnel: 'type: gre' };
  const SUMS = { mode: 'tun', tunnel: 'type: gre, checksum: checksum' };
  const [HERE, SIX] = ['192.0.2.11', { vip: '2001:db8::10', rip: '2001:db8::11' }];
  const added = 'ip addr add 192.0.2.10/32 dev';
  const made = (name: string, type: string) =>
    `ip link add ${name} type ${type}; ip link set ${name} up; ${added} ${name}`;
  // biome-ignore format: a table
  test.each<readonly [string, SmallFile, Changed, string]>([
    ['without checksums', SUMS, ends({ checksum: false, local: HERE }), 'device lvs-grec drops gre packets with checksums > ip link set lvs-grec type gre csum'],
    ['with checksums', GRE, ends({ checksum: true, local: HERE }), 'device lvs-gre drops gre packets without checksums > ip link set lvs-gre type gre nocsum'],
    ['with checksums, down', GRE, (facts) => ({ links: ends({ checksum: true, local: HERE })(facts).links?.map((one) => (one.tunnel ? { ...one, up: false } : one)) as LinkFact[] }), 'device lvs-gre drops gre packets without checksums > ip link set lvs-gre type gre nocsum; ip link set lvs-gre up'],
    ['for everything, without checksums', SUMS, tunnels((one) => ({ ...one, name: 'gre0', tunnel: { ...(one.tunnel as TunnelFact), local: null, checksum: false } })), `device gre0 drops gre packets with checksums > ${made('lvs-grec', `gre local ${HERE} csum`)}`],
    ['with numbers', GRE, ends({ other: ['sequence'], local: HERE }), 'device lvs-gre asks for numbers, which IPVS does not send > ip link set lvs-gre type gre noiseq'],
    ['with a key', GRE, ends({ other: ['key 0.0.0.5'] }), `device lvs-gre asks for what IPVS does not put into gre packets: key 0.0.0.5 > ip link del lvs-gre; ${made('lvs-gre', `gre local ${HERE}`)}`],
    ['of another mode', { mode: 'tun' }, tunnels((one) => ({ ...one, name: 'vt0', tunnel: { ...(one.tunnel as TunnelFact), local: HERE, proto: 'ip6ip' } })), `device vt0 takes ip6ip alone > ip link del vt0; ${made('lvs-ipip', `ipip local ${HERE}`)}`],
    ['of another mode, IPv6', { mode: 'tun', ...SIX }, ends({ local: SIX.rip, proto: 'ipip6' }), 'device lvs-ip6tnl takes ipip6 alone > ip link set lvs-ip6tnl type ip6tnl mode any'],
    ['of its name, for another address', GRE, ends({ local: '192.0.2.77' }), `no device takes gre packets (gre) > ip link del lvs-gre; ${made('lvs-gre', `gre local ${HERE}`)}`],
  ])('a device %s', async (_, file, changed, line) => {
    expect(await found('tunnel-device', file, changed)).toEqual([line]);
  });

  test('a device with both ends is asked first, whatever it drops', async () => {
    const changed: Changed = ({ links: all }) => ({
      links: all.flatMap((one) => {
        if (one.tunnel === null) return [one];
        const other = { ...one.tunnel, local: HERE, checksum: true };
        return [one, { ...one, name: 'vt0', tunnel: other }];
      }),
    });
    const anywhere = (all: MachineFacts) => ({
      links: changed({ ...all, ...ends({ local: null })(all) }).links ?? [],
    });
    expect(await found('tunnel-device', GRE, anywhere)).toEqual([
      'device vt0 drops gre packets without checksums > ip link set vt0 type gre nocsum',
    ]);
  });

  test('dr needs none', async () => {
    expect(await found('tunnel-device', { mode: 'dr' }, gone)).toEqual([]);
  });

  test.each([
    ['down', { up: false }, ['tunnel device tunl0 is down > ip link set tunl0 up']],
    ['up', { up: true }, []],
    ['no tunnel', { up: false, kind: 'dummy', tunnel: null }, []],
  ])('without a file, the device that has the VIP: %s', async (_, more, expected) => {
    const stated = {
      links: [linkFact('lo'), linkFact('eth0'), { ...tunnelLink('tunl0', 'ipip'), ...more }],
      ...addressed('eth0 192.0.2.11/24', 'tunl0 192.0.2.10/32'),
    };
    expect(await foundWithout('tunnel-device', stated)).toEqual(expected);
  });
});

describe('the reverse path filter', () => {
  const filter =
    (value: string, device: string): Changed =>
    ({ sysctls }) => ({ sysctls: { ...sysctls, [`net/ipv4/conf/${device}/rp_filter`]: value } });
  const both =
    (...changes: readonly Changed[]): Changed =>
    (facts) =>
      Object.assign({}, ...changes.map((one) => one(facts)));
  const unnumbered: Changed = ({ addresses }) => ({
    addresses: addresses.filter(({ device }) => device !== 'lvs-ipip'),
  });
  const strict =
    'net.ipv4.conf.lvs-ipip.rp_filter is 1 (strict) > sysctl -w net.ipv4.conf.lvs-ipip.rp_filter=2';
  const nothing = (value: string) =>
    `lvs-ipip has no address, and net.ipv4.conf.lvs-ipip.rp_filter is ${value}: every packet from it is dropped > ip addr add 192.0.2.10/32 dev lvs-ipip`;

  // biome-ignore format: a table
  test.each<readonly [string, SmallFile, Changed, readonly string[]]>([
    ['off', {}, filter('0', 'lvs-ipip'), []],
    ['strict', {}, filter('1', 'lvs-ipip'), [strict]],
    ['loose', {}, filter('2', 'lvs-ipip'), []],
    ['loose, and the device has no address', {}, both(filter('2', 'lvs-ipip'), unnumbered), [nothing('2')]],
    ['strict, and the device has no address', {}, both(filter('1', 'lvs-ipip'), unnumbered), [nothing('1')]],
    ['off, and the device has no address', {}, both(filter('0', 'lvs-ipip'), unnumbered), []],
    ['strict where the packets do not come out', {}, filter('1', 'eth0'), []],
    ['strict, and the device is down', {}, both(filter('1', 'lvs-ipip'), down), []],
    ['strict, and no kind of the device is known', {}, both(filter('1', 'lvs-ipip'), tunnels((one) => ({ ...one, kind: null, tunnel: null }))), [strict]],
    ['strict, and the device of that name is another kind', {}, both(filter('1', 'lvs-ipip'), tunnels((one) => ({ ...one, kind: 'dummy', tunnel: null }))), []],
    ['strict, no kind is known, and the device is down', {}, both(filter('1', 'lvs-ipip'), tunnels((one) => ({ ...one, kind: null, tunnel: null, up: false }))), []],
    ['of IPv6 there is none', { vip: '2001:db8::10' }, filter('1', 'lvs-sit'), []],
    ['dr: clients are reached by the same interface', { mode: 'dr' }, filter('1', 'eth0'), []],
    ['dr: and by another one', { mode: 'dr' }, both(filter('1', 'eth0'), ({ routes, links: list, addresses }) => ({ links: [...list, linkFact('eth1')], addresses: [...addresses, ...addressed('eth1 198.51.100.11/24').addresses], routes: [...routes.filter(({ type }) => type === 'local'), routeFact('0.0.0.0/0 eth1 198.51.100.1')] })), ['net.ipv4.conf.eth0.rp_filter is 1 (strict) > sysctl -w net.ipv4.conf.eth0.rp_filter=2']],
  ])('%s', async (_, file, changed, expected) => {
    expect(await found('rp-filter', { mode: 'tun', ...file }, changed)).toEqual(expected);
  });
});

describe('where the VIP is, and who is answered for it', () => {
  const QUIET = { 'net/ipv4/conf/all/arp_ignore': '1', 'net/ipv4/conf/all/arp_announce': '2' };
  /** A machine without a file. */
  const machine = (more: readonly LinkFact[], ...texts: readonly string[]) => ({
    links: [linkFact('lo'), linkFact('eth0'), ...more],
    ...addressed('eth0 192.0.2.11/24', ...texts),
    sysctls: QUIET,
  });
  const eth1 = linkFact('eth1');
  const on = (device: string, prefix: number, add = '') =>
    `VIP 192.0.2.10 is on ${device}, where it answers ARP at any arp_ignore > ip addr del 192.0.2.10/${prefix} dev ${device}${add}`;
  const ADD = '; ip addr add 192.0.2.10/32 dev lo';

  // biome-ignore format: a table
  test.each<readonly [string, Partial<MachineFacts>, readonly string[]]>([
    ['on lo', machine([], 'lo 192.0.2.10/32'), []],
    ['on a dummy device', machine([linkFact('d0', { kind: 'dummy', noarp: true })], 'd0 192.0.2.10/32'), []],
    ['on lo, and on the interface of its network', machine([], 'lo 192.0.2.10/32', 'eth0 192.0.2.10/24'), [on('eth0', 24)]],
    ['on lo, and on an interface of another network', machine([eth1], 'eth1 198.51.100.9/24', 'lo 192.0.2.10/32', 'eth1 192.0.2.10/32'), [on('eth1', 32)]],
    ['there, but it does not ask', machine([{ ...eth1, noarp: true }], 'eth1 198.51.100.9/24', 'lo 192.0.2.10/32', 'eth1 192.0.2.10/32'), []],
    ['on lo, and on a tunnel device', machine([tunnelLink('tunl0', 'ipip', { noarp: false })], 'lo 192.0.2.10/32', 'tunl0 192.0.2.10/32'), []],
    ['on a tunnel device alone', machine([tunnelLink('tunl0', 'ipip')], 'tunl0 192.0.2.10/32'), []],
    ['on lo, and on two interfaces', machine([eth1], 'eth1 198.51.100.9/24', 'lo 192.0.2.10/32', 'eth0 192.0.2.10/32', 'eth1 192.0.2.10/32'), [on('eth0', 32), on('eth1', 32)]],
  ])('%s', async (_, stated, expected) => {
    expect(await foundWithout('arp', stated)).toEqual(expected);
  });

  // biome-ignore format: a table
  test.each<readonly [string, SmallFile, readonly string[], readonly string[]]>([
    ['dr: on the interface', {}, ['eth0 192.0.2.10/32'], [on('eth0', 32, ADD)]],
    ['dr: on lo too', {}, ['lo 192.0.2.10/32', 'eth0 192.0.2.10/24'], [on('eth0', 24)]],
    ['tun: on the interface', { mode: 'tun' }, ['eth0 192.0.2.10/32'], [on('eth0', 32, '; ip addr add 192.0.2.10/32 dev lvs-ipip')]],
    ['IPv6: on the interface', { vip: '2001:db8::10', rip: '2001:db8::11' }, ['eth0 2001:db8::10/64'], ['VIP 2001:db8::10 is on eth0, where it answers neighbour solicitations > ip addr del 2001:db8::10/64 dev eth0; ip addr add 2001:db8::10/128 dev lo nodad preferred_lft 0']],
    ['IPv6: on lo', { vip: '2001:db8::10', rip: '2001:db8::11' }, ['lo 2001:db8::10/128'], []],
  ])('of a file, %s', async (_, file, texts, expected) => {
    const changed: Changed = () =>
      addressed('eth0 192.0.2.11/24', 'eth0 2001:db8::11/64', ...texts);
    expect(await found('arp', file, changed)).toEqual(expected);
  });

  const LOUD = { sysctls: { ...QUIET, 'net/ipv4/conf/all/arp_ignore': '0' } };
  const NAT_SIX = { mode: 'nat', vip: '2001:db8::10', rip: '2001:db8::11' };
  const needless = (place: string, vip: string, dev: string) =>
    `VIP ${vip} is on ${place}, and neighbours get an answer for it on eth0: a server of nat needs none > ip addr del ${vip}/${dev}`;
  // biome-ignore format: a table
  test.each<readonly [string, SmallFile, Partial<MachineFacts>, readonly string[]]>([
    ['no VIP', { mode: 'nat' }, { ...addressed('eth0 192.0.2.11/24'), ...LOUD }, []],
    ['a VIP that is not answered', { mode: 'nat' }, { ...addressed('eth0 192.0.2.11/24', 'lo 192.0.2.10/32'), sysctls: QUIET }, []],
    ['a VIP that is answered', { mode: 'nat' }, { ...addressed('eth0 192.0.2.11/24', 'lo 192.0.2.10/32'), ...LOUD }, [needless('lo', '192.0.2.10', '32 dev lo')]],
    ['on the interface itself', { mode: 'nat' }, { ...addressed('eth0 192.0.2.11/24', 'eth0 192.0.2.10/24'), sysctls: QUIET }, [needless('eth0', '192.0.2.10', '24 dev eth0')]],
    ['IPv6, on lo', NAT_SIX, addressed('eth0 2001:db8::11/64', 'lo 2001:db8::10/128'), []],
    ['IPv6, on the interface', NAT_SIX, addressed('eth0 2001:db8::11/64', 'eth0 2001:db8::10/128'), [needless('eth0', '2001:db8::10', '128 dev eth0')]],
    ['its own table has the VIP', { mode: 'nat' }, { ...addressed('eth0 192.0.2.11/24', 'eth0 192.0.2.10/32'), ...LOUD, services: intendedFacts(smallConfig({ mode: 'nat' }))[0]?.services ?? null }, []],
  ])('a server of nat: %s', async (_, file, changed, expected) => {
    expect(await found('arp', file, () => changed)).toEqual(expected);
  });

  test.each([
    ['0', false],
    ['1', true],
    ['2', true],
    ['3', false],
    ['4', false],
    ['8', true],
  ])('arp_ignore %s before the VIP is there', async (value, isQuiet) => {
    const changed: Changed = () => ({
      ...addressed('eth0 192.0.2.11/24'),
      sysctls: {
        ...QUIET,
        'net/ipv4/conf/all/arp_ignore': '0',
        'net/ipv4/conf/eth0/arp_ignore': value,
      },
    });
    const text = `net.ipv4.conf.eth0.arp_ignore is ${value} > sysctl -w net.ipv4.conf.eth0.arp_ignore=1`;
    expect(await found('arp', {}, changed)).toEqual(isQuiet ? [] : [text]);
  });

  test('settings that were never read count as 0', async () => {
    expect(await found('arp', {}, () => ({ sysctls: {} }))).toEqual([
      'net.ipv4.conf.eth0.arp_ignore is 0 > sysctl -w net.ipv4.conf.eth0.arp_ignore=1',
      'net.ipv4.conf.eth0.arp_announce is 0 > sysctl -w net.ipv4.conf.eth0.arp_announce=2',
    ]);
  });

  test('nothing of ARP is asked of a VIP of IPv6, also where it is missing', async () => {
    const file = { vip: '2001:db8::10', rip: '2001:db8::11' };
    const changed: Changed = () => ({ ...addressed('eth0 2001:db8::11/64'), sysctls: {} });
    expect(await found('arp', file, changed)).toEqual([]);
  });

  test('several services of one VIP have one finding', async () => {
    const config = readConfig(
      `vips: [{address: 192.0.2.10, interface: eth0}]
services:
  - {name: a, address: 192.0.2.10, port: 80, mode: dr, servers: [{address: 192.0.2.11}]}
  - {name: b, address: 192.0.2.10, port: 81, mode: dr, servers: [{address: 192.0.2.11}]}
`,
      'f',
    );
    const [, server] = intendedFacts(config) as [MachineFacts, MachineFacts];
    const of = (id: string, more: Partial<MachineFacts>) =>
      foundBy(
        REALSERVER_CHECKS,
        id,
        inspect(config, 'realserver', { facts: { ...server, ...more } }),
      );
    expect(await of('vip', addressed('eth0 192.0.2.11/24'))).toHaveLength(1);
    expect(await of('arp', { sysctls: {} })).toHaveLength(2);
  });
});

describe('the prefix of the VIP', () => {
  const wide = (device: string, prefix: number, add: string | undefined) =>
    `VIP 192.0.2.10 is on ${device} with prefix ${prefix} > ip addr del 192.0.2.10/${prefix} dev ${device}${add ? `; ip addr add 192.0.2.10/32 dev ${add}` : ''}`;
  // biome-ignore format: a table
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['of one host', ['lo 192.0.2.10/32'], []],
    ['wide on lo', ['lo 192.0.2.10/24'], [wide('lo', 24, 'lo')]],
    ['wide on a dummy device', ['d0 192.0.2.10/28'], [wide('d0', 28, 'd0')]],
    ['wide on a tunnel device', ['tunl0 192.0.2.10/24'], [wide('tunl0', 24, 'tunl0')]],
    ['wide on an interface: arp has it', ['lo 192.0.2.10/32', 'eth0 192.0.2.10/24'], []],
    ['wide beside the right one', ['lo 192.0.2.10/32', 'd0 192.0.2.10/24'], [wide('d0', 24, undefined)]],
    ['not there', [], ['VIP 192.0.2.10 is not on lo > ip addr add 192.0.2.10/32 dev lo']],
  ])('%s', async (_, texts, expected) => {
    const changed: Changed = ({ links: list }) => ({
      links: [...list, linkFact('d0', { kind: 'dummy' }), tunnelLink('tunl0', 'ipip')],
      ...addressed('eth0 192.0.2.11/24', ...texts),
    });
    expect(await found('vip', {}, changed)).toEqual(expected);
  });

  test('a route makes it local: it is on no interface, and that is enough', async () => {
    const changed: Changed = () => ({
      ...addressed('eth0 192.0.2.11/24'),
      routes: [routeFact('192.0.2.10/32 lo', { table: 'local', type: 'local' })],
    });
    expect(await found('vip', {}, changed)).toEqual([]);
  });
});

describe('the route of the answers of NAT', () => {
  const six = { vip: '2001:db8::10', rip: '2001:db8::11' };
  const nat = (gateway: string, more: SmallFile = {}): SmallFile => ({
    mode: 'nat',
    more: `gateway: "${gateway}"`,
    ...more,
  });
  const routes =
    (...list: readonly string[]): Changed =>
    () => ({ routes: list.map((one) => routeFact(one)) });
  const text = (route: string, via: string) =>
    `a: the default route is ${route}, not via the director ${via}`;

  // biome-ignore format: a table
  test.each<readonly [string, SmallFile, Changed, readonly string[]]>([
    ['by the director', nat('192.0.2.1'), routes('0.0.0.0/0 eth0 192.0.2.1'), []],
    ['missing', nat('192.0.2.1'), routes(), [`${text('missing', '192.0.2.1')} > ip route replace default via 192.0.2.1`]],
    ['another router', nat('192.0.2.1'), routes('0.0.0.0/0 eth0 192.0.2.9'), [`${text('via 192.0.2.9 dev eth0', '192.0.2.1')} > ip route replace default via 192.0.2.1`]],
    ['IPv6', nat('2001:db8::1', six), routes('::/0 eth0 2001:db8::9'), [`${text('via 2001:db8::9 dev eth0', '2001:db8::1')} > ip -6 route replace default via 2001:db8::1`]],
    ['the director is on a network of the server', nat('192.0.2.1'), (facts) => ({ ...routes()(facts), ...addressed('eth0 192.0.2.11/24'), routes: [] }), [`${text('missing', '192.0.2.1')} > ip route replace default via 192.0.2.1 dev eth0`]],
    ['no gateway is named, and there is a route', { mode: 'nat' }, routes('0.0.0.0/0 eth0 192.0.2.9'), []],
    ['no gateway is named, and there is none', { mode: 'nat' }, routes(), ['a: no default route, so no answer leaves (DIRECTOR: its address on this network) > ip route add default via DIRECTOR']],
    ['that of the other family does not count', { mode: 'nat' }, routes('::/0 eth0 2001:db8::9'), [expect.stringMatching(/^a: no default route/)]],
    ['dr answers by any router', { mode: 'dr' }, routes(), []],
  ])('%s', async (_, file, changed, expected) => {
    expect(await found('gateway', file, changed)).toEqual(expected);
  });
});

describe('what a machine serves without a file', () => {
  const modes = (more: readonly LinkFact[], ...texts: readonly string[]) => {
    const [, server] = intendedFacts(smallConfig()) as [MachineFacts, MachineFacts];
    const facts = { ...server, links: [linkFact('lo'), linkFact('eth0'), ...more] };
    const stated = { ...facts, ...addressed('eth0 192.0.2.11/24', ...texts) };
    return servedVips(inspect(undefined, undefined, { facts: stated })).map(
      ({ vip, mode, part }) => `${formatAddress(vip)} ${mode} ${part}`,
    );
  };
  // biome-ignore format: a table
  test.each<readonly [string, readonly LinkFact[], readonly string[], readonly string[]]>([
    ['on lo', [], ['lo 192.0.2.10/32'], ['192.0.2.10 dr undefined']],
    ['on a dummy device', [linkFact('d0', { kind: 'dummy' })], ['d0 192.0.2.10/32'], ['192.0.2.10 dr undefined']],
    ['on a tunnel device by its kind', [tunnelLink('t', 'ipip')], ['t 192.0.2.10/32'], ['192.0.2.10 tun undefined']],
    ['by its name, where no kind is known', [linkFact('tunl0')], ['tunl0 192.0.2.10/32'], ['192.0.2.10 tun undefined']],
    ['a bridge of that name is none', [linkFact('tunl0', { kind: 'bridge' })], ['tunl0 192.0.2.10/32'], []],
    ['addresses of the loopback and of links', [], ['lo 127.0.0.1/8', 'lo 127.0.0.2/32', 'lo ::1/128', 'lo fe80::1/64', 'lo 169.254.1.1/16'], []],
    ['nothing on an interface', [], [], []],
    ['both', [tunnelLink('t', 'gre')], ['lo 192.0.2.20/32', 't 192.0.2.10/32'], ['192.0.2.20 dr undefined', '192.0.2.10 tun undefined']],
  ])('%s', (_, more, texts, expected) => {
    expect(modes(more, ...texts)).toEqual(expected);
  });
});
