// lvsctl monitor with 500 servers checked every 2 seconds, for ten minutes: its share of a core,
// its memory, and whether that grows.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Status } from '../../src/lvsctl/monitor/status.js';

export interface Soak {
  readonly seconds: number;
  /** of one core, 0..1 */
  readonly share: number;
  /** megabytes after the first tenth, and the most of the last tenth */
  readonly early: number;
  readonly late: number;
  /** the most sockets and files that were open */
  readonly descriptors: number;
  readonly checks: number;
  /** milliseconds, the median and the slowest of the last round */
  readonly latency: readonly [number, number];
}

const SERVERS = 500;
const SERVICES = 10;
const INTERVAL_S = 2;

/** One of the servers accepts and never answers, so that it goes out at the start. */
export async function soak(seconds: number, folder: string): Promise<Soak> {
  let asked = 0;
  // one process for all servers: addresses 127.1.0.1 and on, one port
  const web = createServer((request, response) => {
    asked++;
    if (request.socket.localAddress !== '127.1.0.1') response.end('ok');
  }).listen(0, '0.0.0.0');
  await once(web, 'listening');
  const file = join(folder, 'monitor.yaml');
  writeFileSync(file, fileOf((web.address() as AddressInfo).port));
  const socket = join(folder, 'monitor.sock');
  const places = ['--socket', socket, '--state', join(folder, 'monitor.json')];
  const monitor = spawn(process.execPath, [resolve('bin/lvsctl'), 'monitor', file, ...places], {
    env: { LVS_BACKEND: 'memory' },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  try {
    return await measure(monitor, seconds, socket, () => asked);
  } finally {
    monitor.kill();
    web.closeAllConnections();
    web.close();
  }
}

async function measure(
  monitor: ChildProcess,
  seconds: number,
  socket: string,
  asked: () => number,
): Promise<Soak> {
  const pid = monitor.pid ?? 0;
  await pause(5000); // started, and the first round is over
  const [cpu, began, before] = [cpuSeconds(pid), performance.now(), asked()];
  const sizes: number[] = [];
  let descriptors = 0;
  for (let i = 0; i < seconds; i++) {
    await pause(began + (i + 1) * 1000 - performance.now());
    sizes.push(megabytes(pid));
    descriptors = Math.max(descriptors, readdirSync(`/proc/${pid}/fd`).length);
  }
  const wall = (performance.now() - began) / 1000;
  const tenth = Math.max(1, Math.floor(sizes.length / 10));
  const latencies = latenciesOf(socket);
  return {
    seconds,
    share: (cpuSeconds(pid) - cpu) / wall,
    early: Math.max(...sizes.slice(0, tenth)),
    late: Math.max(...sizes.slice(-tenth)),
    descriptors,
    checks: asked() - before,
    latency: [latencies[latencies.length >> 1] ?? Number.NaN, latencies.at(-1) ?? Number.NaN],
  };
}

/** Milliseconds of the last check of each server that is up, sorted. */
function latenciesOf(socket: string): number[] {
  const { stdout } = spawnSync(
    process.execPath,
    [resolve('bin/lvsctl'), 'monitor', 'status', '--json', '--socket', socket],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  const { services } = JSON.parse(stdout) as Status;
  const up = services.flatMap(({ servers }) => servers).filter(({ state }) => state === 'up');
  if (up.length !== SERVERS - 1) throw new Error(`${up.length} of ${SERVERS - 1} servers are up`);
  return up.map(({ latency_ms }) => latency_ms ?? Number.NaN).sort((a, b) => a - b);
}

function fileOf(port: number): string {
  const server = (n: number) => `{address: 127.1.${n >> 8}.${n & 255}, port: ${port}}`;
  const service = (i: number) => {
    const servers = Array.from({ length: SERVERS / SERVICES }, (_, n) =>
      server((i * SERVERS) / SERVICES + n + 1),
    );
    return `  - {name: s${i}, address: 192.0.2.1, port: ${80 + i}, mode: nat, servers: [${servers.join(', ')}],
     checks: [{kind: http, interval: ${INTERVAL_S}, timeout: 1}]}`;
  };
  return `vips: [{address: 192.0.2.1, interface: lo}]\nservices:\n${Array.from({ length: SERVICES }, (_, i) => service(i)).join('\n')}\n`;
}

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, Math.max(0, ms)));

/** User and system time of a process; the clock of /proc has 100 ticks a second on Linux. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function megabytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
}
