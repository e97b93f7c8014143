// Ranges and lists: entries that stand for several.
import { describe, expect, test } from 'vitest';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { ConfigError } from '../../../src/lvsctl/config/problem.js';
import { isRange, rangeOf } from '../../../src/lvsctl/config/range.js';
import { inspectConfig, readConfig } from '../../../src/lvsctl/config/read.js';
import { formatAddress } from '../../../src/model/address.js';
import { serverKey, serviceKey } from '../../../src/model/table.js';

const VIPS =
  'vips: [{address: 192.0.2.0/28, interface: eth0}, {address: "2001:db8::1-3", interface: eth0}]\n';
const file = (...services: readonly string[]) =>
  `${VIPS}services:\n${services.map((one) => `  - {${one}}\n`).join('')}`;

/** `web-80 tcp 192.0.2.1:80 10.0.0.1:80 …` */
const linesOf = (text: string) =>
  desiredServices(readConfig(text, 'f')).map(({ source, service, destinations }) =>
    [source.name, serviceKey(service.id), ...destinations.map(serverKey)].join(' '),
  );

/** Every error of a text, `LINE:COLUMN ENTRY MESSAGE`. */
function errors(text: string): string[] {
  try {
    readConfig(text, 'f');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(
      ({ line, column, path, message }) => `${line}:${column} ${path} ${message}`,
    );
  }
  return [];
}

test.each([
  ['192.0.2.0/29', true],
  ['192.0.2.1 - 9', true],
  ['192.0.2.9-1', true],
  // an address with the length of its network, as `ip addr` shows it
  ['192.0.2.10/24', false],
  ['192.0.2.10/32', false],
  ['2001:db8::1/128', false],
  ['192.0.2.0/33', false],
  ['192.0.2.1', false],
  ['rs-1', false],
])('%s is meant as a range: %j', (text, expected) => expect(isRange(text)).toBe(expected));

describe('ranges', () => {
  // biome-ignore format: a table
  test.each([
    ['192.0.2.1-3', ['192.0.2.1', '192.0.2.2', '192.0.2.3']],
    ['192.0.2.254-192.0.3.1', ['192.0.2.254', '192.0.2.255', '192.0.3.0', '192.0.3.1']],
    ['192.0.2.4/30', ['192.0.2.4', '192.0.2.5', '192.0.2.6', '192.0.2.7']],
    ['192.0.2.7-7', ['192.0.2.7']],
    ['255.255.255.254-255', ['255.255.255.254', '255.255.255.255']],
    ['2001:db8::ff-101', ['2001:db8::ff', '2001:db8::100', '2001:db8::101']],
    ['2001:db8::ffff:ffff-2001:db8::1:0:0', ['2001:db8::ffff:ffff', '2001:db8::1:0:0']],
    ['2001:db8::2/127', ['2001:db8::2', '2001:db8::3']],
  ])('%s', (text, expected) => expect(rangeOf(text)).toEqual(expected));
  test.each([
    ['192.0.2.9-1', /ends before it begins/],
    ['192.0.2.1-256', /is not a range/],
    ['192.0.2-9', /is not a range/],
    ['192.0.2.0/33', /is not a range/],
    ['2001:db8::/129', /is not a range/],
    ['192.0.2.1-2001:db8::1', /an IPv4 and an IPv6 address/],
    ['10.0.0.0/8', /has 16777216 addresses; at most 1024/],
    ['2001:db8::/64', /has 18446744073709551616 addresses; at most 1024/],
  ])('%s is none', (text, reason) =>
    expect(rangeOf(text)).toEqual({ reason: expect.stringMatching(reason) }),
  );
});

test('several addresses and ports are a service each, with names that stay', () => {
  const text = file(
    'name: web, addresses: [192.0.2.1-2, "2001:db8::1"], port: [80, 443], mode: tun, servers: [{address: 10.0.0.1}]',
    'name: mail, address: 192.0.2.3, port: [25], mode: dr, servers: []',
    'name: dns, address: 192.0.2.4-4, port: 53, mode: dr, servers: []',
  );
  expect(linesOf(text)).toEqual([
    'web-192.0.2.1-80 tcp 192.0.2.1:80 10.0.0.1:80',
    'web-192.0.2.1-443 tcp 192.0.2.1:443 10.0.0.1:443',
    'web-192.0.2.2-80 tcp 192.0.2.2:80 10.0.0.1:80',
    'web-192.0.2.2-443 tcp 192.0.2.2:443 10.0.0.1:443',
    'web-2001-db8--1-80 tcp [2001:db8::1]:80 10.0.0.1:80',
    'web-2001-db8--1-443 tcp [2001:db8::1]:443 10.0.0.1:443',
    'mail-25 tcp 192.0.2.3:25',
    'dns-192.0.2.4 tcp 192.0.2.4:53',
  ]);
});

test('a range of servers is a server each, with its keys and a name of its own', () => {
  const text = file(
    'name: web, address: 192.0.2.1, port: 80, mode: nat, gateway: 10.0.0.254, servers: [{address: 10.0.0.9-11, name: rs, port: 8080, weight: 5}, {address: 10.0.0.20}]',
  );
  const [desired] = desiredServices(readConfig(text, 'f'));
  expect(desired?.destinations.map((one) => `${serverKey(one)} ${one.weight}`)).toEqual([
    '10.0.0.9:8080 5',
    '10.0.0.10:8080 5',
    '10.0.0.11:8080 5',
    '10.0.0.20:80 1',
  ]);
  expect([...(desired?.serverNames ?? [])]).toEqual([
    ['10.0.0.9:8080', 'rs-10.0.0.9'],
    ['10.0.0.10:8080', 'rs-10.0.0.10'],
    ['10.0.0.11:8080', 'rs-10.0.0.11'],
  ]);
});

test('a range of VIPs is a VIP each', () => {
  const { vips } = readConfig(`${VIPS}services: []\n`, 'f');
  expect(vips.map(({ address }) => formatAddress(address))).toHaveLength(19);
  expect(new Set(vips.map((vip) => vip.interface))).toEqual(new Set(['eth0']));
});

test('an alias may stand for a list of servers with a range, and for a range', () => {
  const text = `${VIPS}services:
  - {name: a, address: &r 192.0.2.1-2, port: 80, mode: dr, servers: &s [{address: 10.0.0.1-2}]}
  - {name: b, address: *r, port: 81, mode: dr, servers: *s}
`;
  expect(linesOf(text).slice(2)).toEqual([
    'b-192.0.2.1 tcp 192.0.2.1:81 10.0.0.1:81 10.0.0.2:81',
    'b-192.0.2.2 tcp 192.0.2.2:81 10.0.0.1:81 10.0.0.2:81',
  ]);
});

describe('errors point at the entry that was written', () => {
  /** `LINE TEXT: PATH MESSAGE`, with the beginning of what is written at the place. */
  const placed = (text: string) =>
    errors(text).map((problem) => {
      const [, line = '', column = '', rest = ''] = /^(\d+):(\d+) (.*)$/.exec(problem) ?? [];
      const at = text.split('\n')[Number(line) - 1]?.slice(Number(column) - 1);
      return `${line} ${at?.slice(0, 9)}: ${rest}`;
    });
  const group =
    'name: web, address: 192.0.2.1-2, port: 80, mode: dr, servers: [{address: 10.0.0.1-2}]';
  // biome-ignore format: a table
  test.each([
    ['behind a range the index is that of the file', file(group, 'name: b, address: 192.0.2.9, port: 81, mode: dr, servers: [{address: 10.0.0.1-2}, {address: 10.0.0.9, weight: x}]'),
      ["4 x}]}: services[1].servers[1].weight `x' is not a whole number from 0 to 2147483647"]],
    ['in the group itself once', file(group.replace('mode: dr', 'mode: NAT')),
      ["3 NAT, serv: services[0].mode `NAT' is not one of nat, dr, tun; did you mean `nat'?"]],
    ['a VIP that is missing', file(group.replace('192.0.2.1-2', '192.0.2.15-17')),
      ['3 192.0.2.1: services[0].address 192.0.2.16 is not one of vips', '3 192.0.2.1: services[0].address 192.0.2.17 is not one of vips']],
    ['backwards', file(group.replace('10.0.0.1-2', '10.0.0.2-1')),
      ["3 10.0.0.2-: services[0].servers[0].address `10.0.0.2-1' ends before it begins"]],
    ['the same server twice', file(group.replace('{address: 10.0.0.1-2}', '{address: 10.0.0.1-2}, {address: 10.0.0.2}')),
      ['3 {address:: services[0].servers[1] server 10.0.0.2 port 80 is there twice, first in line 3']],
    ['the same service twice', file(group, 'name: b, address: 192.0.2.2, port: 80, mode: dr, servers: []'),
      ['4 {name: b,: services[1] service tcp 192.0.2.2:80 is there twice, first in line 3']],
    ['names that meet', file(group, 'name: web-192.0.2.1, address: 192.0.2.5, port: 80, mode: dr, servers: []'),
      ['4 web-192.0: services[1].name service web-192.0.2.1 is there twice, first in line 3']],
    ['both keys', file(group.replace('address: 192.0.2.1-2', 'address: 192.0.2.1, addresses: [192.0.2.2]')),
      ["3 [192.0.2.: services[0].addresses give either `address' or `addresses'"]],
    ['a group with a VIP that is missing', file('name: a, addresses: [192.0.2.1, 192.0.2.15-16], ports: [80], mark: 7, mode: dr, servers: []'),
      ['3 192.0.2.1: services[0].addresses[1] 192.0.2.16 is not one of vips']],
    ['a group of both families', file('name: a, addresses: [192.0.2.1, "2001:db8::1"], ports: [80], mark: 7, mode: dr, servers: []'),
      ['3 "2001:db8: services[0].addresses[1] a mark is for IPv4 or for IPv6; give each family a service of its own']],
    ['a group with a VIP twice', file('name: a, addresses: [192.0.2.1-3, 192.0.2.2], ports: [80], mark: 7, mode: dr, servers: []'),
      ['3 192.0.2.2: services[0].addresses[1] VIP 192.0.2.2 is there twice, first in line 3']],
    ['a group with a list in port', file('name: a, address: 192.0.2.1, port: [80, 81], mark: 7, mode: dr, servers: []'),
      ['3 [80, 81],: services[0].port expected one value']],
    ['a group of odd ports', file('name: a, address: 192.0.2.1, ports: [81-80, 0-5, 70000, 80/icmp], mark: 7, mode: dr, servers: []'),
      ['81-80', '0-5', '70000', '80/icmp'].map((port, i) => `3 ${['81-80, 0-', '0-5, 7000', '70000, 80', '80/icmp],'][i]}: services[0].ports[${i}] \`${port}' is not a port, a range like 8000-8100 or 0 for all ports, or one with its protocol like 53/udp`)],
    ['an empty list', file(group.replace('address: 192.0.2.1-2', 'addresses: []')),
      ['3 [], port:: services[0].addresses expected at least 1 element']],
    ['a list of no addresses', file(group.replace('address: 192.0.2.1-2', 'addresses: [web]')),
      ["3 web], por: services[0].addresses[0] `web' is not an IPv4 or IPv6 address: it looks like a host name, and names are not looked up; write the address"]],
    ['a port of a list', file(group.replace('80', '[80, 70000]')),
      ["3 70000], m: services[0].port[1] `70000' is not a whole number from 0 to 65535"]],
  ])('%s', (_, text, expected) => {
    expect(placed(text)).toEqual(expected);
  });

  test('more servers than the limit', () => {
    const text = `vips: [{address: 192.0.2.0/24, interface: eth0}]\nservices: [{name: a, address: 192.0.2.0/24, port: 80, mode: dr, servers: [{address: 10.0.0.0/22}]}]\n`;
    expect(errors(text)).toEqual(['2:12 services[0] more than 65536 servers in all services']);
  });
});

test('defaults and warnings are those of each, shown once', () => {
  const text = `defaults: {checks: {interval: 1}, mode: dr}\n${file('name: web, address: 192.0.2.1-9, port: 80, servers: [{address: 10.0.0.1-9}], checks: [{kind: tcp, timeout: 2}]')}`;
  const { config, warnings } = inspectConfig(text, 'f');
  expect(
    new Set(config.services.map(({ mode, checks }) => `${mode} ${checks[0]?.interval}`)),
  ).toEqual(new Set(['dr 1']));
  expect(warnings.map(({ path, line }) => `${line} ${path}`)).toEqual([
    '4 services[0].checks[0].timeout',
  ]);
});
