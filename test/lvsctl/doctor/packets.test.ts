// Which packets the doctor follows and for whom they stand, segments that a tunnel has no room for,
// and how a real server is made quiet.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { inspect } from '../../../src/lvsctl/doctor/inspection.js';
import { lostPackets } from '../../../src/lvsctl/doctor/lostpackets.js';
import { quietVip, silenced } from '../../../src/lvsctl/doctor/quiet.js';
import { unclamped } from '../../../src/lvsctl/doctor/segments.js';
import { otherLoss } from '../../../src/lvsctl/doctor/unreported.js';
import type { ConnectionTally, LinkFact, MachineFacts } from '../../../src/lvsctl/facts/types.js';
import { hostOf } from '../../../src/lvsctl/path/host.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import type { ShownServer } from '../../../src/lvsctl/show/table.js';
import { formatAddress, parseAddress } from '../../../src/model/address.js';
import { at } from '../../support/address.js';
import {
  addressed,
  addressFact,
  linkFact,
  mangleFact,
  routeFact,
  tunnelLink,
} from '../../support/hostfacts.js';

const file = (...services: readonly string[]) =>
  readConfig(
    `vips: [{address: 192.0.2.10, interface: eth0}]\nservices:\n${services.map((one) => `  - {${one}}\n`).join('')}`,
    'f',
  );
const service = (more = '', servers = '{address: 192.0.2.11}', mode = 'dr') =>
  `name: a, address: 192.0.2.10, port: 80, mode: ${mode}, ${more}servers: [${servers}]`;
const GROUP = service().replace(
  'address: 192.0.2.10, port: 80',
  'addresses: [192.0.2.10], ports: [80, 443], mark: 7',
);
type Stated = Partial<MachineFacts>;

describe('a packet is followed', () => {
  /** Nothing passes: each packet that is followed is lost here. */
  const DROP: Stated = {
    packet_filter: {
      iptables: [
        {
          family: 'ipv4',
          variant: 'x_tables',
          text: '*filter\n:INPUT DROP [0:0]\nCOMMIT\n',
        },
      ],
      nft: [],
    },
  };
  const tally = (...clients: readonly (Partial<ConnectionTally> | string)[]): Stated => ({
    connections: {
      count: 1,
      listed: [],
      tally: clients.map((one) => ({
        ...{ service: 'tcp 192.0.2.10:80', server: '192.0.2.11:80', state: 'ESTABLISHED' },
        ...{ connections: 1, example: '203.0.113.1' },
        ...(typeof one === 'string' ? { example: one } : one),
      })),
    },
  });
  function followed(services: readonly string[], stated: Stated = {}, marks?: readonly string[]) {
    const [facts] = intendedFacts(file(...services)) as [MachineFacts];
    const { packet_filter: filter } = facts;
    const iptables = [
      ...(DROP.packet_filter?.iptables ?? []),
      ...(marks === undefined ? filter.iptables : [mangleFact(marks)]),
    ];
    const inspection = inspect(undefined, 'director', {
      facts: { ...facts, packet_filter: { iptables, nft: [] }, ...stated },
    });
    return lostPackets(inspection).map(({ client, server, hop: { packet } }) => {
      const to = `${formatAddress(packet.destination)}:${packet.destinationPort}`;
      return `${packet.protocol} ${formatAddress(client)} to ${to} for ${server.server}`;
    });
  }
  const FAR = '198.18.255.254';
  const of = (client: string, server = '192.0.2.11:80', to = '192.0.2.10:80', protocol = 'tcp') =>
    `${protocol} ${client} to ${to} for ${server}`;
  const two = '{address: 192.0.2.11}, {address: 192.0.2.12}';

  // biome-ignore format: a table
  test.each<readonly [string, readonly string[], Stated, readonly string[]]>([
    ['of a client that stands for all', [service()], {}, [of(FAR)]],
    ['to each server', [service('', two)], {}, [of(FAR), of(FAR, '192.0.2.12:80')]],
    ['not to a server of weight 0', [service('', '{address: 192.0.2.11, weight: 0}, {address: 192.0.2.12}')], {}, [of(FAR, '192.0.2.12:80')]],
    ['of its protocol', [service('protocol: udp, ')], {}, [of(FAR, undefined, undefined, 'udp')]],
    ['of a client that is known, and of one that stands for all', [service()], tally('203.0.113.1'), [of('203.0.113.1'), of(FAR)]],
    ['of two that are known', [service()], tally('203.0.113.1', '203.0.113.1', '203.0.113.2', '203.0.113.3'), [of('203.0.113.1'), of('203.0.113.2'), of(FAR)]],
    ['not of clients of another service', [service()], tally({ service: 'tcp 192.0.2.10:81' }), [of(FAR)]],
    ['of the machine itself in dr', [service()], { ...tally('192.0.2.10'), ...addressed('eth0 192.0.2.10/32') }, [of('192.0.2.10'), of(FAR)]],
    ['not in nat', [service('', undefined, 'nat')], { ...tally('192.0.2.10'), ...addressed('eth0 192.0.2.10/32') }, [of(FAR)]],
    ['not of what is no address', [service()], tally('?'), [of(FAR)]],
  ])('%s', (_, services, stated, expected) => {
    const routes = [...(stated.routes ?? addressed('eth0 192.0.2.10/32').routes), routeFact('0.0.0.0/0 eth0')];
    expect(followed(services, { ...stated, routes })).toEqual(expected);
  });

  // biome-ignore format: a table
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['to the first port of its rule', ['-A PREROUTING -d 192.0.2.10/32 -p tcp -m multiport --dports 443,80 -j MARK --set-mark 7'], [of(FAR, '192.0.2.11:0', '192.0.2.10:443')]],
    ['of the protocol of its rule', ['-A PREROUTING -d 192.0.2.10/32 -p udp -m udp --dport 53 -j MARK --set-mark 7'], [of(FAR, '192.0.2.11:0', '192.0.2.10:53', 'udp')]],
    ['a rule of all ports', ['-A PREROUTING -d 192.0.2.10/32 -p tcp -j MARK --set-mark 7'], [of(FAR, '192.0.2.11:0', '192.0.2.10:0')]],
    ['a rule of all protocols', ['-A PREROUTING -d 192.0.2.10/32 -j MARK --set-mark 7'], [of(FAR, '192.0.2.11:0', '192.0.2.10:0')]],
    ['a rule of the other family aside', ['-A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 80 -j MARK --set-mark 7'], [of(FAR, '192.0.2.11:0')]],
    ['none where the rule names no VIP', ['-A PREROUTING -p tcp -j MARK --set-mark 7'], []],
    ['none where no rule sets the mark', ['-A PREROUTING -d 192.0.2.10/32 -p tcp -j MARK --set-mark 8'], []],
  ])('of a service by mark, %s', (_, marks, expected) => {
    expect(followed([GROUP], {}, marks)).toEqual(expected);
  });
});

describe('a loss without a finding of its own', () => {
  test('the director is a backup that does not balance', () => {
    const [facts] = intendedFacts(file(service())) as [MachineFacts];
    const daemons = [{ role: 'backup', interface: 'eth0', syncid: 1 }];
    const sysctls = { ...facts.sysctls, 'net/ipv4/vs/backup_only': '1' };
    const inspection = inspect(undefined, 'director', {
      facts: { ...facts, sysctls, daemons } as unknown as MachineFacts,
    });
    expect(otherLoss(lostPackets(inspection), inspection)).toMatchObject([
      {
        id: 'path',
        what: expect.stringMatching(/^tcp 192\.0\.2\.10:80: /),
        repair: [],
        advice:
          'ask the director that is the master; where this one is to balance, stop its backup daemon, or set net.ipv4.vs.backup_only to 0',
      },
    ]);
  });
});

describe('segments that a tunnel has no room for', () => {
  /** Of a machine without a file that has the VIP on this device. */
  function without(more: Partial<LinkFact>, stated: Stated = {}, vip = '192.0.2.10/32') {
    const [, server] = intendedFacts(file(service())) as [MachineFacts, MachineFacts];
    const facts: MachineFacts = {
      ...server,
      packet_filter: { iptables: [], nft: [] },
      links: [linkFact('lo', { mtu: 65_536 }), linkFact('eth0'), tunnelLink('t', 'ipip', more)],
      ...addressed('eth0 192.0.2.11/24', `t ${vip}`),
      ...stated,
    };
    return unclamped(inspect(undefined, 'realserver', { facts })).map(
      ({ what, repair }) => `${what} > ${repair.join('; ')}`,
    );
  }
  const offers = (size: number, vip = '192.0.2.10', program = 'iptables') =>
    `VIP ${vip} offers segments that the tunnel has no room for; ${size} bytes fit > ${program} -t mangle -A POSTROUTING -s ${vip} -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss ${size}`;
  const clamp = (target: string, match = '-s 192.0.2.10/32 ', chain = 'POSTROUTING'): Stated => ({
    packet_filter: {
      iptables: [
        mangleFact([
          `-A ${chain} ${match}-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS ${target}`,
        ]),
      ],
      nft: [],
    },
  });
  const route = (advmss: number | null): Stated => ({
    routes: [
      ...addressed('t 192.0.2.10/32').routes,
      routeFact('0.0.0.0/0 eth0 192.0.2.1', { advmss }),
    ],
  });
  const outer = (...links: readonly LinkFact[]): Stated => ({
    links: [linkFact('lo', { mtu: 65_536 }), tunnelLink('t', 'ipip'), ...links],
  });

  // biome-ignore format: a table
  test.each<readonly [string, Partial<LinkFact>, Stated, readonly string[]]>([
    ['ipip', {}, {}, [offers(1440)]],
    ['gre', { kind: 'gre' }, {}, [offers(1436)]],
    ['no kind is known', { kind: null }, {}, []],
    ['its size is not known', { mtu: 0 }, {}, []],
    ['the largest outer interface counts', {}, outer(linkFact('eth0', { mtu: 1400 }), linkFact('eth1', { mtu: 9000 })), [offers(8940)]],
    ['other tunnels, dummies and lo do not', {}, outer(linkFact('eth0'), linkFact('d0', { kind: 'dummy', mtu: 9000 }), tunnelLink('u', 'gre', { mtu: 9000 })), [offers(1440)]],
    ['no outer interface', {}, outer(), []],
    ['a rule of that size', {}, clamp('--set-mss 1440'), []],
    ['a rule of less', {}, clamp('--set-mss 1400'), []],
    ['a rule of more', {}, clamp('--set-mss 1441'), [offers(1440)]],
    ['a rule of all senders', {}, clamp('--set-mss 1440', ''), []],
    ['a rule of another sender', {}, clamp('--set-mss 1440', '-s 192.0.2.20/32 '), [offers(1440)]],
    ['a rule of another interface', {}, { ...route(null), ...clamp('--set-mss 1440', '-o eth7 ') }, [offers(1440)]],
    ['a rule of the interface of the answers', {}, { ...route(null), ...clamp('--set-mss 1440', '-o eth0 ') }, []],
    ['a rule in OUTPUT', {}, clamp('--set-mss 1440', '', 'OUTPUT'), []],
    ['a rule in PREROUTING: answers do not pass it', {}, clamp('--set-mss 1440', '', 'PREROUTING'), [offers(1440)]],
    ['a rule that takes the size of the route', {}, clamp('--clamp-mss-to-pmtu'), [offers(1440)]],
    ['the route offers no more', {}, route(1440), []],
    ['the route offers more', {}, route(1441), [offers(1440)]],
  ])('%s', (_, more, stated, expected) => {
    expect(without(more, stated)).toEqual(expected);
  });

  test('of two rules the smaller size', () => {
    const [a, b] = ['--set-mss 1400', '--set-mss 9000'].map(
      (target) => `-A POSTROUTING -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS ${target}`,
    ) as [string, string];
    const of = (...lines: readonly string[]) =>
      without({}, { packet_filter: { iptables: [mangleFact(lines)], nft: [] } });
    expect([of(a, b).length, of(b).length]).toEqual([0, 1]);
  });

  test('IPv6 has a larger header', () => {
    expect(without({ kind: 'sit' }, {}, '2001:db8::10/128')).toEqual([
      offers(1420, '2001:db8::10', 'ip6tables'),
    ]);
  });

  test('two devices that have the VIP are one finding; dr has no tunnel', () => {
    const stated: Stated = {
      links: [linkFact('lo'), linkFact('eth0'), tunnelLink('t', 'ipip'), tunnelLink('u', 'ipip')],
      ...addressed('t 192.0.2.10/32', 'u 192.0.2.10/32'),
    };
    expect(without({}, stated)).toEqual([offers(1440)]);
    expect(without({}, addressed('lo 192.0.2.10/32'))).toEqual([]);
  });
});

describe('a real server is made quiet', () => {
  const [, SERVER] = intendedFacts(file(service())) as [MachineFacts, MachineFacts];
  const of = (mode: string) => ({ mode }) as ShownServer;
  const SYSCTL = 'sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2';
  const del = (device: string, prefix = 32) => `ip addr del 192.0.2.10/${prefix} dev ${device}`;
  const ADD = 'ip addr add 192.0.2.10/32 dev lo';
  const quiet = (mode: string, ...texts: readonly string[]) => {
    const links = [linkFact('lo'), linkFact('eth0'), tunnelLink('t', 'ipip')];
    const addresses = texts.map((one) => addressFact(one));
    const vip = at(texts.some((one) => one.includes(':')) ? '2001:db8::10' : '192.0.2.10');
    return silenced(hostOf({ ...SERVER, links, addresses }), vip, of(mode));
  };
  // biome-ignore format: a table
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['dr', ['lo 192.0.2.10/32'], [SYSCTL]],
    ['dr', ['eth0 192.0.2.10/24'], [SYSCTL, del('eth0', 24), ADD]],
    ['dr', ['lo 192.0.2.10/32', 'eth0 192.0.2.10/32'], [SYSCTL, del('eth0')]],
    ['dr', ['lo 192.0.2.20/32'], [SYSCTL, ADD]],
    ['tun', ['t 192.0.2.10/32'], [SYSCTL]],
    ['tun', ['eth0 192.0.2.10/32'], [SYSCTL, del('eth0'), ADD]],
    ['nat', ['eth0 192.0.2.10/32'], [del('eth0')]],
    ['nat', ['lo 192.0.2.10/32', 'eth0 192.0.2.10/24'], [del('lo'), del('eth0', 24)]],
    ['nat', [], []],
    ['dr', ['eth0 2001:db8::10/64'], ['ip -6 addr del 2001:db8::10/64 dev eth0', 'ip addr add 2001:db8::10/128 dev lo']],
    ['dr', ['lo 2001:db8::10/128'], []],
  ])('%s, %j', (mode, texts, expected) => {
    expect(quiet(mode, ...texts)).toEqual(expected);
  });

  test.each([
    ['192.0.2.10', 'dr', [SYSCTL, ADD]],
    ['192.0.2.10', 'tun', [ADD]],
    ['2001:db8::10', 'dr', ['ip addr add 2001:db8::10/128 dev lo']],
  ])('%s gets its VIP by %s', (vip, mode, expected) => {
    expect(quietVip(parseAddress(vip) ?? expect.fail(), of(mode))).toEqual(expected);
  });
});
