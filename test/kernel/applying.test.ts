// Transactions under traffic on the real kernel: busy connections of both families survive every
// edit, and a refusal at each step of a long plan leaves table and connections as they were; a full
// disk, a reboot with a pending confirmation.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FULL } from '../support/full.js';
import type { Chatted } from './agent.js';
import { kernel, prepareHost, reset, sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, inside, removeAll, until } from './network.js';

const DIRECTORY = mkdtempSync('/tmp/applying-');
const [SWITCH, INNER] = ['ap-sw', 'ap-in'];
const [CLIENT, DIRECTOR, RS1, RS2] = ['ap-client', 'ap-dir', 'ap-rs1', 'ap-rs2'];
const agents = new Map<string, Agent>();
const HISTORY = '/var/lib/lvsctl';

function agent(name: string): Agent {
  const found = agents.get(name);
  if (!found) throw new Error(`no machine ${name}`);
  return found;
}

/** The services by family: address, servers as rules have them, and where the client connects. */
const FAMILIES = [
  { vip: '192.0.2.1:80', servers: ['198.51.100.11', '198.51.100.12'], host: '192.0.2.1' },
  {
    vip: '[2001:db8:1::1]:80',
    servers: ['[2001:db8:2::11]', '[2001:db8:2::12]'],
    host: '2001:db8:1::1',
  },
] as const;

beforeAll(async () => {
  prepareHost();
  for (const name of ['rr', 'wrr', 'sh', 'mh', 'wlc', 'lc', 'sed'])
    sh('/sbin/modprobe', `ip_vs_${name}`);
  const backend = await kernel();
  await reset(backend);
  await backend.close();
  sh('/bin/mkdir', '-p', HISTORY);
  sh('/bin/mount', '-t', 'tmpfs', 'history', HISTORY);
  for (const name of [SWITCH, INNER]) addSwitch(name);
  for (const name of [CLIENT, DIRECTOR, RS1, RS2]) addMachine(name);
  attach(CLIENT, 'eth0', SWITCH, ['192.0.2.9/24', '2001:db8:1::9/64']);
  attach(DIRECTOR, 'eth0', SWITCH, ['192.0.2.1/24', '2001:db8:1::1/64']);
  attach(DIRECTOR, 'eth1', INNER, ['198.51.100.1/24', '2001:db8:2::1/64']);
  attach(RS1, 'eth0', INNER, ['198.51.100.11/24', '2001:db8:2::11/64']);
  attach(RS2, 'eth0', INNER, ['198.51.100.12/24', '2001:db8:2::12/64']);
  for (const name of [RS1, RS2]) {
    inside(name, '/sbin/ip', 'route', 'add', 'default', 'via', '198.51.100.1');
    inside(name, '/sbin/ip', '-6', 'route', 'add', 'default', 'via', '2001:db8:2::1');
  }
  inside(
    DIRECTOR,
    '/sbin/sysctl',
    '-qw',
    'net.ipv4.ip_forward=1',
    'net.ipv6.conf.all.forwarding=1',
  );
  for (const name of [CLIENT, DIRECTOR, RS1, RS2]) agents.set(name, new Agent(name));
  for (const name of [RS1, RS2]) await agent(name).do({ kind: 'echo', port: 80 });
});

afterAll(() => {
  removeAll([CLIENT, DIRECTOR, RS1, RS2, SWITCH, INNER]);
  spawnSync('/bin/umount', ['-l', HISTORY]);
});

const DONE = { status: 0, stdout: '', stderr: '' };
const file = `${DIRECTORY}/rules`;
const apply = (text: string, ...more: string[]) => {
  writeFileSync(file, text);
  return agent(DIRECTOR).lvsctl('apply', file, '-q', '--prune', ...more);
};
const LVSCTL = ['netns', 'exec', DIRECTOR, process.execPath, resolve('bin/lvsctl')];
/** In a process of its own: agents do not see what is mounted after their start. */
const lvsctl = (...args: string[]) =>
  spawnSync('/sbin/ip', [...LVSCTL, ...args], { encoding: 'utf8', timeout: 60_000 });
const server = (vip: string, address: string, weight: number) =>
  `-a -t ${vip} -r ${address}:80 -m -w ${weight}\n`;
const ipvsadm = (...args: string[]) => inside(DIRECTOR, '/usr/sbin/ipvsadm', ...args);
/** Rules, order, timeouts, daemons, and the number of connections of each server. */
const table = () =>
  inside(
    DIRECTOR,
    '/bin/bash',
    '--norc',
    '-c',
    'ipvsadm -Ln --nosort; ipvsadm -Sn; ipvsadm -L --timeout; ipvsadm -L --daemon -n',
  );
/** Connections that a service has counted. */
const counted = (vip: string) =>
  Number(
    ipvsadm('-Ln', '--stats', '--exact')
      .split('\n')
      .find((line) => line.includes(`TCP  ${vip} `))
      ?.trim()
      .split(/\s+/)[2],
  );

test.each(FAMILIES)(
  '$vip: busy connections survive every edit and addition',
  async ({ vip, servers, host }) => {
    const [first, second] = servers;
    const service = (settings: string) => `-A -t ${vip} ${settings}\n`;
    expect(await apply(service('-s rr') + server(vip, first, 1))).toEqual(DONE);
    await agent(CLIENT).do({ kind: 'chat', host, port: 80, connections: 8 });
    // the kernel adds its counters up every two seconds
    await expect.poll(() => counted(vip), { timeout: 20_000 }).toBe(8);
    for (const text of [
      service('-s mh') + server(vip, first, 1),
      service('-s mh -p 300') + server(vip, first, 5),
      service('-s wrr') + server(vip, first, 2) + server(vip, second, 1),
      service('-s sed') + server(vip, first, 0) + server(vip, second, 9),
    ])
      expect(await apply(text)).toEqual(DONE);
    expect(counted(vip)).toBe(8);
    const chatted = await agent(CLIENT).do<Chatted>({ kind: 'chat-end' });
    expect(chatted).toMatchObject({ broken: 0, alive: 8 });
    expect(chatted.lines).toBeGreaterThan(50);
  },
);

test(`a refusal at ${FULL ? 'each' : 'every third'} of 20 steps: the table is as before, and connections go on`, async () => {
  // a service of its own: connections of the tests before would expire in between
  const vip = '192.0.2.1:70';
  const [{ servers, host }] = FAMILIES;
  const [first, second] = servers;
  const other = (port: number, more: string) => `-A -t 192.0.2.1:${port} ${more}\n`;
  const before =
    `-A -t ${vip} -s rr\n${server(vip, first, 1)}` +
    [81, 82, 83, 84]
      .map(
        (port) =>
          other(port, '-s rr') +
          server(`192.0.2.1:${port}`, first, 1) +
          server(`192.0.2.1:${port}`, second, 1),
      )
      .join('') +
    [91, 92].map((port) => other(port, '-s wlc')).join('');
  const after =
    `-A -t ${vip} -s wlc -p 60\n${server(vip, first, 3)}` +
    [81, 82, 83, 84]
      .map((port) => other(port, '-s lc') + server(`192.0.2.1:${port}`, first, 7))
      .join('') +
    [85, 86].map((port) => other(port, '-s sh') + server(`192.0.2.1:${port}`, second, 1)).join('');
  expect(await apply(before)).toEqual(DONE);
  await agent(CLIENT).do({ kind: 'chat', host, port: 70, connections: 8 });
  await expect.poll(() => counted(vip), { timeout: 20_000 }).toBe(8);
  writeFileSync(file, after);
  const args = ['apply', file, '-q', '--prune'];
  const { stdout } = await agent(DIRECTOR).lvsctl('plan', file, '--prune', '--json');
  const steps = JSON.parse(stdout).steps.length;
  expect(steps).toBe(20);
  const was = table();
  // each step costs seconds in the lab: the short version takes every third
  for (let nth = FULL ? 1 : 2; nth <= steps; nth += FULL ? 1 : 3) {
    const answered = await agent(DIRECTOR).do<typeof DONE>({ kind: 'refusing', nth, args });
    expect({ nth, ...answered }).toMatchObject({
      nth,
      status: 2,
      stderr: expect.stringContaining('the table is as before'),
    });
    expect({ nth, table: table() }).toEqual({ nth, table: was });
  }
  expect(counted(vip)).toBe(8);
  expect(await agent(CLIENT).do<Chatted>({ kind: 'chat-end' })).toMatchObject({
    broken: 0,
    alive: 8,
  });
  expect(await agent(DIRECTOR).lvsctl(...args)).toEqual(DONE);
});

test('a full disk for the history: nothing is changed', async () => {
  expect(await apply('-A -t 192.0.2.1:80 -s rr\n')).toEqual(DONE);
  sh('/bin/mount', '-t', 'tmpfs', '-o', 'size=16k', 'full', HISTORY);
  try {
    spawnSync('/bin/dd', ['if=/dev/zero', `of=${HISTORY}/filler`, 'bs=1k', 'count=64']);
    const was = table();
    writeFileSync(file, '-A -t 192.0.2.1:81 -s rr\n');
    expect(lvsctl('apply', file, '-q')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('No space left on device'),
    });
    expect(table()).toBe(was);
  } finally {
    sh('/bin/umount', HISTORY);
  }
});

test('a reboot with a pending confirmation: the next command says so and goes on', async () => {
  writeFileSync(file, '-A -t 192.0.2.1:85 -s rr\n');
  // without a terminal it waits for others: it is ended, and its guard stays
  const child = spawn('/sbin/ip', [...LVSCTL, 'apply', file, '-q', '--confirm-timeout', '600']);
  const pending = () =>
    inside(DIRECTOR, '/bin/bash', '--norc', '-c', 'cat /run/lvsctl/net-*/pending.json || true');
  await until(() => /"guard":\{/.test(pending()));
  const entries = () =>
    inside(DIRECTOR, '/bin/bash', '--norc', '-c', `cat ${HISTORY}/*/history/* || true`);
  await until(() => /"unconfirmed"/.test(entries()));
  child.kill('SIGKILL');
  const { guard } = JSON.parse(pending());
  process.kill(guard.pid, 'SIGKILL');
  expect(lvsctl('apply', file, '-q')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('has ended'),
  });
  // what a reboot does: another boot, an empty table, no process; here /run outlives it
  const boot = `${DIRECTORY}/boot_id`;
  writeFileSync(
    boot,
    readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').replace(/^./, (one) =>
      one === 'a' ? 'b' : 'a',
    ),
  );
  sh('/bin/mount', '--bind', boot, '/proc/sys/kernel/random/boot_id');
  try {
    ipvsadm('-C');
    expect(lvsctl('apply', file, '-q')).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/waits no more: the table was lost with a reboot/),
    });
    expect(ipvsadm('-Sn')).toBe('-A -t 192.0.2.1:85 -s rr\n');
    expect(lvsctl('history').stdout).toMatch(/not confirmed .*\n.* done /);
  } finally {
    sh('/bin/umount', '/proc/sys/kernel/random/boot_id');
  }
});
