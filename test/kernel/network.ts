// Machines on switches, each in a network namespace of its own, that tests make and take away; and
// who answers and asks in them.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Order } from './agent.js';
import { sh } from './host.js';

export type Request = readonly ['tcp' | 'udp', string, number];

const ip = (...args: string[]) => sh('/sbin/ip', ...args);

/** Runs a program inside a machine. @returns its stdout @throws when it fails */
export function inside(name: string, ...args: string[]): string {
  return sh('/sbin/ip', 'netns', 'exec', name, ...args);
}

/** A switch for `attach`. */
export function addSwitch(name: string): void {
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
  ip('-n', name, 'link', 'set', 'br0', 'up');
}

/**
 * A machine with nothing but a loopback, and the kernel's own defaults, whatever other tests set
 * outside.
 */
export function addMachine(name: string): void {
  writeFileSync('/proc/sys/net/core/devconf_inherit_init_net', '2');
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
}

let ports = 0;

/** An interface of a machine on a switch, with addresses that are usable at once. */
export function attach(
  name: string,
  device: string,
  to: string,
  addresses: readonly string[],
): void {
  const port = `port${++ports}`;
  ip('link', 'add', port, 'type', 'veth', 'peer', 'name', `${port}s`, 'netns', to);
  ip('-n', to, 'link', 'set', `${port}s`, 'master', 'br0', 'up');
  ip('link', 'set', port, 'netns', name, 'name', device);
  ip('-n', name, 'link', 'set', device, 'up');
  for (const address of addresses)
    ip(
      '-n',
      name,
      'addr',
      'add',
      address,
      'dev',
      device,
      ...(address.includes(':') ? ['nodad'] : []),
    );
}

/**
 * A process inside a machine that does what it is told, so that not every command costs the start
 * of a process in the lab.
 */
export class Agent {
  readonly #child: ChildProcess;
  #answers: ((text: string | Error) => void)[] = [];

  constructor(readonly name: string) {
    const args = ['netns', 'exec', name, process.execPath, resolve('dist/test-agent.mjs')];
    this.#child = spawn('/sbin/ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.once('exit', () => {
      for (const answer of this.#answers.splice(0)) answer(new Error(`the agent of ${name} ended`));
    });
    createInterface({ input: this.#child.stdout as Readable }).on('line', (line) =>
      this.#answers.shift()?.(line),
    );
  }

  /** `lvsctl WORDS…` as this machine would run it. */
  lvsctl(
    ...args: string[]
  ): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
    return this.#ask({ kind: 'lvsctl', args });
  }

  /**
   * Answers every connection to these ports, and datagrams to port 53, with the machine's name and
   * the port.
   */
  async serve(ports: readonly number[] = [80, 443, 8080]): Promise<void> {
    await this.#ask({ kind: 'serve', name: this.name, ports });
  }

  /** What answered each request, in order. */
  ask(requests: readonly Request[]): Promise<string[]> {
    return this.#ask({ kind: 'ask', requests });
  }

  /** Any order. */
  do<T>(order: Order): Promise<T> {
    return this.#ask(order);
  }

  /** Ends the process at once (SIGKILL), whatever it is doing. */
  async kill(): Promise<void> {
    const gone = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGKILL');
    await gone;
  }

  #ask<T>(order: Order): Promise<T> {
    return new Promise((done, fail) => {
      this.#answers.push((line) =>
        line instanceof Error ? fail(line) : done(JSON.parse(line) as T),
      );
      this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    });
  }
}

export const repeat = (count: number, ...requests: Request[]) =>
  Array.from({ length: count }, () => requests).flat();

/** How often each answer came. */
export function tally(answers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of answers) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

/** Ends what runs in the machines and takes them away. */
export function removeAll(names: readonly string[]): void {
  const kill = names
    .map((name) => `for p in $(/sbin/ip netns pids ${name} 2>/dev/null); do kill -9 $p; done`)
    .join('; ');
  spawnSync('/bin/bash', ['--norc', '-c', kill]);
  for (const name of names) spawnSync('/sbin/ip', ['netns', 'del', name]);
}

/** Waits for something, 30 seconds at most. */
export async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 30_000;
  while (!holds() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  if (!holds()) throw new Error(`not within 30 s: ${holds}`);
}

/**
 * Everything of a machine that a set-up may touch: addresses, links, routes, rules of routing,
 * sysctls, packet filter, IPVS, as text. Numbers that move by themselves are left out.
 */
export function dump(name: string | undefined): string {
  const script = `
ip addr; ip route show table all; ip -6 route show table all; ip rule; ip -6 rule; ip fou show 2>/dev/null
for t in iptables-legacy-save ip6tables-legacy-save; do $t -t mangle | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'; done
ipvsadm -Ln --nosort | tail -n +2; ipvsadm -L --timeout; ipvsadm -L --daemon
cd /proc/sys/net; grep -r . ipv4/conf ipv4/vs ipv4/ip_forward ipv6/conf 2>/dev/null | grep -v stable_secret`;
  const args = ['/bin/bash', '--norc', '-c', script];
  const text = name === undefined ? sh(args[0] ?? '', ...args.slice(1)) : inside(name, ...args);
  return text.replace(/ (?:valid_lft|preferred_lft|expires) \d+sec/g, '');
}
