// Transactions on the real kernel: open connections and counters survive every edit and addition;
// random pairs reach their target and go back.
import { mkdtempSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { differences } from '../../src/lvsctl/transaction/compare.js';
import { execute } from '../../src/lvsctl/transaction/execute.js';
import { type DesiredRules, planChanges } from '../../src/lvsctl/transaction/plan.js';
import { readLive, readState, touchedBy } from '../../src/lvsctl/transaction/state.js';
import type { Table } from '../../src/model/table.js';
import * as random from '../support/arbitraries.js';
import { FULL } from '../support/full.js';
import { kernel, prepareHost, reset, sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, inside, removeAll } from './network.js';

const PAIRS = FULL ? 300 : 30;
const DIRECTORY = mkdtempSync('/tmp/transaction-');
const [SWITCH, INNER, CLIENT, DIRECTOR, RS1, RS2] = [
  'ta-sw',
  'ta-in',
  'ta-client',
  'ta-dir',
  'ta-rs1',
  'ta-rs2',
] as const;
const agents = new Map<string, Agent>();
let backend: Backend;

function agent(name: string): Agent {
  const found = agents.get(name);
  if (!found) throw new Error(`no machine ${name}`);
  return found;
}

beforeAll(async () => {
  prepareHost();
  for (const name of ['rr', 'wrr', 'sh', 'mh', 'lblc', 'wlc'])
    sh('/sbin/modprobe', `ip_vs_${name}`);
  backend = await kernel();
  await reset(backend);
  for (const name of [SWITCH, INNER]) addSwitch(name);
  for (const name of [CLIENT, DIRECTOR, RS1, RS2]) addMachine(name);
  attach(CLIENT, 'eth0', SWITCH, ['192.0.2.9/24']);
  attach(DIRECTOR, 'eth0', SWITCH, ['192.0.2.1/24']);
  attach(DIRECTOR, 'eth1', INNER, ['198.51.100.1/24']);
  attach(RS1, 'eth0', INNER, ['198.51.100.11/24']);
  attach(RS2, 'eth0', INNER, ['198.51.100.12/24']);
  for (const name of [RS1, RS2])
    inside(name, '/sbin/ip', 'route', 'add', 'default', 'via', '198.51.100.1');
  inside(DIRECTOR, '/sbin/sysctl', '-qw', 'net.ipv4.ip_forward=1');
  for (const name of [CLIENT, DIRECTOR, RS1, RS2]) agents.set(name, new Agent(name));
});

afterAll(async () => {
  await reset(backend);
  await backend.close();
  removeAll([CLIENT, DIRECTOR, RS1, RS2, SWITCH, INNER]);
});

const server = (n: number, weight: number) =>
  `-a -t 192.0.2.1:80 -r 198.51.100.${n}:80 -m -w ${weight}\n`;

test('an open connection survives edits and additions, and counters are kept', async () => {
  const file = `${DIRECTORY}/rules`;
  const apply = async (text: string) => {
    writeFileSync(file, text);
    return agent(DIRECTOR).lvsctl('apply', file, '-q');
  };
  const done = { status: 0, stdout: '', stderr: '' };
  expect(await apply(`-A -t 192.0.2.1:80 -s rr\n${server(11, 1)}`)).toEqual(done);
  for (const name of [RS1, RS2])
    await agent(name).do({
      kind: 'greet',
      addresses: [name === RS1 ? '198.51.100.11' : '198.51.100.12'],
      ports: [80],
    });
  const dial = { protocol: 'tcp', from: '192.0.2.9', to: '192.0.2.1', port: 80 } as const;
  await agent(CLIENT).do({ kind: 'dial', ...dial, fromPort: 20_001 });
  const counted = () =>
    inside(DIRECTOR, '/usr/sbin/ipvsadm', '-Ln', '--stats', '--exact')
      .split('\n')
      .filter((line) => /192\.0\.2\.1:80|198\.51\.100\.11:80/.test(line))
      .map((line) => line.trim().split(/\s+/)[2]);
  const established = () =>
    inside(DIRECTOR, '/usr/sbin/ipvsadm', '-Lnc')
      .split('\n')
      .filter((line) => /ESTABLISHED.*192\.0\.2\.9:20001.*198\.51\.100\.11:80/.test(line)).length;
  expect(established()).toBe(1);
  // the kernel adds its counters up every two seconds
  const before = ['1', '1'];
  await expect.poll(counted, { timeout: 20_000 }).toEqual(before);
  for (const text of [
    `-A -t 192.0.2.1:80 -s mh\n${server(11, 1)}`,
    `-A -t 192.0.2.1:80 -s mh -p 300\n${server(11, 5)}`,
    `-A -t 192.0.2.1:80 -s wrr\n${server(11, 0)}${server(12, 1)}`,
  ]) {
    expect(await apply(text)).toEqual(done);
    expect(established()).toBe(1);
    expect(counted()).toEqual(before);
  }
  writeFileSync(file, `-A -t 192.0.2.1:80 -s wrr\n${server(12, 1)}`);
  const { stdout } = await agent(DIRECTOR).lvsctl('plan', file);
  expect(stdout).toContain(
    '! packets of 1 connection (1 active) are dropped until the server is back',
  );
  writeFileSync(file, '-A -t 192.0.2.3:80 -s rr\n');
  expect((await agent(DIRECTOR).lvsctl('plan', file, '--prune')).stdout).toMatch(
    /-D -t 192\.0\.2\.1:80 .*! 1 connection \(1 active\) ends and cannot come back; its counters are lost/,
  );
});

const whole = (table: Table): DesiredRules => ({
  table,
  removed: 'others',
  timeouts: undefined,
  daemons: new Map(),
});

test('random pairs on the kernel: target reached, difference empty, and back', async () => {
  await fc.assert(
    fc.asyncProperty(random.table, random.table, async (from, to) => {
      await reset(backend);
      const empty = await readLive(backend);
      expect(await execute(planChanges(empty, whole(from)), empty, backend)).toEqual({
        kind: 'done',
      });
      const live = await readLive(backend);
      const plan = planChanges(live, whole(to));
      expect(await execute(plan, live, backend)).toEqual({ kind: 'done' });
      const reached = await readLive(backend);
      expect(planChanges(reached, whole(to)).steps).toEqual([]);
      const back = planChanges(reached, whole(live.table));
      expect(await execute(back, reached, backend)).toEqual({ kind: 'done' });
      const touched = touchedBy([...plan.steps, ...back.steps].map(({ change }) => change));
      expect(differences(await readState(backend), live, touched)).toEqual([]);
    }),
    { numRuns: PAIRS },
  );
});
