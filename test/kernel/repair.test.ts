// Machines that were set up by hand, with the classic mistakes: `up` repairs them so that clients
// are served, and `down` brings back what was there.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { FULL } from '../support/full.js';
import { prepareHost, sh } from './host.js';
import {
  Agent,
  addMachine,
  addSwitch,
  attach,
  inside,
  removeAll,
  repeat,
  tally,
} from './network.js';

const FILE = `${mkdtempSync('/tmp/repair-')}/lvs.yaml`;
const [LAN, CLIENT, DIRECTOR, RS1, RS2] = ['rp-lan', 'rp-c', 'rp-dir', 'rp-rs1', 'rp-rs2'] as const;
const [VIP, VIP6] = ['192.0.2.10', '2001:db8::a'];
const ip = (name: string, ...args: string[]) => sh('/sbin/ip', '-n', name, ...args);
const sysctl = (name: string, ...settings: string[]) =>
  inside(name, '/sbin/sysctl', '-qw', ...settings);

beforeAll(() => {
  prepareHost();
  for (const module of [
    'ip_vs_rr',
    'ipip',
    'sit',
    'ip6_tunnel',
    'iptable_mangle',
    'ip6table_mangle',
    'xt_TCPMSS',
  ])
    sh('/sbin/modprobe', module);
});
afterEach(() => removeAll([CLIENT, DIRECTOR, RS1, RS2, LAN]));

function machines(mode: string): void {
  addSwitch(LAN);
  for (const [name, n] of [
    [CLIENT, '100'],
    [DIRECTOR, '1'],
    [RS1, '11'],
    [RS2, '12'],
  ] as const) {
    addMachine(name);
    attach(name, 'eth0', LAN, [`192.0.2.${n}/24`, `2001:db8::${n}/64`]);
  }
  const service = (vip: string, six: boolean) =>
    `  - {name: web${six ? 6 : 4}, address: "${vip}", port: 80, mode: ${mode}, scheduler: rr, servers: [` +
    `${['11', '12'].map((n) => `{address: "${six ? `2001:db8::${n}` : `192.0.2.${n}`}"}`)}]}\n`;
  writeFileSync(
    FILE,
    `vips: [{address: ${VIP}, interface: eth0}, {address: "${VIP6}", interface: eth0}]\n` +
      `services:\n${service(VIP, false)}${service(VIP6, true)}`,
  );
}

/** Both servers answer for both VIPs. */
async function expectServed(client: Agent): Promise<void> {
  for (const vip of [VIP, VIP6])
    expect({ vip, ...tally(await client.ask(repeat(4, ['tcp', vip, 80]))) }).toEqual({
      vip,
      [`${RS1} 80`]: 2,
      [`${RS2} 80`]: 2,
    });
}

async function upAndDown(
  client: Agent,
  roles: readonly (readonly [Agent, 'director' | 'realserver'])[],
): Promise<void> {
  const dumps = () => roles.map(([{ name }]) => sorted(state(name)));
  const before = dumps();
  for (const [agent, role] of roles) {
    expect(await agent.lvsctl(role, 'status', FILE)).toMatchObject({ status: 1 });
    expect(await agent.lvsctl(role, 'up', '-q', FILE)).toEqual(SILENT);
    expect(await agent.lvsctl(role, 'up', FILE)).toEqual(SILENT);
    expect(await agent.lvsctl(role, 'status', FILE)).toMatchObject({ status: 0 });
  }
  await expectServed(client);
  for (const [agent, role] of roles) await agent.lvsctl(role, 'down', '-q', FILE);
  expect(dumps()).toEqual(before);
}

/** What a VIP is about: `dump` reads a thousand files, which takes seconds here. */
function state(name: string): string {
  const script =
    'ip addr; ip route show table all; cd /proc/sys/net/ipv4; ' +
    'grep . conf/*/arp_* conf/*/rp_filter conf/*/promote_secondaries; ipvsadm -Ln | tail -n +2';
  const text = inside(name, '/bin/bash', '--norc', '-c', script);
  return text.replace(/ (?:valid_lft|preferred_lft|expires) \d+sec/g, '');
}

const SILENT = { status: 0, stdout: '', stderr: '' };

/** An address that comes back is behind the others of its network; routes follow it. */
function sorted(text: string): string {
  return text
    .replaceAll(' secondary', '')
    .split('\n')
    .filter((line) => !/ proto kernel /.test(line))
    .sort()
    .join('\n');
}

async function agents(): Promise<readonly [Agent, Agent, Agent, Agent]> {
  const all = [CLIENT, DIRECTOR, RS1, RS2].map((name) => new Agent(name));
  for (const agent of all.slice(2)) await agent.serve([80]);
  return all as unknown as readonly [Agent, Agent, Agent, Agent];
}

test('DR: VIPs that answer ARP, and with the prefix of the network', {
  timeout: 180_000,
}, async () => {
  machines('dr');
  // the VIP comes first, as ifconfig scripts have it: the server's own address is secondary
  ip(RS1, 'addr', 'del', '192.0.2.11/24', 'dev', 'eth0');
  ip(RS1, 'addr', 'add', `${VIP}/24`, 'brd', '192.0.2.255', 'dev', 'eth0', 'label', 'eth0:1');
  ip(RS1, 'addr', 'add', '192.0.2.11/24', 'dev', 'eth0');
  ip(RS1, 'addr', 'add', `${VIP}/24`, 'dev', 'lo', 'label', 'lo:0');
  ip(RS1, 'addr', 'add', `${VIP6}/64`, 'dev', 'lo');
  ip(RS2, 'link', 'add', 'dummy7', 'type', 'dummy');
  ip(RS2, 'link', 'set', 'dummy7', 'up');
  ip(RS2, 'addr', 'add', `${VIP}/32`, 'dev', 'dummy7');
  ip(RS2, 'addr', 'add', `${VIP6}/128`, 'dev', 'eth0', 'nodad');
  sysctl(RS2, 'net.ipv4.conf.all.arp_ignore=1');
  ip(DIRECTOR, 'addr', 'add', `${VIP}/24`, 'dev', 'eth0');
  ip(DIRECTOR, 'addr', 'add', `${VIP6}/64`, 'dev', 'eth0', 'nodad');
  const [client, director, rs1, rs2] = await agents();
  await upAndDown(client, [
    [rs1, 'realserver'],
    [rs2, 'realserver'],
    [director, 'director'],
  ]);
});

test.runIf(FULL)(
  'TUN: tunl0 of a tutorial is the exit, sit0 is made beside it',
  {
    timeout: 180_000,
  },
  async () => {
    machines('tun');
    ip(RS1, 'addr', 'add', `${VIP}/32`, 'dev', 'tunl0');
    ip(RS1, 'link', 'set', 'tunl0', 'up');
    sysctl(RS1, 'net.ipv4.conf.all.rp_filter=1', 'net.ipv4.conf.all.arp_announce=2');
    const [client, director, rs1, rs2] = await agents();
    const { stdout } = await rs1.lvsctl('realserver', 'up', '-n', FILE);
    expect(stdout).not.toMatch(/lvs-ipip|arp_announce/);
    expect(stdout).toMatch(/sysctl -w net\.ipv4\.conf\.tunl0\.rp_filter=2/);
    await upAndDown(client, [
      [rs1, 'realserver'],
      [rs2, 'realserver'],
      [director, 'director'],
    ]);
  },
);

test('a VIP that another machine has is refused, in both families', {
  timeout: 180_000,
}, async () => {
  machines('dr');
  const director = new Agent(DIRECTOR);
  for (const [vip, length, message] of [
    [VIP, '32', /^lvsctl: VIP 192\.0\.2\.10: [0-9a-f:]{17} answers ARP on eth0\n/],
    [
      VIP6,
      '128',
      /^lvsctl: VIP 2001:db8::a: [0-9a-f:]{17} answers neighbour solicitations on eth0\n/,
    ],
  ] as const) {
    ip(
      CLIENT,
      'addr',
      'add',
      `${vip}/${length}`,
      'dev',
      'eth0',
      ...(length === '128' ? ['nodad'] : []),
    );
    const before = state(DIRECTOR);
    const answer = await director.lvsctl('director', 'up', '-q', FILE);
    expect(answer).toMatchObject({ status: 2, stdout: '' });
    expect(answer.stderr).toMatch(message);
    expect(state(DIRECTOR)).toBe(before);
    ip(CLIENT, 'addr', 'del', `${vip}/${length}`, 'dev', 'eth0');
  }
  expect(await director.lvsctl('director', 'up', '-q', FILE)).toEqual(SILENT);
});
