// The path that is computed from facts, against what a real client gets: random set-ups of director
// and real server, right ones and faulty ones. LVS_TEST_FULL=1 plays 500; LVS_PATH_SEED and
// LVS_PATH_CASES choose others, and LVS_PATH_REPORT names a file for each outcome.
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseFacts } from '../../src/lvsctl/facts/json.js';
import { type Trace, trace } from '../../src/lvsctl/path/trace.js';
import { parseAddress } from '../../src/model/address.js';
import { FULL } from '../support/full.js';
import { prepareHost, sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, removeAll } from './network.js';
import { type PathCase, pathCase } from './pathcases.js';

const [A, B, C] = ['pa-a', 'pa-b', 'pa-c'] as const;
const NAMES = { cl: 'pa-cl', dir: 'pa-dir', rs: 'pa-rs', rt: 'pa-rt' } as const;
const CASES = Number(process.env.LVS_PATH_CASES ?? (FULL ? 500 : 2));
const SEED = Number(process.env.LVS_PATH_SEED ?? (FULL ? 1 : 16));
const agents = new Map<string, Agent>();
const agent = (name: string) => agents.get(name) ?? expect.fail();

beforeAll(async () => {
  prepareHost();
  for (const module of [
    'ipip',
    'ip_gre',
    'ip6_tunnel',
    'ip6_gre',
    'sit',
    'fou',
    'fou6',
    'ip_vs_rr',
  ])
    spawnSync('/sbin/modprobe', [module]);
  for (const name of [A, B, C]) addSwitch(name);
  for (const name of Object.values(NAMES)) addMachine(name);
  attach(NAMES.cl, 'eth0', A, []);
  attach(NAMES.cl, 'eth1', C, []);
  for (const name of [NAMES.dir, NAMES.rs]) {
    attach(name, 'eth0', A, []);
    attach(name, 'eth1', B, []);
    sh('/sbin/ip', '-n', name, 'link', 'add', 'dummy0', 'type', 'dummy');
  }
  attach(NAMES.rt, 'eth0', A, ['192.0.2.254/24', '2001:db8:a::254/64']);
  attach(NAMES.rt, 'eth1', B, ['198.51.100.254/24', '2001:db8:b::254/64']);
  attach(NAMES.rt, 'eth2', C, ['203.0.113.254/24', '2001:db8:c::254/64']);
  bash(
    NAMES.rt,
    'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects; for i in eth0 eth1 eth2; do echo 0 > /proc/sys/net/ipv4/conf/$i/send_redirects; done',
  );
  for (const name of [NAMES.cl, NAMES.dir, NAMES.rs]) agents.set(name, new Agent(name));
  await agent(NAMES.rs).do({ kind: 'serve', name: NAMES.rs, ports: [80, 8080] });
}, 120_000);
afterAll(() => removeAll([...Object.values(NAMES), A, B, C]));

function bash(name: string, script: string): void {
  const { status, stderr } = spawnSync(
    '/sbin/ip',
    ['netns', 'exec', name, '/bin/bash', '--norc', '-c', script],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${name}: ${script}: ${stderr}`);
}

/** Back to interfaces without addresses, no rules, the kernel's own settings. */
const RESET = `
cd /proc/sys/net
for i in eth0 eth1 dummy0; do [ -e ipv4/conf/$i ] || continue
  ip addr flush dev $i; ip link set $i down; ip link set $i up; done
ip -4 addr del 192.0.2.10/32 dev lo; ip -4 addr del 192.0.2.10/24 dev lo; ip -6 addr del 2001:db8:a::10/128 dev lo; ip -6 addr del 2001:db8:a::10/64 dev lo
ip link del vt0; for f in -4 -6; do ip $f route flush table main scope global; ip $f route flush table 77; ip $f rule del pref 90; ip $f rule del pref 100; ip $f route del blackhole default; for r in $(ip $f route show type blackhole | cut -d' ' -f2); do ip $f route del blackhole $r; done; done
ip fou del port 6080; ip fou del port 6080 -6
for i in all eth0 eth1 dummy0; do for n in rp_filter arp_ignore arp_announce; do echo 0 > ipv4/conf/$i/$n; done; done
echo 0 > ipv4/ip_forward; echo 0 > ipv6/conf/all/forwarding; echo 0 > ipv4/vs/conntrack
for t in iptables-legacy ip6tables-legacy; do for c in filter mangle nat raw; do $t -t $c -F; done; for c in INPUT FORWARD OUTPUT; do $t -P $c ACCEPT; done; done
ipvsadm -C; ip neigh flush all; true`;

interface Played {
  readonly one: PathCase;
  readonly answered: string;
  readonly found: Trace;
}

async function play(one: PathCase): Promise<Played> {
  for (const [key, name] of [
    ['cl', NAMES.cl],
    ['dir', NAMES.dir],
    ['rs', NAMES.rs],
  ] as const)
    bash(name, `(${RESET}) 2>/dev/null; set -e; ${one.commands[key].join('\n')}`);
  const [answered = ''] = await agent(NAMES.cl).do<string[]>({
    kind: 'ask',
    requests: [['tcp', one.vip, 80]],
    limitMs: 1200,
  });
  const facts = await Promise.all(
    [NAMES.dir, NAMES.rs].map(async (name) =>
      parseFacts((await agent(name).lvsctl('doctor', '--facts')).stdout, name),
    ),
  );
  const question = {
    protocol: 'tcp' as const,
    client: parseAddress(one.client) ?? expect.fail(),
    clientPort: undefined,
    virtual: parseAddress(one.vip) ?? expect.fail(),
    virtualPort: 80,
  };
  return {
    one,
    answered,
    found: trace(
      facts.map((each, i) => ({ ...each, machine: ['dir', 'rs'][i] ?? '' })),
      question,
      'facts',
    ),
  };
}

test(`${CASES} random set-ups from seed ${SEED}: the outcome is what a client gets`, {
  timeout: 7_200_000,
}, async () => {
  const wrong: string[] = [];
  let unknown = 0;
  for (let i = 0; i < CASES; i++) {
    const { one, answered, found } = await play(pathCase(SEED + i));
    const isAnswered = answered.startsWith(NAMES.rs);
    if (found.outcome === 'unknown') unknown++;
    if (process.env.LVS_PATH_REPORT)
      appendFileSync(
        process.env.LVS_PATH_REPORT,
        `seed ${one.seed}: client ${answered}, path ${found.outcome}\n`,
      );
    if (found.outcome !== (isAnswered ? 'pass' : 'lost'))
      wrong.push(
        `seed ${one.seed}: client ${answered}, path ${found.outcome}: ${found.at?.machine} ${found.at?.what}\n    ${one.planted.join('; ')}`,
      );
  }
  const report = `${CASES} cases, ${wrong.length} differ, ${unknown} unknown\n${wrong.join('\n')}\n`;
  if (process.env.LVS_PATH_REPORT) appendFileSync(process.env.LVS_PATH_REPORT, report);
  const allClear = wrong.filter((text) => text.includes('path pass'));
  expect(allClear, report).toEqual([]);
  expect(wrong.length, report).toBeLessThanOrEqual(Math.floor(CASES * 0.02));
});
