// lvsctl monitor against real servers that fail in every way, in network namespaces, while a client
// asks twenty times a second.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Status } from '../../src/lvsctl/monitor/status.js';
import { FULL } from '../support/full.js';
import type { Behaviour, Streamed } from './agent.js';
import { prepareHost, REAL, sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, inside, removeAll } from './network.js';

const FILES = mkdtempSync('/tmp/monitor-');
const FILE = `${FILES}/lvs.yaml`;
const PLACES = ['--socket', `${FILES}/s`, '--state', `${FILES}/state`];
const [OUTSIDE, INSIDE, CLIENT, DIRECTOR] = ['mo-out', 'mo-in', 'mo-client', 'mo-dir'] as const;
const REAL_SERVERS = ['mo-rs1', 'mo-rs2', 'mo-rs3'] as const;
const SORRY = 'mo-sorry';
const VIP = '198.51.100.10';

const INTERVAL = 0.5;
const TIMEOUT = 0.4;
const FALL = 3;
const RISE = 2;
/**
 * what a check, a decision and a change may cost in the lab beyond the times of the file, which is
 * slow and shares a processor
 */
const SLACK_MS = 300;

const rip = (i: number) => `10.99.0.${11 + i}`;
const serverOf = (i: number) => `${rip(i)}:80`;
const WEIGHTS = [3, 2, 1];

function textOf(more = ''): string {
  const servers = REAL_SERVERS.map((_, i) => `{address: ${rip(i)}, weight: ${WEIGHTS[i]}}`);
  return `
vips: [{address: ${VIP}, interface: eth0}]
services:
  - name: web
    address: ${VIP}
    port: 80
    mode: nat
    scheduler: wrr
    servers: [${servers.join(', ')}]
    sorry: {address: 10.99.0.99}
    checks:
      - {kind: http, path: /health, interval: ${INTERVAL}, timeout: ${TIMEOUT}, rise: ${RISE}, fall: ${FALL}}
${more}`;
}

let client: Agent;
const servers = new Map<string, Agent>();
const server = (i: number) => servers.get(REAL_SERVERS[i] ?? SORRY) as Agent;
const behave = (i: number, behaviour: Behaviour) =>
  server(i).do<{ at: number }>({ kind: 'behave', behaviour });

/** A monitor in the director, as a process of its own, and its log as it comes. */
class Monitor {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;

  constructor(file = FILE) {
    const args = [
      'netns',
      'exec',
      DIRECTOR,
      process.execPath,
      'bin/lvsctl',
      'monitor',
      file,
      ...PLACES,
    ];
    this.#child = spawn('/sbin/ip', args, { stdio: ['ignore', 'inherit', 'pipe'] });
    this.#gone = new Promise((done) => this.#child.once('exit', done));
    createInterface({ input: this.#child.stderr as Readable }).on('line', (line) =>
      this.lines.push(line),
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#child.kill(signal);
    await this.#gone;
  }

  /**
   * Waits for a line of the log after `from`.
   * @returns it, and the time of day it tells in milliseconds
   */
  async line(pattern: RegExp, from = 0): Promise<{ readonly text: string; readonly at: number }> {
    const end = Date.now() + 30_000;
    for (;;) {
      const text = this.lines.slice(from).find((line) => pattern.test(line));
      if (text !== undefined) return { text, at: Date.parse(text.slice(0, 24)) };
      if (Date.now() > end)
        throw new Error(`no ${pattern} in\n${this.lines.slice(from).join('\n')}`);
      await pause(20);
    }
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const table = () => inside(DIRECTOR, REAL, '-Sn');
/** Weights by server as the kernel has them. */
const weights = () =>
  Object.fromEntries(
    [...table().matchAll(/-r (\S+) -m -w (\d+)/g)].map(([, name, weight]) => [
      name,
      Number(weight),
    ]),
  );
const ALL = Object.fromEntries(REAL_SERVERS.map((_, i) => [serverOf(i), WEIGHTS[i]]));

async function untilWeights(wanted: Record<string, number | undefined>): Promise<void> {
  const end = Date.now() + 30_000;
  while (Date.now() < end && JSON.stringify(sorted(weights())) !== JSON.stringify(sorted(wanted)))
    await pause(50);
  expect(weights()).toEqual(wanted);
}
const sorted = (entries: object) => Object.entries(entries).sort();
const without = (...gone: number[]) =>
  Object.fromEntries(Object.entries(ALL).filter(([name]) => !gone.map(serverOf).includes(name)));

/**
 * Does something while the client asks twenty times a second.
 * @returns what came of each request
 */
async function streaming(work: () => Promise<void>): Promise<readonly Streamed[]> {
  await client.do({ kind: 'stream', host: VIP, port: 80, perSecond: 20 });
  let result: readonly Streamed[] = [];
  try {
    await work();
  } finally {
    result = await client.do<readonly Streamed[]>({ kind: 'stream-end' });
  }
  return result;
}
/** The server that the director's table of connections names for the client's port. */
/**
 * The server of each port of the client, from the connections that the director knows now; a
 * connection that was reset is forgotten ten seconds later.
 */
const takenBy = (): [port: number, server: string][] =>
  [...inside(DIRECTOR, REAL, '-Lcn').matchAll(/ 198\.51\.100\.2:(\d+) +\S+ +(\S+)/g)].map(
    ([, port, server]) => [Number(port), server ?? ''],
  );
const NAMES: readonly string[] = [...REAL_SERVERS, SORRY];
const lost = (all: readonly Streamed[]) => all.filter(({ answer }) => !NAMES.includes(answer));

beforeAll(async () => {
  prepareHost();
  sh('/sbin/modprobe', 'ip_vs_wrr');
  for (const name of [OUTSIDE, INSIDE]) addSwitch(name);
  for (const name of [CLIENT, DIRECTOR, ...REAL_SERVERS, SORRY]) addMachine(name);
  attach(CLIENT, 'eth0', OUTSIDE, ['198.51.100.2/24']);
  attach(DIRECTOR, 'eth0', OUTSIDE, ['198.51.100.1/24', `${VIP}/32`]);
  attach(DIRECTOR, 'eth1', INSIDE, ['10.99.0.1/24']);
  for (const [i, name] of [...REAL_SERVERS, SORRY].entries()) {
    attach(name, 'eth0', INSIDE, [`${name === SORRY ? '10.99.0.99' : rip(i)}/24`]);
    inside(name, '/sbin/ip', 'route', 'add', 'default', 'via', '10.99.0.1');
  }
  inside(DIRECTOR, '/sbin/sysctl', '-qw', 'net.ipv4.ip_forward=1');
  client = new Agent(CLIENT);
  for (const name of [...REAL_SERVERS, SORRY]) {
    const agent = new Agent(name);
    servers.set(name, agent);
    await agent.do({ kind: 'web', name, port: 80 });
  }
  writeFileSync(FILE, textOf());
});
afterAll(() => removeAll([CLIENT, DIRECTOR, ...REAL_SERVERS, SORRY, OUTSIDE, INSIDE]));

/** The longest that a fault may last before its server is out. */
const BOUND_MS = (FALL * INTERVAL + TIMEOUT) * 1000 + SLACK_MS;

describe('while a client asks twenty times a second', () => {
  let monitor: Monitor;
  beforeAll(async () => {
    monitor = new Monitor();
    await untilWeights(ALL);
  });
  afterAll(() => monitor.end());

  const cable = (state: 'up' | 'down') => async () => {
    const at = Date.now();
    inside(REAL_SERVERS[0], '/sbin/ip', 'link', 'set', 'eth0', state);
    if (state === 'up')
      inside(REAL_SERVERS[0], '/sbin/ip', 'route', 'replace', 'default', 'via', '10.99.0.1');
    return { at };
  };
  test.each([
    [
      'is killed',
      () => behave(0, 'refuses'),
      () => behave(0, 'well'),
      /http \/health: (?:connection refused|connection reset|closed without an answer)$/,
    ],
    [
      'accepts and never answers',
      () => behave(0, 'hangs'),
      () => behave(0, 'well'),
      /http \/health: no answer within 0\.4 s$/,
    ],
    [
      'is slow',
      () => behave(0, 'slow'),
      () => behave(0, 'well'),
      /http \/health: no answer within 0\.4 s$/,
    ],
    [
      'answers 500',
      () => behave(0, 'status 500'),
      () => behave(0, 'well'),
      /http \/health: status 500$/,
    ],
    [
      'has its link cut',
      cable('down'),
      cable('up'),
      /http \/health: (?:no connection within 0\.4 s|no route to host)$/,
    ],
  ] as const)(
    'a server that %s is out in time, and back with its weight',
    async (name, fault, repair, why) => {
      const from = monitor.lines.length;
      let began = 0;
      let gone = 0;
      let back = 0;
      const all = await streaming(async () => {
        await pause(500);
        ({ at: began } = await fault());
        const { text, at } = await monitor.line(/web 10\.99\.0\.11:80 down/, from);
        gone = at;
        expect(text).toMatch(why);
        await untilWeights(without(0));
        await pause(1000);
        expect(weights()).toEqual(without(0));
        await repair();
        ({ at: back } = await monitor.line(/web 10\.99\.0\.11:80 up/, monitor.lines.indexOf(text)));
        await untilWeights(ALL);
        await pause(500);
      });
      const missed = lost(all);
      process.stdout.write(
        `${name}: out after ${gone - began} ms (must ${BOUND_MS}), ${missed.length} of ${all.length} requests lost, back ${back - gone} ms later\n`,
      );
      expect(gone - began).toBeLessThanOrEqual(BOUND_MS);
      // lost are only those that began between the fault and the removal, or hung in the faulty
      // server when the fault came
      for (const { at } of missed) {
        expect(at).toBeGreaterThanOrEqual(began - 1100);
        expect(at).toBeLessThanOrEqual(gone + SLACK_MS);
      }
      expect(all.filter(({ answer }) => answer === REAL_SERVERS[0]).length).toBeGreaterThan(0);
      expect(missed.length).toBeLessThan(all.length / 2);
    },
  );

  test('a flapping server stays in, for no three of its failures follow each other', async () => {
    const from = monitor.lines.length;
    await behave(0, 'flapping');
    // the client's requests would take turns with the checks, so only checks ask
    await pause(6000);
    expect(monitor.lines.slice(from)).toEqual([]);
    expect(weights()).toEqual(ALL);
    await behave(0, 'well');
  });

  test('all down: the sorry server answers, and the first that returns takes over', async () => {
    const from = monitor.lines.length;
    const all = await streaming(async () => {
      await pause(500);
      for (const i of REAL_SERVERS.keys()) await behave(i, 'refuses');
      await monitor.line(/10\.99\.0\.99:80 sorry-up/, from);
      await untilWeights({ '10.99.0.99:80': 1 });
      await pause(1000);
      await behave(1, 'well');
      await monitor.line(/10\.99\.0\.99:80 sorry-down/, from);
      await untilWeights({ [serverOf(1)]: WEIGHTS[1] });
      await pause(500);
      for (const i of REAL_SERVERS.keys()) await behave(i, 'well');
      await untilWeights(ALL);
    });
    const log = monitor.lines.slice(from).map((line) => line.slice(25));
    const servers = log.filter((line) => !/ service-(?:up|down): /.test(line));
    expect(log.filter((line) => !servers.includes(line))).toHaveLength(2);
    const order = servers.map((line) => line.split(' ')[2]);
    expect(order.slice(0, 4).sort()).toEqual(['down:', 'down:', 'down:', 'sorry-up']);
    const timeOf = (event: string) =>
      Date.parse(
        monitor.lines.find((line, i) => i >= from && line.includes(event))?.slice(0, 24) ?? '',
      );
    const [sorryIn, sorryOut] = [timeOf('sorry-up'), timeOf('sorry-down')];
    const answeredBySorry = all.filter(({ answer }) => answer === SORRY).length;
    process.stdout.write(
      `all down: ${lost(all).length} of ${all.length} requests lost, ${answeredBySorry} answered by the sorry server\n`,
    );
    expect(answeredBySorry).toBeGreaterThan(10);
    // once the sorry server is in everybody is answered, but who is talking to it while it is
    // removed
    const talking = (at: number) => at > sorryOut - SLACK_MS && at <= sorryOut;
    expect(lost(all).filter(({ at }) => at > sorryIn + SLACK_MS && !talking(at))).toEqual([]);
  });

  test('what somebody else does is told and repaired within an interval', async () => {
    const from = monitor.lines.length;
    inside(DIRECTOR, REAL, '-d', '-t', `${VIP}:80`, '-r', serverOf(1));
    inside(DIRECTOR, REAL, '-A', '-t', `${VIP}:81`);
    const began = Date.now();
    const { at, text } = await monitor.line(/ drift: /, from);
    expect(text).toMatch(/web 10\.99\.0\.12:80 drift: was removed by another program; corrected$/);
    expect(at - began).toBeLessThanOrEqual(INTERVAL * 1000 + SLACK_MS);
    await untilWeights(ALL);
    expect(table()).toContain(`-A -t ${VIP}:81`);
    inside(DIRECTOR, REAL, '-D', '-t', `${VIP}:81`);
  });
});

test('SIGKILL in the middle of changes: the table ends right, and nobody who is up loses a request', {
  timeout: 240_000,
}, async () => {
  let monitor = new Monitor();
  await untilWeights(ALL);
  const KILLS = 4;
  const servedBy = new Map<number, string>();
  const all = await streaming(async () => {
    for (let i = 0; i < KILLS; i++) {
      await behave(0, 'status 500');
      // around the change, which comes 1.0 to 1.9 s later
      await pause(800 + (i * 1200) / KILLS);
      await monitor.end('SIGKILL');
      await pause(200);
      monitor = new Monitor();
      await untilWeights(without(0));
      for (const [port, server] of takenBy()) servedBy.set(port, server);
      await behave(0, 'well');
      await untilWeights(ALL);
    }
  });
  await monitor.end();
  // who got no answer at all was sent to the failing server, which left before it could give one
  const failed = lost(all);
  const elsewhere = failed.filter(
    ({ answer, port }) => answer !== 'status 500' && servedBy.get(port) !== serverOf(0),
  );
  process.stdout.write(
    `killed ${KILLS} times: ${failed.length} of ${all.length} requests failed, ${elsewhere.length} not in the failing server\n`,
  );
  expect(failed.length).toBeGreaterThan(0);
  expect(elsewhere).toEqual([]);
  expect(weights()).toEqual(ALL);
});

test('the VIP is taken away and comes back: nothing is checked in between', async () => {
  const file = `${FILES}/standby.yaml`;
  writeFileSync(file, textOf('monitor: {pause_on_standby: true}\n'));
  const vip = (verb: string) =>
    inside(DIRECTOR, '/sbin/ip', 'address', verb, `${VIP}/32`, 'dev', 'eth0');
  const monitor = new Monitor(file);
  await untilWeights(ALL);
  vip('del');
  try {
    await monitor.line(/ web standby: 198\.51\.100\.10 is not on this machine$/);
    const from = monitor.lines.length;
    await behave(1, 'status 500');
    await pause(BOUND_MS);
    expect(monitor.lines.slice(from)).toEqual([]);
    expect(weights()).toEqual(ALL);
  } finally {
    vip('add');
  }
  const { at: back } = await monitor.line(/ web standby-end: /);
  const { at: down } = await monitor.line(/ web 10\.99\.0\.12:80 down: http \/health: status 500/);
  expect(down - back).toBeLessThanOrEqual(BOUND_MS);
  await untilWeights(without(1));
  await behave(1, 'well');
  await untilWeights(ALL);
  await monitor.end();
});

test('the module loaded anew meanwhile: the services are there again', async () => {
  const monitor = new Monitor();
  await untilWeights(ALL);
  monitor.signal('SIGSTOP');
  inside(DIRECTOR, REAL, '-C');
  spawnSync(REAL, ['-C']);
  const unloaded = spawnSync(
    '/bin/bash',
    ['--norc', '-c', '/sbin/modprobe -r $(ls /sys/module | grep ^ip_vs_) ip_vs'],
    {
      encoding: 'utf8',
    },
  );
  expect(unloaded).toMatchObject({ status: 0, stderr: '' });
  for (const module of ['ip_vs', 'ip_vs_pe_sip', 'ip_vs_wrr', 'ip_vs_rr'])
    sh('/sbin/modprobe', module);
  monitor.signal('SIGCONT');
  await untilWeights(ALL);
  await monitor.end();
});

describe('drain', () => {
  let monitor: Monitor;
  const lvsctl = (...args: string[]) => {
    const child = spawn('/sbin/ip', [
      'netns',
      'exec',
      DIRECTOR,
      process.execPath,
      'bin/lvsctl',
      ...args,
      ...PLACES.slice(0, 2),
    ]);
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (piece) => {
      said.stdout += piece;
    });
    child.stderr.on('data', (piece) => {
      said.stderr += piece;
    });
    const ended = new Promise<number | null>((done) => child.once('close', done));
    return { said, ended };
  };
  const status = () =>
    JSON.parse(
      spawnSync('/sbin/ip', [
        'netns',
        'exec',
        DIRECTOR,
        process.execPath,
        'bin/lvsctl',
        'monitor',
        'status',
        '--json',
        ...PLACES.slice(0, 2),
      ]).stdout.toString(),
    ) as Status;

  beforeAll(async () => {
    for (const i of REAL_SERVERS.keys())
      await server(i).do({ kind: 'greet', addresses: [rip(i)], ports: [7] });
    const sticky = `
  - {name: sticky, address: ${VIP}, port: 7, mode: nat, scheduler: rr, persistence: {timeout: 20},
     servers: [{address: ${rip(0)}, weight: 5}], checks: [{kind: tcp, interval: ${INTERVAL}, timeout: ${TIMEOUT}}]}`;
    writeFileSync(FILE, textOf(sticky));
    monitor = new Monitor();
    await untilWeights({ ...ALL, [`${rip(0)}:7`]: 5 });
  });
  afterAll(() => monitor.end());

  test.each([
    ['a persistence template holds it too', '0', 4001, /1 persistence template/],
    ['with expire_quiescent_template templates do not count', '1', 4002, undefined],
  ] as const)(
    'returns when the last connection is gone; %s',
    async (_, expire, fromPort, template) => {
      inside(DIRECTOR, '/sbin/sysctl', '-qw', `net.ipv4.vs.expire_quiescent_template=${expire}`);
      expect(
        await client.do({
          kind: 'dial',
          protocol: 'tcp',
          from: '198.51.100.2',
          fromPort,
          to: VIP,
          port: 7,
        }),
      ).toBe(`${rip(0)}:7`);
      const { said, ended } = lvsctl('drain', `${rip(0)}:7`, '--wait', '--reason', 'new disk');
      let over = false;
      void ended.then(() => {
        over = true;
      });
      const told = async (pattern: RegExp) => {
        const end = Date.now() + 30_000;
        while (!pattern.test(said.stderr) && Date.now() < end) await pause(50);
        expect(said.stderr).toMatch(pattern);
      };
      await told(/^sticky 10\.99\.0\.11:7: 1 active/m);
      expect(said.stdout).toBe('sticky 10.99.0.11:7 drained\n');
      expect(weights()[`${rip(0)}:7`]).toBe(0);
      await pause(1500);
      expect(over).toBe(false);
      expect(status().services[1]?.servers[0]).toMatchObject({
        state: 'drained',
        reason: 'new disk',
        weight: 5,
        weight_actual: 0,
        active: 1,
      });
      // a reset connection stays ten seconds, one that ended in peace two minutes
      await client.do({ kind: 'drop-all' });
      if (template) await told(template);
      expect(await ended).toBe(0);
      if (!template) expect(said.stderr).not.toMatch(/template/);
      expect(status().services[1]?.servers[0]?.active).toBe(0);
      expect(await lvsctl('enable', rip(0)).ended).toBe(0);
      await untilWeights({ ...ALL, [`${rip(0)}:7`]: 5 });
    },
  );

  test('gives up in time with status 1, and the server stays drained', async () => {
    await client.do({
      kind: 'dial',
      protocol: 'tcp',
      from: '198.51.100.2',
      fromPort: 4003,
      to: VIP,
      port: 7,
    });
    const { said, ended } = lvsctl('drain', `${rip(0)}:7`, '--wait', '--timeout', '1');
    expect(await ended).toBe(1);
    expect(said.stderr).toMatch(
      /1 active.*\nlvsctl: after 1 s connections are left; the server stays drained\n$/s,
    );
    expect(weights()[`${rip(0)}:7`]).toBe(0);
    await client.do({ kind: 'drop-all' });
    await lvsctl('enable', rip(0)).ended;
    await untilWeights({ ...ALL, [`${rip(0)}:7`]: 5 });
  });
});

describe('a check of the VIP on the real server', () => {
  const [CHECK, FLAT_VIP] = ['mo-check', '10.99.0.200'] as const;
  const RULES = `${FILES}/vip.yaml`;
  const QUICK = 0.25;
  const fileOf = (mode: string) => `
vips: [{address: ${FLAT_VIP}, interface: eth1}]
services:
  - name: flat
    address: ${FLAT_VIP}
    port: 80
    mode: ${mode}
    scheduler: rr
    servers: [{address: ${rip(0)}}, {address: ${rip(1)}}]
    checks:
      - {kind: http, target: vip, interval: ${QUICK}, timeout: ${TIMEOUT}, rise: ${RISE}, fall: ${FALL}}
      - {kind: tcp, interval: ${INTERVAL}, timeout: ${TIMEOUT}, rise: ${RISE}, fall: ${FALL}}
monitor: {check_netns: ${CHECK}}
`;
  beforeAll(() => {
    for (const module of ['ip_vs_rr', 'ipip']) sh('/sbin/modprobe', module);
    addCheck();
    inside(DIRECTOR, REAL, '-C');
  });
  afterAll(() => removeAll([CHECK]));
  function addCheck(): void {
    addMachine(CHECK);
    attach(CHECK, 'eth0', INSIDE, ['10.99.0.5/24', '2001:db8:99::5/64']);
    inside(
      CHECK,
      '/sbin/sysctl',
      '-qw',
      'net.ipv4.conf.all.rp_filter=1',
      'net.ipv4.conf.eth0.rp_filter=1',
    );
  }

  test.each(FULL ? ['dr', 'tun'] : ['dr'])(
    'finds in mode %s that a server lost the VIP, though its own address answers',
    async (mode) => {
      await begin(fileOf(mode));
      const method = mode === 'dr' ? '-g' : '-i';
      const monitor = new Monitor(RULES);
      await becomes(`${rip(0)}:80 ${method}`, `${rip(1)}:80 ${method}`);
      const device = mode === 'dr' ? 'lo' : 'lvs-ipip';
      inside(REAL_SERVERS[0], '/sbin/ip', 'addr', 'del', `${FLAT_VIP}/32`, 'dev', device);
      const { text } = await monitor.line(/ down: /);
      expect(text).toMatch(/flat 10\.99\.0\.11:80 down: http \/: no connection within 0\.4 s$/);
      await becomes(`${rip(1)}:80 ${method}`);
      inside(REAL_SERVERS[0], '/sbin/ip', 'addr', 'add', `${FLAT_VIP}/32`, 'dev', device);
      await becomes(`${rip(0)}:80 ${method}`, `${rip(1)}:80 ${method}`);
      await monitor.line(/flat 10\.99\.0\.11:80 up/, monitor.lines.indexOf(text));
      // longer than its 64 ports last, which are used again then
      const before = monitor.lines.length;
      await pause(mode === 'dr' ? 70_000 * QUICK : 1000);
      expect(monitor.lines.slice(before)).toEqual([]);
      // its own link is down, and has lost its routes then: that says nothing of the servers
      inside(CHECK, '/sbin/ip', 'link', 'set', 'eth0', 'down');
      await monitor.line(
        /error: http \/: no link of the network namespace is up; the states of the servers stay$/,
        before,
      );
      await pause(3000 * FALL * INTERVAL);
      inside(CHECK, '/sbin/ip', 'link', 'set', 'eth0', 'up');
      await monitor.line(/recovered: http \/: no link of the network namespace is up$/, before);
      expect(inside(CHECK, '/sbin/ip', '-6', 'addr', 'show', 'dev', 'eth0')).toContain(
        '2001:db8:99::5/64',
      );
      // the namespace is made anew, without the ways
      removeAll([CHECK]);
      await monitor.line(/error: http \/: there is no network namespace mo-check/, before);
      addCheck();
      await monitor.line(/recovered: http \/: there is no network namespace mo-check/, before);
      await pause(3000 * FALL * INTERVAL);
      expect(
        monitor.lines.slice(before).filter((line) => !/error: |recovered: /.test(line)),
      ).toEqual([]);
      inside(REAL_SERVERS[0], '/sbin/ip', 'addr', 'del', `${FLAT_VIP}/32`, 'dev', device);
      await becomes(`${rip(1)}:80 ${method}`);
      inside(REAL_SERVERS[0], '/sbin/ip', 'addr', 'add', `${FLAT_VIP}/32`, 'dev', device);
      await becomes(`${rip(0)}:80 ${method}`, `${rip(1)}:80 ${method}`);
      await end(monitor);
    },
  );

  test('of two services on the same servers goes through the same tunnels, and lets go of those of a server that left the file', async () => {
    const [head = '', service = '', tail = ''] = fileOf('tun').split(/(?= {2}- name)|(?=monitor:)/);
    const other = service
      .replace('flat', 'other')
      .replace('port: 80', 'port: 81')
      .replace('target: vip', 'port: 80, target: vip');
    const two = head + service + other.replace('{kind: tcp,', '{kind: tcp, port: 80,') + tail;
    await begin(two);
    const tunnels = () =>
      inside(CHECK, '/sbin/ip', '-o', 'link', 'show').match(/^\d+: lvsi\w+/gm)?.length;
    const monitor = new Monitor(RULES);
    await becomes(...[0, 1].flatMap((i) => [`${rip(i)}:80 -i`, `${rip(i)}:81 -i`]));
    expect(tunnels()).toBe(2);
    writeFileSync(RULES, two.replaceAll(`, {address: ${rip(1)}}`, ''));
    monitor.signal('SIGHUP');
    const { text } = await monitor.line(/reloaded/);
    await becomes(`${rip(0)}:80 -i`, `${rip(0)}:81 -i`);
    expect(tunnels()).toBe(1);
    await pause(1000 * FALL * INTERVAL);
    expect(monitor.lines.at(-1)).toBe(text);
    await end(monitor);
  });

  const listed = () =>
    [...table().matchAll(/-r (\S+) (-\w) -w 1/g)].map(([, name, how]) => `${name} ${how}`).sort();
  async function becomes(...wanted: string[]): Promise<void> {
    const limit = Date.now() + 30_000;
    while (Date.now() < limit && listed().join() !== wanted.join()) await pause(50);
    expect(listed()).toEqual(wanted);
  }
  /** Real servers and the director have the VIP. */
  async function begin(text: string): Promise<void> {
    writeFileSync(RULES, text);
    for (const i of [0, 1])
      expect(await server(i).lvsctl('realserver', 'up', '-q', RULES)).toMatchObject({
        status: 0,
        stderr: '',
      });
    inside(DIRECTOR, '/sbin/ip', 'addr', 'replace', `${FLAT_VIP}/32`, 'dev', 'eth1');
  }
  async function end(monitor: Monitor): Promise<void> {
    await monitor.end();
    inside(DIRECTOR, '/sbin/ip', 'addr', 'del', `${FLAT_VIP}/32`, 'dev', 'eth1');
    inside(DIRECTOR, REAL, '-C');
    for (const i of [0, 1]) await server(i).lvsctl('realserver', 'down', '-q', RULES);
  }
});
