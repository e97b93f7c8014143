// Three directors follow a file in a real etcd, each a process with a table file of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Etcd } from '../../../src/system/etcd.js';
import { FULL } from '../../support/full.js';

const ETCD = '/usr/bin/etcd';
const LVSCTL = new URL('../../../bin/lvsctl', import.meta.url).pathname;
const NAMES = ['d1', 'd2', 'd3'];
const KEY = 'lvs/web';

const place = mkdtempSync(join(tmpdir(), 'lvs-fleet-'));
const file = join(place, 'lvs.yaml');
const children: ChildProcess[] = [];
const logs = new Map<string, string>();
let etcd: ChildProcess;
let port = 0;
let url = '';

const yaml = (scheduler: string, more = '') => `vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - {name: web, address: 192.0.2.1, port: 80, mode: dr, scheduler: ${scheduler}, servers: [{address: 10.0.0.11}${more}]}
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

function startEtcd(): void {
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`];
  const args = [
    '--data-dir',
    join(place, 'etcd'),
    '--unsafe-no-fsync',
    '--listen-client-urls',
    client,
    '--advertise-client-urls',
    client,
    '--listen-peer-urls',
    peer,
    '--initial-advertise-peer-urls',
    peer,
    '--initial-cluster',
    `default=${peer}`,
    '--logger',
    'zap',
    '--log-outputs',
    join(place, 'etcd.log'),
  ];
  etcd = spawn(ETCD, args, { stdio: 'ignore' });
}

function follow(name: string): ChildProcess {
  const child = spawn(
    process.execPath,
    [
      LVSCTL,
      'follow',
      url,
      join(place, `${name}.yaml`),
      '--name',
      name,
      '--socket',
      join(place, `${name}.sock`),
    ],
    {
      env: { ...process.env, LVS_BACKEND: `file:${join(place, name)}` },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  child.stderr?.on('data', (text) => logs.set(name, `${logs.get(name) ?? ''}${text}`));
  children.push(child);
  return child;
}

function lvsctl(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LVSCTL, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const tableOf = (name: string) =>
  spawnSync(process.execPath, [LVSCTL.replace('lvsctl', 'ipvsadm'), '-Sn'], {
    encoding: 'utf8',
    env: { ...process.env, LVS_BACKEND: `file:${join(place, name)}` },
  }).stdout;
const tables = () => new Set(NAMES.map(tableOf));
const rules = (scheduler: string) =>
  `-A -t 192.0.2.1:80 -s ${scheduler}\n-a -t 192.0.2.1:80 -r 10.0.0.11:80 -g -w 1\n`;

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within 20 s: ${holds}\n${[...logs].join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function publish(text: string, ...more: string[]): ReturnType<typeof lvsctl> {
  writeFileSync(file, text);
  return lvsctl('fleet', 'apply', file, url, '--wait', '20', ...more);
}

// half a minute on a busy machine: not among the fast tests
const asked = FULL || process.env.LVS_TEST_FLEET !== undefined;

describe.skipIf(!asked || !existsSync(ETCD))(
  `a fleet (npm run test:fleet; needs ${ETCD}, Debian: etcd-server)`,
  () => {
    let client: Etcd;
    beforeAll(async () => {
      port = await freePort();
      url = `etcd://127.0.0.1:${port}/${KEY}`;
      startEtcd();
      client = new Etcd({
        endpoints: [{ host: '127.0.0.1', port }],
        tls: undefined,
        user: undefined,
      });
      await until(() =>
        client.get('x').then(
          () => true,
          () => false,
        ),
      );
      for (const name of NAMES) follow(name);
      await until(async () => (await client.list(`${KEY}/directors/`)).length === NAMES.length);
    });
    afterAll(() => {
      for (const child of [...children, etcd]) child?.kill('SIGKILL');
      rmSync(place, { recursive: true, force: true });
    });

    test('keys: absent, written, compared, listed, gone with their lease', async () => {
      expect(await client.get('none')).toBeUndefined();
      const first = await client.replace('a/é', '0', 'one');
      expect(await client.get('a/é')).toEqual({ key: 'a/é', value: 'one', version: first });
      expect(await client.replace('a/é', '0', 'two')).toBeUndefined();
      expect(await client.replace('a/é', first ?? '', '')).not.toBeUndefined();
      expect((await client.get('a/é'))?.value).toBe('');
      const lease = await client.grant(60);
      await client.put('a/lease', 'x', lease);
      expect((await client.list('a/')).map(({ key }) => key)).toEqual(['a/lease', 'a/é']);
      expect(await client.keepAlive(lease)).toBe(true);
      await client.revoke(lease);
      expect(await client.keepAlive(lease)).toBe(false);
      expect(await client.get('a/lease')).toBeUndefined();
      await client.remove('a/é');
      expect(await client.list('a/')).toEqual([]);
    });

    test('a file reaches all directors, one after the other', async () => {
      const { status, stdout, stderr } = publish(yaml('rr'));
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout.split('\n').slice(1).sort().join(' ').trim()).toBe(
        'd1: applied d2: applied d3: applied',
      );
      expect(tables()).toEqual(new Set([rules('rr')]));
      expect(readFileSync(join(place, 'd2.yaml'), 'utf8')).toBe(yaml('rr'));
      const shown = lvsctl('fleet', 'status', url);
      expect(shown.status).toBe(0);
      expect(shown.stdout).toMatch(/\nd3 +\d+ +applied +0 /);
    });

    test('a file with an error reaches none; one that another program wrote is refused by all', async () => {
      expect(publish(yaml('rrr'))).toMatchObject({
        status: 2,
        stdout: '',
        stderr: expect.stringContaining("`rrr'"),
      });
      const before = await client.get(KEY);
      await client.put(KEY, yaml('rrr'));
      await until(() => NAMES.every((name) => logs.get(name)?.includes('is refused')));
      expect(tables()).toEqual(new Set([rules('rr')]));
      const shown = lvsctl('fleet', 'status', url);
      expect(shown.status).toBe(1);
      expect(shown.stdout).toMatch(/\nd1 +\d+ +refused /);
      expect(before?.value).toBe(yaml('rr'));
    });

    test('two that publish at once: one succeeds', async () => {
      const { version = '0' } = (await client.get(KEY)) ?? {};
      expect(publish(yaml('wrr'), '--expect', version).status).toBe(0);
      const second = publish(yaml('lc'), '--expect', version);
      expect(second).toMatchObject({ status: 2, stdout: '' });
      expect(second.stderr).toContain(`is in place, not ${version}: another one was published`);
      expect(tables()).toEqual(new Set([rules('wrr')]));
    });

    test('a director is killed and comes back; etcd is away for a while: the file in force stays', async () => {
      children[0]?.kill('SIGKILL');
      etcd.kill('SIGTERM');
      await once(etcd, 'exit');
      await until(() =>
        ['d2', 'd3'].every((name) => logs.get(name)?.includes('the file in force stays')),
      );
      expect(tables()).toEqual(new Set([rules('wrr')]));
      startEtcd();
      follow('d1');
      await until(() =>
        ['d2', 'd3'].every((name) => logs.get(name)?.includes('the store answers again')),
      );
      expect(publish(yaml('sed')).status).toBe(0);
      expect(tables()).toEqual(new Set([rules('sed')]));
    });

    test('a server that is drained on one director is drained on all that run a monitor', async () => {
      for (const name of ['d1', 'd2'])
        children.push(
          spawn(
            process.execPath,
            [
              LVSCTL,
              'monitor',
              join(place, `${name}.yaml`),
              '--socket',
              join(place, `${name}.sock`),
              '--state',
              join(place, `${name}.state`),
            ],
            {
              env: { ...process.env, LVS_BACKEND: `file:${join(place, name)}` },
              stdio: 'ignore',
            },
          ),
        );
      const at = (name: string) => ['--socket', join(place, `${name}.sock`)];
      const states = (name: string) => {
        const { stdout } = lvsctl('monitor', 'status', '--json', ...at(name));
        return stdout.startsWith('{"error"') || stdout === ''
          ? 'none'
          : JSON.parse(stdout).services[0].servers[0];
      };
      await until(() => ['d1', 'd2'].every((name) => states(name).state === 'up'));
      expect(lvsctl('drain', '10.0.0.11', '--reason', 'new disk', ...at('d1')).status).toBe(0);
      await until(() => states('d2').state === 'drained');
      expect(states('d2')).toMatchObject({ reason: 'new disk' });
      // the file is put in force by the monitors, and the server stays drained
      expect(publish(yaml('wlc')).status).toBe(0);
      expect(tableOf('d2')).toContain('-s wlc\n-a -t 192.0.2.1:80 -r 10.0.0.11:80 -g -w 0');
      expect(lvsctl('enable', '10.0.0.11', ...at('d2')).status).toBe(0);
      await until(() => states('d1').state === 'up');
    });

    test('wrong addresses and options', () => {
      expect(lvsctl('fleet', 'status', 'http://x/y').stderr).toContain('etcd://HOST:PORT/KEY');
      expect(lvsctl('fleet', 'status', 'file:/tmp/x').stderr).toContain('fleet status needs etcd');
      expect(lvsctl('fleet', 'status', `etcd://127.0.0.1:1/x`)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('etcd at 127.0.0.1:1: '),
      });
      expect(lvsctl('fleet', 'status', url, '--user', 'x').stderr).toContain('go together');
      expect(lvsctl('follow', url, 'relative.yaml').stderr).toContain('an absolute path is needed');
    });
  },
);
