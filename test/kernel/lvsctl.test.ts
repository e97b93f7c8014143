// lvsctl in network namespaces: a director and two real servers set up from one file, requests
// served, and everything as it was after `down`.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { FULL } from '../support/full.js';
import { prepareHost, sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, dump, removeAll, repeat, tally } from './network.js';

const DIRECTORY = mkdtempSync('/tmp/lvsctl-');
const FILE = `${DIRECTORY}/lvs.yaml`;
const [OUTSIDE, INSIDE, CLIENT, DIRECTOR, RS1, RS2] = [
  'lc-out',
  'lc-in',
  'lc-client',
  'lc-dir',
  'lc-rs1',
  'lc-rs2',
] as const;
const MODULES = [
  'ip_vs_rr',
  'ipip',
  'sit',
  'ip_gre',
  'ip6_tunnel',
  'ip6_gre',
  'fou',
  'fou6',
  'iptable_mangle',
  'ip6table_mangle',
  'xt_TCPMSS',
  'xt_multiport',
  'xt_mark',
];

const ROLES = { [DIRECTOR]: 'director', [RS1]: 'realserver', [RS2]: 'realserver' } as const;
let agents: Agent[] = [];
let client: Agent;

async function everywhere(...args: string[]): Promise<void> {
  for (const agent of agents) {
    const answer = await agent.lvsctl(roleOf(agent), ...args, FILE);
    expect({ machine: agent.name, ...answer }).toEqual({
      machine: agent.name,
      status: 0,
      stdout: '',
      stderr: '',
    });
  }
}

const roleOf = ({ name }: Agent) => ROLES[name as keyof typeof ROLES];
const nothingRecorded = (role: string) =>
  `lvsctl: no change by ${role} up is recorded for ${FILE}: nothing to revert\n`;

/** A family's VIPs (X stands for their number), its servers, and a line that only it has. */
interface Half {
  readonly vip: string;
  readonly server: (n: number) => string;
  readonly line?: string;
}

/** Four services of a family: without persistence, and with each kind of it. */
function servicesOf(mode: string, { vip, server, line = '' }: Half, mark: number): string {
  const service = (name: string, address: string, rest: string) =>
    `  - name: ${name}${mark}\n    address: "${vip.replace('X', address)}"\n    mode: ${mode}\n    scheduler: rr\n${line}${rest}` +
    `    servers: [{address: "${server(11)}"}, {address: "${server(12)}"}]\n`;
  return [
    service('plain', '10', '    port: 80\n'),
    service('byPort', '10', '    port: 443\n    persistence: {timeout: 60}\n'),
    service('byClient', '20', '    port: 0\n    persistence: {timeout: 60}\n'),
    service(
      'byMark',
      '30',
      `    ports: [80, 443]\n    mark: ${mark}\n    persistence: {timeout: 60}\n`,
    ),
  ].join('');
}

function writeSetup(mode: string, halves: readonly Half[]): void {
  const vips = halves.flatMap(({ vip }) =>
    ['10', '20', '30'].map((n) => `  - {address: "${vip.replace('X', n)}", interface: eth0}\n`),
  );
  const services = halves.map((half, i) => servicesOf(mode, half, i + 1));
  writeFileSync(
    FILE,
    `vips:\n${vips.join('')}services:\n${services.join('')}timeouts: {tcp: 800, tcp_fin: 60, udp: 200}\n`,
  );
}

/** Load balancing and each kind of persistence, seen from the client. */
async function expectServed(vip: string): Promise<void> {
  const at = (n: string) => vip.replace('X', n);
  expect(tally(await client.ask(repeat(4, ['tcp', at('10'), 80])))).toEqual({
    [`${RS1} 80`]: 2,
    [`${RS2} 80`]: 2,
  });
  expect(Object.values(tally(await client.ask(repeat(4, ['tcp', at('10'), 443]))))).toEqual([4]);
  for (const group of [at('20'), at('30')]) {
    const answers = await client.ask(repeat(2, ['tcp', group, 80], ['tcp', group, 443]));
    expect(answers.map((text) => text.split(' ')[1])).toEqual(['80', '443', '80', '443']);
    expect(new Set(answers.map((text) => text.split(' ')[0])).size).toBe(1);
  }
}

function twoNetworks(): void {
  attach(CLIENT, 'eth0', OUTSIDE, ['203.0.113.100/24', '2001:db8:1::100/64']);
  attach(DIRECTOR, 'eth0', OUTSIDE, ['203.0.113.1/24', '2001:db8:1::1/64']);
  attach(DIRECTOR, 'eth1', INSIDE, ['198.51.100.1/24', '2001:db8:2::1/64']);
  for (const [i, name] of [RS1, RS2].entries())
    attach(name, 'eth0', INSIDE, [`198.51.100.1${i + 1}/24`, `2001:db8:2::1${i + 1}/64`]);
  // one has a way out that is not the director's, which must come back
  sh('/sbin/ip', '-n', RS1, 'route', 'add', 'default', 'via', '198.51.100.254', 'dev', 'eth0');
}

function oneNetwork(): void {
  const hosts = [
    [CLIENT, '100'],
    [DIRECTOR, '1'],
    [RS1, '11'],
    [RS2, '12'],
  ] as const;
  for (const [name, n] of hosts)
    attach(name, 'eth0', OUTSIDE, [`192.0.2.${n}/24`, `2001:db8:1::${n}/64`]);
}

beforeAll(() => {
  prepareHost();
  for (const module of MODULES) sh('/sbin/modprobe', module);
});
afterEach(() => removeAll([CLIENT, DIRECTOR, RS1, RS2, OUTSIDE, INSIDE]));

/** Machines on their switches, with servers that answer. @returns what they are like before */
async function machines(connect: () => void): Promise<readonly string[]> {
  for (const name of [OUTSIDE, INSIDE]) addSwitch(name);
  for (const name of [CLIENT, DIRECTOR, RS1, RS2]) addMachine(name);
  connect();
  agents = [DIRECTOR, RS1, RS2].map((name) => new Agent(name));
  client = new Agent(CLIENT);
  for (const agent of agents.slice(1)) await agent.serve();
  return [DIRECTOR, RS1, RS2].map((name) => dump(name));
}

const onLan = (line = ''): Half[] => [
  { vip: '192.0.2.X', server: (n) => `192.0.2.${n}`, line },
  { vip: '2001:db8:1::a:X', server: (n) => `2001:db8:1::${n}`, line },
];
const routed: Half[] = [
  { vip: '203.0.113.X', server: (n) => `198.51.100.${n}`, line: '    gateway: 198.51.100.1\n' },
  {
    vip: '2001:db8:1::a:X',
    server: (n) => `2001:db8:2::${n}`,
    line: '    gateway: "2001:db8:2::1"\n',
  },
];
const crossed: Half[] = [
  { vip: '192.0.2.X', server: (n) => `2001:db8:1::${n}` },
  { vip: '2001:db8:1::a:X', server: (n) => `192.0.2.${n}` },
];
const tunnel = (options: string) => onLan(`    tunnel: {${options}}\n`);

// biome-ignore format: a table
const SETUPS: readonly { readonly name: string; readonly mode: string; readonly connect: () => void; readonly halves: readonly Half[] }[] = [
  { name: 'NAT', mode: 'nat', connect: twoNetworks, halves: routed },
  { name: 'DR', mode: 'dr', connect: oneNetwork, halves: onLan() },
  { name: 'TUN, ipip', mode: 'tun', connect: oneNetwork, halves: onLan() },
  { name: 'TUN, gue', mode: 'tun', connect: oneNetwork, halves: tunnel('type: gue, port: 6080, checksum: checksum') },
  { name: 'TUN, gre', mode: 'tun', connect: oneNetwork, halves: tunnel('type: gre, checksum: checksum') },
  { name: 'TUN, each family in the other', mode: 'tun', connect: oneNetwork, halves: crossed },
];

test.each(SETUPS)(
  '$name: up serves, a second up changes nothing, down restores',
  { timeout: 300_000 },
  async ({ mode, connect, halves }) => {
    const before = await machines(connect);
    writeSetup(mode, halves);
    await everywhere('up', '--quiet');
    await everywhere('up'); // which would print what it does
    for (const agent of agents) {
      const answer = await agent.lvsctl(roleOf(agent), 'status', FILE);
      expect(answer).toMatchObject({ status: 0, stderr: '' });
      expect(answer.stdout).toMatch(/\nall \d+ as desired\n$/);
    }
    for (const { vip } of halves) await expectServed(vip);
    await everywhere('down', '--quiet');
    for (const agent of agents) {
      const role = roleOf(agent);
      const answer = await agent.lvsctl(role, 'down', FILE);
      expect(answer).toEqual({ status: 0, stdout: '', stderr: nothingRecorded(role) });
    }
    expect([DIRECTOR, RS1, RS2].map((name) => dump(name))).toEqual(before);
  },
);

/** instants at which `up` is killed */
const KILLS = FULL ? 200 : 10;

test('killed at any instant of up, the next up or down ends in the exact state', {
  timeout: 3_600_000,
}, async () => {
  const [before = ''] = await machines(twoNetworks);
  writeSetup('nat', routed);
  const other = agents[0] as Agent;
  // by a process that does it for the first time, as those to be killed do
  const first = new Agent(DIRECTOR);
  await first.ask([]);
  const started = Date.now();
  await first.lvsctl('director', 'up', '-q', FILE);
  const duration = Date.now() - started;
  await first.kill();
  const whole = dump(DIRECTOR);
  await other.lvsctl('director', 'down', '-q', FILE);
  expect(dump(DIRECTOR)).toBe(before);
  expect(whole).not.toBe(before);

  let between = 0;
  for (let i = 0; i < KILLS; i++) {
    const victim = new Agent(DIRECTOR);
    await victim.ask([]); // it is ready
    victim.lvsctl('director', 'up', '-q', FILE).catch(() => {}); // it is about to be killed
    await new Promise((resolve) => setTimeout(resolve, ((i + Math.random()) / KILLS) * duration));
    await victim.kill();
    if (i % 2 === 0) {
      expect(await other.lvsctl('director', 'up', '-q', FILE)).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      });
      expect(dump(DIRECTOR)).toBe(whole);
    }
    const { stdout, stderr, status } = await other.lvsctl('director', 'down', FILE);
    expect(status).toBe(0);
    expect(['', nothingRecorded('director')]).toContain(stderr);
    if (i % 2 === 1 && stdout !== '') between++;
    expect(dump(DIRECTOR)).toBe(before);
  }
  expect(between).toBeGreaterThan(0); // the instants really lie within up
});
