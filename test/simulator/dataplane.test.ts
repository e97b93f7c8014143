// What packets do to a table, and that a table file keeps it.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { EMPTY_TABLE } from '../../src/backend/memory/state.js';
import { openFile } from '../../src/backend/table/file.js';
import { decodeTable, encodeTable } from '../../src/backend/table/tablefile.js';
import { playInto } from '../../src/simulator/kept.js';
import { lookupKey } from '../../src/simulator/keys.js';
import type { Packet } from '../../src/simulator/packet.js';
import { at as ip } from '../support/address.js';
import { answer } from '../support/inprocess.js';
import { lvsctl } from '../support/lvsctl.js';
import { fakeMachine } from '../support/machine.js';

/** A table from rule lines, a clock to turn, and packets to send. */
async function scene(rules: string) {
  const clock = { now: 1000 };
  const backend = new MemoryBackend(EMPTY_TABLE, () => clock.now);
  expect(await answer('ipvsadm', ['-R'], { backend, stdin: rules })).toEqual({
    stdout: '',
    stderr: '',
    status: 0,
  });
  const send = (client: string, more: Partial<Packet>) => {
    const [address = '', port = '4000'] = client.split(' ');
    const packet: Packet = {
      direction: 'in',
      protocol: 'tcp',
      client: ip(address),
      clientPort: Number(port),
      virtual: ip('10.0.0.1'),
      virtualPort: 80,
      mark: 0,
      bytes: 60,
      ...more,
    };
    const verdict = backend.dataplane.packet(packet, clock.now);
    return verdict.kind === 'forwarded'
      ? `${(verdict.server.address as { value: number }).value & 255}:${verdict.port}`
      : verdict.kind;
  };
  const list = async (...args: string[]) => (await answer('ipvsadm', args, { backend })).stdout;
  return { backend, clock, send, list };
}
const NAT =
  '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -m\n-a -t 10.0.0.1:80 -r 10.0.1.2:8080 -m\n';

describe('connections', () => {
  test('open, close, time out, and are listed as the kernel lists them', async () => {
    const { send, list, clock } = await scene(NAT);
    expect(send('172.16.0.1', { tcp: 'syn' })).toBe('2:8080');
    expect(await list('-Lnc')).toContain(
      'TCP 01:00  SYN_RECV    172.16.0.1:4000    10.0.0.1:80        10.0.1.2:8080\n',
    );
    for (const [direction, tcp] of [
      ['out', 'syn'],
      ['in', 'ack'],
    ] as const)
      send('172.16.0.1', { direction, tcp });
    expect(await list('-Ln')).toMatch(/10\.0\.1\.2:8080 +Masq +1 +1 +0/);
    for (const [direction, tcp] of [
      ['in', 'fin'],
      ['out', 'ack'],
      ['out', 'fin'],
      ['in', 'ack'],
    ] as const)
      send('172.16.0.1', { direction, tcp });
    expect(await list('-Lnc')).toContain('TCP 02:00  TIME_WAIT ');
    clock.now += 119;
    expect(await list('-Ln')).toMatch(/10\.0\.1\.2:8080 +Masq +1 +0 +1/);
    clock.now += 2;
    expect(await list('-Ln')).toMatch(/10\.0\.1\.2:8080 +Masq +1 +0 +0/);
  });

  test('a reused port after TIME_WAIT is scheduled anew, unless conn_reuse_mode is 0', async () => {
    for (const [mode, server] of [
      [1, '1:8080'],
      [0, '2:8080'],
    ] as const) {
      const { send, backend } = await scene(NAT);
      backend.dataplane.sysctls.conn_reuse_mode = mode;
      for (const [direction, tcp] of [
        ['in', 'syn'],
        ['out', 'syn'],
        ['in', 'ack'],
        ['in', 'fin'],
        ['out', 'fin'],
        ['in', 'ack'],
      ] as const)
        send('172.16.0.1', { direction, tcp });
      expect(send('172.16.0.1', { tcp: 'syn' })).toBe(server);
    }
  });

  test('of a deleted server are dropped, or go with expire_nodest_conn; the server that comes back has them again', async () => {
    for (const [expire, verdict] of [
      [0, 'dropped'],
      [1, 'passed'],
    ] as const) {
      const { send, backend, list } = await scene(NAT);
      backend.dataplane.sysctls.expire_nodest_conn = expire;
      send('172.16.0.1', { tcp: 'syn' });
      await answer('ipvsadm', ['-d', '-t', '10.0.0.1:80', '-r', '10.0.1.2:8080'], { backend });
      expect(send('172.16.0.1', { tcp: 'ack' })).toBe(verdict);
      await answer('ipvsadm', ['-a', '-t', '10.0.0.1:80', '-r', '10.0.1.2:8080', '-m'], {
        backend,
      });
      expect(await list('-Ln')).toMatch(
        expire ? /10\.0\.1\.2:8080 +Masq +1 +0 +0/ : /10\.0\.1\.2:8080 +Masq +1 +1 +0/,
      );
    }
  });

  test('the trash is emptied three minutes after a deletion', async () => {
    const { send, backend, clock, list } = await scene(NAT);
    send('172.16.0.1', { tcp: 'syn' });
    clock.now += 61; // the connection is gone, its counters are not
    await answer('ipvsadm', ['-d', '-t', '10.0.0.1:80', '-r', '10.0.1.2:8080'], { backend });
    clock.now += 200;
    await list('-Ln');
    await answer('ipvsadm', ['-a', '-t', '10.0.0.1:80', '-r', '10.0.1.2:8080', '-m'], { backend });
    expect(await list('-Ln', '--stats')).toMatch(/10\.0\.1\.2:8080 +0 +0/);
  });

  test('thresholds refuse, and take back below three quarters', async () => {
    const { send, clock } = await scene(
      '-A -u 10.0.0.1:53 -s rr\n-a -u 10.0.0.1:53 -r 10.0.1.1 -m -x 4\n',
    );
    const ask = (port: number) => send(`172.16.0.1 ${port}`, { protocol: 'udp', virtualPort: 53 });
    expect([1, 2, 3, 4].map(ask)).toEqual(new Array(4).fill('1:53'));
    expect(ask(5)).toBe('refused');
    clock.now += 299;
    for (const port of [1, 2]) expect(ask(port)).toBe('1:53'); // known flows go on
    clock.now += 2; // two are left
    expect(ask(6)).toBe('1:53');
  });
});

describe('persistence', () => {
  const rules = (more: string) =>
    `-A -t 10.0.0.1:80 -s rr -p 300${more}\n-a -t 10.0.0.1:80 -r 10.0.1.1 -m\n-a -t 10.0.0.1:80 -r 10.0.1.2 -m\n`;

  test('a network of clients shares a template', async () => {
    const { send, list } = await scene(rules(' -M 255.255.255.0'));
    expect(
      ['172.16.0.1', '172.16.0.2', '172.16.1.1'].map((client) => send(client, { tcp: 'syn' })),
    ).toEqual(['2:80', '2:80', '1:80']);
    expect(await list('-Lnc')).toContain(
      'TCP 05:00  NONE        172.16.0.0:0       10.0.0.1:80        10.0.1.2:80\n',
    );
    expect(await list('-Ln', '--persistent-conn')).toMatch(/10\.0\.1\.2:80 +1 +1 +2 +0/);
  });

  test('a template outlives its time while it has connections, by a minute each', async () => {
    const { send, list, clock } = await scene(rules(''));
    for (const [direction, tcp] of [
      ['in', 'syn'],
      ['out', 'syn'],
      ['in', 'ack'],
    ] as const)
      send('172.16.0.1', { direction, tcp });
    clock.now += 301;
    expect(await list('-Lnc')).toMatch(/TCP 00:59 {2}ASSURED {5}172\.16\.0\.1:0 /);
  });

  test('a server of weight 0 keeps its clients, unless expire_quiescent_template', async () => {
    for (const [expire, server] of [
      [0, '2:80'],
      [1, '1:80'],
    ] as const) {
      const { send, backend } = await scene(rules(''));
      backend.dataplane.sysctls.expire_quiescent_template = expire;
      send('172.16.0.1 1', { tcp: 'syn' });
      await answer('ipvsadm', ['-e', '-t', '10.0.0.1:80', '-r', '10.0.1.2', '-m', '-w', '0'], {
        backend,
      });
      expect(send('172.16.0.1 2', { tcp: 'syn' })).toBe(server);
    }
  });

  test('sip ties calls together, and drops what names none', async () => {
    const { send, list } = await scene(
      '-A -u 10.0.0.1:5060 -s rr -p 60 --pe sip\n-a -u 10.0.0.1:5060 -r 10.0.1.1 -m\n-a -u 10.0.0.1:5060 -r 10.0.1.2 -m\n',
    );
    const call = (port: number, callId?: string) =>
      send(`172.16.0.1 ${port}`, { protocol: 'udp', virtualPort: 5060, callId });
    expect([call(1, 'a'), call(2, 'b'), call(3, 'a'), call(4)]).toEqual([
      '2:5060',
      '1:5060',
      '2:5060',
      'dropped',
    ]);
    expect(await list('-Lnc', '--persistent-conn')).toContain('sip');
  });
});

test('rates follow the estimator', async () => {
  const { send, list, clock } = await scene(
    '-A -u 10.0.0.1:53 -s rr\n-a -u 10.0.0.1:53 -r 10.0.1.1 -m\n',
  );
  const seen: string[] = [];
  const look = async () =>
    seen.push(
      /^UDP +\S+ +(\d+) +\d+ +\d+ +(\d+)/m
        .exec(await list('-Ln', '--rate'))
        ?.slice(1)
        .join(' ') ?? '',
    );
  send('172.16.0.1 1', { protocol: 'udp', virtualPort: 53, bytes: 29 });
  clock.now += 2;
  await look();
  for (let port = 2001; port <= 2100; port++)
    send(`172.16.0.1 ${port}`, { protocol: 'udp', virtualPort: 53, bytes: 29 });
  for (let i = 0; i < 6; i++) {
    clock.now += 2;
    await look();
  }
  expect(seen).toEqual(['0 4', '13 365', '9 274', '7 205', '5 154', '4 115', '3 87']);
});

describe('a table file', () => {
  test('keeps connections, templates and counters', async () => {
    const { backend, list } = await scene(`${NAT}-A -f 7 -s rr -p 60\n-a -f 7 -r 10.0.1.1 -m\n`);
    const { id } = (await backend.services())[0]?.service ?? expect.fail();
    const service = (await backend.service(id)).service;
    const arrivals = [1, 2, 3].map((n) => ({
      at: n,
      client: ip(`172.16.0.${n}`),
      clientPort: 4000,
      seconds: n === 1 ? 1 : 60,
    }));
    await backend.play((plane, start) => {
      const live = plane.services.get(lookupKey(id)) ?? expect.fail();
      const destinations = live.servers.map(({ destination }) => destination);
      const rest = { incidents: [], until: 10, seed: 1, timeouts: plane.timeouts };
      return playInto(plane, live, start, { service, destinations, ...rest }, arrivals);
    });
    const other = new MemoryBackend(decodeTable(encodeTable(backend.state())), () => 1000);
    for (const args of [
      ['-Ln'],
      ['-Ln', '--stats', '--exact'],
      ['-Ln', '--rate'],
      ['-Ln', '--persistent-conn'],
    ]) {
      expect((await answer('ipvsadm', args, { backend: other })).stdout).toBe(await list(...args));
    }
    const sorted = (text: string) => text.split('\n').sort();
    expect(sorted((await answer('ipvsadm', ['-Lnc'], { backend: other })).stdout)).toEqual(
      sorted(await list('-Lnc')),
    );
    expect(await list('-Lnc')).toContain('TIME_WAIT');
  });

  test('is filled by lvsctl simulate --keep, and refused when it is damaged', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'keep-')), 'table.json');
    const backend = openFile(path);
    await answer('ipvsadm', ['-R'], { backend, stdin: `${NAT}` });
    const now = Date.now() / 1000;
    const kept = await lvsctl(
      ['simulate', '--keep', '--connections', '500', '--rate', '50'],
      {},
      { machine: fakeMachine({}, {}, backend), now: () => now },
    );
    expect(kept).toMatchObject({ status: 0, stderr: '' });
    const listed = (await answer('ipvsadm', ['-Ln'], { backend: openFile(path) })).stdout;
    const counts = [...listed.matchAll(/Masq +1 +(\d+) +(\d+)/g)].map(
      ([, active, inactive]) => Number(active) + Number(inactive),
    );
    expect(counts).toEqual([250, 250]);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"clientPort":', '"clientPort":-'));
    expect(() => openFile(path)).toThrow(/damaged table file: traffic\.flows\[0\]\.clientPort/);
    expect(await lvsctl(['simulate', '--keep', 'r'], { r: NAT })).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^lvsctl: --keep needs rules in a table file/),
    });
  });
});
