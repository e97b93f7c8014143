// What the doctor finds by following packets and by what the table shows, from facts of machines:
// findings of several machines, and a machine with nothing to examine.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import type { Finding } from '../../../src/lvsctl/doctor/finding.js';
import { factsText } from '../../../src/lvsctl/facts/json.js';
import type { ConnectionTally, MachineFacts } from '../../../src/lvsctl/facts/types.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';

const FILE = `
vips: [{address: 192.0.2.10, interface: eth0}]
services:
  - {name: dr, address: 192.0.2.10, port: 80, mode: dr, scheduler: SCHEDULER, servers: [{address: 192.0.2.11, name: rs}, {address: 192.0.2.12, name: rs2, weight: WEIGHT}]}
  - {name: nat, address: 192.0.2.10, port: 81, mode: nat, gateway: 192.0.2.1, scheduler: rr, servers: [{address: 192.0.2.13, name: rs3}]}
`;
const machines = (scheduler = 'rr', weight = '1') =>
  intendedFacts(
    readConfig(FILE.replace('SCHEDULER', scheduler).replace('WEIGHT', weight), 'f'),
  ).map((one): MachineFacts => ({ ...one, modules: ['ip_vs'] }));
type Change = (facts: MachineFacts) => Partial<MachineFacts>;

async function found(
  changes: Readonly<Record<string, Change>>,
  names = ['director', 'rs', 'rs2', 'rs3'],
  ...more: string[]
) {
  const all = machines(...more).map((one) => ({ ...one, ...changes[one.machine]?.(one) }));
  const files = Object.fromEntries(all.map((one) => [one.machine, factsText(one)]));
  const { stdout, stderr, status } = await lvsctl(['doctor', '--json', '--facts', ...names], files);
  expect(stderr).toBe('');
  const { findings } = JSON.parse(stdout) as {
    findings: Finding[];
  };
  expect(status).toBe(findings.length === 0 ? 0 : 1);
  return findings.map(
    ({ id, what, on, repair, advice, afterwards }) =>
      `${id}${on === undefined ? '' : ` on ${on}`}: ${what} > ${repair.join('; ')}${id === 'neighbour' && advice ? `# ${advice}` : ''}${afterwards ? ` > ${afterwards.on}: ${afterwards.repair}` : ''}`,
  );
}

const filter =
  (text: string): Change =>
  () => ({
    packet_filter: {
      iptables: [{ family: 'ipv4', variant: 'x_tables', text: `*filter\n${text}\nCOMMIT\n` }],
      nft: [],
    },
  });
const route =
  (to: string, via: string): Change =>
  ({ routes }) => ({
    routes: [
      {
        family: 'ipv4',
        table: 'main',
        type: 'unicast',
        to,
        from: null,
        metric: 0,
        source: null,
        mtu: null,
        advmss: null,
        hops: [{ device: 'eth0', via, dead: false }],
      },
      ...routes,
    ],
  });
const onNetwork =
  (address: string): Change =>
  ({ addresses }) => ({
    addresses: [
      ...addresses,
      { device: 'eth0', address, prefix: 24, unusable: null, deprecated: false },
    ],
  });
/** The director's first service, with the director as its server. */
const balancing = () =>
  (machines()[0]?.services ?? [])
    .filter(({ service }) => service === 'tcp 192.0.2.10:80')
    .map((service) => ({
      ...service,
      servers: service.servers
        .slice(0, 1)
        .map((one) => ({ ...one, server: '192.0.2.1:80', address: '192.0.2.1' })),
    }));
const tally =
  (...list: ConnectionTally[]): Change =>
  () => ({ connections: { count: 9, tally: list, listed: [] } });
const connections = (state: string, count: number): ConnectionTally => ({
  service: 'tcp 192.0.2.10:80',
  server: '192.0.2.11:80',
  state,
  connections: count,
  example: '203.0.113.9',
});

test('machines as the file has them: nothing is found', async () => {
  expect(await found({})).toEqual([]);
});

// biome-ignore format: a table
const ROWS: readonly (readonly [name: string, changes: Readonly<Record<string, Change>>, findings: readonly RegExp[]])[] = [
  ['INPUT rejects', { director: filter(':INPUT ACCEPT [0:0]\n-A INPUT -j REJECT --reject-with icmp-host-prohibited') }, [/^packet-filter on director: .*rejected by iptables -A INPUT -j REJECT --reject-with icmp-host-prohibited > iptables -D INPUT -j REJECT --reject-with icmp-host-prohibited$/]],
  ['FORWARD policy', { director: filter(':FORWARD DROP [0:0]') }, [/^packet-filter on director: tcp 192\.0\.2\.10:81: forward: dropped by iptables -P FORWARD DROP > iptables -I FORWARD -s 192\.0\.2\.13 -p tcp --sport 81 -j ACCEPT$/]],
  ['a server behind a router', { director: route('192.0.2.11/32', '192.0.2.254') }, [/^server-network on director: .*server 192\.0\.2\.11:80 \(dr\) is on none of this machine's networks: router 192\.0\.2\.254 gets its packets > ipvsadm -e -t 192\.0\.2\.10:80 -r 192\.0\.2\.11:80 -i -w 1$/]],
  ['a server that is down', { director: () => ({ neighbours: [{ address: '192.0.2.11', device: 'eth0', mac: null, states: ['FAILED'] }] }) }, [/^neighbour on director: .*192\.0\.2\.11 does not answer on eth0 > ipvsadm -d -t 192\.0\.2\.10:80 -r 192\.0\.2\.11:80$/]],
  ['the other one is down too', { director: () => ({ neighbours: ['192.0.2.11', '192.0.2.12'].map((address) => ({ address, device: 'eth0', mac: null, states: ['FAILED'] })) }) }, [/^neighbour on director: .*192\.0\.2\.11 does not answer on eth0 > # that machine has this address/, /^neighbour on director: .*192\.0\.2\.12 does not answer on eth0 > # /]],
  ['a server answers ARP', { director: onNetwork('192.0.2.1'), rs: (facts) => ({ ...onNetwork('192.0.2.11')(facts), sysctls: { ...facts.sysctls, 'net/ipv4/conf/all/arp_ignore': '0', 'net/ipv4/conf/eth0/arp_ignore': '0' } }) }, [/^nat-client /, /^arp-answer on rs: .* > sysctl -w net\.ipv4\.conf\.all\.arp_ignore=1 net\.ipv4\.conf\.all\.arp_announce=2 > director: arping -U -c 3 -I eth0 192\.0\.2\.10$/, /^arp on rs: /]],
  ['a server that balances too: the director is no fault of it', { director: onNetwork('192.0.2.1'), rs: (facts) => ({ ...onNetwork('192.0.2.11')(facts), services: balancing() }) }, [/^nat-client /, /^loop on rs: /]],
  ['no program listens', { rs: () => ({ listeners: [] }) }, [/^listener on rs: .*no program listens on tcp 192\.0\.2\.10:80 > $/]],
  ['another gateway', { rs3: route('198.18.0.0/15', '192.0.2.254') }, [/^gateway on rs3: .*by router 192\.0\.2\.254, which is not the director.* > $/]],
  ['answers of dr through the director', { rs: route('198.18.0.0/15', '192.0.2.1') }, [/^answers on rs: .*drops what comes from its own VIP > $/]],
  ['the VIP is not on the server', { rs: ({ addresses, routes }) => ({ addresses: addresses.filter((one) => one.address !== '192.0.2.10'), routes: routes.filter(({ to }) => to !== '192.0.2.10/32') }) }, [/^vip on rs: .*VIP 192\.0\.2\.10 is on no interface of rs > sysctl -w net\.ipv4\.conf\.all\.arp_ignore=1 net\.ipv4\.conf\.all\.arp_announce=2; ip addr add 192\.0\.2\.10\/32 dev lo$/]],
  ['the director has an address on the network of the server', { director: ({ addresses }) => ({ addresses: [...addresses, { device: 'eth0', address: '192.0.2.1', prefix: 24, unusable: null, deprecated: false }] }), rs3: route('198.18.0.0/15', '192.0.2.254') }, [/^nat-client /, /^gateway on rs3: .* > ip route replace 198\.18\.0\.0\/15 via 192\.0\.2\.1$/]],
  ['a route that refuses', { director: ({ routes }) => ({ routes: [{ family: 'ipv4', table: 'main', type: 'blackhole', to: '192.0.2.11/32', from: null, metric: 0, source: null, mtu: null, advmss: null, hops: [] }, ...routes] }) }, [/^route on director: .*no route to 192\.0\.2\.11: blackhole > ip route del blackhole 192\.0\.2\.11\/32$/]],
  ['a rule that lets the SYN alone pass', { director: filter(':INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp ! --tcp-flags SYN SYN -j DROP') }, [/^packet-filter on director: .*packets after the first \(ACK\): input: dropped by .* > iptables -D INPUT -p tcp -m tcp ! --tcp-flags SYN SYN -j DROP$/]],
  ['all connections are in SYN_RECV', { director: tally(connections('SYN_RECV', 3)) }, [/^no-answers on rs: tcp 192\.0\.2\.10:80: all 3 connections to server 192\.0\.2\.11:80 are in SYN_RECV > $/]],
  ['a client with an address of the director', { director: (facts) => ({ ...tally({ ...connections('SYN_RECV', 1), example: '192.0.2.1' })(facts), addresses: [...facts.addresses, { device: 'eth0', address: '192.0.2.1', prefix: 32, unusable: null, deprecated: true }] }) }, [/^path on director: tcp 192\.0\.2\.10:80: 192\.0\.2\.1 is an address of this machine: .* and so is the answer to one of its own > $/]],
  ['some are not', { director: tally(connections('SYN_RECV', 3), connections('ESTABLISHED', 1)) }, []],
  ['two are too few', { director: tally(connections('SYN_RECV', 2)) }, []],
  ['connection tracking is full', { director: () => ({ conntrack: { count: 96, max: 100 } }) }, [/^conntrack-size on director: 96 of 100 tracked connections > sysctl -w net\.netfilter\.nf_conntrack_max=200$/]],
  ['half of it', { director: () => ({ conntrack: { count: 50, max: 100 } }) }, []],
];

describe('one thing changed', () => {
  test.each(ROWS)('%s', async (_, changes, patterns) => {
    const all = await found(changes);
    expect(all).toHaveLength(patterns.length);
    for (const [i, pattern] of patterns.entries()) expect(all[i]).toMatch(pattern);
  });
});

test.each([
  ['sh', '0', 1],
  ['sh', '1', 0],
  ['dh', '0', 1],
  ['rr', '0', 0],
])('scheduler %s, weight %s', async (scheduler, weight, count) => {
  const all = await found({}, ['director'], scheduler, weight);
  expect(all.filter((line) => line.startsWith('hash-weight'))).toHaveLength(count);
});

test('a machine with nothing to examine', async () => {
  const [, , , nat] = machines();
  const answered = await lvsctl(['doctor', '--facts', 'n'], {
    n: factsText({ ...(nat as MachineFacts), services: [] }),
  });
  expect(answered.status).toBe(2);
  expect(answered.stderr).toContain('nothing to examine');
});

test('--all asks the real servers by ssh, and names those that give nothing', async () => {
  const asked: string[] = [];
  const [, rs] = machines();
  const machine = fakeMachine(
    { '/proc/self/status': 'CapEff:\t000001ffffffffff\n' },
    {
      ip: () => ({ stdout: '[]' }),
      ssh: (args) => {
        asked.push(args.join(' '));
        return args.includes('192.0.2.11')
          ? { stdout: factsText(rs as MachineFacts) }
          : { status: 255, stderr: 'ssh: no route' };
      },
    },
  );
  const text = FILE.replace('SCHEDULER', 'rr').replace('WEIGHT', '1');
  const { stdout } = await lvsctl(['doctor', '--all', '--json', 'f'], { f: text }, { machine });
  const { skipped } = JSON.parse(stdout) as { skipped: string[] };
  expect(asked).toContain(
    '-o BatchMode=yes -o ConnectTimeout=5 -- 192.0.2.11 lvsctl doctor --facts',
  );
  expect(skipped).toContain('192.0.2.12: ssh: ssh: no route');
});
