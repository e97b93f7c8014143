// Machines on switches, each in a network namespace of its own, that tests make and take away; and who answers and asks in them.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { sh } from './host.js';

/** Answers every connection and datagram with its name and the port. */
const SERVER = `
const net = require('net'), dgram = require('dgram'), [name, ...ports] = process.argv.slice(1);
for (const port of ports) net.createServer((s) => s.on('error', () => {}).end(name + ' ' + port)).listen(Number(port), '::');
const udp = dgram.createSocket('udp4'); udp.on('message', (m, from) => udp.send(name + ' udp', from.port, from.address)); udp.bind(53);
require('fs').writeFileSync('/run/' + name + '.up', '');
`;
/** Connects to each address:port of its list, one after the other, and prints what answered. */
const ASK = `
const net = require('net'), dgram = require('dgram'), answers = [];
const tcp = (host, port) => new Promise((done) => { let text = ''; const s = net.connect({ host, port, timeout: 3000 });
  s.on('data', (d) => { text += d; }).on('timeout', () => s.destroy()).on('error', (e) => { text = e.code; }).on('close', () => done(text || 'nothing')); });
const udp = (host, port) => new Promise((done) => { const s = dgram.createSocket('udp4'); const late = setTimeout(() => { s.close(); done('nothing'); }, 3000);
  s.on('message', (m) => { clearTimeout(late); s.close(); done(String(m)); }); s.send('x', port, host); });
(async () => { for (const [kind, host, port] of JSON.parse(process.argv[1])) answers.push(await (kind === 'udp' ? udp : tcp)(host, port)); console.log(JSON.stringify(answers)); })();
`;

export type Request = readonly ['tcp' | 'udp', string, number];

const ip = (...words: string[]) => sh('/sbin/ip', ...words);

/** Runs a program inside a machine. @returns its stdout @throws when it fails */
export function inside(name: string, ...words: string[]): string {
  return sh('/sbin/ip', 'netns', 'exec', name, ...words);
}

/** A switch for `attach`. */
export function addSwitch(name: string): void {
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
  ip('-n', name, 'link', 'set', 'br0', 'up');
}

/** A machine with nothing but a loopback. */
export function addMachine(name: string): void {
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
}

let ports = 0;

/** An interface of a machine on a switch, with addresses that are usable at once. */
export function attach(name: string, device: string, to: string, addresses: readonly string[]): void {
  const port = `port${++ports}`;
  ip('link', 'add', port, 'type', 'veth', 'peer', 'name', `${port}s`, 'netns', to);
  ip('-n', to, 'link', 'set', `${port}s`, 'master', 'br0', 'up');
  ip('link', 'set', port, 'netns', name, 'name', device);
  ip('-n', name, 'link', 'set', device, 'up');
  for (const address of addresses) ip('-n', name, 'addr', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []));
}

/** Starts a server that answers with the machine's name, and waits until it listens. */
export async function serve(name: string, listening: readonly number[] = [80, 443, 8080]): Promise<void> {
  rmSync(`/run/${name}.up`, { force: true });
  const words = ['netns', 'exec', name, process.execPath, '-e', SERVER, name, ...listening.map(String)];
  spawn('/sbin/ip', words, { stdio: 'ignore', detached: true }).unref();
  await until(() => existsSync(`/run/${name}.up`));
}

/** What answered each request of a machine, in order. */
export function ask(name: string, requests: readonly Request[]): string[] {
  return JSON.parse(inside(name, process.execPath, '-e', ASK, JSON.stringify(requests))) as string[];
}

export const repeat = (count: number, ...requests: Request[]) => Array.from({ length: count }, () => requests).flat();

/** How often each answer came. */
export function tally(answers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of answers) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

/** Ends what runs in the machines and takes them away. */
export function removeAll(names: readonly string[]): void {
  const kill = names.map((name) => `for p in $(/sbin/ip netns pids ${name} 2>/dev/null); do kill -9 $p; done`).join('; ');
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
 * Everything of a machine that a set-up may touch: addresses, links, routes, rules of routing, sysctls, packet filter, IPVS, as text.
 * Numbers that move by themselves are left out.
 */
export function dump(name: string | undefined): string {
  const script = `
ip addr; ip route show table all; ip -6 route show table all; ip rule; ip -6 rule; ip fou show 2>/dev/null
for t in iptables-legacy-save ip6tables-legacy-save; do $t -t mangle | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'; done
ipvsadm -Ln --nosort | tail -n +2; ipvsadm -L --timeout; ipvsadm -L --daemon
cd /proc/sys/net; grep -r . ipv4/conf ipv4/vs ipv4/ip_forward ipv6/conf 2>/dev/null | grep -v stable_secret`;
  const words = ['/bin/bash', '--norc', '-c', script];
  const text = name === undefined ? sh(words[0] ?? '', ...words.slice(1)) : inside(name, ...words);
  return text.replace(/ (?:valid_lft|preferred_lft|expires) \d+sec/g, '');
}
