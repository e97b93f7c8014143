// The doctor finds each fault when it is planted, and the repair, typed as printed, makes it
// silent.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import type { Diagnosis } from '../../src/lvsctl/doctor/examine.js';
import { systemWorld } from '../../src/lvsctl/main.js';
import { run } from '../../src/lvsctl/program.js';
import { parseAddress } from '../../src/model/address.js';
import { kernel, prepareHost, reset, sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, inside, removeAll } from './network.js';

const FILE = `${mkdtempSync('/tmp/doctor-')}/lvs.yaml`;
const [SWITCH, OTHER, DIRECTOR, RS1, RS2] = [
  'dc-sw',
  'dc-in',
  'dc-dir',
  'dc-rs1',
  'dc-rs2',
] as const;
const MODULES = [
  'ip_vs_rr',
  'ip_vs_nq',
  'ipip',
  'iptable_mangle',
  'ip6table_mangle',
  'xt_TCPMSS',
  'xt_multiport',
  'xt_mark',
];

/** Everything on one network, and NAT to a second one. */
const TEXT = `
vips:
  - {address: 192.0.2.10, interface: eth0}
  - {address: 192.0.2.20, interface: eth0}
services:
  - {name: direct, address: 192.0.2.10, port: 80, mode: dr, scheduler: nq, servers: [{address: 192.0.2.11}, {address: 192.0.2.12}]}
  - {name: tunnelled, address: 192.0.2.10, port: 443, mode: tun, scheduler: rr, persistence: {timeout: 60}, servers: [{address: 192.0.2.11}]}
  - {name: marked, address: 192.0.2.20, ports: [80, 443], mark: 7, mode: nat, gateway: 198.51.100.1, scheduler: rr, servers: [{address: 198.51.100.12}]}
  - {name: datagrams, address: 192.0.2.20, protocol: udp, port: 53, mode: nat, gateway: 198.51.100.1, scheduler: rr, servers: [{address: 198.51.100.12}]}
sync: [{role: master, interface: sync0, syncid: 3}]
`;

const agents = new Map<string, Agent>();
async function lvsctl(machine: string, ...args: string[]) {
  const answer = await agents.get(machine)?.lvsctl(...args);
  if (!answer) throw new Error(`no machine ${machine}`);
  return answer;
}

async function diagnose(machine: string, ...args: string[]): Promise<Diagnosis> {
  const { stdout, stderr, status } = await lvsctl(machine, 'doctor', '--json', ...args);
  expect(stderr).toBe('');
  const diagnosis = JSON.parse(stdout) as Diagnosis;
  expect(status).toBe(diagnosis.findings.length === 0 ? 0 : 1);
  return diagnosis;
}

const shell = (machine: string, line: string) => inside(machine, '/bin/bash', '--norc', '-c', line);

beforeAll(async () => {
  prepareHost();
  for (const module of MODULES) sh('/sbin/modprobe', module);
  for (const name of [SWITCH, OTHER]) addSwitch(name);
  for (const name of [DIRECTOR, RS1, RS2]) addMachine(name);
  attach(DIRECTOR, 'eth0', SWITCH, ['192.0.2.1/24']);
  attach(DIRECTOR, 'eth1', OTHER, ['198.51.100.1/24']);
  attach(DIRECTOR, 'sync0', OTHER, ['10.9.9.1/24']);
  attach(RS1, 'eth0', SWITCH, ['192.0.2.11/24']);
  attach(RS2, 'eth0', SWITCH, ['192.0.2.12/24']);
  attach(RS2, 'eth1', OTHER, ['198.51.100.12/24']);
  writeFileSync(FILE, TEXT);
  for (const name of [DIRECTOR, RS1, RS2]) agents.set(name, new Agent(name));
  expect(await lvsctl(DIRECTOR, 'director', 'up', '-q', FILE)).toEqual({
    status: 0,
    stdout: '',
    stderr: '',
  });
  for (const name of [RS1, RS2])
    expect(await lvsctl(name, 'realserver', 'up', '-q', FILE)).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
  // the director learns who has which hardware address
  for (const address of ['192.0.2.11', '192.0.2.12'])
    spawnSync('/sbin/ip', [
      'netns',
      'exec',
      DIRECTOR,
      'arping',
      '-c',
      '1',
      '-w',
      '2',
      '-I',
      'eth0',
      address,
    ]);
  for (const address of ['192.0.2.11', '192.0.2.12'])
    shell(DIRECTOR, `exec 3<>/dev/tcp/${address}/9 || true`);
}, 120_000);
afterAll(() => removeAll([DIRECTOR, RS1, RS2, SWITCH, OTHER]));

test.each([DIRECTOR, RS1, RS2])(
  'a healthy machine: nothing is found on %s, with the file and without',
  { timeout: 60_000 },
  async (name) => {
    expect(await diagnose(name, FILE)).toMatchObject({ findings: [], skipped: [] });
    expect(await diagnose(name)).toMatchObject({
      findings: [],
      skipped: [],
      roles: [name === DIRECTOR ? 'director' : 'realserver'],
    });
  },
);

interface Plant {
  readonly machine: string;
  readonly plant: string;
  /** checks that must find something, in order */
  readonly ids: readonly string[];
  readonly what: RegExp;
}

const IPTABLES = 'iptables-legacy -t mangle';
// biome-ignore format: a table
const PLANTS: readonly Plant[] = [
  { machine: DIRECTOR, plant: 'ipvsadm -D -t 192.0.2.10:80; rmmod ip_vs_nq', ids: ['module', 'service'], what: /^module ip_vs_nq is not loaded$/ },
  { machine: DIRECTOR, plant: 'sysctl -qw net.ipv4.ip_forward=0', ids: ['forwarding'], what: /^net\.ipv4\.ip_forward is 0$/ },
  { machine: DIRECTOR, plant: 'ip addr del 192.0.2.10/32 dev eth0', ids: ['vip'], what: /^VIP 192\.0\.2\.10 is not on eth0$/ },
  { machine: DIRECTOR, plant: `ip netns exec ${RS1} sysctl -qw net.ipv4.conf.eth0.arp_ignore=0`, ids: ['arp-answer'], what: /^192\.0\.2\.11 \([0-9a-f:]+\) answers ARP for VIP 192\.0\.2\.10$/ },
  { machine: DIRECTOR, plant: 'sysctl -qw net.ipv4.vs.conn_reuse_mode=0', ids: ['conn-reuse'], what: /conn_reuse_mode is 0/ },
  { machine: DIRECTOR, plant: 'sysctl -qw net.ipv4.vs.expire_nodest_conn=0 net.ipv4.vs.expire_quiescent_template=0', ids: ['persistence', 'persistence'], what: /expire_nodest_conn is 0/ },
  { machine: DIRECTOR, plant: 'ipvsadm -e -t 192.0.2.10:80 -r 192.0.2.11 -g -w 0; ipvsadm -e -t 192.0.2.10:80 -r 192.0.2.12 -g -w 0', ids: ['weights'], what: /all servers have weight 0/ },
  { machine: DIRECTOR, plant: 'ipvsadm -d -t 192.0.2.10:443 -r 192.0.2.11', ids: ['no-servers'], what: /tcp 192\.0\.2\.10:443: no servers/ },
  { machine: DIRECTOR, plant: `${IPTABLES} -F PREROUTING`, ids: ['mark'], what: /^fwmark 7 ipv4: no rule sets this mark$/ },
  { machine: DIRECTOR, plant: 'ipvsadm --stop-daemon master --syncid 3', ids: ['sync'], what: /sync daemon master is not running/ },
  { machine: DIRECTOR, plant: 'ip link set sync0 down', ids: ['sync'], what: /sync0 is down, so it has no peer/ },
  { machine: RS1, plant: 'sysctl -qw net.ipv4.conf.eth0.arp_ignore=0 net.ipv4.conf.all.arp_ignore=0', ids: ['arp'], what: /eth0\.arp_ignore is 0/ },
  { machine: RS1, plant: 'sysctl -qw net.ipv4.conf.eth0.arp_announce=0 net.ipv4.conf.all.arp_announce=0 net.ipv4.conf.all.arp_ignore=3', ids: ['arp', 'arp'], what: /arp_ignore is 3/ },
  // the other one has the VIP on its tunnel device too, which is enough
  { machine: RS2, plant: 'ip addr del 192.0.2.10/32 dev lo', ids: ['vip'], what: /VIP 192\.0\.2\.10 is not on lo/ },
  { machine: RS1, plant: 'ip addr del 192.0.2.10/32 dev lo; ip addr add 192.0.2.10/24 dev lo', ids: ['vip', 'rp-filter'], what: /on lo with prefix 24/ },
  { machine: RS1, plant: 'ip link set lvs-ipip down', ids: ['tunnel-device'], what: /lvs-ipip is down/ },
  { machine: RS1, plant: 'sysctl -qw net.ipv4.conf.lvs-ipip.rp_filter=1', ids: ['rp-filter'], what: /lvs-ipip\.rp_filter is 1 \(strict\)/ },
  { machine: RS1, plant: `${IPTABLES} -F POSTROUTING`, ids: ['tunnel-mtu'], what: /1440 bytes fit/ },
  { machine: RS2, plant: 'ip route replace default via 198.51.100.254', ids: ['gateway', 'gateway'], what: /default route is via 198\.51\.100\.254 dev eth1, not via the director 198\.51\.100\.1/ },
];

describe.each(PLANTS)('$machine: $plant', ({ machine, plant, ids, what }) => {
  test('is found, and its repair silences it', { timeout: 60_000 }, async () => {
    shell(machine, plant);
    const { findings } = await diagnose(machine, FILE);
    expect(findings.map(({ id }) => id)).toEqual(ids);
    expect(findings[0]?.what).toMatch(what);
    for (const { why } of findings) expect(why).toMatch(/^[A-Z].*\.$/);
    for (const { repair, on } of findings) {
      const where =
        on === undefined ? machine : ({ '192.0.2.11': RS1, '192.0.2.12': RS2 }[on] ?? '');
      for (const line of repair) shell(where, line);
    }
    expect(await diagnose(machine, FILE)).toMatchObject({ findings: [] });
  });
});

test('without CAP_NET_ADMIN it says so, and what it could not look at', { timeout: 60_000 }, () => {
  const args = [
    'netns',
    'exec',
    DIRECTOR,
    'setpriv',
    '--bounding-set',
    '-net_admin',
    '--',
    resolve('bin/lvsctl'),
    'doctor',
    '--json',
    FILE,
  ];
  const { stdout, status } = spawnSync('/sbin/ip', args, { encoding: 'utf8' });
  const { findings, skipped } = JSON.parse(stdout) as Diagnosis;
  expect(findings.map(({ id, repair }) => [id, repair])).toContainEqual([
    'capability',
    ['sudo lvsctl doctor'],
  ]);
  expect(skipped).toContain('the rules of the kernel: no CAP_NET_ADMIN');
  expect(status).toBe(1);
});

test('a crowded connection table: the repair loads the module with a larger one and keeps the rules', {
  timeout: 120_000,
}, async () => {
  const module = '/sys/module/ip_vs/parameters/conn_tab_bits';
  const reload = (bits: string) =>
    shell(
      DIRECTOR,
      `ipvsadm -C; ipvsadm --stop-daemon master --syncid 3; modprobe -r ip_vs_pe_sip $(ls /sys/module | grep ^ip_vs_) ip_vs; modprobe ip_vs ${bits}`,
    );
  const former = readFileSync(module, 'utf8').trim();
  try {
    reload('conn_tab_bits=8');
    expect(readFileSync(module, 'utf8').trim()).toBe('8');
    expect(await lvsctl(DIRECTOR, 'director', 'up', '-q', FILE)).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    const send = `const d=require('dgram');let left=600;const go=()=>{if(left--===0)return;const s=d.createSocket('udp4');s.send('x',53,'192.0.2.20',()=>{s.close();go();});};go();`;
    inside(RS1, process.execPath, '-e', send);
    const diagnosis = await diagnose(DIRECTOR, FILE);
    // nobody listens there, and how often the servers say so by ICMP depends on the load
    const findings = diagnosis.findings.filter(({ id }) => id !== 'nat-counters');
    expect(findings.map(({ id }) => id)).toEqual(['table-size']);
    expect(findings[0]?.what).toMatch(/^5\d\d connections in a table of 256 buckets$/);
    shell(DIRECTOR, 'ipvsadm --stop-daemon master --syncid 3');
    for (const line of findings[0]?.repair ?? []) shell(DIRECTOR, line);
    shell(DIRECTOR, 'rm /etc/modprobe.d/ip_vs.conf');
    expect(await lvsctl(DIRECTOR, 'director', 'up', '-q', FILE)).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect(await diagnose(DIRECTOR, FILE)).toMatchObject({ findings: [] });
  } finally {
    // other files of this lab list the size
    reload(`conn_tab_bits=${former}`);
    sh('/sbin/modprobe', 'ip_vs_pe_sip');
  }
});

test('another port in DR, which only other programs can set, in the live table', {
  timeout: 60_000,
}, async () => {
  const backend: Backend = await kernel();
  await reset(backend);
  const address = parseAddress('10.200.0.1') ?? expect.fail();
  const id = { kind: 'address', protocol: 'tcp', address, port: 80 } as const;
  const server = {
    address: parseAddress('10.200.0.7') ?? expect.fail(),
    port: 8080,
    forwarding: 'direct',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  } as const;
  const service = {
    id,
    scheduler: 'rr',
    schedulerFlags: 0,
    persistence: undefined,
    netmask: 0xffffffff,
    engine: undefined,
    onePacket: false,
  };
  await backend.apply([
    { kind: 'add-service', service },
    {
      kind: 'add-destination',
      id,
      destination: { ...server, tunnel: { type: 'ipip', port: 0, flags: 0 } },
    },
  ]);
  const look = async () => {
    let text = '';
    const { world, close } = systemWorld({
      out: (more) => {
        text += more;
      },
      err: expect.fail,
      isRead: () => true,
      flushed: async () => {},
      ignoreOutputErrors: () => {},
    });
    await run(['doctor', '--json'], world);
    await close();
    return (JSON.parse(text) as Diagnosis).findings.filter((one) => one.id === 'port-mapping');
  };
  const [finding, ...more] = await look();
  expect(more).toEqual([]);
  expect(finding?.what).toBe(
    'tcp 10.200.0.1:80: server 10.200.0.7:8080 (direct) has another port than the service',
  );
  for (const line of finding?.repair ?? []) sh('/bin/bash', '--norc', '-c', line);
  expect(await look()).toEqual([]);
  await reset(backend);
  await backend.close();
});
