// simulate --keep: the report of the run is what the table shows right after it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFile } from '../../src/backend/table/file.js';
import { FULL } from '../support/full.js';
import { answer } from '../support/inprocess.js';
import { lvsctl } from '../support/lvsctl.js';
import { fakeMachine } from '../support/machine.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lvs-kept-'));
  path = join(folder, 'table');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly arrivals: number;
  readonly refused: number;
  readonly reused: number;
  readonly servers: readonly { readonly server: string; readonly connections: number }[];
}

const simulate = (args: readonly string[], files: Record<string, string> = {}) =>
  lvsctl(['simulate', '--keep', ...args], files, {
    machine: fakeMachine({}, {}, openFile(path)),
  });

async function report(
  args: readonly string[],
  files: Record<string, string> = {},
): Promise<Report> {
  const { stdout, stderr, status } = await simulate(['--json', ...args], files);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return JSON.parse(stdout)[0];
}

const restore = async (rules: readonly string[]) =>
  expect(
    await answer('ipvsadm', ['-R'], { backend: openFile(path), stdin: `${rules.join('\n')}\n` }),
  ).toEqual({ stdout: '', stderr: '', status: 0 });

const list = async (...args: string[]) =>
  (await answer('ipvsadm', ['-Ln', ...args], { backend: openFile(path) })).stdout;

/** Connections by server, and of the service under its own name. */
async function counters(): Promise<Record<string, number>> {
  const rows = (await list('--stats', '--exact')).matchAll(
    /^(?:(?:TCP|UDP|SCTP|FWM) {2}|. ->) *(\S+) +(\d+)/gm,
  );
  return Object.fromEntries([...rows].map(([, name = '', count]) => [name, Number(count)]));
}

const NAT = [
  '-A -t 10.1.1.1:80 -s rr',
  '-a -t 10.1.1.1:80 -r 10.2.2.1 -m',
  '-a -t 10.1.1.1:80 -r 10.2.2.2 -m',
];
const STICKY = ['-A -t 10.1.1.1:80 -s rr -p 300', ...NAT.slice(1)];
const connectionsOf = ({ servers }: Report) => servers.map(({ connections }) => connections);

describe('report and table agree', () => {
  test('in the run of a newcomer: persistence, a drained server, three runs', async () => {
    await restore(STICKY);
    const args = ['--connections', '40', '--clients', '6', '--rate', '1', '--seed'];
    const sums = [0, 0];
    for (const seed of ['1', '2', '3']) {
      const run = await report([...args, seed]);
      for (const [i, count] of connectionsOf(run).entries()) sums[i] = (sums[i] ?? 0) + count;
      expect(await counters()).toEqual({
        '10.1.1.1:80': 40 * Number(seed),
        '10.2.2.1:80': sums[0],
        '10.2.2.2:80': sums[1],
      });
      if (seed === '1')
        await answer('ipvsadm', '-e -t 10.1.1.1:80 -r 10.2.2.2 -m -w 0'.split(' '), {
          backend: openFile(path),
        });
      else expect(connectionsOf(run)[1]).toBeGreaterThan(0); // its clients come back to it
    }
  });

  test('with events, which also change the servers of the table', async () => {
    await restore(NAT);
    const first = await report(['--connections', '100', '--events', 'ev'], {
      ev: '0 fail 10.2.2.1\n',
    });
    expect(connectionsOf(first)).toEqual([0, 100]);
    expect(await counters()).toEqual({ '10.1.1.1:80': 100, '10.2.2.2:80': 100 });
    const second = await report(['--connections', '100', '--events', 'ev'], {
      ev: '0.5 drain 10.2.2.2\n',
    });
    expect(second.refused).toBeGreaterThan(20);
    expect(await list()).toMatch(/10\.2\.2\.2:80 +Masq +0 /);
  });

  test('a port that is used again is the connection that is there', async () => {
    await restore(STICKY);
    const arrivals = '0 192.0.2.1:7 50\n1 192.0.2.1:7 50\n2 192.0.2.1:8 50\n';
    const run = await report(['--arrivals', 'a'], { a: arrivals });
    expect([run.arrivals, run.refused, run.reused]).toEqual([3, 0, 1]);
    expect((await counters())['10.1.1.1:80']).toBe(2);
    const { stdout } = await simulate(['--arrivals', 'a'], { a: arrivals });
    expect(stdout).toContain('3 on a connection that was open already');
  });

  test('the same run twice makes twice as many connections', async () => {
    await restore(STICKY);
    for (const total of [200, 400]) {
      const run = await report(['--connections', '200', '--clients', '2']);
      expect([run.refused, run.reused]).toEqual([0, 0]);
      expect((await counters())['10.1.1.1:80']).toBe(total);
    }
  });

  test('a service of port 0 is met at a port that no other service has', async () => {
    await restore([...NAT, '-A -t 10.1.1.1:0 -s rr -p 60', '-a -t 10.1.1.1:0 -r 10.2.2.3:0 -m']);
    const run = await report(['--connections', '10', '--service', 'tcp 10.1.1.1:0']);
    expect(connectionsOf(run)).toEqual([10]);
    expect((await counters())['10.2.2.3:0']).toBe(10);
  });

  test('sessions that are over are, and time goes on from now', async () => {
    await restore(NAT);
    await report(['--connections', '10', '--rate', '1', '--session', '1']);
    const shown = await list('-c');
    const expires = [...shown.matchAll(/TCP (\d\d):(\d\d)/g)].map(
      ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
    );
    expect(expires.length).toBe(10);
    // TIME_WAIT of two minutes, or 15 for the last one that may still be open
    expect(expires.filter((seconds) => seconds >= 100 && seconds <= 120).length).toBeGreaterThan(7);
  });

  test('for random rules, persistence and events', { timeout: 300_000 }, async () => {
    const schedulers = 'rr wrr lc wlc sh dh sed nq fo ovf mh lblc lblcr'.split(' ');
    const server = fc.record({
      forwarding: fc.constantFrom('-m', '-g', '-i'),
      weight: fc.integer({ min: 0, max: 4 }),
      upper: fc.constantFrom(0, 0, 5, 30),
    });
    const event = fc.record({
      at: fc.integer({ min: 0, max: 30 }),
      verb: fc.constantFrom('fail', 'return', 'drain', 'weight'),
      server: fc.nat(3),
    });
    const scene = fc.record({
      kind: fc.constantFrom('-t 10.1.1.1:80', '-u 10.1.1.1:53', '-f 7', '-t 10.1.1.1:21'),
      scheduler: fc.constantFrom(...schedulers),
      persistent: fc.constantFrom('', ' -p 20', ' -p 300 -M 255.255.255.0'),
      onePacket: fc.boolean(),
      servers: fc.array(server, { minLength: 0, maxLength: 4 }),
      events: fc.array(event, { maxLength: 5 }),
      connections: fc.integer({ min: 1, max: 300 }),
      rate: fc.constantFrom('0.5', '7', '100'),
      clients: fc.constantFrom('1', '5', '200'),
      seed: fc.nat(1000),
      runs: fc.integer({ min: 1, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(scene, async (one) => {
        rmSync(path, { force: true });
        const ops = one.onePacket && one.kind.startsWith('-u') ? ' -o' : '';
        await restore([
          `-A ${one.kind} -s ${one.scheduler}${one.persistent}${ops}`,
          ...one.servers.map(
            ({ forwarding, weight, upper }, i) =>
              `-a ${one.kind} -r 10.2.2.${i + 1} ${forwarding} -w ${weight} -x ${upper}`,
          ),
        ]);
        let total = 0;
        const sums: Record<string, number> = {};
        const touched = new Set<string>();
        for (let run = 0; run < one.runs; run++) {
          const listed = await list();
          const there = one.events.filter(({ server: at }) => listed.includes(`10.2.2.${at + 1}:`));
          for (const { server: at, verb } of there)
            if (verb === 'fail' || verb === 'return') touched.add(`10.2.2.${at + 1}`);
          const ev = there.map(
            ({ at, verb, server: n }) =>
              `${at} ${verb} 10.2.2.${n + 1}${verb === 'weight' ? ' 2' : ''}\n`,
          );
          const args = ['--connections', one.connections, '--rate', one.rate];
          args.push('--clients', one.clients, '--seed', one.seed + run, '--events', 'ev');
          const result = await report(args.map(String), { ev: ev.join('') });
          const served = connectionsOf(result).reduce((a, b) => a + b, 0);
          expect(result.arrivals).toBe(served + result.refused + result.reused);
          total += served;
          for (const { server: name, connections } of result.servers)
            sums[name] = (sums[name] ?? 0) + connections;
          const shown = await counters();
          const { [Object.keys(shown)[0] ?? '']: ofService, ...ofServers } = shown;
          expect(ofService).toBe(total);
          // a server that was deleted for long enough begins at 0 again
          for (const [name, count] of Object.entries(ofServers))
            if (!touched.has(name.replace(/:.*/, '')))
              expect([name, count]).toEqual([name, sums[name]]);
        }
      }),
      { numRuns: FULL ? 1000 : 8 },
    );
  });
});

describe('limits', () => {
  test('--compare is refused, a file of rules too, before anything happens', async () => {
    await restore(NAT);
    const before = readFileSync(path, 'utf8');
    expect(await simulate(['--compare', 'rr,wrr'])).toEqual({
      stdout: '',
      stderr:
        'lvsctl: --keep and --compare exclude each other: the table file keeps one run, with its own scheduler\n',
      status: 2,
    });
    expect((await simulate(['r'], { r: `${NAT.join('\n')}\n` })).stderr).toMatch(
      /^lvsctl: --keep needs rules in a table file/,
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  // 200,000 connections take 3 s of CPU, more than all other cases here
  test.runIf(FULL)(
    'more entries at once than a table file holds',
    { timeout: 120_000 },
    async () => {
      await restore(NAT);
      const before = readFileSync(path, 'utf8');
      const { stderr, status } = await simulate(['--connections', '201000', '--rate', '1000000']);
      expect(stderr).toMatch(
        /^lvsctl: --keep: more than 200000 connections and templates at once; nothing was kept\n/,
      );
      expect(status).toBe(2);
      expect(readFileSync(path, 'utf8')).toBe(before);
    },
  );
});
