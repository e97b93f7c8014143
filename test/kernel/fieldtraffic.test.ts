// Two reports of people that take more than one request: a UDP client whose server is removed, and
// passive FTP behind NAT. The fault is there, the doctor finds it, its repair is typed, and it is
// over. LVS_TEST_FULL=1 plays them.
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Diagnosis } from '../../src/lvsctl/doctor/examine.js';
import { FULL } from '../support/full.js';
import { prepareHost, sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, inside, removeAll, until } from './network.js';

const [LAN, BACK, CLIENT, DIRECTOR, RS1, RS2] = ['fr-a', 'fr-b', 'fr-c', 'fr-d', 'fr-1', 'fr-2'];
const MACHINES = [CLIENT, DIRECTOR, RS1, RS2] as const;
const VIP = '192.0.2.10';
const agents = new Map<string, Agent>();
const agent = (name: string) => agents.get(name) ?? expect.fail(name);
const shell = (name: string, line: string) => inside(name, '/bin/bash', '--norc', '-c', line);

beforeAll(async () => {
  if (!FULL) return;
  prepareHost();
  sh('/sbin/modprobe', 'ip_vs_rr');
  for (const name of [LAN, BACK]) addSwitch(name);
  for (const name of MACHINES) addMachine(name);
  for (const [name, n] of [
    [CLIENT, 100],
    [DIRECTOR, 1],
    [RS1, 11],
    [RS2, 12],
  ] as const) {
    attach(name, 'eth0', LAN, [`192.0.2.${n}/24`]);
    if (name !== CLIENT) attach(name, 'eth1', BACK, [`198.51.100.${n}/24`]);
    if (name !== RS1 && name !== RS2) agents.set(name, new Agent(name));
  }
  shell(DIRECTOR, `ip addr add ${VIP}/32 dev eth0; sysctl -qw net.ipv4.ip_forward=1`);
  for (const name of [RS1, RS2])
    shell(
      name,
      `sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2; ip addr add ${VIP}/32 dev lo`,
    );
}, 120_000);
afterAll(() => {
  if (FULL) removeAll([...MACHINES, LAN, BACK]);
});

async function diagnose(): Promise<Diagnosis> {
  const { stdout, stderr } = await agent(DIRECTOR).lvsctl('doctor', '--json', '--role', 'director');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Diagnosis;
}

/** The finding is there, and not any more once its repair is typed. */
async function repair(id: string): Promise<void> {
  const found = (await diagnose()).findings;
  expect(found.map((one) => one.id)).toEqual([id]);
  for (const line of found[0]?.repair ?? []) shell(DIRECTOR, line);
  expect((await diagnose()).findings).toEqual([]);
}

test.runIf(FULL)('UDP: the client of a removed server', { timeout: 120_000 }, async () => {
  const service = `-u ${VIP}:5140`;
  shell(
    DIRECTOR,
    `sysctl -qw net.ipv4.vs.expire_nodest_conn=0; ipvsadm -C; ipvsadm -A ${service} -s rr; ipvsadm -a ${service} -r 192.0.2.11 -g; ipvsadm -a ${service} -r 192.0.2.12 -g`,
  );
  for (const name of [RS1, RS2]) {
    const one = new Agent(name);
    agents.set(name, one);
    await one.do({ kind: 'greet', addresses: [VIP], ports: [5140] });
  }
  const ask = () =>
    agent(CLIENT).do<string>({
      ...{ kind: 'dial', protocol: 'udp', from: '192.0.2.100', fromPort: 20_001 },
      ...{ to: VIP, port: 5140 },
    });
  const answer = `${VIP}:5140`;
  expect(await ask()).toBe(answer);
  // the one that has the connection is unplugged, and removed as a monitor does
  const has = shell(DIRECTOR, 'ipvsadm -Lnc').includes('192.0.2.11:5140') ? 11 : 12;
  shell(has === 11 ? RS1 : RS2, 'ip link set eth0 down');
  shell(DIRECTOR, `ipvsadm -d ${service} -r 192.0.2.${has}`);
  for (let i = 0; i < 3; i++) expect(await ask()).toBe('nothing');
  await repair('removed-server');
  // the packet that ends the connection may be lost; a client sends again
  expect([await ask(), await ask()]).toContain(answer);
  shell(has === 11 ? RS1 : RS2, 'ip link set eth0 up');
});

const SERVER = `const net = require('net');
net.createServer((c) => {
  c.on('error', () => {}); c.write('220 hello\\r\\n');
  c.on('data', () => {
    const d = net.createServer((s) => s.end('data')).listen(0, '198.51.100.11', () => {
      const { port } = d.address();
      c.write('227 Entering Passive Mode (198,51,100,11,' + (port >> 8) + ',' + (port & 255) + ')\\r\\n');
    });
  });
}).listen(21, '198.51.100.11');`;
const ASK = `const net = require('net');
const late = setTimeout(() => { console.log('no data'); process.exit(); }, 4000);
const c = net.connect(21, '${VIP}'); c.on('error', () => {});
c.on('data', (text) => {
  const [, a, b, d, e, hi, lo] = /\\((\\d+),(\\d+),(\\d+),(\\d+),(\\d+),(\\d+)\\)/.exec(text) ?? [];
  if (a === undefined) return c.write('PASV\\r\\n');
  const s = net.connect(hi * 256 + +lo, [a, b, d, e].join('.'));
  s.on('error', () => {}).on('data', (got) => { clearTimeout(late); console.log(String(got), s.remoteAddress); process.exit(); });
});`;

test.runIf(FULL)('FTP behind NAT: the data connection', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync('/tmp/fr-');
  writeFileSync(`${directory}/server.cjs`, SERVER);
  writeFileSync(`${directory}/ask.cjs`, ASK);
  quietly('rmmod ip_vs_ftp');
  shell(
    DIRECTOR,
    `ipvsadm -C; ipvsadm -A -t ${VIP}:21 -s rr; ipvsadm -a -t ${VIP}:21 -r 198.51.100.11:21 -m`,
  );
  shell(
    RS1,
    `ip addr del ${VIP}/32 dev lo; ip link set eth0 down; ip route add default via 198.51.100.1`,
  );
  const server = spawn(
    '/sbin/ip',
    ['netns', 'exec', RS1, process.execPath, `${directory}/server.cjs`],
    { stdio: 'ignore' },
  );
  try {
    await until(() => shell(RS1, 'ss -Hltn sport = :21') !== '');
    const ask = () => inside(CLIENT, process.execPath, `${directory}/ask.cjs`).trim();
    expect(ask()).toBe('no data');
    await repair('module');
    expect(ask()).toBe(`data ${VIP}`);
  } finally {
    server.kill('SIGKILL');
    quietly('rmmod ip_vs_ftp');
  }
});

function quietly(line: string): void {
  sh('/bin/bash', '--norc', '-c', `${line} 2>/dev/null || true`);
}
