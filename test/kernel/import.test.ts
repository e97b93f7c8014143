// The real keepalived and the real ldirectord against what `lvsctl import` makes of their files: the
// same table while all servers are up, one is down, all are down. Two files by default, all of them
// with LVS_TEST_FULL=1. LVS_IMPORT_RECORD=1 writes the tables of the real programs beside the files.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareHost, REAL, sh } from './host.js';
import { addMachine, addSwitch, attach, inside, removeAll } from './network.js';

const FIXTURES = resolve('test/fixtures/import');
const SMALL = ['k02-http-dr.conf', 'l01-http.cf'];
const FILES = readdirSync(FIXTURES).filter((name) => /\.(?:conf|cf)$/.test(name));
const CHOSEN =
  process.env.LVS_IMPORT_ONLY?.split(',') ?? (process.env.LVS_TEST_FULL ? FILES : SMALL);

const WORK = mkdtempSync('/tmp/import-test-');
const UP = '/run/import-up';
const [SWITCH, SERVERS, THEIRS, OURS] = ['im-sw', 'im-rs', 'im-theirs', 'im-ours'] as const;
const HOSTS = [11, 12, 13, 14, 15, 16];
/** a change takes this long at most: time limits, retries, and processes of a slow lab */
const LIMIT_MS = 40_000;

const children: ChildProcess[] = [];
function start(machine: string, program: string, ...args: string[]): ChildProcess {
  const child = spawn('/sbin/ip', ['netns', 'exec', machine, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(late);
}

beforeAll(async () => {
  prepareHost();
  for (const module of ['ip_vs_pe_sip', 'ip_vs_mh', 'ip_vs_sh']) sh('/sbin/modprobe', module);
  mkdirSync(UP);
  mkdirSync('/run/ldirectord', { recursive: true });
  mkdirSync('/run/lock/subsys', { recursive: true });
  writeFileSync(`${UP}/check`, '#!/bin/sh\nexec test -e /run/import-up/$3\n', { mode: 0o755 });
  addSwitch(SWITCH);
  for (const machine of [SERVERS, THEIRS, OURS]) addMachine(machine);
  attach(SERVERS, 'eth0', SWITCH, [
    ...HOSTS.flatMap((host) => [`10.77.0.${host}/24`, `2001:db8:77::${host}/64`]),
  ]);
  for (const [i, machine] of [THEIRS, OURS].entries())
    attach(machine, 'eth0', SWITCH, [
      `10.77.0.${i + 2}/24`,
      `2001:db8:77::${i + 2}/64`,
      `192.0.2.${i + 2}/24`,
      `2001:db8:99::${i + 2}/64`,
    ]);
  const pem = [`${WORK}/key.pem`, `${WORK}/cert.pem`] as const;
  sh(
    '/usr/bin/openssl',
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '9',
    '-subj',
    '/CN=rs',
    '-keyout',
    pem[0],
    '-out',
    pem[1],
  );
  const servers = start(SERVERS, process.execPath, resolve('test/kernel/importserver.mjs'), ...pem);
  await new Promise((ready, fail) => {
    servers.stdout?.once('data', ready);
    servers.stderr?.once('data', (text) => fail(new Error(String(text))));
  });
});

afterAll(async () => {
  await Promise.all(children.map(end));
  removeAll([SERVERS, THEIRS, OURS, SWITCH]);
  rmSync(WORK, { recursive: true });
});

/** The table of a machine as saved rules, in one order. */
function table(machine: string): string[] {
  return inside(machine, REAL, '-Sn').split('\n').filter(Boolean).toSorted();
}

/** Upper and lower thresholds, which are not saved. */
function thresholds(machine: string): string[] {
  const listing = inside(machine, REAL, '-Ln', '--thresholds').split('\n');
  return listing.flatMap((line) => /^ +-> (\S+ +\d+ +\d+) /.exec(line)?.[1] ?? []).toSorted();
}

/** Which servers answer; the others refuse everything, and their files are gone. */
function setServers(up: readonly number[]): void {
  for (const program of ['iptables-legacy', 'ip6tables-legacy']) inside(SERVERS, program, '-F');
  for (const host of HOSTS) {
    if (up.includes(host)) writeFileSync(`${UP}/10.77.0.${host}`, '');
    else rmSync(`${UP}/10.77.0.${host}`, { force: true });
  }
  writeFileSync(`${UP}/track`, up.includes(13) ? '0\n' : '1\n');
  for (const host of HOSTS.filter((one) => !up.includes(one)))
    for (const [program, address] of [
      ['iptables-legacy', `10.77.0.${host}`],
      ['ip6tables-legacy', `2001:db8:77::${host}`],
    ] as const)
      for (const rule of [
        ['-p', 'tcp', '-j', 'REJECT', '--reject-with', 'tcp-reset'],
        ['-j', 'REJECT'],
      ])
        inside(SERVERS, program, '-A', 'INPUT', '-d', address, ...rule);
}

/** Both tables, when they have been the same for a second; else as they are at the end. */
async function compared(before: readonly string[] | undefined, ignored: string | undefined) {
  const started = Date.now();
  let since: number | undefined;
  for (;;) {
    const theirs = table(THEIRS).filter((line) => ignored === undefined || !line.endsWith(ignored));
    const tables = { theirs, ours: table(OURS) };
    const changed = before === undefined || tables.theirs.join() !== before.join();
    const same = tables.theirs.join() === tables.ours.join();
    since = same && changed ? (since ?? Date.now()) : undefined;
    if (since !== undefined && Date.now() - since > 1200) return tables;
    // a state that changes nothing for this file
    if (same && !changed && Date.now() - started > 12_000) return tables;
    if (Date.now() - started > LIMIT_MS) return tables;
    await new Promise((done) => setTimeout(done, 200));
  }
}

const optionsIn = (text: string, name: string) =>
  new RegExp(`^# ${name}: (.*)$`, 'm').exec(text)?.[1]?.split(' ') ?? [];

function startTheirs(file: string, text: string): ChildProcess {
  if (file.endsWith('.cf'))
    return start(THEIRS, '/usr/sbin/ldirectord', '-d', `${FIXTURES}/${file}`, 'start');
  return start(
    THEIRS,
    '/usr/sbin/keepalived',
    ...['-n', '-l', '-C', '-f', `${FIXTURES}/${file}`],
    ...['--pid', `${WORK}/k.pid`, '--checkers_pid', `${WORK}/kc.pid`],
    ...optionsIn(text, 'keepalived'),
  );
}

function startOurs(file: string, text: string): ChildProcess {
  const made = sh(
    process.execPath,
    'bin/lvsctl',
    'import',
    `${FIXTURES}/${file}`,
    ...optionsIn(text, 'import'),
  );
  writeFileSync(`${WORK}/lvs.yaml`, made);
  const { status, stderr } = spawnSync(
    '/sbin/ip',
    [
      'netns',
      'exec',
      OURS,
      process.execPath,
      'bin/lvsctl',
      'director',
      'up',
      `${WORK}/lvs.yaml`,
      '--force',
    ],
    { encoding: 'utf8' },
  );
  expect([status, stderr.replace(/.*warning.*\n/g, '')]).toEqual([0, expect.anything()]);
  const places = ['--socket', `${WORK}/s`, '--state', `${WORK}/state`];
  return start(OURS, process.execPath, 'bin/lvsctl', 'monitor', `${WORK}/lvs.yaml`, ...places);
}

describe.each(CHOSEN)('%s', (file) => {
  const text = readFileSync(`${FIXTURES}/${file}`, 'latin1');
  test('the same table: all up, one down, all down', async () => {
    const ignored = optionsIn(text, 'ignored').join(' ') || undefined;
    setServers(HOSTS);
    const theirs = startTheirs(file, text);
    const ours = startOurs(file, text);
    let log = '';
    for (const child of [theirs, ours])
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (piece) => {
          log += piece;
        });
    try {
      const healthy = await compared(undefined, ignored);
      expect(healthy.ours, log).toEqual(healthy.theirs);
      expect(healthy.ours, log).not.toEqual([]);
      if (ignored === undefined) expect(thresholds(OURS)).toEqual(thresholds(THEIRS));
      if (process.env.LVS_IMPORT_RECORD)
        writeFileSync(`${FIXTURES}/${file}.rules`, `${healthy.theirs.join('\n')}\n`);
      setServers(HOSTS.filter((host) => host !== 11));
      const one = await compared(healthy.theirs, ignored);
      expect(one.ours, log).toEqual(one.theirs);
      setServers([]);
      const none = await compared(one.theirs, ignored);
      expect(none.ours, log).toEqual(none.theirs);
    } finally {
      await Promise.all([end(theirs), end(ours)]);
      for (const machine of [THEIRS, OURS]) inside(machine, REAL, '-C');
      spawnSync('/sbin/ip', [
        'netns',
        'exec',
        OURS,
        process.execPath,
        'bin/lvsctl',
        'director',
        'down',
        `${WORK}/lvs.yaml`,
      ]);
      rmSync(`${WORK}/state`, { force: true });
    }
  });
});
