// Three directors follow a cluster of three etcd members with TLS, client certificates and a user,
// while members and directors are killed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Etcd } from '../../../src/system/etcd.js';
import { EtcdConnection, type EtcdOptions } from '../../../src/system/etcdhttp.js';
import { FULL } from '../../support/full.js';

const ETCD = '/usr/bin/etcd';
const bin = (name: string) => new URL(`../../../bin/${name}`, import.meta.url).pathname;
const NAMES = ['d1', 'd2', 'd3'];
const MEMBERS = ['m1', 'm2', 'm3'];
const KEY = 'lvs';
/** enough that a director is in the middle of it for a while */
const SERVICES = 300;
/** how long etcd is away */
const AWAY_MS = FULL ? 60_000 : 4000;

const place = mkdtempSync(join(tmpdir(), 'lvs-cluster-'));
const at = (name: string) => join(place, name);
const directors = new Map<string, ChildProcess>();
const members = new Map<string, ChildProcess>();
const logs = new Map<string, string>();
let ports: number[] = [];

function yaml(scheduler: string, count = SERVICES): string {
  const service = (i: number) =>
    `  - {name: s${i}, address: 192.0.2.1, port: ${1000 + i}, mode: dr, scheduler: ${scheduler}, servers: [{address: 10.0.0.11}]}`;
  return `vips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n${Array.from({ length: count }, (_, i) => service(i)).join('\n')}\n`;
}

/** A certificate of our authority, for the server and the client side. */
function certificate(name: string): void {
  const run = (...args: string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: place, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  if (name === 'ca') {
    run(
      'req',
      '-x509',
      ...key,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=ca',
      '-days',
      '2',
    );
    return;
  }
  writeFileSync(at('ext'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n');
  // without a common name: the gateway does not take users from certificates
  run('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/O=test');
  run(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    `${name}.pem`,
    '-days',
    '2',
    '-extfile',
    'ext',
  );
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  return servers.map((server) => {
    const address = server.address();
    server.close();
    return typeof address === 'object' && address ? address.port : 0;
  });
}

function startMember(name: string): void {
  const i = MEMBERS.indexOf(name);
  const client = `https://127.0.0.1:${ports[i]}`;
  const peer = (j: number) => `http://127.0.0.1:${ports[3 + j]}`;
  const args = [
    ...['--name', name, '--data-dir', at(name), '--unsafe-no-fsync'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer(i), '--initial-advertise-peer-urls', peer(i)],
    ...['--initial-cluster', MEMBERS.map((one, j) => `${one}=${peer(j)}`).join(',')],
    ...['--cert-file', at('server.pem'), '--key-file', at('server.key')],
    ...['--client-cert-auth', '--trusted-ca-file', at('ca.pem')],
    ...['--logger', 'zap', '--log-outputs', at(`${name}.log`)],
  ];
  members.set(name, spawn(ETCD, args, { stdio: 'ignore' }));
}

async function stopMember(name: string): Promise<void> {
  const member = members.get(name);
  const ended = member && once(member, 'exit');
  member?.kill('SIGKILL');
  await ended;
}

const url = () =>
  `etcds://${ports
    .slice(0, 3)
    .map((port) => `127.0.0.1:${port}`)
    .join(',')}/${KEY}`;
const TLS = ['--cacert', at('ca.pem'), '--cert', at('client.pem'), '--key', at('client.key')];
const USER = ['--user', 'lb', '--password-file', at('password')];

function follow(name: string): void {
  const args = [url(), at(`${name}.yaml`), '--name', name, '--socket', at(`${name}.sock`)];
  const child = spawn(
    process.execPath,
    [bin('lvsctl'), 'follow', ...args, '--prune', ...TLS, ...USER],
    {
      env: { ...process.env, LVS_BACKEND: `file:${at(name)}` },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  child.stderr?.on('data', (text) => logs.set(name, `${logs.get(name) ?? ''}${text}`));
  directors.set(name, child);
}

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

async function lvsctl(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [bin('lvsctl'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      output += text;
    });
  const [status] = await once(child, 'close');
  return { status, output };
}

let files = 0;
async function publish(text: string, ...more: string[]): Promise<Ended> {
  const file = at(`publish-${++files}.yaml`);
  writeFileSync(file, text);
  return lvsctl('fleet', 'apply', file, url(), '--wait', '50', ...TLS, ...USER, ...more);
}

const tableOf = (name: string) =>
  spawnSync(process.execPath, [bin('ipvsadm'), '-Sn'], {
    encoding: 'utf8',
    env: { ...process.env, LVS_BACKEND: `file:${at(name)}` },
  }).stdout;
/** The schedulers in the table of each director, with the number of services. */
const shown = () =>
  NAMES.map((name) => {
    const schedulers = [...tableOf(name).matchAll(/^-A .* -s (\w+)/gm)].map(([, one]) => one);
    return `${[...new Set(schedulers)].join('+')} ${schedulers.length}`;
  });
const fileOf = (name: string) => {
  const path = at(`${name}.yaml`);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const all = (scheduler: string, count = SERVICES) => NAMES.map(() => `${scheduler} ${count}`);

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 40_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within 40 s: ${what}\n${[...logs].join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function options(user?: EtcdOptions['user']): EtcdOptions {
  const read = (name: string) => readFileSync(at(name), 'utf8');
  return {
    endpoints: ports.slice(0, 3).map((port) => ({ host: '127.0.0.1', port })),
    tls: { ca: read('ca.pem'), cert: read('client.pem'), key: read('client.key') },
    user,
  };
}
const ROOT = { name: 'root', password: 'root-secret' };
const reached = (etcd: Etcd) =>
  etcd.get('x').then(
    () => true,
    () => false,
  );

/** Users, and what lb may write: the key and below it. */
async function enableUsers(): Promise<void> {
  const etcd = new EtcdConnection(options());
  const range = { key: btoa(KEY), range_end: btoa('lvt'), permType: 'READWRITE' };
  await etcd.ask('/v3/auth/user/add', ROOT);
  await etcd.ask('/v3/auth/role/add', { name: 'root' });
  await etcd.ask('/v3/auth/user/grant', { user: 'root', role: 'root' });
  await etcd.ask('/v3/auth/user/add', { name: 'lb', password: 'secret' });
  await etcd.ask('/v3/auth/role/add', { name: 'lvs' });
  await etcd.ask('/v3/auth/role/grant', { name: 'lvs', perm: range });
  await etcd.ask('/v3/auth/user/grant', { user: 'lb', role: 'lvs' });
  await etcd.ask('/v3/auth/enable', {});
}

const asked = FULL || process.env.LVS_TEST_FLEET !== undefined;

describe.skipIf(!asked || !existsSync(ETCD))(
  `a cluster (npm run test:fleet; needs ${ETCD}, Debian: etcd-server)`,
  { timeout: 180_000 },
  () => {
    beforeAll(async () => {
      ports = await freePorts(6);
      for (const name of ['ca', 'server', 'client']) certificate(name);
      writeFileSync(at('password'), 'secret\n');
      for (const name of MEMBERS) startMember(name);
      await until(() => reached(new Etcd(options())), 'the cluster answers');
      await enableUsers();
      for (const name of NAMES) follow(name);
      const root = new Etcd(options(ROOT));
      await until(async () => (await root.list(`${KEY}/directors/`)).length === 3, 'directors');
    }, 60_000);
    afterAll(() => {
      for (const child of [...directors.values(), ...members.values()]) child.kill('SIGKILL');
      rmSync(place, { recursive: true, force: true });
    });

    test('TLS, a client certificate and a user are needed', async () => {
      expect(await publish(yaml('rr'))).toMatchObject({ status: 0 });
      expect(shown()).toEqual(all('rr'));
      const status = (...more: string[]) => lvsctl('fleet', 'status', url(), ...more);
      const ca = ['--cacert', at('ca.pem')];
      expect((await status(...USER)).output).toMatch(
        /self.signed certificate|unable to (?:get|verify)/,
      );
      expect(await status(...ca, ...USER)).toMatchObject({ status: 2 });
      expect((await status(...TLS)).output).toContain('permission denied');
      writeFileSync(at('wrong'), 'wrong');
      expect(
        (await status(...TLS, '--user', 'lb', '--password-file', at('wrong'))).output,
      ).toContain('authentication failed');
      const other = url().replace(/\/lvs$/, '/other');
      expect((await lvsctl('fleet', 'status', other, ...TLS, ...USER)).output).toContain(
        'permission denied',
      );
      expect(await status(...TLS, ...USER)).toMatchObject({ status: 0 });
    });

    test('each member is killed in the middle of an apply: all directors have the version', async () => {
      for (const [i, member] of MEMBERS.entries()) {
        const scheduler = ['wrr', 'lc', 'wlc'][i] ?? '';
        const published = publish(yaml(scheduler));
        await until(
          () => NAMES.some((name) => fileOf(name) === yaml(scheduler)),
          'a director applies',
        );
        await stopMember(member);
        expect(await published).toMatchObject({ status: 0 });
        expect(shown()).toEqual(all(scheduler));
        startMember(member);
        await until(
          () =>
            reached(
              new Etcd({
                ...options(ROOT),
                endpoints: [{ host: '127.0.0.1', port: ports[i] ?? 0 }],
              }),
            ),
          `${member} is back`,
        );
      }
    });

    test('a director is killed in the middle of an apply, and starts again: nothing half applied', async () => {
      const published = publish(yaml('sed'));
      let killed = '';
      await until(() => {
        killed = NAMES.find((name) => fileOf(name) === yaml('sed')) ?? '';
        return killed !== '';
      }, 'a director applies');
      directors.get(killed)?.kill('SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 300));
      follow(killed);
      expect(await published).toMatchObject({ status: 0 });
      expect(shown()).toEqual(all('sed'));
    });

    test('two publish at once: one version in the end, on all', async () => {
      const root = new Etcd(options(ROOT));
      const both = await Promise.all([publish(yaml('nq')), publish(yaml('dh'))]);
      const winner = (await root.get(KEY))?.value === yaml('nq') ? 'nq' : 'dh';
      await until(() => shown().join() === all(winner).join(), 'the last version');
      // the other one reports that it was replaced, or that another one was published
      expect(both[winner === 'nq' ? 0 : 1]).toMatchObject({ status: 0 });
      expect([1, 2]).toContain(both[winner === 'nq' ? 1 : 0]?.status);
    });

    test('the history is compacted while directors watch', async () => {
      const root = new EtcdConnection(options(ROOT));
      const { body } = await root.ask('/v3/kv/range', { key: btoa(KEY) });
      const { revision } = body.header as { revision: string };
      await root.ask('/v3/kv/compaction', { revision, physical: true });
      expect(await publish(yaml('rr', 3))).toMatchObject({ status: 0 });
      expect(shown()).toEqual(all('rr', 3));
    });

    test(`no member for ${AWAY_MS / 1000} s: what was in force stays, and the next version is taken`, async () => {
      for (const name of MEMBERS) await stopMember(name);
      await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
      expect(shown()).toEqual(all('rr', 3));
      expect(await publish(yaml('wrr', 3))).toMatchObject({ status: 2 });
      for (const name of MEMBERS) startMember(name);
      await until(() => reached(new Etcd(options(ROOT))), 'the cluster answers');
      expect(await publish(yaml('wrr', 3))).toMatchObject({ status: 0 });
      expect(shown()).toEqual(all('wrr', 3));
    });
  },
);
