// Runs the checks' real probe functions against hostile servers and measures what it costs.
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProbeOutcome } from '../../src/system/probe/outcome.js';
import { createProbe } from '../../src/system/probe/probe.js';
import type { Probe, ProbeSpec, ProbeSpecOf } from '../../src/system/probe/spec.js';
import { type HostileCase, hostileCase, type Kind } from './hostile.js';

/** a reason is one line of at most this many letters */
const LONGEST_REASON = 200;
const TICK_MS = 2;
/** in which all that was opened must be closed, on a busy machine */
const CLOSING_MS = 5000;

export interface Options {
  readonly answers: number;
  readonly firstSeed: number;
  readonly atATime: number;
  /** beyond its time limit a check may take this long: the machine may be busy */
  readonly slackMs: number;
}

export interface Report {
  /** a broken rule each, with the seed it is repeated by */
  readonly faults: readonly string[];
  readonly passed: number;
  readonly failed: number;
  readonly byKind: ReadonlyMap<Kind, number>;
  /** of the event loop, at work in it: neither waits nor other processes count */
  readonly longestPauseMs: number;
  readonly longestPauseAt: string;
  /** resident memory in MiB: after a tenth of the answers, the most after that, at the end */
  readonly memory: { readonly early: number; readonly most: number; readonly last: number };
  /** MiB of buffers outside the heap at the same time, at most */
  readonly mostBuffers: number;
  /** beyond their time limit, at most */
  readonly latestMs: number;
  /** sockets, processes and the like that are open afterwards and were not before, by name */
  readonly leftOpen: readonly string[];
}

/** @param serverFile the built `hostileserver.ts` */
export async function fuzzProbes(serverFile: string, options: Options): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), 'hostile-'));
  makeCertificates(directory);
  const server = fork(serverFile, [directory], { execArgv: [], stdio: 'inherit' });
  const { probe, end } = createProbe();
  try {
    return await runAll(probe, createServers(server), directory, options);
  } finally {
    end();
    server.disconnect();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Servers {
  /** @returns its port */
  open(seed: number): Promise<number>;
  close(seed: number): void;
}

function createServers(server: ChildProcess): Servers {
  const waiting = new Map<number, (port: number) => void>();
  server.on('message', ({ seed, port }: { seed: number; port: number }) => {
    waiting.get(seed)?.(port);
    waiting.delete(seed);
  });
  return {
    open: (seed) =>
      new Promise((resolve) => {
        waiting.set(seed, resolve);
        server.send({ seed });
      }),
    close: (seed) => void server.send({ close: seed }),
  };
}

async function runAll(
  probe: Probe,
  servers: Servers,
  directory: string,
  { answers, firstSeed, atATime, slackMs }: Options,
): Promise<Report> {
  const faults: string[] = [];
  const byKind = new Map<Kind, number>();
  const running = new Set<HostileCase>();
  const meter = startMeter(() =>
    [...running].map(({ seed, kind }) => `${seed} ${kind}`).join(', '),
  );
  const openBefore = openNow();
  // results are kept, as the monitor keeps the last one of each check
  const results: ProbeOutcome[] = [];
  let [next, latestMs] = [0, 0];
  let early = 0;

  async function one(): Promise<void> {
    const seed = firstSeed + next++;
    const hostile = hostileCase(seed);
    const port = hostile.kind === 'exec' ? 0 : await servers.open(seed);
    running.add(hostile);
    const began = performance.now();
    const { timeoutMs } = hostile;
    const target = { address: '127.0.0.1', port, timeoutMs };
    const result = await probe(specOf(hostile, directory), target);
    const lateMs = performance.now() - began - timeoutMs;
    running.delete(hostile);
    if (hostile.kind !== 'exec') servers.close(seed);
    latestMs = Math.max(latestMs, lateMs);
    byKind.set(hostile.kind, (byKind.get(hostile.kind) ?? 0) + 1);
    const fault = faultOf(result, lateMs, slackMs);
    if (fault !== undefined) faults.push(`seed ${seed}, ${hostile.kind}: ${fault}`);
    results.push(result);
    if (results.length === Math.ceil(answers / 10)) early = meter.restartMemory();
  }

  await Promise.all(
    Array.from({ length: atATime }, async () => {
      while (next < answers) await one();
    }),
  );
  const leftOpen = await openBeyond(openBefore);
  const passed = results.filter(({ outcome }) => outcome === 'pass').length;
  return {
    faults,
    passed,
    failed: results.length - passed,
    byKind,
    latestMs,
    leftOpen,
    ...meter.stop(early),
  };
}

function specOf(one: HostileCase, directory: string): ProbeSpec {
  const { kind, certificate, verify, redirects, body, digest, dns, reply, command } = one;
  const ca = join(directory, `${certificate ?? 'plain'}.crt`);
  const http = {
    kind: 'http' as const,
    method: 'GET',
    path: '/',
    host: 'www.example',
    headers: {},
    status: [{ from: 200, to: 399 }],
    ...(body === undefined ? {} : { body, notBody: 'maintenance' }),
    ...(digest ? { digest: { algorithm: 'sha256' as const, hex: 'ab'.repeat(32) } } : {}),
    redirects,
  };
  switch (kind) {
    case 'tcp':
      return { kind };
    case 'http':
      return http;
    case 'https':
      return { ...http, tls: { verify, ca, name: 'www.example' } };
    case 'smtp':
      return { kind, helo: 'me.example' };
    case 'send_expect':
      return { kind, steps: stepsOf(one) };
    case 'dns':
      return { kind, name: 'www.example.com', ...dns };
    case 'udp':
      return { kind, hex: '00', reply, ...(reply ? { expect: one.expected[0] ?? '' } : {}) };
    case 'exec':
      return { kind, command, environment: {} };
    default:
      return kind satisfies never;
  }
}

/** Sends first in half of the cases, so that polite servers begin. */
function stepsOf({ seed, expected }: HostileCase): ProbeSpecOf<'send_expect'>['steps'] {
  const steps = expected.map((expect) => ({ expect }));
  return seed % 2 === 0 ? [{ send: '0d0a' }, ...steps] : steps;
}

/** Which rule a result breaks. */
function faultOf(result: ProbeOutcome, lateMs: number, slackMs: number): string | undefined {
  if (lateMs > slackMs) return `ended ${Math.round(lateMs)} ms after its time limit`;
  if (result.outcome === 'pass') return undefined;
  const { outcome, reason } = result;
  if (outcome === 'error') return `blamed on this machine: ${reason}`;
  if (reason === '' || reason.trim() !== reason)
    return `no clear reason: ${JSON.stringify(reason)}`;
  if (reason.length > LONGEST_REASON) return `a reason of ${reason.length} letters`;
  return /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(reason)
    ? `not printable: ${JSON.stringify(reason)}`
    : undefined;
}

/** Looks every 2 ms how long the loop was at work since the last look, and how large memory is. */
function startMeter(whatRuns: () => string) {
  const MIB = 1024 * 1024;
  let [longestPauseMs, longestPauseAt, most, mostBuffers] = [0, '', 0, 0];
  let last = performance.now();
  let cpu = process.cpuUsage();
  const look = () => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    // on a busy machine the process waits: that is no work of ours, nor is waiting for the timer
    const pauseMs = Math.min(now - last - TICK_MS, (user + system) / 1000);
    if (pauseMs > longestPauseMs) [longestPauseMs, longestPauseAt] = [pauseMs, whatRuns()];
    const { rss, arrayBuffers } = process.memoryUsage();
    most = Math.max(most, rss / MIB);
    mostBuffers = Math.max(mostBuffers, arrayBuffers / MIB);
    last = now;
    cpu = process.cpuUsage();
  };
  const timer = setInterval(look, TICK_MS);
  return {
    restartMemory() {
      most = process.memoryUsage().rss / MIB;
      return most;
    },
    stop(early: number) {
      clearInterval(timer);
      const memory = { early, most, last: process.memoryUsage().rss / MIB };
      return { longestPauseMs, longestPauseAt, memory, mostBuffers };
    },
  };
}

/** Sockets and processes of this process, by name. */
function openNow(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => /wrap|socket/i.test(name));
}

/** What is open and was not before, once there was time to close it. */
async function openBeyond(before: readonly string[]): Promise<readonly string[]> {
  const beyond = () => {
    const left = [...before];
    return openNow().filter((name) => {
      const at = left.indexOf(name);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  const end = performance.now() + CLOSING_MS;
  // a program that was killed is there until the machine gets to it
  while (beyond().length > 0 && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 100));
  return beyond();
}

function makeCertificates(directory: string): void {
  const many = Array.from({ length: 3000 }, (_, i) => `DNS:name-${i}.example`).join(',');
  const odd = 'DNS:\u0007bell\u001b[2J.example,DNS:*.*.example,URI:http://x/%00,email:a@b';
  // biome-ignore format: a table
  const subjects: readonly (readonly [string, string, string])[] = [
    ['plain', '/CN=www.example', 'DNS:www.example'],
    ['many-names', `/CN=${'n'.repeat(60)}`, many],
    ['large-group', '/CN=www.example', 'DNS:www.example'],
    ['odd-names', '/CN=\u001b[31m\u202Ename', odd],
  ];
  for (const [name, subject, names] of subjects) {
    const file = (end: string) => join(directory, `${name}.${end}`);
    const settings = `[req]\ndistinguished_name=dn\nx509_extensions=v3\nprompt=no\n[dn]\n[v3]\nsubjectAltName=${names}\n`;
    writeFileSync(file('cnf'), settings);
    // biome-ignore format: a table
    const command = [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-utf8', '-days', '2',
      '-config', file('cnf'), '-subj', subject, '-keyout', file('key'), '-out', file('crt'),
    ];
    execFileSync('/usr/bin/openssl', command, { stdio: 'ignore' });
  }
}
