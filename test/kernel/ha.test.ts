// A pair of directors by keepalived, in network namespaces: failures, planned failover, what
// `lvsctl ha status` finds.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HaStatus } from '../../src/lvsctl/ha/inspect.js';
import { FULL } from '../support/full.js';
import { prepareHost, sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, inside, removeAll, until } from './network.js';
import { during, expectSurvived, Keepalived, pause, lvsctl as run } from './pair.js';

const FILES = mkdtempSync('/tmp/ha-');
const FILE = `${FILES}/lvs.yaml`;
const [OUTER, INNER] = ['ha-switch', 'ha-inner'];
const DIRECTORS = ['ha-d1', 'ha-d2'] as const;
const SERVERS = ['ha-rs1', 'ha-rs2'] as const;
const CLIENT = 'ha-client';
const VIP = '10.98.0.100';
const GATEWAY = '10.98.1.254';

writeFileSync(
  FILE,
  `ha: {interface: eth0, peers: [10.98.0.1, 10.98.0.2], advertise: 0.2, gateway_interface: eth1}
vips: [{address: ${VIP}, interface: eth0}]
services:
  - {name: web, address: ${VIP}, port: 80, mode: dr, scheduler: rr, servers: &servers [{address: 10.98.0.11}, {address: 10.98.0.12}]}
  - {name: echo, address: ${VIP}, port: 7, mode: dr, scheduler: rr, servers: *servers}
  - {name: nat, address: ${VIP}, port: 8007, mode: nat, gateway: ${GATEWAY}, scheduler: rr, servers: [{address: 10.98.1.11, port: 7}, {address: 10.98.1.12, port: 7}]}
`,
);

const agents = new Map<string, Agent>();
const agent = (name: string) => agents.get(name) as Agent;
const engines = new Map<string, Keepalived>();
const startEngine = (name: string) => engines.get(name)?.start();
const stopEngine = (name: string) => engines.get(name)?.stop();
const has = (name: string, address: string) =>
  inside(name, '/sbin/ip', '-o', 'addr').includes(`${address}/32`);
const hasVip = (name: string) => has(name, VIP);
const masters = () => DIRECTORS.filter(hasVip);
const lvsctl = (name: string, ...args: string[]) => run(agent(name), ...args);

async function status(name: string): Promise<HaStatus> {
  return JSON.parse((await agent(name).lvsctl('ha', 'status', FILE, '--json')).stdout);
}

let natClient: Agent;

/** Clients of direct routing and of NAT while something happens: no long connection ends. */
async function expectAllSurvive(name: string, work: () => Promise<unknown>): Promise<void> {
  const callers = [
    { agent: agent(CLIENT), vip: VIP, web: 80, echo: 7 },
    { agent: natClient, vip: VIP, echo: 8007 },
  ];
  const [direct, nat] = await during(callers, work);
  if (direct) expectSurvived(name, direct);
  if (nat) expectSurvived(`${name}, nat`, nat);
  // the gateway of the servers moves with the VIP
  expect(DIRECTORS.filter((one) => has(one, GATEWAY))).toEqual(masters());
}

beforeAll(async () => {
  prepareHost();
  // keepalived hears of changes of a file only on a file system of this kernel
  mkdirSync('/var/lib/lvsctl', { recursive: true });
  sh('/bin/mount', '-t', 'tmpfs', '-o', 'mode=700', 'tmpfs', '/var/lib/lvsctl');
  addSwitch(OUTER);
  addSwitch(INNER);
  const machines = [...DIRECTORS, ...SERVERS, CLIENT];
  for (const [i, name] of machines.entries()) {
    const n = [1, 2, 11, 12, 50][i];
    addMachine(name);
    attach(name, 'eth0', OUTER, [`10.98.0.${n}/24`]);
    if (name !== CLIENT) attach(name, 'eth1', INNER, [`10.98.1.${n}/24`]);
    agents.set(name, new Agent(name));
  }
  natClient = new Agent(CLIENT);
  for (const name of SERVERS) {
    await lvsctl(name, 'realserver', 'up', '-q', FILE);
    // the same servers have both modes: answers of nat go to the gateway, though clients are near
    inside(
      name,
      '/sbin/ip',
      'rule',
      'add',
      'from',
      '10.98.1.0/24',
      'to',
      '10.98.0.0/24',
      'lookup',
      '100',
    );
    inside(name, '/sbin/ip', 'route', 'add', 'default', 'via', GATEWAY, 'table', '100');
    await agent(name).do({ kind: 'web', name, port: 80 });
    await agent(name).do({ kind: 'echo', port: 7 });
  }
  for (const name of DIRECTORS) {
    await lvsctl(name, 'director', 'up', '-q', FILE);
    engines.set(name, new Keepalived(agent(name), FILE, FILES));
    await startEngine(name);
  }
  await until(() => masters().length === 1);
});
afterAll(() => {
  removeAll([...DIRECTORS, ...SERVERS, CLIENT, OUTER, INNER]);
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

  test('doctor finds nothing on the backup', async () => {
    const { status: found, stdout } = await agent('ha-d2').lvsctl('doctor', FILE);
    expect([found, stdout]).toEqual([0, expect.stringContaining('packets of the sync daemons')]);
  });

  test.skipIf(!FULL)('nor on the master, nor in the facts of both', async () => {
    expect((await agent('ha-d1').lvsctl('doctor', FILE)).status).toBe(0);
    const facts = DIRECTORS.map((name) => `${FILES}/${name}.facts`);
    for (const [i, name] of DIRECTORS.entries())
      writeFileSync(facts[i] ?? '', await lvsctl(name, 'doctor', '--facts'));
    expect(await agent(CLIENT).lvsctl('doctor', FILE, '--facts', ...facts)).toMatchObject({
      status: 0,
    });
  });

  test('the link of the master is cut', async () => {
    await expectAllSurvive('link cut', async () => {
      inside('ha-d1', '/sbin/ip', 'link', 'set', 'eth0', 'down');
    });
    inside('ha-d1', '/sbin/ip', 'link', 'set', 'eth0', 'up');
    await pause(1500);
    expect(masters()).toEqual(['ha-d2']); // nopreempt
  });

  test('planned failover, and back', async () => {
    let stdout = '';
    await expectAllSurvive('planned failover', async () => {
      stdout = await lvsctl('ha-d2', 'ha', 'failover', FILE);
    });
    expect(stdout).toMatch(/^another director has the VIPs after [\d.]+ s\n$/);
    expect(masters()).toEqual(['ha-d1']);
    expect((await agent('ha-d2').lvsctl('ha', 'failover', FILE)).stderr).toBe(
      'lvsctl: this director has no VIP: it is the backup\n',
    );
  });

  test('keepalived is stopped on the master', async () => {
    await expectAllSurvive('keepalived stopped', async () => stopEngine('ha-d1'));
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
    const { conf = '' } = engines.get('ha-d1') ?? {};
    const text = readFileSync(conf, 'utf8');
    writeFileSync(conf, text.replace('  nopreempt\n', ''));
    expect(await problems('ha-d1')).toEqual([expect.stringContaining(`${conf} has no nopreempt`)]);
    writeFileSync(conf, text);
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
