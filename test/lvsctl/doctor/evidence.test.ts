// What the live table and connections show, and what repairs and plans are made of, from facts.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { EVIDENCE_CHECKS, unusedServers } from '../../../src/lvsctl/doctor/evidence.js';
import type { Found } from '../../../src/lvsctl/doctor/finding.js';
import { inspect } from '../../../src/lvsctl/doctor/inspection.js';
import { planFacts } from '../../../src/lvsctl/doctor/planfacts.js';
import { anyClient } from '../../../src/lvsctl/doctor/representatives.js';
import { answerRoute, orAdvice, withoutRefusal } from '../../../src/lvsctl/doctor/routerepair.js';
import type {
  LinkFact,
  MachineFacts,
  RouteFact,
  RoutingRuleFact,
} from '../../../src/lvsctl/facts/types.js';
import { hostOf } from '../../../src/lvsctl/path/host.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import type { ShownServer, ShownService } from '../../../src/lvsctl/show/table.js';
import { formatAddress } from '../../../src/model/address.js';
import { at } from '../../support/address.js';

const [BASE] = intendedFacts(
  readConfig(
    `vips: [{address: 192.0.2.10, interface: eth0}]
services: [{name: a, address: 192.0.2.10, port: 80, mode: nat, gateway: 192.0.2.1, servers: [{address: 192.0.2.11}, {address: 192.0.2.12}]}]
`,
    'f',
  ),
) as [MachineFacts];
type More = Partial<MachineFacts>;
const look = (more: More) => inspect(undefined, undefined, { facts: { ...BASE, ...more } });
/** `what > repair`, of the checks with an id */
const found = (id: string, more: More) =>
  EVIDENCE_CHECKS.filter((one) => one.id === id).flatMap(({ find, why, role }) => {
    expect([role, why]).toEqual(['director', expect.stringMatching(/^[A-Z].{30,}\.$/)]);
    return (find(look(more)) as readonly Found[]).map(({ what, repair, advice, on }) =>
      [...(on === undefined ? [] : [`${on}:`]), what, '>', repair.join('; ') || advice].join(' '),
    );
  });

const counters = (connections: bigint, in_packets = 0n, out_packets = 0n) =>
  ({
    connections,
    in_packets,
    out_packets,
    in_bytes: 0n,
    out_bytes: 0n,
  }) as ShownServer['counters'];
const [SERVICE] = (BASE.services ?? []) as [ShownService];
const [SERVER] = SERVICE.servers as [ShownServer];
const services = (servers: readonly Partial<ShownServer>[], more: Partial<ShownService> = {}) => ({
  services: [
    {
      ...SERVICE,
      ...more,
      servers: servers.map((one, i) => ({
        ...SERVER,
        server: `192.0.2.${11 + i}:80`,
        address: `192.0.2.${11 + i}`,
        ...one,
      })),
    },
  ],
});

test.each<readonly [string, More['conntrack'], readonly string[]]>([
  ['not known', null, []],
  ['no limit', { count: 7, max: 0 }, []],
  ['below', { count: 949, max: 1000 }, []],
  [
    'at the mark',
    { count: 950, max: 1000 },
    ['950 of 1000 tracked connections > sysctl -w net.netfilter.nf_conntrack_max=2000'],
  ],
])('connection tracking: %s', (_, conntrack, expected) => {
  expect(found('conntrack-size', { conntrack: conntrack ?? null })).toEqual(expected);
});

describe('connections in SYN_RECV', () => {
  const tally = (...list: readonly (readonly [string, string, string, number])[]) => ({
    connections: {
      count: 1,
      listed: [],
      tally: list.map(([service, server, state, connections]) => ({
        service,
        server,
        state,
        connections,
        example: '203.0.113.9',
      })),
    },
  });
  const [A, B] = ['tcp 192.0.2.10:80', 'tcp 192.0.2.10:81'] as const;
  const text = (service: string, server: string, count: number) =>
    `${server.replace(/:\d+$/, '')}: ${service}: all ${count} connections to server ${server} are in SYN_RECV > run \`lvsctl doctor\` on that server`;
  test.each([
    [tally([A, '192.0.2.11:80', 'SYN_RECV', 3]), [text(A, '192.0.2.11:80', 3)]],
    [tally([A, '192.0.2.11:80', 'SYN_RECV', 2]), []],
    [
      tally([A, '192.0.2.11:80', 'SYN_RECV', 2], [A, '192.0.2.11:80', 'SYN_RECV', 1]),
      [text(A, '192.0.2.11:80', 3)],
    ],
    [tally([A, '192.0.2.11:80', 'SYN_RECV', 9], [A, '192.0.2.11:80', 'ESTABLISHED', 1]), []],
    [tally([A, '192.0.2.11:80', 'SYN_RECV', 2], [A, '192.0.2.12:80', 'SYN_RECV', 2]), []],
    [tally([A, '192.0.2.11:80', 'SYN_RECV', 2], [B, '192.0.2.11:80', 'SYN_RECV', 2]), []],
    [
      tally([A, '192.0.2.11:80', 'SYN_RECV', 4], [B, '192.0.2.11:80', 'ESTABLISHED', 2]),
      [text(A, '192.0.2.11:80', 4)],
    ],
    [tally(['udp 192.0.2.10:80', '192.0.2.11:80', 'SYN_RECV', 9]), []],
    [{ connections: null }, []],
  ])('%#', (more, expected) => expect(found('no-answers', more as More)).toEqual(expected));
});

test.each<readonly [string, Partial<ShownServer>, boolean]>([
  ['nothing came back', { counters: counters(1n, 10n, 0n) }, true],
  ['one packet did', { counters: counters(1n, 10n, 1n) }, false],
  ['too few', { counters: counters(1n, 9n, 0n) }, false],
  ['dr: answers go past the director', { mode: 'dr', counters: counters(1n, 10n, 0n) }, false],
  ['not counted', { counters: null }, false],
])('packets of a NAT server: %s', (_, server, isFault) => {
  expect(found('nat-counters', services([server]))).toEqual(
    isFault
      ? [
          `192.0.2.11: tcp 192.0.2.10:80: server 192.0.2.11:80 got 10 packets, and none came back > run \`lvsctl doctor\` on that server`,
        ]
      : [],
  );
});

describe('a server without connections', () => {
  const none = { counters: counters(0n) };
  const many = { counters: counters(100n) };
  const text =
    'whether tcp 192.0.2.10:80: server 192.0.2.11:80 gets connections: it had none while others had many; it may be new';
  const persistence = { timeout: 1, netmask: null, engine: null };
  test.each<readonly [string, readonly Partial<ShownServer>[], Partial<ShownService>, boolean]>([
    ['others had many', [none, many], {}, true],
    ['weighted', [{ ...none, weight: 2 }, many], { scheduler: 'wrr' }, true],
    ['of less weight', [none, { ...many, weight: 2 }], { scheduler: 'wrr' }, false],
    ['out of service', [{ ...none, weight: 0 }, many], {}, false],
    ['the others are', [none, { ...many, weight: 0 }], {}, false],
    ['others had some', [none, { counters: counters(99n) }], {}, false],
    ['it had one', [{ counters: counters(1n) }, many], {}, false],
    ['not counted', [{ counters: null }, many], {}, false],
    ['others are not counted', [none, { counters: null }], {}, false],
    ['another scheduler', [none, many], { scheduler: 'sh' }, false],
    ['persistence', [none, many], { persistence }, false],
  ])('%s', (_, servers, more, isFault) => {
    const plain = { scheduler: 'rr', ...more };
    expect(unusedServers(look(services(servers, plain)))).toEqual(isFault ? [text] : []);
  });
});

describe('a hash and servers without weight', () => {
  const of = (scheduler: string, weights: readonly number[], flags: readonly string[] = []) =>
    found(
      'hash-weight',
      services(
        weights.map((weight) => ({ weight })),
        { scheduler, flags },
      ),
    );
  const refuses = (name: string, count: number, all: number) =>
    `tcp 192.0.2.10:80: scheduler ${name} refuses the clients of ${count} of ${all} servers, whose weight is 0 >`;
  const DELETE = 'ipvsadm -d -t 192.0.2.10:80 -r 192.0.2.11:80';
  test.each([
    ['sh', [0, 1], [], `${refuses('sh', 1, 2)} ipvsadm -E -t 192.0.2.10:80 -s sh -b sh-fallback`],
    [
      'mh',
      [0, 1, 0],
      [],
      `${refuses('mh', 2, 3)} ipvsadm -E -t 192.0.2.10:80 -s mh -b mh-fallback`,
    ],
    ['dh', [0, 1], [], `${refuses('dh', 1, 2)} ${DELETE}`],
    ['sh', [0, 1], ['sh-fallback'], undefined],
    [
      'sh',
      [0, 1],
      ['sh-port'],
      `${refuses('sh', 1, 2)} ipvsadm -E -t 192.0.2.10:80 -s sh -b sh-fallback,sh-port`,
    ],
    ['sh', [0, 0], [], undefined],
    ['sh', [1, 1], [], undefined],
    ['rr', [0, 1], [], undefined],
  ])('%s %j %j', (scheduler, weights, flags, expected) => {
    expect(of(scheduler, weights, flags)).toEqual(expected === undefined ? [] : [expected]);
  });
});

const route = (to: string, more: Partial<RouteFact> = {}): RouteFact => ({
  family: to.includes(':') ? 'ipv6' : 'ipv4',
  table: 'main',
  type: 'unicast',
  to,
  from: null,
  metric: 0,
  source: null,
  mtu: null,
  advmss: null,
  hops: [{ device: 'eth0', via: null, dead: false }],
  ...more,
});
const via = (to: string, router: string, more: Partial<RouteFact> = {}) =>
  route(to, { hops: [{ device: 'eth0', via: router, dead: false }], ...more });

describe('what a plan asks, from facts', () => {
  const asked = (more: More) => planFacts({ ...BASE, ...more }, undefined);
  test.each<readonly [string, readonly RouteFact[], string | null]>([
    ['none', [], null],
    ['a router', [via('0.0.0.0/0', '192.0.2.1')], 'via 192.0.2.1 dev eth0'],
    ['a link', [route('0.0.0.0/0')], 'dev eth0'],
    [
      'the lowest metric',
      [
        via('0.0.0.0/0', '192.0.2.1', { metric: 20 }),
        via('0.0.0.0/0', '192.0.2.2', { metric: 10 }),
      ],
      'via 192.0.2.2 dev eth0 metric 10',
    ],
    [
      'all of it',
      [via('0.0.0.0/0', '192.0.2.1', { metric: 5, mtu: 1400, advmss: 1360 })],
      'via 192.0.2.1 dev eth0 metric 5 mtu 1400 advmss 1360',
    ],
    ['no hop', [route('0.0.0.0/0', { hops: [] })], ''],
    ['another table', [via('0.0.0.0/0', '192.0.2.1', { table: '7' })], null],
    ['another type', [via('0.0.0.0/0', '192.0.2.1', { type: 'blackhole' })], null],
    ['another network', [via('10.0.0.0/8', '192.0.2.1')], null],
    ['another family', [via('::/0', '2001:db8::1')], null],
  ])('the default route: %s', (_, routes, expected) => {
    expect(asked({ routes }).routes('ipv4')).toBe(expected);
  });

  test.each([
    [' 1\n', 1],
    ['', undefined],
    [' ', undefined],
    [undefined, undefined],
  ])('a sysctl of %j', (text, expected) => {
    expect(asked({ sysctls: text === undefined ? {} : { k: text } }).sysctl('k')).toBe(expected);
  });

  test('links and addresses', () => {
    const link = (name: string, more: Partial<LinkFact> = {}): LinkFact => ({
      ...{ name, index: 2, up: true, carrier: true, noarp: false, mtu: 1500 },
      ...{ mac: null, kind: null, master: null, tunnel: null, ...more },
    });
    const tunnel = { local: '192.0.2.1', remote: '192.0.2.2', proto: null, checksum: false };
    const { links, addresses } = asked({
      links: [
        link('lo'),
        link('eth0', { carrier: false }),
        link('d0', { noarp: true, up: false, kind: 'ipip', tunnel }),
      ],
      addresses: ['eth0', 'd0'].map((device) => ({
        device,
        address: '192.0.2.1',
        prefix: 24,
        unusable: null,
        deprecated: false,
      })),
    });
    const plain = { index: 2, up: true, carrier: true, mtu: 1500, type: '', local: '', remote: '' };
    expect(links).toEqual([
      { ...plain, name: 'lo', asked: false },
      { ...plain, name: 'eth0', asked: true, carrier: false },
      {
        ...plain,
        name: 'd0',
        asked: false,
        up: false,
        type: 'ipip',
        local: '192.0.2.1',
        remote: '192.0.2.2',
      },
    ]);
    expect(addresses.map(({ device, up }) => [device, up])).toEqual([
      ['eth0', true],
      ['d0', false],
    ]);
  });

  test('modules, and the packet filter that is used', () => {
    const owns = (owns_modules: boolean, kernel_rules: boolean) =>
      asked({ owns_modules, kernel_rules }).ownsModules;
    expect([owns(true, true), owns(true, false), owns(false, true)]).toEqual([true, false, false]);
    const ipt = (legacy: boolean) => ({ family: 'ipv4', variant: 'x', text: '', legacy }) as never;
    const tool = (iptables: never[], nft: unknown[]) =>
      asked({ packet_filter: { iptables, nft } as never }).firewallTool();
    expect([
      tool([], []),
      tool([], [1]),
      tool([], [1, 2]),
      tool([ipt(false)], [1, 2]),
      tool([ipt(true)], [1, 2]),
    ]).toEqual(['iptables', 'iptables', 'nft', 'iptables', 'iptables-legacy']);
  });
});

test.each<readonly [string, readonly RouteFact[], string, string]>([
  ['by the default route', [via('0.0.0.0/0', '192.0.2.1')], '192.0.2.10', '198.18.255.254'],
  ['of IPv6', [via('::/0', '2001:db8::1')], '2001:db8::10', '2001:2::fffe'],
  ['of a network', [route('198.51.100.0/24')], '192.0.2.10', '198.51.100.254'],
  [
    'not of another family',
    [route('2001:db8::/64'), route('198.51.100.0/24')],
    '192.0.2.10',
    '198.51.100.254',
  ],
  [
    'not of another table',
    [route('203.0.113.0/24', { table: '7' }), route('198.51.100.0/24')],
    '192.0.2.10',
    '198.51.100.254',
  ],
  [
    'not where packets are refused',
    [route('203.0.113.0/24', { type: 'blackhole' }), route('198.51.100.0/24')],
    '192.0.2.10',
    '198.51.100.254',
  ],
  [
    'not of two addresses',
    [route('203.0.113.0/31'), route('198.51.100.0/24')],
    '192.0.2.10',
    '198.51.100.254',
  ],
  ['none', [], '192.0.2.10', '198.18.255.254'],
])('a client: %s', (_, routes, vip, expected) => {
  expect(formatAddress(anyClient(hostOf({ ...BASE, routes }), at(vip)))).toBe(expected);
});

test.each<readonly [readonly RouteFact[], string, readonly string[]]>([
  [
    [route('192.0.2.11/32', { type: 'blackhole', hops: [] })],
    '192.0.2.11',
    ['ip route del blackhole 192.0.2.11/32'],
  ],
  [
    [route('2001:db8::/64', { type: 'unreachable', hops: [] })],
    '2001:db8::1',
    ['ip -6 route del unreachable 2001:db8::/64'],
  ],
  [[route('192.0.2.11/32')], '192.0.2.11', []],
  [[], '192.0.2.11', []],
  [
    [route('192.0.2.0/24', { type: 'prohibit', hops: [], table: 'default' })],
    '192.0.2.11',
    ['ip route del prohibit 192.0.2.0/24 table default'],
  ],
])('a route that refuses, %#', (routes, to, expected) => {
  expect(withoutRefusal(hostOf({ ...BASE, routes }), at(to))).toEqual(expected);
});

test.each([
  [{ to: '192.0.2.11' }, ['ip rule del to 192.0.2.11 pref 100 prohibit']],
  [{ from: '10.0.0.0/8', mark: 3, mask: 255 }, []],
  [{ mark: 0 }, ['ip rule del fwmark 0 pref 100 prohibit']],
  [{ mark: 0, mask: 255 }, ['ip rule del fwmark 0/255 pref 100 prohibit']],
  [{ from: '203.0.113.0/24' }, ['ip rule del from 203.0.113.0/24 pref 100 prohibit']],
  [{ action: 'blackhole' as const, priority: 7 }, ['ip rule del pref 7 blackhole']],
  [{ other: ['tos 4'] }, []],
  [{ not: true, to: '10.0.0.0/8' }, []],
])('a rule of routing that refuses, %#', (more, expected) => {
  const rule: RoutingRuleFact = {
    family: 'ipv4',
    priority: 100,
    from: null,
    to: null,
    mark: null,
    mask: null,
    in_device: null,
    out_device: null,
    table: null,
    action: 'prohibit',
    not: false,
    other: [],
    ...more,
  };
  const facts = { ...BASE, rules: [rule, ...BASE.rules] };
  expect(withoutRefusal(hostOf(facts), at('192.0.2.11'), at('203.0.113.9'))).toEqual(expected);
});

describe('the route that answers need', () => {
  const address = (text: string, prefix: number) => ({
    device: 'eth0',
    address: text,
    prefix,
    unusable: null,
    deprecated: false,
  });
  const director = (more: More = {}): MachineFacts => ({
    ...BASE,
    addresses: [address('192.0.2.1', 24), address('2001:db8::1', 64)],
    routes: [
      route('192.0.2.0/24'),
      via('0.0.0.0/0', '192.0.2.254'),
      route('2001:db8::/64'),
      via('::/0', '2001:db8::fe'),
    ],
    ...more,
  });
  const server = (more: More = {}): MachineFacts => ({
    ...BASE,
    machine: 'rs',
    addresses: [address('192.0.2.11', 24), address('2001:db8::11', 64)],
    routes: [route('192.0.2.0/24'), route('2001:db8::/64')],
    ...more,
  });
  const needed = (mode: string, own: string, client: string, here: More = {}, there?: More) =>
    answerRoute({ ...SERVER, mode, address: own }, at(client), {
      ...look({}),
      host: hostOf(director(here)),
      others: there === undefined ? [] : [hostOf(server(there))],
    });
  const [OWN, CLIENT] = ['192.0.2.11', '203.0.113.9'] as const;
  test.each<readonly [string, () => readonly string[], readonly string[]]>([
    [
      'nat: by the director',
      () => needed('nat', OWN, CLIENT, {}, {}),
      ['ip route replace default via 192.0.2.1'],
    ],
    [
      'nat of IPv6',
      () => needed('nat', '2001:db8::11', '2001:db8:9::9', {}, {}),
      ['ip -6 route replace default via 2001:db8::1'],
    ],
    [
      'dr: by its router',
      () => needed('dr', OWN, CLIENT, {}, {}),
      ['ip route replace default via 192.0.2.254'],
    ],
    [
      'dr of IPv6',
      () => needed('dr', '2001:db8::11', '2001:db8:9::9', {}, {}),
      ['ip -6 route replace default via 2001:db8::fe'],
    ],
    [
      'the network of the client has a route',
      () => needed('nat', OWN, CLIENT, {}, { routes: [via('203.0.113.0/24', '192.0.2.9')] }),
      ['ip route replace 203.0.113.0/24 via 192.0.2.1'],
    ],
    [
      'a default route is replaced',
      () => needed('nat', OWN, CLIENT, {}, { routes: [via('0.0.0.0/0', '192.0.2.9')] }),
      ['ip route replace default via 192.0.2.1'],
    ],
    [
      'a default route of IPv6 is replaced',
      () =>
        needed(
          'nat',
          '2001:db8::11',
          '2001:db8:9::9',
          {},
          { routes: [via('::/0', '2001:db8::9')] },
        ),
      ['ip -6 route replace default via 2001:db8::1'],
    ],
    [
      'a route that refuses is not named',
      () =>
        needed(
          'nat',
          OWN,
          CLIENT,
          {},
          { routes: [route('203.0.113.0/24', { type: 'blackhole', hops: [] })] },
        ),
      ['ip route replace default via 192.0.2.1'],
    ],
    [
      'the router is not on the server network',
      () => needed('dr', OWN, CLIENT, { routes: [via('0.0.0.0/0', '198.51.100.1')] }, {}),
      [],
    ],
    ['the director has no router', () => needed('dr', OWN, CLIENT, { routes: [] }, {}), []],
    [
      'its router is dead',
      () =>
        needed(
          'dr',
          OWN,
          CLIENT,
          {
            routes: [
              route('0.0.0.0/0', { hops: [{ device: 'eth0', via: '192.0.2.254', dead: true }] }),
            ],
          },
          {},
        ),
      [],
    ],
    [
      'the director is on another network',
      () => needed('nat', OWN, CLIENT, { addresses: [address('198.51.100.1', 24)] }, {}),
      [],
    ],
    [
      'its router is dead, and another one is not',
      () =>
        needed(
          'dr',
          OWN,
          CLIENT,
          {
            routes: [
              route('0.0.0.0/0', {
                hops: [
                  { device: 'eth0', via: '192.0.2.253', dead: true },
                  { device: 'eth0', via: '192.0.2.254', dead: false },
                ],
              }),
            ],
          },
          {},
        ),
      ['ip route replace default via 192.0.2.254'],
    ],
    [
      'clients are on a network of the director: it has no router to them',
      () => needed('dr', OWN, CLIENT, { routes: [route('203.0.113.0/24')] }, {}),
      [],
    ],
    [
      'a route of another table is replaced there',
      () =>
        needed(
          'nat',
          OWN,
          CLIENT,
          {},
          { routes: [via('203.0.113.0/24', '192.0.2.9', { table: 'default' })] },
        ),
      ['ip route replace 203.0.113.0/24 via 192.0.2.1 table default'],
    ],
    ['nothing is known of the server', () => needed('nat', OWN, CLIENT), []],
    ['nothing, dr', () => needed('dr', OWN, CLIENT), []],
    ['a name', () => needed('nat', 'x', CLIENT, {}, {}), []],
  ])('%s', (_, actual, expected) => expect(actual()).toEqual(expected));

  test('advice only where there is no command', () => {
    expect([orAdvice(['a'], 'b'), orAdvice([], 'b')]).toEqual([
      { repair: ['a'] },
      { repair: [], advice: 'b' },
    ]);
  });
});
