// Three directors that announce one VIP by BIRD to a router, which spreads connections over them:
// one dies, one is drained, a service goes down.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FULL } from '../support/full.js';
import type { Talk } from './agent.js';
import { prepareHost } from './host.js';
import { Agent, addMachine, addSwitch, attach, inside, removeAll, until } from './network.js';

const FILES = mkdtempSync('/tmp/anycast-');
const [INNER, OUTER] = ['any-inner', 'any-outer'];
const DIRECTORS = ['any-d1', 'any-d2', 'any-d3'] as const;
const SERVERS = ['any-rs1', 'any-rs2'] as const;
const [ROUTER, CLIENT] = ['any-router', 'any-client'];
const VIP = '203.0.113.10';
const TALKS = FULL ? 100 : 24;

const fileOf = (name: string) => `${FILES}/${name}.yaml`;
for (const name of DIRECTORS)
  writeFileSync(
    fileOf(name),
    `ha:
  engine: bird
  peers: [10.96.0.1, 10.96.0.2, 10.96.0.3]
  as: 64512
  neighbors: [{address: 10.96.0.254, as: 64500}]
  control: ${FILES}/${name}.ctl
vips: [{address: ${VIP}, interface: lvs-vip}]
services:
  - name: echo
    address: ${VIP}
    port: 7
    mode: dr
    scheduler: mh
    flags: [mh-port]
    checks: [{kind: tcp, interval: 1, timeout: 0.9, rise: 1, fall: 2}]
    servers: [{address: 10.96.0.11}, {address: 10.96.0.12}]
`,
  );
writeFileSync(
  `${FILES}/router.conf`,
  `router id 10.96.0.254;
protocol device { }
protocol kernel { merge paths on; ipv4 { export all; }; }
protocol bfd { interface "*" { min rx interval 300 ms; min tx interval 300 ms; multiplier 5; }; }
${[1, 2, 3]
  .map(
    (i) => `protocol bgp d${i} {
  local 10.96.0.254 as 64500; neighbor 10.96.0.${i} as 64512; bfd on;
  connect delay time 1; error wait time 1, 5;
  ipv4 { import filter { if net ~ [203.0.113.0/24{32,32}] then accept; reject; }; export none; };
}
`,
  )
  .join('')}`,
);

const agents = new Map<string, Agent>();
const agent = (name: string) => agents.get(name) as Agent;
const monitors = new Map<string, ChildProcess>();
const paths = () => inside(ROUTER, '/sbin/ip', 'route', 'show', VIP);
const routedTo = (name: string) => paths().includes(`10.96.0.${name.slice(-1)} `);

async function lvsctl(name: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await agent(name).lvsctl(...args);
  if (status !== 0)
    throw new Error(`${name}: lvsctl ${args.join(' ')}: ${status} ${stdout}${stderr}`);
  return stdout;
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** What happens to long connections. */
async function during(work: () => Promise<unknown>, afterMs: number): Promise<Talk[]> {
  await agent(CLIENT).do({ kind: 'talk', host: VIP, port: 7, count: TALKS });
  await pause(1000);
  await work();
  await pause(afterMs);
  return agent(CLIENT).do<Talk[]>({ kind: 'talk-end' });
}

function expectSurvived(name: string, talks: readonly Talk[]): void {
  const lost = talks.filter(({ error }) => error !== null).length;
  const longest = Math.max(...talks.map(({ pauseMs }) => pauseMs));
  process.stdout.write(
    `${name}: ${lost} of ${talks.length} long connections lost, longest pause ${longest} ms\n`,
  );
  expect(lost).toBe(0);
}

beforeAll(async () => {
  prepareHost();
  addSwitch(INNER);
  addSwitch(OUTER);
  const inner = [...DIRECTORS, ...SERVERS, ROUTER];
  for (const [i, name] of inner.entries()) {
    addMachine(name);
    attach(name, 'eth0', INNER, [`10.96.0.${[1, 2, 3, 11, 12, 254][i]}/24`]);
  }
  addMachine(CLIENT);
  attach(CLIENT, 'eth0', OUTER, ['10.96.1.50/24']);
  attach(ROUTER, 'eth1', OUTER, ['10.96.1.254/24']);
  inside(CLIENT, '/sbin/ip', 'route', 'add', 'default', 'via', '10.96.1.254');
  for (const name of [...DIRECTORS, ...SERVERS])
    inside(name, '/sbin/ip', 'route', 'add', 'default', 'via', '10.96.0.254');
  for (const key of ['net.ipv4.ip_forward', 'net.ipv4.fib_multipath_hash_policy'])
    inside(ROUTER, '/sbin/sysctl', '-qw', `${key}=1`);
  for (const name of [...DIRECTORS, ...SERVERS, CLIENT]) agents.set(name, new Agent(name));
  inside(
    ROUTER,
    '/usr/sbin/bird',
    '-c',
    `${FILES}/router.conf`,
    '-s',
    `${FILES}/router.ctl`,
    '-P',
    `${FILES}/router.pid`,
  );
  for (const name of SERVERS) {
    await lvsctl(name, 'realserver', 'up', '-q', fileOf('any-d1'));
    await agent(name).do({ kind: 'echo', port: 7 });
  }
  for (const name of DIRECTORS) {
    await lvsctl(name, 'director', 'up', '-q', fileOf(name));
    writeFileSync(`${FILES}/${name}.conf`, await lvsctl(name, 'ha', 'render', fileOf(name)));
    inside(
      name,
      '/usr/sbin/bird',
      '-c',
      `${FILES}/${name}.conf`,
      '-s',
      `${FILES}/${name}.ctl`,
      '-P',
      `${FILES}/${name}.pid`,
    );
    const args = [
      'netns',
      'exec',
      name,
      process.execPath,
      'bin/lvsctl',
      'monitor',
      fileOf(name),
      '--state',
      `/var/lib/lvsctl/${name}/monitor.json`,
    ];
    monitors.set(name, spawn('/sbin/ip', args, { stdio: 'ignore' }));
  }
  await until(() => DIRECTORS.every(routedTo));
  await pause(2000);
});
afterAll(() => removeAll([...DIRECTORS, ...SERVERS, ROUTER, CLIENT, INNER, OUTER]));

describe('anycast by BIRD', () => {
  test('the router has all three; each director sees itself announced', async () => {
    const { stdout } = await agent('any-d2').lvsctl('ha', 'status', fileOf('any-d2'), '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      problems: [],
      directors: [{ role: null }, { role: 'active', vips: [VIP] }, { role: null, reachable: true }],
    });
  });

  test('a director is drained and comes back: no connection is lost', async () => {
    let drained = { status: -1, stdout: '' };
    const talks = await during(async () => {
      drained = await agent('any-d1').lvsctl('ha', 'drain', fileOf('any-d1'), '--wait', '1s');
      await until(() => !routedTo('any-d1'));
    }, 3000);
    expect(drained.stdout).toContain('lvsctl ha resume brings it back');
    expectSurvived('drained', talks);
    expect(routedTo('any-d1')).toBe(false);
    await lvsctl('any-d1', 'ha', 'resume', fileOf('any-d1'));
    await until(() => routedTo('any-d1'));
  });

  test('a director dies: connections go on through the others', async () => {
    const talks = await during(async () => {
      inside('any-d3', '/sbin/ip', 'link', 'set', 'eth0', 'down');
    }, 6000);
    expectSurvived('link cut', talks);
    inside('any-d3', '/sbin/ip', 'link', 'set', 'eth0', 'up');
    inside('any-d3', '/sbin/ip', 'route', 'replace', 'default', 'via', '10.96.0.254');
    await until(() => routedTo('any-d3'));
  });

  test('the service of one director goes down there: it withdraws, and announces again', async () => {
    // it alone cannot reach the servers
    for (const server of ['10.96.0.11', '10.96.0.12'])
      inside('any-d2', '/sbin/ip', 'route', 'add', 'blackhole', server);
    await until(() => !routedTo('any-d2'));
    expect(routedTo('any-d1') && routedTo('any-d3')).toBe(true);
    for (const server of ['10.96.0.11', '10.96.0.12'])
      inside('any-d2', '/sbin/ip', 'route', 'del', 'blackhole', server);
    await until(() => routedTo('any-d2'));
  });
});
