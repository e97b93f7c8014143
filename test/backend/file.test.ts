// The table file: what it refuses, what it leaves alone, and that no update is lost whoever writes
// or dies.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { EMPTY_TABLE, type TableState } from '../../src/backend/memory/state.js';
import { packetSinkOf } from '../../src/backend/packetsink.js';
import { openFile } from '../../src/backend/table/file.js';
import { withLock } from '../../src/backend/table/lock.js';
import { decodeTable, encodeTable } from '../../src/backend/table/tablefile.js';
import type { Change } from '../../src/model/change.js';
import { playInto } from '../../src/simulator/kept.js';
import { ownIdentity } from '../../src/system/identity.js';
import { start } from '../support/child.js';
import { FULL } from '../support/full.js';
import { answer } from '../support/inprocess.js';
import { type OneProcess, oneProcess } from '../support/oneprocess.js';
import { randomTable } from '../support/random.js';

const SERVICE = '-t 198.51.100.1:80';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lvs-file-'));
  path = join(folder, 'table');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** the built command */
let one: OneProcess;
beforeAll(() => {
  one = oneProcess();
});
afterAll(() => one.close());

const onFile = (line: string, stdin = '') =>
  answer('ipvsadm', line.split(' '), { backend: openFile(path), stdin });

test('a file is made by the first change, for its owner alone, with nothing left beside it', async () => {
  await onFile('-Ln');
  expect(readdirSync(folder)).toEqual([]);
  await onFile(`-A ${SERVICE} -s rr`);
  expect(readdirSync(folder)).toEqual(['table']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect((await onFile('-S -n')).stdout).toBe(`-A ${SERVICE} -s rr\n`);
});

test.each([Number.NaN, -1, 2 ** 32, 1.5])(
  'a table with syncid %d, which could not be read back, does not become a file',
  (syncId) => {
    const daemon = {
      role: 'master',
      interface: 'eth0',
      syncId,
      maxLength: 0,
      group: undefined,
      port: 0,
      ttl: 0,
    } as const;
    expect(() => encodeTable({ ...EMPTY_TABLE, daemons: [daemon] })).toThrow(
      /daemons\[0\]\.syncId is not a number/,
    );
  },
);

test('nor does one with a weight that is no number', async () => {
  const memory = new MemoryBackend();
  await answer('ipvsadm', ['-R'], {
    backend: memory,
    stdin: '-A -f 1 -s rr\n-a -f 1 -r 10.0.0.2 -g\n',
  });
  const [{ service, destinations: [server] = [] } = {}] = memory.state().services;
  if (!service || !server) throw new Error('no server');
  const services = [{ service, destinations: [{ ...server, weight: Number.NaN }] }];
  expect(() => encodeTable({ ...memory.state(), services })).toThrow(/weight is not a number/);
});

test('a random table is the same after a trip through the file', async () => {
  const memory = new MemoryBackend();
  const rules = randomTable(3, { services: 60, serversEach: 4, range: 'whole' }).join('\n');
  await answer('ipvsadm', ['-R'], {
    backend: memory,
    stdin: `${rules}\n--start-daemon master --mcast-interface eth0\n--set 1 2 3`,
  });
  expect(decodeTable(encodeTable(memory.state()))).toEqual(memory.state());
  expect(memory.state().services.length).toBe(60);
});

describe('no table is written that could not be read back', () => {
  test('every number is checked', async () => {
    const state = await busyTable();
    expect(decodeTable(encodeTable(state))).toEqual(state);
    const places = numbersOf(state);
    expect(places.length).toBeGreaterThan(60);
    for (const place of places)
      for (const bad of [Number.NaN, -5, 2 ** 60]) {
        if (bad > 0 && /^(now|expiresAt)$/.test(String(place.at(-1)))) continue; // as good as ever
        const changed = withNumber(state, place, bad);
        expect(() => encodeTable(changed), `${place.join('.')} = ${bad}`).toThrow(
          /^not written: [\w.[\]]+ is not a (number from 0 to \d+|time)$/,
        );
      }
  });

  test('the former table stays', async () => {
    await onFile(`-A ${SERVICE}`);
    const before = readFileSync(path, 'utf8');
    const daemon = { role: 'master', interface: 'eth0', syncId: Number.NaN, maxLength: 0 } as const;
    const rest = { group: undefined, port: 0, ttl: 0 };
    const backend = openFile(path);
    await expect(
      backend.apply([{ kind: 'start-daemon', daemon: { ...daemon, ...rest } }]),
    ).rejects.toThrow(
      `table file ${path}: not written: daemons[0].syncId is not a number from 0 to 4294967295`,
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(await backend.daemons()).toEqual([]);
  });

  type Place = readonly (string | number)[];
  /** Addresses apart, which only a parser makes. */
  function numbersOf(value: unknown, at: Place = []): Place[] {
    if (typeof value === 'number') return [at];
    if (typeof value !== 'object' || value === null) return [];
    if ('family' in value && ('value' in value || 'words' in value)) return [];
    return Object.entries(value).flatMap(([key, inner]) => numbersOf(inner, [...at, key]));
  }

  function withNumber(state: TableState, place: Place, number: number): TableState {
    const copy = structuredClone(state);
    let at = copy as unknown as Record<string | number, unknown>;
    for (const key of place.slice(0, -1)) at = at[key] as typeof at;
    at[place.at(-1) ?? ''] = number;
    return copy;
  }

  /** A table in which every part of a table file occurs. */
  async function busyTable(): Promise<TableState> {
    const memory = new MemoryBackend(EMPTY_TABLE, () => 1000);
    const stdin = [
      '-A -t 198.51.100.1:80 -s wrr -p 60',
      '-a -t 198.51.100.1:80 -r 192.0.2.1 -i --tun-type gue --tun-port 9',
      '-A -f 7 -s sh',
      '-a -f 7 -r 192.0.2.2 -m',
      '--start-daemon master --mcast-interface eth0',
    ].join('\n');
    await answer('ipvsadm', ['-R'], { backend: memory, stdin });
    const [first] = await memory.services();
    if (first === undefined) throw new Error('no service');
    const client = { family: 'ipv4', value: 0x0a000001 } as const;
    const arrivals = [{ at: 1, client, clientPort: 4000, seconds: 60 }];
    await memory.play((plane, start) => {
      const [live] = plane.services.values();
      if (live === undefined) throw new Error('no service');
      const { service } = live;
      const destinations = live.servers.map(({ destination }) => destination);
      const scenario = { service, destinations, incidents: [], until: 10, seed: 1 };
      const { timeouts } = plane;
      return playInto(plane, live, start, { ...scenario, timeouts }, arrivals);
    });
    const state = memory.state();
    expect([state.traffic?.flows.length, state.traffic?.templates.length]).toEqual([1, 1]);
    return state;
  }
});

describe('a file that is no table is refused by name and left as it is', () => {
  const sound = encodeTable(EMPTY_TABLE);
  const service =
    '{"service":{"fwmark":7,"family":"ipv4","scheduler":"rr","schedulerFlags":0,"netmask":1,"onePacket":false},"destinations":[SERVERS]}';
  const server =
    '{"address":"192.0.2.1","port":80,"forwarding":"masquerade","tunnel":{"type":"ipip","port":0,"flags":0},"weight":1,"upperThreshold":0,"lowerThreshold":0}';
  const holding = (services: string) =>
    sound.replace('"services": []', `"services": [${services}]`);
  test.each([
    ['hello\n', 'not an LVS table file, or a damaged one'],
    ['{"format":"something else"}', 'not an LVS table file'],
    ['[]', 'damaged table file: the file is not an object'],
    ['null', 'damaged table file: the file is not an object'],
    [sound.slice(0, -20), 'not an LVS table file, or a damaged one'],
    [
      sound.replace('"version": 1', '"version": 99'),
      'table file of version 99; this program reads version 1',
    ],
    [
      sound.replace('"tcp":900', '"tcp":"x"'),
      'damaged table file: timeouts.tcp is not a number from 0 to 4294967295',
    ],
    [
      sound.replace('"services": []', '"services": [{"service": {}}]'),
      'damaged table file: services[0].service.protocol is not a text',
    ],
    [
      sound.replace('"services": []', '"services": 5'),
      'damaged table file: services is not a list',
    ],
    [
      sound.replace('"daemons": []', '"daemons": [{"role":"boss"}]'),
      'damaged table file: daemons[0].role is not one of master, backup',
    ],
    [
      holding(`${service},${service}`.replaceAll('SERVERS', '')),
      'damaged table file: services[1] is there twice',
    ],
    [
      holding(
        service.replace('SERVERS', `${server},${server.replace('"weight":1', '"weight":2')}`),
      ),
      'damaged table file: services[0].destinations[1] is there twice',
    ],
  ])('%#: %j'.slice(0, 2), (text, reason) => {
    writeFileSync(path, text);
    const message = `table file ${path}: ${reason}`;
    expect(() => openFile(path)).toThrow(expect.objectContaining({ message }));
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
  test.each([['-A', '-t', '198.51.100.1:80'], ['-Ln'], ['-C']])(
    'as a command: %s',
    async (...args) => {
      writeFileSync(path, '[]');
      const env = { LVS_BACKEND: `file:${path}` };
      expect(await one.run('ipvsadm', args, { env })).toEqual({
        stdout: '',
        stderr: `table file ${path}: damaged table file: the file is not an object\n`,
        status: 2,
      });
      expect(readFileSync(path, 'utf8')).toBe('[]');
    },
  );
});

describe('a path that cannot be used is refused by name', () => {
  const refusal = (where: string, args = ['-A', '-t', '198.51.100.1:80']) =>
    one.run('ipvsadm', args, { env: { LVS_BACKEND: `file:${where}` } });
  test('a directory', async () => {
    expect(await refusal(folder)).toEqual({
      stdout: '',
      stderr: `table file ${folder}: is a directory\n`,
      status: 2,
    });
  });
  test('no such directory', async () => {
    expect(await refusal(`${folder}/no/table`)).toEqual({
      stdout: '',
      stderr: `table file ${folder}/no/table: no such directory\n`,
      status: 2,
    });
  });
  test('links in a circle', async () => {
    symlinkSync('loop', join(folder, 'loop'));
    expect(await refusal(`${folder}/loop`)).toEqual({
      stdout: '',
      stderr: `table file ${folder}/loop: symbolic links in a circle\n`,
      status: 2,
    });
  });
  test('a device', async () => {
    expect(await refusal('/dev/null')).toEqual({
      stdout: '',
      stderr: 'table file /dev/null: not a regular file\n',
      status: 2,
    });
  });
  test('a full disk keeps the old table', async () => {
    // /dev/full cannot be renamed over, so the limit on file sizes stands in: writing fails as it
    // would without space
    await onFile(`-A ${SERVICE}`);
    const before = readFileSync(path, 'utf8');
    const rules = randomTable(1, { services: 100, serversEach: 1 }).join('\n');
    const child = await runLimited(rules);
    expect(child.stderr).toBe(`table file ${path}: file too large\n`);
    expect(child.status).toBe(2);
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(readdirSync(folder)).toEqual(['table']);
  });
  test.runIf(process.getuid?.() === 0)('unreadable by this user', async () => {
    await onFile(`-A ${SERVICE}`);
    chmodSync(folder, 0o755);
    // the checkout may lie where that user cannot read it either
    for (const part of ['bin', 'dist/start.cjs', 'dist/local.cjs'])
      cpSync(new URL(`../../${part}`, import.meta.url), join(folder, 'program', part), {
        recursive: true,
      });
    const options = {
      uid: 65534,
      gid: 65534,
      env: { LVS_BACKEND: `file:${path}` },
      encoding: 'utf8',
    } as const;
    const child = spawnSync(
      process.execPath,
      [join(folder, 'program/bin/ipvsadm'), '-Ln'],
      options,
    );
    expect([child.stdout, child.stderr, child.status]).toEqual([
      '',
      `table file ${path}: permission denied\n`,
      2,
    ]);
  });

  async function runLimited(stdin: string) {
    const bin = new URL('../../bin/ipvsadm', import.meta.url).pathname;
    return spawnSync('/usr/bin/prlimit', ['--fsize=20000', process.execPath, bin, '-R'], {
      env: { LVS_BACKEND: `file:${path}` },
      input: stdin,
      encoding: 'utf8',
    });
  }
});

test('a link to the table stays a link', async () => {
  mkdirSync(join(folder, 'real'));
  symlinkSync('real/table', path);
  writeFileSync(join(folder, 'real/table'), '');
  await onFile(`-A ${SERVICE}`);
  expect(readdirSync(folder)).toEqual(['real', 'table']);
  expect(statSync(join(folder, 'real/table')).size).toBeGreaterThan(0);
});

test('a link whose target does not exist yet: the target is made, and locked', async () => {
  symlinkSync('real', path);
  let locks: readonly string[] = [];
  const change = {
    get kind() {
      locks = readdirSync(folder);
      return 'flush' as const;
    },
  };
  await openFile(path).apply([change]);
  expect(locks).toEqual(['real.lock', 'table']);
  expect(readdirSync(folder)).toEqual(['real', 'table']);
  expect(readlinkSync(path)).toBe('real');
});

test.runIf(process.getuid?.() === 0)('owner, group and mode of a table stay', async () => {
  await onFile(`-A ${SERVICE}`);
  chownSync(path, 65534, 12);
  chmodSync(path, 0o644);
  await onFile(`-E ${SERVICE} -s rr`);
  const { uid, gid, mode } = statSync(path);
  expect([uid, gid, mode & 0o7777]).toEqual([65534, 12, 0o644]);
});

test('a change that is refused does not touch the file', async () => {
  await onFile(`-A ${SERVICE}`);
  const before = statSync(path, { bigint: true });
  expect((await onFile(`-A ${SERVICE}`)).status).toBe(255);
  const { ino, mtimeNs } = statSync(path, { bigint: true });
  expect({ ino, mtimeNs }).toEqual({ ino: before.ino, mtimeNs: before.mtimeNs });
});

describe('all of several changes or none', () => {
  const removals = async (table: Backend) =>
    (await table.services()).map(
      ({ service: { id } }) => ({ kind: 'delete-service', id }) satisfies Change,
    );
  const saved = async () => (await onFile('-S -n')).stdout;
  beforeEach(async () => {
    await onFile(`-A ${SERVICE} -s rr`);
    await onFile('-A -u 198.51.100.2:53 -s wlc');
  });

  test('all', async () => {
    const table = openFile(path);
    expect(await table.applyWhole?.(await removals(table))).toBeUndefined();
    expect([await saved(), await table.services()]).toEqual(['', []]);
  });

  test('none, neither in the file nor in memory', async () => {
    const table = openFile(path);
    const [before, services, { ino }] = [await saved(), await table.services(), statSync(path)];
    const [first, second] = await removals(table);
    const refused = await table.applyWhole?.([first, first, second].filter((one) => !!one));
    expect(refused).toMatchObject({ at: 1, error: { code: 'ESRCH' } });
    expect(await table.services()).toEqual(services);
    expect([await saved(), statSync(path).ino]).toEqual([before, ino]);
  });
});

describe('the lock', () => {
  let lock: string;
  beforeEach(() => {
    lock = join(folder, 'lock');
  });
  const own = ownIdentity();
  const wait = { longestWaitMs: 20 };
  const link = (pid: number, start: string, more: { boot?: string; namespace?: string } = {}) =>
    `${pid}:${start}:${more.namespace ?? own.namespace}:${more.boot ?? own.boot}:web1`;

  test('of a living process is waited for and named', () => {
    withLock(lock, () => {
      expect(() => withLock(lock, () => 0, wait)).toThrow(
        `${lock}: locked for 0.02 s by process ${process.pid} on this machine, which is running`,
      );
      expect(readlinkSync(lock)).toBe(
        `${own.pid}:${own.start}:${own.namespace}:${own.boot}:${hostname()}`,
      );
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    [999999999, '1'],
    [process.pid, '1'],
  ])('of a dead process (%s…) is taken away', (pid, start) => {
    symlinkSync(link(pid, start), lock);
    symlinkSync(link(pid, start), `${lock}.lock`);
    const options = {
      longestWaitMs: 100,
      onDead: () => expect(readlinkSync(lock)).toContain(`${own.pid}:${own.start}:`),
    };
    expect(withLock(lock, () => 'done', options)).toBe('done');
    expect.assertions(3);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    [
      'another machine, or an earlier boot',
      link(7, '1', { boot: '3f1c' }),
      `process 7 of pid namespace ${own.namespace} on host web1 (not this boot of this machine); remove that file if the process has ended`,
    ],
    [
      'another pid namespace',
      link(7, '1', { namespace: '5' }),
      'process 7 of pid namespace 5 on this machine (web1); remove that file if the process has ended',
    ],
    ['garbage', 'no\x1block', 'an unknown holder, "no\\u001block"; remove that file if '],
    ['a form without a machine', '999999999:1:pid[1]', 'an unknown holder, "999999999:1:pid[1]"'],
    ['an absurd number', `${'9'.repeat(20)}:1:1:1:1`, 'an unknown holder'],
  ])('of %s is not judged, and the message says so', (_, text, holder) => {
    symlinkSync(text, lock);
    expect(() => withLock(lock, () => 0, wait)).toThrow(`${lock}: locked for 0.02 s by ${holder}`);
    expect(readlinkSync(lock)).toBe(text);
  });

  test.each([
    ['a file', () => writeFileSync(lock, '')],
    ['a directory', () => mkdirSync(lock)],
  ])('%s in its place is named', (_, make) => {
    make();
    expect(() => withLock(lock, () => 0, wait)).toThrow(
      `${lock}: not a lock, and in its place; remove it`,
    );
  });

  test('removed by hand meanwhile: the next holder keeps its own', () => {
    withLock(lock, (isHeld) => {
      expect(isHeld()).toBe(true);
      unlinkSync(lock);
      symlinkSync(link(7, '1', { boot: '3f1c' }), lock);
      expect(isHeld()).toBe(false);
    });
    expect(readlinkSync(lock)).toContain('3f1c');
  });
});

test('a table whose lock was removed by hand meanwhile is not written', async () => {
  await onFile(`-A ${SERVICE}`);
  const before = readFileSync(path, 'utf8');
  const change = {
    get kind() {
      unlinkSync(`${path}.lock`);
      return 'flush' as const;
    },
  };
  await expect(openFile(path).apply([change])).rejects.toThrow(
    `${path}.lock: removed by hand; the table was not changed`,
  );
  expect(readFileSync(path, 'utf8')).toBe(before);
});

describe('a run in the table', () => {
  const run = (work: () => void) => (_: unknown, start: number) => {
    expect(readdirSync(folder)).toEqual(['table']);
    work();
    return { result: 'played', end: start + 10 };
  };

  test('holds no lock; a table that changed meanwhile gets it all the same', async () => {
    await onFile(`-A ${SERVICE}`);
    const backend = openFile(path);
    let attempts = 0;
    const work = run(() => {
      if (attempts++ === 0)
        writeFileSync(
          path,
          encodeTable({ ...EMPTY_TABLE, timeouts: { tcp: 1, tcpFin: 2, udp: 3 } }),
        );
    });
    expect(await packetSinkOf(backend)?.play(work)).toBe('played');
    expect(attempts).toBe(2);
    expect(await backend.services()).toEqual([]);
    expect(await openFile(path).timeouts()).toEqual({ tcp: 1, tcpFin: 2, udp: 3 });
  });

  test('gives up when it changes each time, and changes nothing itself', async () => {
    await onFile(`-A ${SERVICE}`);
    let text = '';
    let udp = 0;
    const work = run(() => {
      text = encodeTable({ ...EMPTY_TABLE, timeouts: { tcp: 1, tcpFin: 2, udp: ++udp } });
      writeFileSync(path, text);
    });
    await expect(packetSinkOf(openFile(path))?.play(work)).rejects.toThrow(
      `table file ${path}: another process changed it during the run, 3 times; nothing was kept`,
    );
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(readdirSync(folder)).toEqual(['table']);
  });
});

const WRITERS = FULL ? 12 : 3;
const ROUNDS = FULL ? 150 : 6;

test(`${WRITERS} processes at once lose no update, rounds: ${ROUNDS}`, {
  timeout: 600_000,
}, async () => {
  const env = { LVS_BACKEND: `file:${path}` };
  await onFile(`-A ${SERVICE}`);
  const writers = Array.from({ length: WRITERS }, oneProcess);
  const servers: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const answers = await Promise.all(
      writers.map((writer, i) => {
        const server = `192.0.${round}.${i + 1}`;
        servers.push(server);
        return writer.run('ipvsadm', `-a ${SERVICE} -r ${server}`.split(' '), { env });
      }),
    );
    expect(answers).toEqual(writers.map(() => ({ stdout: '', stderr: '', status: 0 })));
  }
  await Promise.all(writers.map((writer) => writer.close()));
  const saved = (await onFile('-S -n')).stdout;
  expect(saved.match(/-r [0-9.]+/g)?.sort()).toEqual(
    servers.map((server) => `-r ${server}`).sort(),
  );
});

test(`${FULL ? 200 : 4} kills during writes leave neither a torn table nor a lock`, {
  timeout: 600_000,
}, async () => {
  await onFile(`-A ${SERVICE}`);
  let added = 0;
  for (let kill = 0; kill < (FULL ? 200 : 4); kill++) {
    await writeUntilKilled(kill);
    const began = Date.now();
    expect(await onFile(`-E ${SERVICE} -s ${kill % 2 ? 'rr' : 'wrr'}`)).toEqual({
      stdout: '',
      stderr: '',
      status: 0,
    });
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(readdirSync(folder)).toEqual(['table']);
    const { stdout } = await onFile('-S -n');
    const servers = stdout.match(/^-a /gm)?.length ?? 0;
    // what was acknowledged by being listed before stays; what was in flight is there or not
    expect(servers).toBeGreaterThanOrEqual(added);
    added = servers;
  }
});

/** Feeds a restore line by line and kills it at some instant after its first write. */
function writeUntilKilled(kill: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = start('ipvsadm', ['-R'], { LVS_BACKEND: `file:${path}` });
    let line = 0;
    const before = statSync(path, { bigint: true }).mtimeNs;
    child.stdin?.on('error', () => {});
    const feed = setInterval(() => {
      child.stdin?.write(
        `-a ${SERVICE} -r 10.${kill >> 8}.${kill & 255}.${(line++ % 250) + 1} -m\n`,
      );
      if (statSync(path, { bigint: true }).mtimeNs !== before) {
        clearInterval(feed);
        const writing = setInterval(
          () =>
            child.stdin?.write(
              `-a ${SERVICE} -r 11.${kill & 255}.${(line >> 8) & 255}.${(line++ % 250) + 1} -m\n`,
            ),
          0,
        );
        setTimeout(() => child.kill('SIGKILL'), Math.random() * 20);
        child.on('close', () => clearInterval(writing));
      }
    }, 1);
    child.on('error', reject).on('close', () => {
      clearInterval(feed);
      resolve();
    });
  });
}
