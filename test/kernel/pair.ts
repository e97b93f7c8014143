// What tests of pairs of directors share: keepalived in a machine, and clients while one fails.
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Streamed, Talk } from './agent.js';
import { sh } from './host.js';
import type { Agent } from './network.js';

const RATE = 20;
/** the mark is 1,000 ms; the lab has one slow processor for all machines */
const LONGEST_GAP_MS = 2500;
const TALKS = 4;
/** a connection is synchronised from its third packet, and after two seconds */
const SYNCHRONISED_MS = 3500;

export const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

export async function lvsctl(agent: Agent, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await agent.lvsctl(...args);
  if (status !== 0)
    throw new Error(`${agent.name}: lvsctl ${args.join(' ')}: ${status} ${stdout}${stderr}`);
  return stdout;
}

/** keepalived with the configuration that `lvsctl ha render` prints. */
export class Keepalived {
  readonly #agent: Agent;
  readonly #file: string;
  readonly #place: string;
  #child: ChildProcess | undefined;

  /** @param place a directory */
  constructor(agent: Agent, file: string, place: string) {
    this.#agent = agent;
    this.#file = file;
    this.#place = place;
  }

  get conf(): string {
    return `${this.#place}/${this.#agent.name}.conf`;
  }

  async start(): Promise<void> {
    const { name } = this.#agent;
    // the agent is not lvsctl
    const text = await lvsctl(this.#agent, 'ha', 'render', this.#file);
    writeFileSync(this.conf, text.replace(/^ *notify .*\n/m, ''));
    const pids = ['-p', `/run/${name}.pid`, '-r', `/run/${name}-vrrp.pid`];
    const command = ['/usr/sbin/keepalived', '-n', '-P', '-f', this.conf, ...pids];
    this.#child = spawn('/sbin/ip', ['netns', 'exec', name, ...command], { stdio: 'ignore' });
  }

  /** As systemd does. */
  async stop(): Promise<void> {
    const child = this.#child;
    const ended = new Promise((done) => child?.once('exit', done));
    sh('/bin/bash', '-c', `kill $(cat /run/${this.#agent.name}.pid)`);
    await ended;
  }
}

/** A client: where it asks, and where it keeps connections open. */
export interface Caller {
  readonly agent: Agent;
  readonly vip: string;
  /** a port where the servers answer with their names; undefined = long connections alone */
  readonly web?: number;
  readonly echo: number;
}

export interface Course {
  readonly lost: number;
  readonly of: number;
  /** the longest time without an answer; 0 without requests */
  readonly gapMs: number;
  readonly talks: readonly Talk[];
}

/** What happens to new and to long connections of each client. */
export async function during(
  callers: readonly Caller[],
  work: () => Promise<unknown>,
): Promise<Course[]> {
  for (const { agent, vip: host, web, echo } of callers) {
    await agent.do({ kind: 'talk', host, port: echo, count: TALKS });
    if (web !== undefined) await agent.do({ kind: 'stream', host, port: web, perSecond: RATE });
  }
  await pause(SYNCHRONISED_MS);
  await work();
  await pause(3000);
  return Promise.all(callers.map(courseOf));
}

async function courseOf({ agent, web }: Caller): Promise<Course> {
  const requests = web === undefined ? [] : await agent.do<Streamed[]>({ kind: 'stream-end' });
  const talks = await agent.do<Talk[]>({ kind: 'talk-end' });
  const good = requests.filter(({ answer }) => /^[a-z0-9]+-rs\d$/.test(answer));
  const gaps = good.map(({ at }, i) => at - (good[i - 1]?.at ?? at));
  const lost = requests.length - good.length;
  return { lost, of: requests.length, gapMs: Math.max(0, ...gaps), talks };
}

/** Prints what happened; no long connection may have ended. */
export function expectSurvived(name: string, { lost, of, gapMs, talks }: Course): void {
  const longest = Math.max(...talks.map(({ pauseMs }) => pauseMs));
  const asked = of > 0 ? `${lost} of ${of} requests lost, ${gapMs} ms without an answer; ` : '';
  process.stdout.write(`${name}: ${asked}long connections paused ${longest} ms\n`);
  expect(talks.length).toBe(TALKS);
  expect(talks.filter(({ error }) => error !== null)).toEqual([]);
  expect(gapMs).toBeLessThan(LONGEST_GAP_MS);
}
