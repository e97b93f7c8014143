// The key `ha` with the rest of a file: each rule kept and broken, and what it makes of the file.
import { expect, test } from 'vitest';
import { inspectConfig } from '../../../src/lvsctl/config/read.js';
import { problemsOf } from '../../support/marked.js';

const file = (ha: string, rest = '', device = 'eth0', vip = '192.0.2.9') =>
  `vips: [{address: "${vip}", interface: ${device}}]\nha: {${ha}}\n${rest || 'services: []'}\n`;
const pair = (more = '', rest = '') =>
  file(`interface: eth1, peers: [10.0.0.1, 10.0.0.2]${more}`, rest);
const BIRD = 'engine: bird, peers: [10.0.0.1, 10.0.0.2], as: 1';
const ROUTER = 'neighbors: [{address: 10.0.0.254, as: 2}]';
const bird = (ha: string, rest = '', device = 'lvs-vip') => file(ha, rest, device);
const nat = (more = '') =>
  `services: [{name: a, address: 192.0.2.9, port: 80, mode: nat, servers: []${more}}]`;
const peers = (list: string) => file(`interface: eth1, peers: [${list}]`);
const unreachable = (address: string) =>
  `${address} is no address by which a director can be reached`;
const notFor = (engine: string, other: string) =>
  `not for engine ${engine}; remove it, or set engine: ${other}`;

// biome-ignore format: a table
test.each<readonly [string, readonly string[]]>([
  [pair(), []],
  [peers('10.0.0.1, 10.0.0.1'), ['2 [10.0.0.1] ha.peers[1]: peer 10.0.0.1 is there twice, first in line 2']],
  [peers('10.0.0.1, 10.0.0.2, "2001:db8::1"'), ['2 ["2001:db8::1"] ha.peers[2]: peers are of one address family']],
  [peers('10.0.0.1, 192.0.2.9'), ['2 [192.0.2.9] ha.peers[1]: 192.0.2.9 is a VIP; a peer is an address of one director']],
  ...['0.0.0.1', '127.0.0.1', '224.0.0.1', '229.1.1.1', '239.1.1.1', '240.0.0.1', '255.255.255.255', '169.254.1.1'].map((one) => [peers(`10.0.0.1, ${one}`), [`2 [${one}] ha.peers[1]: ${unreachable(one)}`]] as const),
  ...['10.0.0.2', '20.0.0.2', '22.4.0.1', '223.0.0.1', '169.25.4.1', '110.0.0.1', '10.127.0.1', '10.224.0.1'].map((one) => [peers(`10.0.0.1, ${one}`), []] as const),
  ...['::', '::1', 'ff02::1', 'fe80::1', 'fe90::1', 'feaf::1', 'febf::1'].map((one) => [peers(`"2001:db8::1", "${one}"`), [`2 ["${one}"] ha.peers[1]: ${unreachable(one)}`]] as const),
  ...['::2', 'fec0::1', 'fd00::1', '::1:1'].map((one) => [peers(`"2001:db8::1", "${one}"`), []] as const),
  [file('peers: [10.0.0.1, 10.0.0.2]'), ["2 [{] ha: engine keepalived needs `interface'"]],
  [file('interface: lo, peers: [10.0.0.1, 10.0.0.2]'), ['2 [lo] ha.interface: lo has no other hosts']],
  [pair(', as: 1'), [`2 [1] ha.as: ${notFor('keepalived', 'bird')}`]],
  [pair(`, ${ROUTER}, control: /run/x`), [`2 [[] ha.neighbors: ${notFor('keepalived', 'bird')}`, `2 [/run/x] ha.control: ${notFor('keepalived', 'bird')}`]],
  [pair('', 'services: []\nsync: [{role: master, interface: eth0}]'), ["4 [[] sync: `ha.sync' sets both sync daemons; remove `sync', or set it to false"]],
  [pair(', sync: false', 'services: []\nsync: [{role: master, interface: eth0}]'), []],
  [pair(', sync: false'), []],
  [pair('', nat(', gateway: 10.0.0.9')), ["2 [{] ha: nat services have a gateway, which must move with the VIPs: `gateway_interface' is missing"]],
  [pair(', gateway_interface: eth2', nat(', gateway: 10.0.0.9')), []],
  [pair('', nat()), []],
  [bird(`${BIRD}, ${ROUTER}`), []],
  [bird(`engine: bird, peers: [10.0.0.1, 10.0.0.2], ${ROUTER}`), ["2 [{] ha: engine bird needs `as', the autonomous system"]],
  [bird(BIRD), ["2 [{] ha: engine bird needs `neighbors', the routers"]],
  [bird(`${BIRD}, ${ROUTER}, interface: eth1`), [`2 [eth1] ha.interface: ${notFor('bird', 'keepalived')}`]],
  [bird(`${BIRD}, ${ROUTER}, gateway_interface: eth1`), [`2 [eth1] ha.gateway_interface: ${notFor('bird', 'keepalived')}`]],
  [bird(`${BIRD}, neighbors: [{address: 10.0.0.254, as: 2}, {address: 10.0.0.254, as: 3}]`), ['2 [{] ha.neighbors[1]: neighbor 10.0.0.254 is there twice, first in line 2']],
  [bird(`${BIRD}, neighbors: [{address: 10.0.0.254, as: 2}, {address: 10.0.0.2, as: 3}]`), ['2 [{] ha.neighbors[1]: 10.0.0.2 is a peer; a neighbor is a router']],
  [bird(`${BIRD}, ${ROUTER}`, '', 'eth0'), ['1 [eth0] vips[0].interface: with engine bird this is a dummy device that director up makes; its name must begin with lvs-']],
  [file(`${BIRD}, ${ROUTER}`, '', 'lvs-6', '2001:db8::9'), ['1 [{] vips[0]: no neighbor of family ipv6 takes this VIP']],
  [file(`${BIRD}, neighbors: [{address: 10.0.0.254, as: 2}, {address: "2001:db8::fe", as: 2}]`, '', 'lvs-6', '2001:db8::9'), []],
  [bird(`${BIRD}, ${ROUTER}`, 'services: [{name: a, address: 192.0.2.9, port: 80, mode: dr, servers: [{address: 10.1.0.1}, {address: 10.1.0.2, mode: nat}]}]'), ['3 [dr] services[0].mode: mode nat cannot be announced by several directors: answers must pass the director that had the request; use dr or tun, or engine keepalived']],
  [bird(`${BIRD}, ${ROUTER}`, 'services: [{name: a, address: 192.0.2.9, port: 80, mode: dr, servers: [{address: 10.1.0.1}]}]'), []],
])('%s', (text, expected) => expect(problemsOf(text)).toEqual(expected));

test('keepalived owns the VIPs and runs both sync daemons', () => {
  const daemon = (role: string) => ({
    role,
    interface: 'eth1',
    syncid: 7,
    max_length: undefined,
    group: undefined,
    port: undefined,
    ttl: undefined,
  });
  const { config } = inspectConfig(pair(', id: 7'), 'f');
  expect(config.sync).toEqual([daemon('master'), daemon('backup')]);
  expect(config.vips).toMatchObject([{ managed: false, interface: 'eth0' }]);
});

test('without sync no daemon runs; with bird the file stays as it is', () => {
  const off = inspectConfig(pair(', sync: false'), 'f').config;
  expect([off.sync, off.vips[0]?.managed]).toEqual([[], false]);
  const other = inspectConfig(bird(`${BIRD}, ${ROUTER}`), 'f').config;
  expect([other.sync, other.vips[0]?.managed]).toEqual([[], true]);
});
