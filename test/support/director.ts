// A director on a table file: web servers on loopback, the monitor, `lvsctl serve`, and traffic of
// the simulator. Real processes of dist/.
import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { start } from './child.js';

export const TOKEN = 'a-token-of-the-tests-0123456789';

export interface Director {
  readonly directory: string;
  readonly url: string;
  /** Takes a web server down, or up again. */
  setUp(server: string, isUp: boolean): void;
  /** Plays arrivals through a service. */
  traffic(service: string, connections: number): Promise<void>;
  run(program: string, ...args: string[]): Promise<string>;
  /** Ends `lvsctl serve`, and starts it anew. */
  restartServe(): void;
  servePid(): number;
  end(): void;
}

const SERVERS = ['127.0.1.1', '127.0.1.2', '127.0.1.3', '127.0.1.4'] as const;

const fileText = (port: number) => `
defaults:
  checks: {interval: 0.5, timeout: 0.4, rise: 1, fall: 1}
vips:
  - {address: 192.0.2.1, interface: lo}
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: nat
    gateway: 127.0.1.254
    scheduler: wrr
    servers:
      - {address: 127.0.1.1, port: ${port}, weight: 3, name: web1}
      - {address: 127.0.1.2, port: ${port}, weight: 2, name: web2}
      - {address: 127.0.1.3, port: ${port}, name: web3}
    sorry: {address: 127.0.1.9, port: ${port}}
    checks:
      - {kind: http, path: /health}
  - name: api
    address: 192.0.2.1
    port: 443
    mode: nat
    gateway: 127.0.1.254
    scheduler: wlc
    servers:
      - {address: 127.0.1.3, port: ${port}, name: api1}
      - {address: 127.0.1.4, port: ${port}, name: api2}
    checks:
      - {kind: tcp}
`;

/** @param admin with the token alone, and changes allowed */
export async function startDirector(port: number, { admin = false } = {}): Promise<Director> {
  const directory = mkdtempSync(join(tmpdir(), 'director-'));
  const [file, token] = [join(directory, 'lvs.yaml'), join(directory, 'token')];
  const socket = join(directory, 's');
  writeFileSync(file, fileText(port));
  writeFileSync(token, `${TOKEN}\n`, { mode: 0o600 });
  const env = { LVS_BACKEND: `file:${join(directory, 'table')}` };
  const web = new Map<string, Server>();
  const setUp = (host: string, isUp: boolean) => {
    const server = web.get(host);
    server?.closeAllConnections();
    server?.close();
    web.delete(host);
    if (!isUp) return;
    const next = createServer((_, response) => response.end('fine\n'));
    web.set(host, next.listen(port, host));
  };
  for (const host of SERVERS) setUp(host, true);
  const children: ChildProcess[] = [];
  const spawn = (args: readonly string[]) => {
    const child = start('lvsctl', [...args], env);
    child.stderr?.resume();
    child.stdout?.resume();
    children.push(child);
    return child;
  };
  const end = () => {
    for (const child of children) child.kill('SIGKILL');
    for (const host of SERVERS) setUp(host, false);
    rmSync(directory, { recursive: true, force: true });
  };
  spawn(['monitor', file, '--socket', socket, '--state', join(directory, 'state')]);
  const listen = `127.0.0.1:${port + 1}`;
  const rights = admin ? ['--token-file', token, '--allow-admin'] : [];
  const startServe = () => spawn(['serve', '--listen', listen, '--socket', socket, ...rights]);
  let serve = startServe();
  const restartServe = () => {
    serve.once('exit', () => {
      serve = startServe();
    });
    serve.kill('SIGTERM');
  };
  const url = `http://${listen}/`;
  const run = async (program: string, ...args: string[]) => {
    const options = { env: { ...process.env, ...env } };
    const { stdout } = await promisify(execFile)(`bin/${program}`, args, options);
    return stdout;
  };
  const traffic = async (service: string, connections: number) => {
    const numbers = ['--connections', String(connections), '--rate', String(connections / 2)];
    await run('lvsctl', 'simulate', '--service', service, ...numbers, '--session', '1', '--keep');
  };
  const servePid = () => serve.pid ?? 0;
  await answered(`${url}healthz`);
  return { directory, url, setUp, traffic, run, restartServe, servePid, end };
}

async function answered(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isThere = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer`);
}
