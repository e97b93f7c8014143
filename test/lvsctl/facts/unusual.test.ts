// What programs print of settings that are seldom seen (iproute2 6.1, in the lab), as facts.
import { expect, test } from 'vitest';
import { linkFacts, udpTunnelFacts } from '../../../src/lvsctl/facts/links.js';
import { withSockets } from '../../../src/lvsctl/facts/listeners.js';
import { packetFilterFact } from '../../../src/lvsctl/facts/packetfilter.js';
import { routeFacts, routingRuleFacts } from '../../../src/lvsctl/facts/routes.js';
import { fakeMachine } from '../../support/machine.js';

test('what tunnel devices ask, and the table of a VRF', () => {
  const link = (ifname: string, info_kind: string, info_data: object) => ({
    ifname,
    linkinfo: { info_kind, info_data: { ...info_data } },
  });
  const found = linkFacts([
    link('g1', 'gre', { local: '10.0.0.1', ikey: '0.0.0.5', okey: '0.0.0.5' }),
    link('g2', 'gre', { local: '10.0.0.2', iseq: true, icsum: true }),
    link('g3', 'gre', { external: true, local: 'any' }),
    link('blue', 'vrf', { table: 78 }),
  ]);
  expect(found.map(({ tunnel, table }) => tunnel?.other ?? table)).toEqual([
    ['key 0.0.0.5'],
    ['sequence'],
    undefined,
    '78',
  ]);
});

test('routes with a type of service, or with another header', () => {
  const found = routeFacts(
    [
      { dst: '10.9.2.0/24', tos: '0x10', gateway: '10.1.0.7', dev: 'v0' },
      { dst: '100', encap: 'mpls', gateway: '10.1.0.7', dev: 'v0' },
      { dst: '10.9.3.0/24', encap: 'bpf', gateway: '10.1.0.7', dev: 'v0' },
      { dst: '10.9.4.0/24', gateway: '10.1.0.7', dev: 'v0' },
    ],
    'ipv4',
  );
  expect(found.map(({ to, other }) => [to, other])).toEqual([
    ['10.9.2.0/24', ['tos 0x10']],
    ['0.0.0.0/0', ['encap mpls']],
    ['10.9.3.0/24', ['encap bpf']],
    ['10.9.4.0/24', undefined],
  ]);
});

test('rules of routing that jump, or leave routes out', () => {
  const found = routingRuleFacts(
    [
      { priority: 100, src: '10.0.0.9', goto: 32_766 },
      { priority: 101, src: 'all', table: 'main', suppress_prefixlen: 0 },
      { priority: 1000, src: 'all', l3mdev: null },
    ],
    'ipv4',
  );
  expect(found.map(({ other }) => other)).toEqual([
    ['goto 32766'],
    ['suppress_prefixlen 0'],
    ['l3mdev'],
  ]);
});

test('a port of gue for one address', () => {
  expect(
    udpTunnelFacts([
      { port: 6080, gue: null, family: 'inet', local: '10.0.0.1' },
      { port: 6081, gue: null, family: 'inet' },
      { port: 6082, gue: null, family: 'inet', peer: '10.0.0.2' },
    ]),
  ).toEqual([
    { port: 6080, family: 'ipv4', gue: true, local: '10.0.0.1' },
    { port: 6081, family: 'ipv4', gue: true },
  ]);
});

test('sockets: both families, one, bound to a VRF', () => {
  const text = [
    'udp UNCONN 0 0 127.0.0.1:53 0.0.0.0:* ino:1 sk:1 <->',
    'tcp LISTEN 0 511 *:80 *:* ino:7 sk:1 cgroup:/ v6only:0 <->',
    'tcp LISTEN 0 511 [::]:81 [::]:* ino:8 sk:2 cgroup:/ v6only:1 <->',
    'tcp LISTEN 0 511 0.0.0.0%blue:82 0.0.0.0:* ino:9 sk:3 <->',
    'tcp LISTEN 0 511 0.0.0.0:82 0.0.0.0:* ino:9 sk:3 <->',
    'tcp LISTEN 0 511 *%blue:83 *:* ino:9 sk:3 v6only:0 <->',
  ].join('\n');
  const tcp = (address: string, port: number) => ({ protocol: 'tcp' as const, address, port });
  expect(
    withSockets(
      [tcp('::', 80), tcp('::', 81), tcp('0.0.0.0', 82), tcp('::', 83), tcp('::', 84)],
      text,
    ),
  ).toEqual([
    { ...tcp('::', 80), only_ipv6: false },
    { ...tcp('::', 81), only_ipv6: true },
    { ...tcp('0.0.0.0', 82), device: 'blue' },
    tcp('0.0.0.0', 82),
    { ...tcp('::', 83), device: 'blue', only_ipv6: false },
    tcp('::', 84),
  ]);
});

test('what sees packets and is not read is named', () => {
  const modules = ['arptable_filter', 'ebtable_nat'].map((name) => [`/sys/module/${name}/x`, '']);
  const queues = ['lo noqueue', 'eth0 clsact', 'eth1 netem'].map((line) => {
    const [dev, kind] = line.split(' ');
    return { dev, kind };
  });
  const fake = fakeMachine(Object.fromEntries(modules), {
    tc: () => ({ stdout: JSON.stringify(queues) }),
    ip: () => ({ stdout: '\t SPD IN  0 OUT 1 FWD 2\n' }),
  });
  const machine = { ...fake, ownsModules: true };
  const links = [{ ifname: 'eth0' }, { ifname: 'eth2', xdp: { mode: 1, prog: { id: 7 } } }];
  expect(packetFilterFact(machine, [], links).unread).toEqual([
    'arptables',
    'ebtables -t nat',
    'tc clsact on eth0',
    'tc netem on eth1',
    '3 policies of IPsec',
    'a program of XDP on eth2',
  ]);
});
