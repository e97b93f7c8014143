// A pair of directors by keepalived, in network namespaces: failures, planned failover, what
// `lvsctl ha status` finds.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HaStatus } from '../../src/lvsctl/ha/inspect.js';
import type { Streamed, Talk } from './agent.js';
import { prepareHost, sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, inside, removeAll, until } from './network.js';

const FILES = mkdtempSync('/tmp/ha-');
const FILE = `${FILES}/lvs.yaml`;
const SWITCH = 'ha-switch';
const DIRECTORS = ['ha-d1', 'ha-d2'] as const;
const SERVERS = ['ha-rs1', 'ha-rs2'] as const;
const CLIENT = 'ha-client';
const VIP = '10.98.0.100';
const RATE = 20;
/** the mark is 1,000 ms; the lab has one slow processor for all machines */
const LONGEST_GAP_MS = 2500;

writeFileSync(
  FILE,
  `ha: {interface: eth0, peers: [10.98.0.1, 10.98.0.2], advertise: 0.2}
vips: [{address: ${VIP}, interface: eth0}]
services:
  - {name: web, address: ${VIP}, port: 80, mode: dr, scheduler: rr, servers: &servers [{address: 10.98.0.11}, {address: 10.98.0.12}]}
  - {name: echo, address: ${VIP}, port: 7, mode: dr, scheduler: rr, servers: *servers}
`,
);

const agents = new Map<string, Agent>();
const agent = (name: string) => agents.get(name) as Agent;
const engines = new Map<string, ChildProcess>();
const hasVip = (name: string) => inside(name, '/sbin/ip', '-o', 'addr').includes(`${VIP}/32`);
const masters = () => DIRECTORS.filter(hasVip);

async function lvsctl(name: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await agent(name).lvsctl(...args);
  if (status !== 0)
    throw new Error(`${name}: lvsctl ${args.join(' ')}: ${status} ${stdout}${stderr}`);
  return stdout;
}

async function status(name: string): Promise<HaStatus> {
  return JSON.parse((await agent(name).lvsctl('ha', 'status', FILE, '--json')).stdout);
}

async function startEngine(name: string): Promise<void> {
  const conf = `${FILES}/${name}.conf`;
  // the agent is not lvsctl
  writeFileSync(conf, (await lvsctl(name, 'ha', 'render', FILE)).replace(/^ *notify .*\n/m, ''));
  const child = spawn(
    '/sbin/ip',
    [
      'netns',
      'exec',
      name,
      '/usr/sbin/keepalived',
      '-n',
      '-P',
      '-f',
      conf,
      '-p',
      `/run/${name}.pid`,
      '-r',
      `/run/${name}-vrrp.pid`,
    ],
    { stdio: 'ignore' },
  );
  engines.set(name, child);
}

/** Stops as systemd does. */
async function stopEngine(name: string): Promise<void> {
  sh('/bin/bash', '-c', `kill $(cat /run/${name}.pid)`);
  await new Promise((done) => engines.get(name)?.once('exit', done));
}

/** What happens to new and to long connections. */
async function during(
  work: () => Promise<unknown>,
): Promise<{ lost: number; of: number; gapMs: number; talks: Talk[] }> {
  const client = agent(CLIENT);
  await client.do({ kind: 'talk', host: VIP, port: 7, count: 4 });
  await client.do({ kind: 'stream', host: VIP, port: 80, perSecond: RATE });
  await pause(3500); // a connection is synchronised from its third packet, and after two seconds
  await work();
  await pause(3000);
  const requests = await client.do<Streamed[]>({ kind: 'stream-end' });
  const talks = await client.do<Talk[]>({ kind: 'talk-end' });
  const good = requests.filter(({ answer }) => answer.startsWith('ha-rs'));
  const gaps = good.map(({ at }, i) => at - (good[i - 1]?.at ?? at));
  return {
    lost: requests.length - good.length,
    of: requests.length,
    gapMs: Math.max(...gaps),
    talks,
  };
}

function expectSurvived(
  name: string,
  { lost, of, gapMs, talks }: Awaited<ReturnType<typeof during>>,
): void {
  const pauses = talks.map(({ pauseMs }) => pauseMs);
  process.stdout.write(
    `${name}: ${lost} of ${of} requests lost, ${gapMs} ms without an answer; long connections paused ${Math.max(...pauses)} ms\n`,
  );
  expect(talks.filter(({ error }) => error !== null)).toEqual([]);
  expect(gapMs).toBeLessThan(LONGEST_GAP_MS);
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

beforeAll(async () => {
  prepareHost();
  // keepalived hears of changes of a file only on a file system of this kernel
  mkdirSync('/var/lib/lvsctl', { recursive: true });
  sh('/bin/mount', '-t', 'tmpfs', '-o', 'mode=700', 'tmpfs', '/var/lib/lvsctl');
  addSwitch(SWITCH);
  const machines = [...DIRECTORS, ...SERVERS, CLIENT];
  for (const [i, name] of machines.entries()) {
    addMachine(name);
    attach(name, 'eth0', SWITCH, [`10.98.0.${[1, 2, 11, 12, 50][i]}/24`]);
    agents.set(name, new Agent(name));
  }
  for (const name of SERVERS) {
    await lvsctl(name, 'realserver', 'up', '-q', FILE);
    await agent(name).do({ kind: 'web', name, port: 80 });
    await agent(name).do({ kind: 'echo', port: 7 });
  }
  for (const name of DIRECTORS) {
    await lvsctl(name, 'director', 'up', '-q', FILE);
    await startEngine(name);
  }
  await until(() => masters().length === 1);
});
afterAll(() => {
  removeAll([...DIRECTORS, ...SERVERS, CLIENT, SWITCH]);
  sh('/bin/umount', '/var/lib/lvsctl');
});

describe('a pair by keepalived', () => {
  test('director up leaves the VIP to keepalived and runs both sync daemons', async () => {
    expect(masters()).toEqual(['ha-d1']);
    const { directors, problems: found } = await status('ha-d1');
    expect(found).toEqual([]);
    expect(directors).toMatchObject([
      {
        address: '10.98.0.1',
        is_this_machine: true,
        role: 'master',
        vips: [VIP],
        engine_running: true,
        differences: 0,
      },
      { address: '10.98.0.2', is_this_machine: false, role: null, reachable: true },
    ]);
    expect(directors[0]?.sync?.toSorted()).toEqual(['backup', 'master']);
    expect((await status('ha-d2')).directors).toMatchObject([
      { address: '10.98.0.1', role: 'master', vips: [VIP] },
      { address: '10.98.0.2', role: 'backup', vips: [] },
    ]);
  });

  test('the link of the master is cut', async () => {
    const result = await during(async () => {
      inside('ha-d1', '/sbin/ip', 'link', 'set', 'eth0', 'down');
    });
    expectSurvived('link cut', result);
    inside('ha-d1', '/sbin/ip', 'link', 'set', 'eth0', 'up');
    await pause(1500);
    expect(masters()).toEqual(['ha-d2']); // nopreempt
  });

  test('planned failover, and back', async () => {
    let stdout = '';
    const result = await during(async () => {
      stdout = await lvsctl('ha-d2', 'ha', 'failover', FILE);
    });
    expect(stdout).toMatch(/^another director has the VIPs after [\d.]+ s\n$/);
    expect(masters()).toEqual(['ha-d1']);
    expectSurvived('planned failover', result);
    expect((await agent('ha-d2').lvsctl('ha', 'failover', FILE)).stderr).toBe(
      'lvsctl: this director has no VIP: it is the backup\n',
    );
  });

  test('keepalived is stopped on the master', async () => {
    const result = await during(() => stopEngine('ha-d1'));
    expectSurvived('keepalived stopped', result);
    expect((await status('ha-d1')).problems.map(({ what }) => what)).toEqual([
      'keepalived does not run here: this director never gets traffic',
    ]);
  });

  test('a failover that no director takes is taken back', async () => {
    const answer = await agent('ha-d2').lvsctl('ha', 'failover', FILE, '--wait', '2');
    expect(answer).toMatchObject({ status: 2, stdout: '' });
    expect(answer.stderr).toContain('no other director took the VIPs within 2 s');
    await until(() => hasVip('ha-d2'));
    await startEngine('ha-d1');
  });

  test('drained: out until resume, also when the other one fails', async () => {
    await pause(1500);
    const drained = await agent('ha-d2').lvsctl('ha', 'drain', FILE, '--wait', '1s');
    expect(drained.stdout).toMatch(/lvsctl ha resume brings it back\n$/);
    expect(drained.stderr).toMatch(/^\d+ connections left\n/);
    await until(() => hasVip('ha-d1') && !hasVip('ha-d2'));
    expect((await status('ha-d2')).directors).toMatchObject([{}, { role: 'standby' }]);
    await lvsctl('ha-d2', 'ha', 'resume', FILE);
    await pause(1000);
    expect((await status('ha-d2')).directors).toMatchObject([{}, { role: 'backup' }]);
  });

  test('planted faults', async () => {
    const problems = async (name: string) => (await status(name)).problems.map(({ what }) => what);
    inside('ha-d1', '/usr/sbin/ipvsadm', '--stop-daemon', 'backup');
    expect(await problems('ha-d1')).toEqual([
      'the sync daemon backup of sync id 51 on eth0 does not run here: connections of the other director are not received',
      '1 setting is not as the file has it: lvsctl director status',
    ]);
    inside(
      'ha-d1',
      '/usr/sbin/ipvsadm',
      '--start-daemon',
      'backup',
      '--mcast-interface',
      'eth0',
      '--syncid',
      '52',
    );
    expect((await problems('ha-d1'))[0]).toContain('the sync daemon backup of sync id 51');
    await lvsctl('ha-d1', 'director', 'up', '-q', FILE);
    expect(await problems('ha-d1')).toEqual([]);
    inside('ha-d2', '/sbin/ip', 'addr', 'add', `${VIP}/32`, 'dev', 'eth0');
    expect((await problems('ha-d1'))[0]).toMatch(
      /^VIP 10\.98\.0\.100 is on this director and on [0-9a-f:]{17} too$/,
    );
    inside('ha-d2', '/sbin/ip', 'addr', 'del', `${VIP}/32`, 'dev', 'eth0');
    await stopEngine('ha-d1');
    await stopEngine('ha-d2');
    expect(await problems('ha-d2')).toContain(
      `VIP ${VIP} is on no director: no machine answers ARP for it`,
    );
  });
});
