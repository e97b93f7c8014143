// The machines of the bench of faults: two directors, each with its client, in front of the same
// two real servers and a sorry server, by NAT.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Behaviour, Streamed } from '../kernel/agent.js';
import { Agent, addMachine, addSwitch, attach, inside, removeAll } from '../kernel/network.js';

export type ProgramName = 'lvsctl monitor' | 'keepalived';

export interface Site {
  behave(server: number, behaviour: Behaviour): Promise<unknown>;
  cable(server: number, state: 'up' | 'down'): Promise<unknown>;
  readonly clients: readonly Agent[];
  /** what a request that was served is answered with */
  readonly names: readonly string[];
}

export interface Director {
  readonly program: ProgramName;
  start(): void;
  /** SIGKILL */
  kill(): void;
  /** Writes a file with another weight of the second server, and has it read. */
  reload(weight: number): void;
  end(): void;
  /** Addresses of the servers that take new connections; with another weight than 1 also with it. */
  serving(): ReadonlySet<string>;
  stream(): Promise<unknown>;
  streamEnd(): Promise<readonly Streamed[]>;
}

export const SERVERS = ['10.99.0.11', '10.99.0.12'] as const;
const SORRY = '10.99.0.99';
const NAMES = ['fa-rs1', 'fa-rs2', 'fa-sorry'] as const;
const ADDRESSES = [...SERVERS, SORRY];
const INSIDE = 'fa-in';
const PROGRAMS: readonly ProgramName[] = ['lvsctl monitor', 'keepalived'];
const [DIRECTORS, CLIENTS, OUTSIDES] = [
  ['fa-dir1', 'fa-dir2'],
  ['fa-cl1', 'fa-cl2'],
  ['fa-out1', 'fa-out2'],
] as const;
const FOLDER = mkdtempSync('/tmp/lvs-faults-');

/** The network in front of a director. */
const outside = (i: number) => `203.0.${113 + i}`;
const vip = (i: number) => `${outside(i)}.10`;

export async function makeNetwork(): Promise<Site> {
  for (const name of [INSIDE, ...OUTSIDES]) addSwitch(name);
  for (const name of [...DIRECTORS, ...CLIENTS, ...NAMES]) addMachine(name);
  for (const [i, name] of NAMES.entries()) attach(name, 'eth0', INSIDE, [`${ADDRESSES[i]}/24`]);
  for (const i of [0, 1]) {
    const [machine, client, wire] = [DIRECTORS[i], CLIENTS[i], OUTSIDES[i]] as [
      string,
      string,
      string,
    ];
    attach(client, 'eth0', wire, [`${outside(i)}.2/24`]);
    attach(machine, 'eth0', wire, [`${outside(i)}.1/24`, `${vip(i)}/32`]);
    attach(machine, 'eth1', INSIDE, [`10.99.0.${i + 1}/24`]);
    inside(machine, '/sbin/sysctl', '-qw', 'net.ipv4.ip_forward=1');
  }
  for (const name of NAMES) routeBack(name);
  const servers = NAMES.map((name) => new Agent(name));
  for (const [i, agent] of servers.entries())
    await agent.do({ kind: 'web', name: NAMES[i] ?? '', port: 80 });
  return {
    behave: async (server, behaviour) => servers[server]?.do({ kind: 'behave', behaviour }),
    async cable(server, state) {
      const name = NAMES[server] ?? '';
      inside(name, '/sbin/ip', 'link', 'set', 'eth0', state);
      if (state === 'up') routeBack(name);
    },
    clients: CLIENTS.map((name) => new Agent(name)),
    names: NAMES,
  };
}

/** To each client over its own director. */
function routeBack(name: string): void {
  for (const i of [0, 1])
    inside(name, '/sbin/ip', 'route', 'replace', `${outside(i)}.0/24`, 'via', `10.99.0.${i + 1}`);
}

export function removeNetwork(): void {
  removeAll([...DIRECTORS, ...CLIENTS, ...NAMES, ...OUTSIDES, INSIDE]);
  rmSync(FOLDER, { recursive: true });
}

export function director(program: ProgramName, { clients }: Site, health = ''): Director {
  const i = PROGRAMS.indexOf(program);
  const machine = DIRECTORS[i] ?? '';
  const client = clients[i] as Agent;
  const file = `${FOLDER}/${i}`;
  // a process that is always in the director: by it the table is read without a new one
  const witness = spawn('/sbin/ip', ['netns', 'exec', machine, '/bin/sleep', '100000']);
  let child: ChildProcess | undefined;
  writeFileSync(file, fileOf(program, 1, health));
  return {
    program,
    start() {
      const command = ['netns', 'exec', machine, ...commandOf(program, file)];
      // a group of its own: keepalived signals the whole one when it ends
      child = spawn('/sbin/ip', command, { stdio: 'ignore', detached: true });
    },
    kill: () => void child?.kill('SIGKILL'),
    reload(weight) {
      writeFileSync(file, fileOf(program, weight, health));
      child?.kill('SIGHUP');
    },
    end() {
      child?.kill();
      witness.kill();
    },
    serving: () => serving(readFileSync(`/proc/${witness.pid}/net/ip_vs`, 'latin1')),
    stream: () => client.do({ kind: 'stream', host: vip(i), port: 80, perSecond: 20 }),
    streamEnd: () => client.do<readonly Streamed[]>({ kind: 'stream-end' }),
  };
}

function commandOf(program: ProgramName, file: string): readonly string[] {
  return program === 'keepalived'
    ? ['/usr/sbin/keepalived', '-n', '-l', '-C', '-f', file, '-p', `${file}.pid`, '-c', `${file}.c`]
    : [
        process.execPath,
        resolve('bin/lvsctl'),
        'monitor',
        file,
        '--socket',
        `${file}.s`,
        '--state',
        `${file}.state`,
      ];
}

/** Lines like `  -> 0A63000B:0050      Masq    1      0          0`. */
function serving(table: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [, hex = '', weight] of table.matchAll(/-> ([\dA-F]{8}):\S+ +\S+ +(\d+)/g)) {
    if (weight === '0') continue;
    const address = (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).join('.');
    found.add(address);
    if (weight !== '1') found.add(`${address} ${weight}`);
  }
  return found;
}

function fileOf(program: ProgramName, weight: number, health: string): string {
  const i = PROGRAMS.indexOf(program);
  return program === 'keepalived'
    ? keepalivedFile(vip(i), weight)
    : lvsctlFile(vip(i), weight, health);
}

function lvsctlFile(address: string, weight: number, health: string): string {
  return `vips: [{address: ${address}, interface: eth0}]
services:
  - name: web
    address: ${address}
    port: 80
    mode: nat
    scheduler: wrr
    servers: [{address: ${SERVERS[0]}}, {address: ${SERVERS[1]}, weight: ${weight}}]
    sorry: {address: ${SORRY}}
    checks: [{kind: http, interval: 1, timeout: 1, fall: 2, rise: 1}]
    ${health}
`;
}

function keepalivedFile(address: string, weight: number): string {
  const server = (one: string, its: number) => `
 real_server ${one} 80 {
  weight ${its}
  HTTP_GET {
   url {
    path /
    status_code 200
   }
   connect_timeout 1
   retry 1
   delay_before_retry 1
  }
 }`;
  return `virtual_server ${address} 80 {
 delay_loop 1
 lvs_sched wrr
 lvs_method NAT
 protocol TCP
 sorry_server ${SORRY} 80
 ${server(SERVERS[0], 1)}
 ${server(SERVERS[1], weight)}
}
`;
}
