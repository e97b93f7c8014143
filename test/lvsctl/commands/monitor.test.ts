// lvsctl monitor as people start it: a process with a table file, web servers on loopback, and
// other processes that talk to it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NOTHING_LASTING } from '../../../src/lvsctl/monitor/state/lasting.js';
import { start as startChild } from '../../support/child.js';
import { lvsctlOn, rulesIn } from '../../support/ontablefile.js';

let directory = '';
const children = new Set<ChildProcess>();
const servers: Server[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'monitor-'));
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(directory, { recursive: true, force: true });
});

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Ended>; log: () => string } {
  const child = startChild(program, args, {
    LVS_BACKEND: `file:${join(directory, 'table')}`,
    ...env,
  });
  children.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (piece) => {
    stdout += piece;
  });
  child.stderr?.on('data', (piece) => {
    stderr += piece;
  });
  const ended = new Promise<Ended>((done) =>
    child.once('close', (status) => {
      children.delete(child);
      done({ status, stdout, stderr });
    }),
  );
  return { child, ended, log: () => stderr };
}
const places = () => ['--socket', join(directory, 's'), '--state', join(directory, 'state')];
const words = () => ['monitor', join(directory, 'lvs.yaml'), ...places()];
const monitor = (args: readonly string[] = [], env = {}) =>
  start('lvsctl', [...words(), ...args], env);
/** one that does not start, in this process */
const refusedMonitor = () => lvsctlOn(join(directory, 'table'), words());
const lvsctl = (...args: string[]) =>
  lvsctlOn(join(directory, 'table'), [...args, '--socket', join(directory, 's')]);
const table = () => rulesIn(join(directory, 'table'));

interface WebServer {
  readonly port: number;
  /** what it answers now */
  code: number;
}

/** Two web servers whose answers can be switched. */
async function webServers(): Promise<readonly [WebServer, WebServer]> {
  const make = async () => {
    const one = { port: 0, code: 200 };
    const server = createServer((_, response) => response.writeHead(one.code).end());
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    one.port = (server.address() as AddressInfo).port;
    return one;
  };
  return [await make(), await make()];
}

function writeFile(ports: readonly number[], more = ''): void {
  const list = ports.map((port, i) => `{address: 127.0.0.1, port: ${port}, weight: ${i + 1}}`);
  writeFileSync(
    join(directory, 'lvs.yaml'),
    `vips: [{address: 192.0.2.1, interface: lo}]
services:
  - {name: web, address: 192.0.2.1, port: 80, mode: nat, scheduler: wrr, servers: [${list.join(', ')}],
     sorry: {address: 127.0.0.1, port: 9},
     checks: [{kind: http, interval: 0.2, timeout: 0.2, rise: 2, fall: 2}]}
${more}`,
  );
}

/** Waits for something, ten seconds at most. */
async function until<T>(look: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  const end = Date.now() + 30_000;
  for (;;) {
    const value = await look();
    if (good(value)) return value;
    if (Date.now() > end) throw new Error(`not within 30 s: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}
const inTable = (...ports: number[]) =>
  until(table, (text) => {
    const there = [...text.matchAll(/-r 127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
    return there.sort().join() === [...ports].sort().join();
  });

test('a server that fails leaves the table, returns, is disabled, drained, enabled; status and exit statuses tell', async () => {
  const [one, two] = await webServers();
  writeFile([one.port, two.port]);
  const { child, ended } = monitor();
  await inTable(one.port, two.port);
  expect(statSync(join(directory, 's')).mode & 0o777).toBe(0o600);
  expect((await lvsctl('monitor', 'status')).status).toBe(0);
  one.code = 500;
  await inTable(two.port);
  const status = await lvsctl('monitor', 'status');
  expect(status).toMatchObject({ status: 1, stderr: '' });
  expect(status.stdout).toMatch(
    new RegExp(
      `^web +127\\.0\\.0\\.1:${one.port} +down +\\d+s +- +0 +0 +[\\d.]+ +http /: status 500$`,
      'm',
    ),
  );
  two.code = 404;
  await inTable(9);
  const json = await lvsctl('monitor', 'status', '--json');
  expect(json.status).toBe(3);
  expect(JSON.parse(json.stdout)).toMatchObject({
    version: 1,
    pid: child.pid,
    services: [{ name: 'web', sorry: { desired: true, actual: true } }],
  });
  one.code = two.code = 200;
  await inTable(one.port, two.port);

  expect(await lvsctl('disable', `127.0.0.1:${two.port}`, '--reason', 'new disk')).toEqual({
    status: 0,
    stdout: `web 127.0.0.1:${two.port} disabled\n`,
    stderr: '',
  });
  expect(await table()).not.toContain(`:${two.port}`);
  expect(await lvsctl('drain', '127.0.0.1', '--wait', '--timeout', '5')).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/^lvsctl: warning: web has no other server that is up: .*\n$/),
  });
  expect(await table()).toMatch(new RegExp(`:${two.port} -m -w 0\n`));
  // both are drained: nothing is wrong but the sorry server serves
  expect((await lvsctl('monitor', 'status')).status).toBe(3);
  expect((await lvsctl('enable', `127.0.0.1:${one.port}`)).status).toBe(0);
  expect((await lvsctl('monitor', 'status')).status).toBe(0);
  expect(await lvsctl('drain', '127.0.0.1')).toEqual({
    status: 0,
    stdout: `web 127.0.0.1:${one.port} drained\nweb 127.0.0.1:${two.port} already drained\n`,
    stderr:
      'lvsctl: warning: web has no other server that is up: new connections go to its sorry server 127.0.0.1:9\n',
  });
  expect(await lvsctl('enable', '127.0.0.1')).toMatchObject({ status: 0 });
  expect(await table()).toMatch(new RegExp(`:${two.port} -m -w 2\n`));
  child.kill('SIGTERM');
  const { status: left, stdout, stderr } = await ended;
  expect({ left, stdout }).toEqual({ left: 0, stdout: '' });
  expect(stderr).toMatch(/ web 127\.0\.0\.1:\d+ down: http \/: status 500\n/);
  expect(stderr).toMatch(/ stopped: the rules stay\n$/);
  expect(existsSync(join(directory, 's'))).toBe(false);
  expect((await lvsctl('monitor', 'status')).status).toBe(2);
}, 60_000);

test('SIGKILL, and the next one goes on with what is there, also with what administrators said', async () => {
  const [one, two] = await webServers();
  writeFile([one.port, two.port]);
  const first = monitor();
  await inTable(one.port, two.port);
  await lvsctl('disable', `127.0.0.1:${one.port}`);
  first.child.kill('SIGKILL');
  await first.ended;
  const before = readFileSync(join(directory, 'table'), 'utf8');
  const second = monitor();
  await until(
    () => lvsctl('monitor', 'status', '--json'),
    ({ status }) => status === 0,
  );
  expect(readFileSync(join(directory, 'table'), 'utf8')).toBe(before);
  expect((await lvsctl('monitor', 'status')).stdout).toMatch(/ disabled /);
  second.child.kill();
  await second.ended;
}, 60_000);

test('without a monitor a word for a server goes into the record, when the file is named', async () => {
  const [one] = await webServers();
  writeFile([one.port]);
  const refused = await lvsctl('disable', '127.0.0.1');
  expect(refused).toMatchObject({ status: 2, stdout: '' });
  expect(refused.stderr).toMatch(
    /^lvsctl: no monitor is running at .*\/s\nhint: start one with `lvsctl monitor FILE`, or name its file with --file for its next start; without a monitor: ipvsadm -d -t VIP:PORT -r SERVER\n$/,
  );
  const file = join(directory, 'lvs.yaml');
  expect(
    await lvsctl('disable', '127.0.0.1', '--file', file, '--state', join(directory, 'state')),
  ).toMatchObject({
    status: 0,
    stdout: `web 127.0.0.1:${one.port} disabled\n`,
  });
  expect(statSync(join(directory, 'state')).mode & 0o777).toBe(0o600);
  expect((await monitor(['--once']).ended).status).toBe(3);
  await inTable(9);
}, 60_000);

describe('what answers and is no monitor ends with status 2 and a message', () => {
  test.each(['garbage', 'null', '5', '{}', '{"services":5}', '[]', '{"error":{"a":1}}', ''])(
    '%s',
    async (line) => {
      // as an answer, and without HTTP
      const head = line === 'garbage' ? '' : 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n';
      const server = createNetServer((socket) =>
        socket.on('error', () => {}).once('data', () => socket.end(`${head}${line}\n`)),
      );
      await new Promise<void>((done) => server.listen(join(directory, 's'), done));
      for (const args of [
        ['monitor', 'status'],
        ['drain', '10.0.0.1'],
      ]) {
        const { status, stdout, stderr } = await lvsctl(...args);
        expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
        expect(stderr).toMatch(
          /^lvsctl: the answer at .*\/s is not that of a monitor of this version: .*\nhint: .*\n$/,
        );
      }
      server.close();
    },
  );
});

test('a record that others may write to, or that is damaged, is refused and named', async () => {
  writeFile([1]);
  const state = join(directory, 'state');
  const refuse = async (problem: string) =>
    expect(await refusedMonitor()).toEqual({
      status: 2,
      stdout: '',
      stderr: `lvsctl: ${state}: the state of an earlier monitor is not used: ${problem}\nhint: move the file away: then no server is disabled or drained, and what earlier files left in the table stays there\n`,
    });
  writeFileSync(state, '{"version":1,"servers":[');
  await refuse('not JSON');
  writeFileSync(state, JSON.stringify(NOTHING_LASTING));
  chmodSync(state, 0o666);
  await refuse('mode 0666: other users may write to it');
}, 60_000);

describe('what it refuses, with status 2 and nothing changed', () => {
  test('a second one', async () => {
    const [one] = await webServers();
    writeFile([one.port]);
    const first = monitor();
    await inTable(one.port);
    const second = await refusedMonitor();
    expect(second).toMatchObject({ status: 2, stdout: '' });
    const running = `a monitor is already running here (pid ${first.child.pid}), at ${join(directory, 's')}`;
    expect(second.stderr).toBe(`lvsctl: ${running}\nhint: ask it with \`lvsctl monitor status\`\n`);
    // also while the file of its socket is missing
    rmSync(join(directory, 's'));
    expect(await refusedMonitor()).toEqual(second);
    await until(
      () => lvsctl('monitor', 'status'),
      ({ status }) => status === 0,
    );
    await until(
      async () => first.log(),
      (log) => / recovered: the socket .*\/s was removed; it is bound again\n/.test(log),
    );
    first.child.kill();
    await first.ended;
  }, 60_000);

  test.each([
    [
      'a check of the VIP on a real server without a namespace',
      '{kind: tcp, target: vip}',
      /checks\[0\]\.target: the VIP is the director's own .*check_netns/,
    ],
    [
      'a program that is not there',
      '{kind: exec, command: [/no/such/program]}',
      /check exec: \/no\/such\/program cannot be run/,
    ],
    [
      'a slip',
      '{kind: tcp, intervall: 3}',
      /^lvsctl: .*lvs\.yaml:\d+:\d+: .*unknown key `intervall'/,
    ],
  ])('%s', async (_, check, message) => {
    writeFile([1]);
    const text = readFileSync(join(directory, 'lvs.yaml'), 'utf8')
      .replace(/checks: \[.*\]/, `checks: [${check}]`)
      .replace('mode: nat', 'mode: dr')
      .replace(/, port: \d+, weight/, ', weight')
      .replace(', port: 9', '')
      .replace('sorry: {address: 127.0.0.1}', 'sorry: {address: 127.0.0.9}');
    writeFileSync(join(directory, 'lvs.yaml'), text);
    const { status, stderr } = await refusedMonitor();
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(join(directory, 'table'))).toBe(false);
  });

  test.each([
    [['monitor'], /missing argument: file/],
    [['monitor', 'x', '--on-exit', 'burn'], /Allowed choices are leave, remove/],
    [['monitor', 'status', '--interval', '0'], /a number from 0\.1 to 86400/],
    [['drain', '127.0.0.1', '--timeout', 'soon'], /a number from 0 to 31536000 is needed/],
    [['disable'], /missing argument: server/],
  ])('%j', async (args, message) => {
    const { status, stderr } = await lvsctl(...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

test('a monitor that runs out of descriptors, or has no way to a server, says so and goes on', async () => {
  const [one] = await webServers();
  writeFileSync(
    join(directory, 'lvs.yaml'),
    `vips: [{address: 192.0.2.1, interface: lo}]
services:
  - {name: web, address: 192.0.2.1, port: 80, mode: nat, servers: [{address: 127.0.0.1, port: ${one.port}}],
     checks: [{kind: http, interval: 0.2, timeout: 0.2, rise: 1, fall: 1}]}
  - {name: many, address: 192.0.2.1, port: 81, mode: nat,
     servers: [${Array.from({ length: 12 }, (_, i) => `{address: 127.0.1.${i + 1}}`).join(', ')}],
     checks: [{kind: exec, command: [/bin/sleep, "0.5"], interval: 1, timeout: 1, jitter: 0.9, rise: 1, fall: 1}]}
  - {name: nowhere, address: 192.0.2.1, port: 82, mode: nat, servers: [{address: 255.255.255.255}],
     checks: [{kind: udp, interval: 0.2, timeout: 0.2, rise: 1, fall: 1}]}
`,
  );
  const args = [
    '-c',
    'ulimit -n 38; exec "$@"',
    'sh',
    process.execPath,
    'bin/lvsctl',
    'monitor',
    join(directory, 'lvs.yaml'),
    ...places(),
  ];
  const child = spawn('/bin/sh', args, { env: { PATH: process.env.PATH, LVS_BACKEND: 'memory' } });
  children.add(child);
  let log = '';
  child.stderr.on('data', (piece) => {
    log += piece;
  });
  await until(
    async () => log,
    (text) =>
      /error: exec \/bin\/sleep: too many open files; the states of the servers stay/.test(text) &&
      /nowhere \S+ down: udp: (?:not permitted|network unreachable)/.test(text),
  );
  // programs end after a second, and descriptors are free again: those who had no turn are asked
  // then
  await until(
    async () => new Set(log.match(/many \S+ up/g)),
    ({ size }) => size === 12,
  );
  expect(log).not.toMatch(/many \S+ down/);
  expect(child.exitCode).toBeNull();
  child.kill('SIGTERM');
  await new Promise((ended) => child.once('close', ended));
  expect(child.exitCode).toBe(0);
}, 60_000);

test('stderr on a full disk, and a settings file that became a FIFO: checks go on, SIGTERM ends', async () => {
  const [one, two] = await webServers();
  writeFile([one.port, two.port]);
  const file = join(directory, 'lvs.yaml');
  const args = ['-c', 'exec "$@" 2> /dev/full', 'sh', process.execPath, 'bin/lvsctl', 'monitor'];
  const child = spawn('/bin/sh', [...args, file, ...places()], {
    env: { PATH: process.env.PATH, LVS_BACKEND: `file:${join(directory, 'table')}` },
  });
  children.add(child);
  const ended = new Promise((done) => child.once('close', done));
  await inTable(one.port, two.port);
  one.code = 500;
  await inTable(two.port);
  rmSync(file);
  expect(spawnSync('mkfifo', [file]).status).toBe(0);
  child.kill('SIGHUP');
  one.code = 200;
  await inTable(one.port, two.port);
  expect((await lvsctl('monitor', 'status')).status).toBe(0);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
}, 60_000);

test('the table of status again and again', async () => {
  const [one] = await webServers();
  writeFile([one.port]);
  const { child, ended } = monitor();
  await inTable(one.port);
  const { status, stdout } = await lvsctl(
    'monitor',
    'status',
    '--watch',
    '--interval',
    '0.1',
    '--count',
    '3',
  );
  expect(status).toBe(0);
  expect(stdout.match(/1 of 1 up/g)).toHaveLength(3);
  const forever = start('lvsctl', [
    'monitor',
    'status',
    '--watch',
    '--json',
    '--interval',
    '0.1',
    '--socket',
    join(directory, 's'),
  ]);
  await new Promise((enough) => forever.child.stdout?.once('data', enough));
  forever.child.kill('SIGINT');
  expect((await forever.ended).status).toBe(0);
  child.kill();
  await ended;
}, 60_000);

const NOTIFY = '/usr/bin/systemd-notify';
test.skipIf(!existsSync(NOTIFY))(
  `systemd hears that it is ready, alive and stopping (needs ${NOTIFY})`,
  async () => {
    const [one] = await webServers();
    writeFile([one.port]);
    const socket = join(directory, 'notify');
    const script = `use Socket; $| = 1; socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die; bind($s, sockaddr_un($ARGV[0])) or die; print "listening\\n"; while (defined recv($s, my $m, 4096, 0)) { print "$m\\n" }`;
    const systemd = spawn('/usr/bin/perl', ['-e', script, socket]);
    children.add(systemd);
    let heard = '';
    systemd.stdout.on('data', (piece) => {
      heard += piece;
    });
    await until(
      async () => heard,
      (text) => text.includes('listening'),
    );
    const { child, ended } = monitor([], { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' });
    await until(
      async () => heard,
      (text) => text.includes('READY=1') && (text.match(/WATCHDOG=1/g)?.length ?? 0) >= 3,
    );
    child.kill('SIGTERM');
    expect((await ended).status).toBe(0);
    await until(
      async () => heard,
      (text) => text.includes('STOPPING=1'),
    );
  },
  60_000,
);
