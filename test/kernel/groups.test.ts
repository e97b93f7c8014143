// Several VIPs, ranges of ports and all ports under one mark, on a real kernel: what is marked, what
// status, doctor and import make of it, and what is left after down.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { vipsOf } from '../../src/lvsctl/config/desired.js';
import { readConfig } from '../../src/lvsctl/config/read.js';
import { formatAddress } from '../../src/model/address.js';
import { prepareHost, sh } from './host.js';

const CLIENT = 'lvsg-client';
const FILE = `vips: [{address: 10.98.0.101-103, interface: lvsg0}]
services:
  - name: group
    addresses: [10.98.0.101-102]
    ports: [80, 8000-8100]
    mark: 98
    mode: dr
    scheduler: rr
    servers: [{address: 10.98.0.1}]
  - name: whole
    address: 10.98.0.103
    ports: [0]
    mark: 99
    mode: dr
    scheduler: rr
    persistence: {timeout: 60}
    servers: [{address: 10.98.0.1}]
`;

let directory = '';
let file = '';
const servers: Server[] = [];

function lvsctl(...args: readonly string[]) {
  return spawnSync(process.execPath, [resolve('bin/lvsctl'), ...args], { encoding: 'utf8' });
}

/** What the server writes, or `refused`. */
async function ask(vip: string, port: number): Promise<string> {
  const script = `exec 3<>/dev/tcp/${vip}/${port} && cat <&3`;
  const args = ['netns', 'exec', CLIENT, '/bin/bash', '-c', script];
  return promisify(execFile)('/sbin/ip', args, { timeout: 5000 }).then(
    ({ stdout }) => stdout,
    () => 'refused',
  );
}

/** What clients asked for through IPVS: `10.98.0.101:80`. */
const balanced = () =>
  [...sh('/usr/sbin/ipvsadm', '-Lnc').matchAll(/^TCP .*? +\S+ +\S+ +(10\.98\.0\.10\d:[1-9]\d*) /gm)]
    .map(([, virtual]) => virtual)
    .sort();
const mangle = () => sh('/usr/sbin/iptables-legacy', '-t', 'mangle', '-S', 'PREROUTING');

beforeAll(async () => {
  prepareHost();
  directory = mkdtempSync(join(tmpdir(), 'lvsg-'));
  file = join(directory, 'lvs.yaml');
  writeFileSync(file, FILE);
  const ip = (line: string) => sh('/sbin/ip', ...line.split(' '));
  ip(`netns add ${CLIENT}`);
  ip(`link add lvsg0 type veth peer name lvsg1 netns ${CLIENT}`);
  ip('addr add 10.98.0.1/24 dev lvsg0');
  ip('link set lvsg0 up');
  ip(`-n ${CLIENT} addr add 10.98.0.9/24 dev lvsg1`);
  ip(`-n ${CLIENT} link set lvsg1 up`);
  for (const port of [80, 8000, 8100, 8101, 9999]) {
    const server = createServer((socket) => socket.end(`port ${socket.localPort}`));
    await new Promise<void>((listening) => void server.listen(port, '0.0.0.0', listening));
    servers.push(server);
  }
});
afterAll(() => {
  for (const server of servers) server.close();
  spawnSync('/sbin/ip', ['link', 'del', 'lvsg0']);
  spawnSync('/sbin/ip', ['netns', 'del', CLIENT]);
  rmSync(directory, { recursive: true, force: true });
});

test('a group of VIPs from up to down', { timeout: 60_000 }, async () => {
  const before = mangle();
  const up = lvsctl('director', 'up', file, '--force');
  expect([up.status, up.stderr.replace(/^lvsctl: warning:.*\n/gm, '')]).toEqual([0, '']);
  expect(mangle().match(/-d 10\.98\.0\.10[12]\/32 .*--dports 80,8000:8100 .*0x62/g)).toHaveLength(
    2,
  );

  // in the group and at its edges; beside it; all ports
  expect(await ask('10.98.0.101', 80)).toBe('port 80');
  expect(await ask('10.98.0.102', 8000)).toBe('port 8000');
  expect(await ask('10.98.0.102', 8100)).toBe('port 8100');
  expect(await ask('10.98.0.101', 8101)).toBe('port 8101'); // without IPVS: it is this machine's
  expect(await ask('10.98.0.103', 9999)).toBe('port 9999');
  expect(balanced()).toEqual([
    '10.98.0.101:80',
    '10.98.0.102:8000',
    '10.98.0.102:8100',
    '10.98.0.103:9999',
  ]);

  expect(lvsctl('director', 'status', file).status).toBe(0);
  expect(lvsctl('doctor', file, '--role', 'director').stdout).not.toContain(
    'no rule sets this mark',
  );
  const imported = lvsctl('import');
  const { services, vips } = readConfig(imported.stdout, 'imported');
  expect(vips.map((one) => [formatAddress(one.address), one.interface])).toEqual(
    ['101', '102', '103'].map((last) => [`10.98.0.${last}`, 'lvsg0']),
  );
  const ports = (one: (typeof services)[number]) =>
    one.ports?.map(({ port, last }) => [port, last]);
  expect(services.map((one) => [one.mark, vipsOf(one).map(formatAddress), ports(one)])).toEqual([
    [
      98,
      ['10.98.0.101', '10.98.0.102'],
      [
        [80, 80],
        [8000, 8100],
      ],
    ],
    [99, ['10.98.0.103'], [[0, 65_535]]],
  ]);

  const one =
    mangle()
      .split('\n')
      .find((line) => line.includes('10.98.0.102')) ?? expect.fail();
  sh('/usr/sbin/iptables-legacy', '-t', 'mangle', ...one.replace('-A', '-D').split(' '));
  expect(lvsctl('director', 'status', file).status).toBe(1);
  expect(lvsctl('doctor', file, '--role', 'director').stdout).toContain(
    'no rule sets this mark: mark 98 on tcp 10.98.0.102 port 80,8000-8100',
  );
  expect(lvsctl('director', 'up', file, '--force').status).toBe(0);
  expect(lvsctl('director', 'down', file).status).toBe(0);
  expect(mangle()).toBe(before);
  expect(sh('/usr/sbin/ipvsadm', '-Sn')).toBe('');
  expect(sh('/sbin/ip', 'addr', 'show', 'dev', 'lvsg0')).not.toContain('10.98.0.10');
});
