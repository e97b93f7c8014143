// What a machine has: addresses of interfaces, arguments of `ip`, default routes, and a machine that is
// imagined. Each row has the whole answer.
import { describe, expect, test } from 'vitest';
import {
  type AddressInfo,
  addressArgs,
  isAddressArgs,
} from '../../../src/lvsctl/plan/addressargs.js';
import { EXTRA_ADDRESS, type ExtraAddressState } from '../../../src/lvsctl/plan/extraaddress.js';
import { connectedTo, gatherFacts, holdersOf } from '../../../src/lvsctl/plan/facts.js';
import { DEVICE, imaginedMachine, noRecords } from '../../../src/lvsctl/plan/imagined.js';
import { type LocalAddress, links, localAddresses } from '../../../src/lvsctl/plan/network.js';
import { isRoute } from '../../../src/lvsctl/plan/route.js';
import { at } from '../../support/address.js';
import { fakeMachine, memoryRecords } from '../../support/machine.js';

describe('arguments of ip addr add', () => {
  // biome-ignore format: a table
  test.each<readonly [AddressInfo, string]>([
    [{}, ''],
    [{ scope: 'global', label: 'eth0', valid_life_time: 4294967295, preferred_life_time: 4294967295, noprefixroute: false, nodad: false }, ''],
    [{ broadcast: '192.0.2.255' }, 'brd 192.0.2.255'],
    [{ scope: 'link' }, 'scope link'],
    [{ label: 'eth0:1' }, 'label eth0:1'],
    [{ metric: 0 }, 'metric 0'],
    [{ noprefixroute: true }, 'noprefixroute'],
    [{ valid_life_time: 60, preferred_life_time: 0 }, 'valid_lft 60 preferred_lft 0'],
    [{ nodad: true }, 'nodad'],
    [
      { broadcast: '10.0.0.255', scope: 'host', label: 'eth0:x', metric: 7, noprefixroute: true, valid_life_time: 9, preferred_life_time: 8, nodad: true },
      'brd 10.0.0.255 scope host label eth0:x metric 7 noprefixroute valid_lft 9 preferred_lft 8 nodad',
    ],
  ])('%j', (info, line) => {
    const args = addressArgs(info, 'eth0');
    expect(args.join(' ')).toBe(line);
    expect(isAddressArgs(args)).toBe(true);
  });

  // biome-ignore format: a table
  test.each([
    'brd', 'brd x', 'brd g0::1', 'scope', 'scope LINK', 'scope 1234', 'scope abcdefghijk', 'label', 'label a/b', 'label a:b:c', 'label abcdefghijklmnopq',
    'metric', 'metric x', 'metric 12345678901', 'metric -1', 'valid_lft forever', 'preferred_lft', 'preferred_lft 1x', 'nodad 1', 'noprefixroute x', 'constructor', 'dev eth0', ' ',
  ])('a record may not hold %j', (line) => expect(isAddressArgs(line.split(' '))).toBe(false));

  test.each([[[1]], [['metric', 1]], [[null]]])('nor %j', (args) => {
    expect(isAddressArgs(args)).toBe(false);
  });
  test.each(['brd ::1', 'scope 253', 'label eth0:1', 'metric 4294967295 nodad', ''])(
    'it may hold %j',
    (line) => expect(isAddressArgs(line === '' ? [] : line.split(' '))).toBe(true),
  );
});

// biome-ignore format: a table
describe('a route', () => {
  test.each([
    'via 192.0.2.1', 'via inet6 2001:db8::1 dev eth0', 'via inet 192.0.2.1', 'dev eth0 proto dhcp scope link src 192.0.2.9 metric 100', 'via 192.0.2.1 onlink',
    'dev eth0 mtu lock 1400', 'dev eth0 rtt 30ms rttvar 4 rto_min 2s', 'via 192.0.2.1 table 7 realm x advmss 1 hoplimit 1 reordering 1 window 1 cwnd 1 initcwnd 1 initrwnd 1 ssthresh 1 nhid 1 quickack 1',
    'dev eth0 pref medium features ecn congctl bbr realms a', 'dev a pervasive offload rt_offload trap rt_trap notify',
  ])('%s', (text) => expect(isRoute(text)).toBe(true));
  test.each([
    '', 'via', 'onlink', 'via x', 'via 192.0.2.1 x', 'dev', 'dev a/b', 'dev eth0 mtu', 'dev eth0 mtu x', 'dev eth0 mtu 12345678901', 'dev eth0 mtu lock', 'dev eth0 rtt 30h', 'dev eth0 rtt x30',
    'dev eth0 proto a;b', 'dev eth0 proto ;', `dev eth0 scope ${'x'.repeat(33)}`, 'dev eth0 metric -1', 'dev eth0 metric 1x', 'constructor 1', 'dev  eth0', 'src', 'src eth0', 'lock 1',
  ])('%j is none', (text) => expect(isRoute(text)).toBe(false));
});

/** `ip -json addr show` of some addresses, `DEVICE ADDRESS/PREFIX`, `+` = secondary. */
const addresses =
  (...list: readonly string[]) =>
  () => ({
    stdout: JSON.stringify(
      list.map((one) => {
        const [ifname, address = '', secondary] = one.split(' ');
        const [local, prefix] = address.split('/');
        return {
          ifname,
          flags: ['UP'],
          addr_info: [
            { local, prefixlen: Number(prefix), scope: 'global', secondary: secondary === '+' },
          ],
        };
      }),
    ),
  });

describe('an address that must not be there', () => {
  const resource = { device: 'eth0', address: '192.0.2.1/24' };
  const read = (list: readonly string[], files: Readonly<Record<string, string>> = {}) =>
    EXTRA_ADDRESS.read(resource, fakeMachine(files, { ip: addresses(...list) }));
  const KEY = '/proc/sys/net/ipv4/conf/';
  const own = 'eth0 192.0.2.1/24';
  // biome-ignore format: a table
  test.each<readonly [string, readonly string[], Readonly<Record<string, string>>, boolean | null]>([
    ['not there', ['eth0 192.0.2.1/32', 'eth1 192.0.2.1/24', 'eth0 192.0.2.2/24'], {}, null],
    ['alone', [own], {}, false],
    ['a secondary of its network', [own, 'eth0 192.0.2.9/24 +'], {}, true],
    ['which the kernel keeps', [own, 'eth0 192.0.2.9/24 +'], { [`${KEY}eth0/promote_secondaries`]: '1\n' }, false],
    ['which it keeps on all', [own, 'eth0 192.0.2.9/24 +'], { [`${KEY}all/promote_secondaries`]: '1' }, false],
    ['which it does not keep', [own, 'eth0 192.0.2.9/24 +'], { [`${KEY}eth0/promote_secondaries`]: '0\n', [`${KEY}all/promote_secondaries`]: '0\n' }, true],
    ['it is one itself', [`${own} +`, 'eth0 192.0.2.9/24 +'], {}, false],
    ['a first one', [own, 'eth0 192.0.2.9/24'], {}, false],
    ['of another interface', [own, 'eth1 192.0.2.9/24 +'], {}, false],
    ['of another length', [own, 'eth0 192.0.2.9/25 +'], {}, false],
    ['of another network', [own, 'eth0 192.0.3.9/24 +'], {}, false],
    ['of what is no address', [own, 'eth0 x/24 +'], {}, false],
  ])('%s', async (_, list, files, leads) => {
    expect(await read(list, files)).toEqual(leads === null ? null : { args: [], leads });
  });

  const there = (args: readonly string[] = [], leads = false): ExtraAddressState => ({
    args,
    leads,
  });
  const lines = (from: ExtraAddressState, to: ExtraAddressState) =>
    EXTRA_ADDRESS.commands(resource, from, to).map((one) =>
      one.kind === 'run'
        ? [one.program, ...one.args].join(' ')
        : one.kind === 'sysctl'
          ? `${one.key}=${one.value}`
          : one.kind,
    );
  const key = 'net/ipv4/conf/eth0/promote_secondaries';
  // biome-ignore format: a table
  test.each<readonly [ExtraAddressState, ExtraAddressState, readonly string[]]>([
    [null, null, []],
    [there(), there(['nodad']), []],
    [there(), null, ['ip addr del 192.0.2.1/24 dev eth0']],
    [there([], true), null, [`${key}=1`, 'ip addr del 192.0.2.1/24 dev eth0', `${key}=0`]],
    [null, there(['brd', '192.0.2.255', 'label', 'eth0:1']), ['ip addr add 192.0.2.1/24 dev eth0 brd 192.0.2.255 label eth0:1']],
    [null, there(['label', 'eth9:1', 'nodad']), ['ip addr add 192.0.2.1/24 dev eth0 nodad']],
  ])('%j -> %j', (from, to, expected) => expect(lines(from, to)).toEqual(expected));

  test('what status shows, and what is the same', () => {
    expect(EXTRA_ADDRESS.title(resource)).toBe('address 192.0.2.1/24 on eth0');
    expect([EXTRA_ADDRESS.show(null), EXTRA_ADDRESS.show(there())]).toEqual(['absent', 'there']);
    const same = (a: ExtraAddressState, b: ExtraAddressState) => EXTRA_ADDRESS.same(a, b);
    expect([
      same(null, null),
      same(there(), there(['x'])),
      same(null, there()),
      same(there(), null),
    ]).toEqual([true, true, false, false]);
  });
});

describe('which interface has an address, or its network', () => {
  const facts = {
    addresses: localAddresses(
      fakeMachine(
        {},
        {
          ip: addresses(
            'lo 192.0.2.1/32',
            'eth0 192.0.2.1/24',
            'eth1 10.0.0.1/8',
            'eth2 2001:db8::1/64',
            'lo 127.0.0.1/8',
          ),
        },
      ),
    ),
  };
  const names = (list: readonly LocalAddress[]) => list.map(({ device }) => device);
  // biome-ignore format: a table
  test.each([
    ['192.0.2.1', ['lo', 'eth0'], ['eth0']], ['192.0.2.9', [], ['eth0']], ['10.9.9.9', [], ['eth1']], ['2001:db8::1', ['eth2'], ['eth2']], ['2001:db8:0:1::1', [], []],
    ['127.0.0.2', [], []], ['203.0.113.1', [], []],
  ])('%s: held by %j, connected to %j', (text, held, connected) => {
    expect([names(holdersOf(at(text), facts)), names(connectedTo(at(text), facts))]).toEqual([held, connected]);
  });

  test('each address is read once, though thousands are asked for', () => {
    let reads = 0;
    const [some] = facts.addresses;
    const list = Array.from({ length: 50 }, (_, i) => ({
      ...(some ?? expect.fail()),
      get address() {
        reads++;
        return `10.0.0.${i}`;
      },
    }));
    for (let i = 0; i < 50; i++)
      expect(holdersOf(at(`10.0.0.${i}`), { addresses: list })).toEqual([list[i]]);
    expect(reads).toBeLessThan(5 * list.length);
  });
});

test('facts: numbers of sysctl; of modules only where this machine has the rules', () => {
  const files = { '/proc/sys/a': '1\n', '/proc/sys/b': '', '/proc/sys/c': ' \n' };
  const machine = fakeMachine(files, { ip: addresses() });
  const facts = gatherFacts(machine);
  expect(['a', 'b', 'c', 'd'].map((key) => facts.sysctl(key))).toEqual([
    1,
    undefined,
    undefined,
    undefined,
  ]);
  const owns = (ownsModules: boolean, hasKernelRules: boolean) =>
    gatherFacts({ ...machine, ownsModules, hasKernelRules }).ownsModules;
  expect([owns(true, true), owns(true, false), owns(false, true)]).toEqual([true, false, false]);
});

describe('a machine that is imagined', () => {
  const prefix = (address: string, ...gateways: string[]) =>
    localAddresses(imaginedMachine([at(address)], gateways.map(at)))[0]?.prefix;
  test.each([
    ['10.0.0.1', [], 24],
    ['10.0.0.1', ['10.0.0.254'], 24],
    ['10.0.0.1', ['10.0.1.1'], 23],
    ['10.0.0.1', ['10.0.1.1', '10.1.0.1'], 15],
    ['10.0.0.1', ['2001:db8::1'], 24],
    ['2001:db8::1', ['2001:db8::2'], 64],
    ['2001:db8::1', ['2001:db8:0:1::1'], 63],
  ])('%s with gateways %j: /%d', (address, gateways, length) => {
    expect(prefix(address, ...gateways)).toBe(length);
  });

  const machine = imaginedMachine([at('10.0.0.1')], []);
  test('has lo and one interface, up', () => {
    expect(links(machine)).toEqual([
      {
        name: 'lo',
        index: 1,
        up: true,
        carrier: false,
        mtu: 65536,
        type: 'loopback',
        asked: false,
        local: '',
        remote: '',
      },
      {
        name: DEVICE,
        index: 2,
        up: true,
        carrier: true,
        mtu: 1500,
        type: 'ether',
        asked: true,
        local: '',
        remote: '',
      },
    ]);
    expect(localAddresses(machine)).toEqual([
      { device: DEVICE, address: '10.0.0.1', prefix: 24, up: true, secondary: false, args: [] },
    ]);
  });
  // biome-ignore format: a table
  test.each([
    ['net/ipv4/conf/eth0/rp_filter', '1\n'], ['net/ipv4/conf/all/rp_filter', '1\n'], ['net/ipv4/conf/lo/arp_ignore', '0\n'], ['net/ipv4/conf/default/arp_announce', '0\n'],
    ['net/ipv4/conf/eth1/rp_filter', undefined], ['net/ipv4/ip_forward', undefined], ['net/ipv4/conf/eth0/rp_filter/x', undefined],
  ])('%s is %j', (key, value) => expect(machine.read(`/proc/sys/${key}`)).toBe(value));
  test('its programs, records and rules', async () => {
    const run = (line: string) => machine.run(line.split(' ')[0] ?? '', line.split(' ').slice(1));
    expect(run('nft list tables')).toEqual({ status: 1, stdout: '', stderr: '' });
    expect(run('nft -c x')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(run('ip route show default')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(run('x list')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await machine.runEach('nft', [['list'], ['x']])).toMatchObject([
      { status: 1 },
      { status: 0 },
    ]);
    expect([machine.list('/'), machine.hasKernelRules, machine.ownsModules]).toEqual([
      [],
      true,
      true,
    ]);
    await expect(machine.backend()).rejects.toMatchObject({
      code: 'BACKEND',
      message: 'the rules of this machine',
    });
    const records = noRecords(memoryRecords({ a: 'text' }));
    expect([records.list(), records.read('a'), records.path]).toEqual([[], '', '/run']);
  });
});
