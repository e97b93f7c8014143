// Every command of the guides is run, on machines as the guides describe them, and must answer what
// the page shows.
// LVS_GUIDE_RECORD=1 writes the answers into the pages instead; `…` on a page stands for what
// differs from run to run.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fences, play } from './guidepage.js';
import { prepareHost, sh } from './host.js';
import { addMachine, addSwitch, attach, removeAll } from './network.js';

const RECORD = process.env.LVS_GUIDE_RECORD === '1';
const GUIDES = resolve('docs/guide');
const FILE = '/etc/lvs.yaml';
const MACHINES = ['director', 'rs1', 'rs2', 'client'] as const;
const PATH = `${resolve('bin')}:/usr/sbin:/sbin:/usr/bin:/bin`;
const LIMIT_MS = 60_000;

/** The networks by the picture that a page shows. */
const NETWORKS = {
  /** client - director - real servers */
  routed() {
    attach('client', 'eth0', 'outside', ['203.0.113.100/24']);
    attach('director', 'eth0', 'outside', ['203.0.113.1/24']);
    attach('director', 'eth1', 'inside', ['198.51.100.1/24']);
    attach('rs1', 'eth0', 'inside', ['198.51.100.11/24']);
    attach('rs2', 'eth0', 'inside', ['198.51.100.12/24']);
  },
  /** all on one switch */
  flat() {
    for (const [name, n] of [
      ['client', 100],
      ['director', 1],
      ['rs1', 11],
      ['rs2', 12],
    ] as const)
      attach(name, 'eth0', 'outside', [`192.0.2.${n}/24`]);
  },
};

// biome-ignore format: a table
const PAGES: readonly { readonly page: string; readonly network: keyof typeof NETWORKS }[] = [
  { page: '../../README', network: 'flat' },
  { page: 'nat', network: 'routed' },
  { page: 'dr', network: 'flat' },
  { page: 'tun', network: 'flat' },
  { page: 'monitor', network: 'routed' },
  { page: 'change', network: 'flat' },
  { page: 'watch', network: 'routed' },
  { page: 'persistence-by-port', network: 'flat' },
  { page: 'persistence-by-client', network: 'flat' },
  { page: 'persistence-by-mark', network: 'flat' },
];

beforeAll(() => {
  prepareHost();
  if (existsSync(FILE)) throw new Error(`${FILE} is there already`);
});
afterEach(() => {
  removeAll([...MACHINES, 'outside', 'inside']);
  // what the machine called director keeps
  for (const path of [FILE, '/var/log/lvsctl/monitor.log', '/var/lib/lvsctl/director'])
    rmSync(path, { recursive: true, force: true });
});
afterAll(() => {
  for (const module of ['ip_vs', 'ip_vs_pe_sip']) sh('/sbin/modprobe', module);
});

test.each(PAGES)('$page', { timeout: 300_000 }, ({ page, network }) => {
  const path = `${GUIDES}/${page}.md`;
  const text = readFileSync(path, 'utf8');
  bareMachines(network);
  let recorded = text;
  for (const { language, body } of fences(text)) {
    if (language === 'yaml') writeFileSync(FILE, body);
    if (language !== 'console') continue;
    const played = play(body, runLine);
    if (RECORD) recorded = recorded.replace(body, () => played.text);
    else for (const [shown, answered] of played.lines) expect(answered).toMatch(shown);
  }
  if (RECORD) writeFileSync(path, recorded);
});

const TRANSLATED = PAGES.filter(({ page }) => existsSync(`${GUIDES}/zh/${page}.md`));
test('every guide is translated', () => expect(TRANSLATED).toHaveLength(PAGES.length - 1));

test.each(TRANSLATED)('$page says the same in Chinese', ({ page }) => {
  const of = (path: string) => fences(readFileSync(path, 'utf8'));
  expect(of(`${GUIDES}/zh/${page}.md`)).toEqual(of(`${GUIDES}/${page}.md`));
  expect(
    of(`${GUIDES}/${page}.md`).filter(({ language }) => language === 'console').length,
  ).toBeGreaterThan(2);
});

/** Machines with addresses and nothing else, and a kernel that has not loaded IPVS yet. */
function bareMachines(network: keyof typeof NETWORKS): void {
  spawnSync(
    '/bin/bash',
    ['--norc', '-c', 'ipvsadm -C; modprobe -r $(ls /sys/module | grep ^ip_vs_) ip_vs ipip'],
    { stdio: 'ignore' },
  );
  expect(existsSync('/sys/module/ip_vs')).toBe(false);
  for (const name of ['outside', 'inside']) addSwitch(name);
  for (const name of MACHINES) addMachine(name);
  NETWORKS[network]();
}

function runLine(machine: string, command: string): string {
  const args = [
    'netns',
    'exec',
    machine,
    '/bin/bash',
    '--norc',
    '-c',
    command.endsWith('&') ? `${command.slice(0, -1)} >/dev/null 2>&1 & sleep 2` : `${command} 2>&1`,
  ];
  const { stdout, status } = spawnSync('/sbin/ip', args, {
    encoding: 'utf8',
    env: { PATH },
    timeout: LIMIT_MS,
  });
  if (status !== 0) throw new Error(`${machine}# ${command}: exit status ${status}\n${stdout}`);
  return stdout;
}
