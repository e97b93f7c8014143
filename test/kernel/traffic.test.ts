// Real connections through rules made by ours: a client, a director (the lab itself) and two real
// servers on one switch, each in a network namespace of its own; and what both tools list
// meanwhile.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { answer } from '../support/inprocess.js';
import { kernel, prepareHost, REAL, reset, sh } from './host.js';
import { Agent, addSwitch, inside, type Request, removeAll, repeat, tally } from './network.js';

const SWITCH = 'lvst-sw';
const CLIENT = 'lvst-client';
const SERVERS = ['lvst-rs1', 'lvst-rs2'] as const;
/**
 * Each test has a VIP of its own: the kernel remembers the connections of a server that is deleted
 * and added again.
 */
let VIP = '';
let VIP6 = '';
let vips = 10;
const ip = (...args: string[]) => sh('/sbin/ip', ...args);
const sysctl = (name: string, key: string, value: string) =>
  inside(name, '/bin/sh', '-c', `echo ${value} > /proc/sys/net/${key}`);

let backend: Backend;
beforeAll(async () => {
  prepareHost();
  backend = await kernel();
  await reset(backend);
  for (const module of ['ipip', 'ip_gre', 'fou']) sh('/sbin/modprobe', module);
  addSwitch(SWITCH);
  plug('lvst0');
  for (const address of ['10.97.0.1/24', '10.97.100.1/24', 'fd00:97::1/64', 'fd00:97:100::1/64'])
    ip('addr', 'add', address, 'dev', 'lvst0', ...(address.includes(':') ? ['nodad'] : []));
  for (const [key, value] of [
    // connections go with their server, so that none are left for the tests that follow
    ['ipv4/vs/expire_nodest_conn', '1'],
    ['ipv4/ip_forward', '1'],
    ['ipv6/conf/all/forwarding', '1'],
    ['ipv4/conf/all/send_redirects', '0'],
    ['ipv4/conf/lvst0/send_redirects', '0'],
    ['ipv4/conf/lvst0/rp_filter', '0'],
    ['ipv4/conf/all/rp_filter', '0'],
  ] as const) {
    writeFileSync(`/proc/sys/net/${key}`, value);
  }
  host(CLIENT, ['10.97.100.2/24', 'fd00:97:100::2/64'], '10.97.100.1', 'fd00:97:100::1');
  SERVERS.forEach((name, i) => {
    host(name, [`10.97.0.1${i + 1}/24`, `fd00:97::1${i + 1}/64`], '10.97.0.1', 'fd00:97::1');
    ip('-n', name, 'fou', 'add', 'port', '6080', 'gue');
    // gre0 takes what has no checksum; the other kind wants a tunnel of its own
    ip(
      '-n',
      name,
      'link',
      'add',
      'gresum',
      'type',
      'gre',
      'local',
      `10.97.0.1${i + 1}`,
      'remote',
      '10.97.0.1',
      'csum',
    );
  });
  client = new Agent(CLIENT);
  for (const name of SERVERS) await new Agent(name).serve([80, 443, 8080, 8081]);
  // neighbours have to find each other first, which takes IPv6 a while
  const end = Date.now() + 30_000;
  const far: Request[] = ['fd00:97::11', 'fd00:97::12', '10.97.0.11', '10.97.0.12'].map(
    (address) => ['tcp', address, 80],
  );
  while ((await ask(far)).includes('nothing') && Date.now() < end);
});
afterAll(async () => {
  removeAll([CLIENT, ...SERVERS, SWITCH]);
  await reset(backend);
  const end = Date.now() + 30_000;
  while (readFileSync('/proc/net/ip_vs_conn', 'latin1').split('\n').length > 2 && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 200));
  expect(readFileSync('/proc/net/ip_vs_conn', 'latin1').split('\n').slice(1)).toEqual(['']);
  writeFileSync('/proc/sys/net/ipv4/vs/expire_nodest_conn', '0');
  await backend.close();
});
beforeEach(async () => {
  await reset(backend);
  VIP = `10.97.100.${++vips}`;
  VIP6 = `fd00:97:100::${vips}`;
});

/** A veth pair from the switch: its other end in a namespace, or in the lab itself. */
function plug(port: string, name?: string): void {
  ip('link', 'add', port, 'type', 'veth', 'peer', 'name', `${port}s`, 'netns', SWITCH);
  ip('-n', SWITCH, 'link', 'set', `${port}s`, 'master', 'br0', 'up');
  if (name !== undefined) ip('link', 'set', port, 'netns', name, 'name', 'eth0');
  else ip('link', 'set', port, 'up');
}

function host(name: string, addresses: readonly string[], gateway: string, gateway6: string): void {
  ip('netns', 'add', name);
  plug(`p${name.slice(-5)}`, name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
  for (const address of addresses)
    ip(
      '-n',
      name,
      'addr',
      'add',
      address,
      'dev',
      'eth0',
      ...(address.includes(':') ? ['nodad'] : []),
    );
  ip('-n', name, 'route', 'add', 'default', 'via', gateway);
  ip('-n', name, '-6', 'route', 'add', 'default', 'via', gateway6);
  for (const key of ['all', 'eth0', 'default']) sysctl(name, `ipv4/conf/${key}/rp_filter`, '0');
  // the client is on the same link, and a redirect would lead the answers past the director
  sysctl(name, 'ipv6/conf/eth0/accept_redirects', '0');
}

/** The VIP where this scenario's director answers for it. */
function directorVip(): void {
  ip('addr', 'add', `${VIP}/32`, 'dev', 'lvst0');
  ip('addr', 'add', `${VIP6}/128`, 'dev', 'lvst0', 'nodad');
}

/**
 * The VIP on a real server, which does not answer ARP for it and sends its answers straight to the
 * client.
 */
function serverVip(device: 'lo' | 'tunl0' | 'gre0' | 'gresum'): () => void {
  for (const name of SERVERS) {
    sysctl(name, 'ipv4/conf/all/arp_ignore', '1');
    sysctl(name, 'ipv4/conf/all/arp_announce', '2');
    if (device !== 'lo') {
      ip('-n', name, 'link', 'set', device, 'up');
      sysctl(name, `ipv4/conf/${device}/rp_filter`, '0');
    }
    ip('-n', name, 'addr', 'add', `${VIP}/32`, 'dev', device);
    ip('-n', name, 'route', 'add', '10.97.100.0/24', 'dev', 'eth0');
  }
  return () => {
    for (const name of SERVERS) {
      ip('-n', name, 'addr', 'del', `${VIP}/32`, 'dev', device);
      ip('-n', name, 'route', 'del', '10.97.100.0/24', 'dev', 'eth0');
    }
  };
}

async function rules(text: string): Promise<void> {
  expect(await answer('ipvsadm', ['-R'], { backend, stdin: text })).toEqual({
    stdout: '',
    stderr: '',
    status: 0,
  });
}

let client: Agent;
const ask = (requests: readonly Request[]) => client.ask(requests);

test('NAT with port mapping, weighted round robin 3:1', async () => {
  directorVip();
  await rules(
    `-A -t ${VIP}:80 -s wrr\n-a -t ${VIP}:80 -r 10.97.0.11:8080 -m -w 3\n-a -t ${VIP}:80 -r 10.97.0.12:8081 -m -w 1\n`,
  );
  expect(tally(await ask(repeat(8, ['tcp', VIP, 80])))).toEqual({
    'lvst-rs1 8080': 6,
    'lvst-rs2 8081': 2,
  });
});

test('NAT over IPv6', async () => {
  directorVip();
  await rules(
    `-A -t [${VIP6}]:80 -s rr\n-a -t [${VIP6}]:80 -r [fd00:97::11]:8080 -m\n-a -t [${VIP6}]:80 -r [fd00:97::12]:8080 -m\n`,
  );
  expect(tally(await ask(repeat(4, ['tcp', VIP6, 80])))).toEqual({
    'lvst-rs1 8080': 2,
    'lvst-rs2 8080': 2,
  });
});

test('NAT of UDP, one packet at a time', async () => {
  directorVip();
  await rules(
    `-A -u ${VIP}:53 -s rr\n-a -u ${VIP}:53 -r 10.97.0.11:53 -m\n-a -u ${VIP}:53 -r 10.97.0.12:53 -m\n`,
  );
  expect(tally(await ask(repeat(6, ['udp', VIP, 53])))).toEqual({
    'lvst-rs1 udp': 3,
    'lvst-rs2 udp': 3,
  });
});

test('direct routing with the VIP on lo', async () => {
  directorVip();
  const undo = serverVip('lo');
  await rules(
    `-A -t ${VIP}:80 -s rr\n-a -t ${VIP}:80 -r 10.97.0.11 -g\n-a -t ${VIP}:80 -r 10.97.0.12 -g\n`,
  );
  const answers = await ask(repeat(6, ['tcp', VIP, 80]));
  undo();
  expect(tally(answers)).toEqual({ 'lvst-rs1 80': 3, 'lvst-rs2 80': 3 });
});

// What the tunnel comes out of on the real server: gue is unpacked by fou and goes on as ipip.
test.each([
  ['ipip', 'tunl0', ''],
  ['gue', 'tunl0', ' --tun-type gue --tun-port 6080'],
  ['gue with checksums', 'tunl0', ' --tun-type gue --tun-port 6080 --tun-csum'],
  ['gre', 'gre0', ' --tun-type gre'],
  ['gre with checksums', 'gresum', ' --tun-type gre --tun-csum'],
] as const)('a tunnel: %s', async (_, device, options) => {
  directorVip();
  const undo = serverVip(device);
  await rules(
    `-A -t ${VIP}:80 -s rr\n-a -t ${VIP}:80 -r 10.97.0.11 -i${options}\n-a -t ${VIP}:80 -r 10.97.0.12 -i${options}\n`,
  );
  const answers = await ask(repeat(6, ['tcp', VIP, 80]));
  undo();
  expect(tally(answers)).toEqual({ 'lvst-rs1 80': 3, 'lvst-rs2 80': 3 });
});

test('persistence by port: one server for a client and a port', async () => {
  directorVip();
  await rules(
    `-A -t ${VIP}:80 -s rr -p 60\n-a -t ${VIP}:80 -r 10.97.0.11:80 -m\n-a -t ${VIP}:80 -r 10.97.0.12:80 -m\n`,
  );
  expect(Object.values(tally(await ask(repeat(6, ['tcp', VIP, 80]))))).toEqual([6]);
});

test('persistence by client (port 0): one server for all ports', async () => {
  directorVip();
  await rules(
    `-A -t ${VIP}:0 -s rr -p 60\n-a -t ${VIP}:0 -r 10.97.0.11:0 -m\n-a -t ${VIP}:0 -r 10.97.0.12:0 -m\n`,
  );
  const servers = (await ask(repeat(3, ['tcp', VIP, 80], ['tcp', VIP, 443]))).map(
    (text) => text.split(' ')[0],
  );
  expect(servers.length).toBe(6);
  expect(new Set(servers).size).toBe(1);
});

test('persistence by firewall mark over two ports', async () => {
  directorVip();
  const rule = (action: string) =>
    sh(
      '/usr/sbin/iptables-legacy',
      '-t',
      'mangle',
      action,
      'PREROUTING',
      '-d',
      VIP,
      '-p',
      'tcp',
      '-m',
      'multiport',
      '--dports',
      '80,443',
      '-j',
      'MARK',
      '--set-mark',
      '97',
    );
  rule('-A');
  try {
    await rules('-A -f 97 -s rr -p 60\n-a -f 97 -r 10.97.0.11 -m\n-a -f 97 -r 10.97.0.12 -m\n');
    const servers = (await ask(repeat(3, ['tcp', VIP, 80], ['tcp', VIP, 443]))).map(
      (text) => text.split(' ')[0],
    );
    expect(servers.length).toBe(6);
    expect(new Set(servers).size).toBe(1);
  } finally {
    rule('-D');
  }
});

test('weight 0 gets nothing, and no server at all refuses', async () => {
  directorVip();
  await rules(
    `-A -t ${VIP}:80 -s rr\n-a -t ${VIP}:80 -r 10.97.0.11:80 -m -w 0\n-a -t ${VIP}:80 -r 10.97.0.12:80 -m\n`,
  );
  expect(tally(await ask(repeat(4, ['tcp', VIP, 80])))).toEqual({ 'lvst-rs2 80': 4 });
  await rules(`-e -t ${VIP}:80 -r 10.97.0.12:80 -m -w 0\n`);
  expect(await ask(repeat(1, ['tcp', VIP, 80]))).toEqual(['ECONNREFUSED']);
});

test('an upper threshold sends the rest elsewhere', async () => {
  directorVip();
  await rules(
    `-A -t ${VIP}:80 -s rr\n-a -t ${VIP}:80 -r 10.97.0.11:80 -m -x 2\n-a -t ${VIP}:80 -r 10.97.0.12:80 -m\n`,
  );
  expect(tally(await ask(repeat(8, ['tcp', VIP, 80])))).toEqual({
    'lvst-rs1 80': 2,
    'lvst-rs2 80': 6,
  });
});

test('both tools list the same while there is traffic', async () => {
  directorVip();
  await rules(
    `-A -t ${VIP}:80 -s wrr -p 60\n-a -t ${VIP}:80 -r 10.97.0.11:8080 -m -w 3\n-A -u ${VIP}:53 -s rr\n-a -u ${VIP}:53 -r 10.97.0.12:53 -m -x 50 -y 9\n-A -t [${VIP6}]:443 -s rr\n-a -t [${VIP6}]:443 -r [fd00:97::12]:443 -m\n`,
  );
  await ask([...repeat(5, ['tcp', VIP, 80], ['udp', VIP, 53]), ...repeat(3, ['tcp', VIP6, 443])]);
  const listings = [
    ['-Ln', '--stats'],
    ['-Ln', '--rate'],
    ['-Lcn'],
    ['-Lcn', '--persistent-conn'],
    ['-Ln', '--persistent-conn'],
    ['-Ln', '--thresholds'],
    ['-Ln', '--stats', '--exact'],
    ['-Ln'],
  ];
  const seen = new Map<string, string>();
  for (const args of listings) {
    // numbers move: a listing of ours that lies between two equal ones of the real tool must be
    // equal to them
    let between = '';
    let real: [string, string] = ['', '-'];
    for (let tries = 0; tries < 20 && real[0] !== real[1]; tries++) {
      const before = spawnSync(REAL, args, { encoding: 'latin1' }).stdout;
      between = (await answer('ipvsadm', args, { backend })).stdout;
      real = [before, spawnSync(REAL, args, { encoding: 'latin1' }).stdout];
    }
    expect([args, between]).toEqual([args, real[0]]);
    expect(real[0]).toBe(real[1]);
    seen.set(args.join(' '), between);
  }
  expect(seen.get('-Lcn')?.split('\n').length).toBeGreaterThan(12);
  expect(seen.get('-Ln')).toMatch(/-> 10\.97\.0\.11:8080 +Masq +3 +0 +5/);
  await new Promise((resolve) => setTimeout(resolve, 2500)); // counters are copied every two seconds
  const counted = (await answer('ipvsadm', ['-Ln', '--stats', '--exact'], { backend })).stdout;
  expect(counted).toMatch(/^TCP .*:80 +5 +[1-9]/m);
  expect(counted).toMatch(/^UDP .*:53 +5 +5 +5 /m);
});
