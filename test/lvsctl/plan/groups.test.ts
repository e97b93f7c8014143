// Groups of VIPs under one mark: the rules that set it, and those of others that do so already.
import { describe, expect, test } from 'vitest';
import type { VirtualService } from '../../../src/lvsctl/config/file.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { describeRule } from '../../../src/lvsctl/plan/firewall.js';
import { markRules } from '../../../src/lvsctl/plan/markrules.js';
import { groupOf, type MarkSource, unmarked } from '../../../src/lvsctl/plan/marks.js';
import { partsOf } from '../../../src/lvsctl/plan/realserver.js';
import { formatAddress, parseAddress } from '../../../src/model/address.js';

const FILE = (ports: string, more = '') => `vips: [{address: 192.0.2.1-3, interface: eth0}]
services:
  - {name: g, addresses: [192.0.2.1, 192.0.2.2-3], ports: ${ports}, mark: 7, mode: dr, servers: [{address: 198.51.100.1}]${more}}
`;
const configOf = (ports: string, more = '') => readConfig(FILE(ports, more), 'f');
const group = (ports: string, more = '') => configOf(ports, more).services[0] as VirtualService;

const of = (vip: string, text: string) => `mark 7 on ${text.replace(' ', ` ${vip} `)}`;
const forAll = (...texts: readonly string[]) =>
  ['192.0.2.1', '192.0.2.2', '192.0.2.3'].flatMap((vip) => texts.map((text) => of(vip, text)));

test.each([
  ['[80, 443]', '', forAll('tcp port 80,443')],
  [
    '[80, 8000-8100, 53/udp, 5000-5010/udp]',
    '',
    forAll('tcp port 80,8000-8100', 'udp port 53,5000-5010'),
  ],
  ['[0]', '', forAll('tcp all ports')],
  ['[0, 0/udp]', '', forAll('tcp all ports', 'udp all ports')],
  ['[53]', ', protocol: udp', forAll('udp port 53')],
  // iptables takes 15 ports in one rule, and a range counts as two
  [
    '[1-2, 3-4, 5-6, 7-8, 9-10, 11-12, 13-14, 15-16, 17]',
    '',
    forAll('tcp port 1-2,3-4,5-6,7-8,9-10,11-12,13-14', 'tcp port 15-16,17'),
  ],
])('%s', (ports, more, expected) => {
  expect(markRules(group(ports, more)).map(describeRule)).toEqual(expected);
});

describe('rules of others', () => {
  const rules = markRules(group('[80, 8000-8100]'));
  const source = (
    address: string | undefined,
    ports: MarkSource['ports'],
    more: Partial<MarkSource> = {},
  ): MarkSource => ({
    family: 'ipv4',
    mark: 7,
    address,
    vip: address === undefined ? undefined : parseAddress(address),
    protocol: 'tcp',
    ports,
    ...more,
  });
  const missing = (...sources: readonly MarkSource[]) => unmarked(rules, sources).map(describeRule);

  test.each<[string, readonly MarkSource[], readonly string[]]>([
    ['none', [], forAll('tcp port 80,8000-8100')],
    [
      'the same',
      rules.map((rule) =>
        rule.kind === 'mark' ? source(formatAddress(rule.address), rule.ports) : expect.fail(),
      ),
      [],
    ],
    [
      'one VIP',
      [source('192.0.2.2', [80, '8000-8100'])],
      [of('192.0.2.1', 'tcp port 80,8000-8100'), of('192.0.2.3', 'tcp port 80,8000-8100')],
    ],
    [
      'a part of the range',
      [source(undefined, [80, '8000-8099'])],
      forAll('tcp port 80,8000-8100'),
    ],
    [
      'the end of the range',
      [source(undefined, [80, '8001-8100'])],
      forAll('tcp port 80,8000-8100'),
    ],
    [
      'a lower port than that',
      [source(undefined, [79, '8000-8100'])],
      forAll('tcp port 80,8000-8100'),
    ],
    ['more, in two rules', [source(undefined, [80]), source(undefined, ['1024-65535'])], []],
    [
      'another protocol',
      [source(undefined, [80, '8000-8100'], { protocol: 'udp' })],
      forAll('tcp port 80,8000-8100'),
    ],
    [
      'a network, all protocols and ports',
      [source(undefined, undefined, { protocol: undefined })],
      [],
    ],
  ])('%s', (_, sources, expected) => {
    expect(missing(...sources)).toEqual(expected);
  });

  test('all ports need a rule for all ports', () => {
    const all = markRules(group('[0]'));
    expect(unmarked(all, [source(undefined, [80])])).toEqual(all);
    expect(unmarked(all, [source(undefined, undefined)])).toEqual([]);
  });

  test('are one group where each VIP has the same ports', () => {
    expect(
      groupOf([
        source('192.0.2.1', [80]),
        source('192.0.2.2', [443, 80]),
        source('192.0.2.1', [443]),
      ]),
    ).toMatchObject({
      vips: [parseAddress('192.0.2.1'), parseAddress('192.0.2.2')],
      ports: [80, 443],
      protocol: 'tcp',
    });
    expect(groupOf([source('192.0.2.1', [80]), source('192.0.2.2', [81])])).toBeUndefined();
    expect(groupOf([source(undefined, [80])])).toBeUndefined();
    expect(groupOf([source('192.0.2.1', [80], { protocol: undefined })])).toBeUndefined();
    expect(groupOf([])).toBeUndefined();
  });
});

test('a real server gets each VIP of a group', () => {
  const facts = {
    addresses: [{ device: 'eth0', address: '198.51.100.1', prefix: 24, scope: 'global' }],
  } as unknown as Parameters<typeof partsOf>[1];
  const vips = partsOf(configOf('[0]'), facts).map(({ service }) => formatAddress(service.address));
  expect(vips).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
});
