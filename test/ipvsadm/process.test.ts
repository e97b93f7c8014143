// The built commands as processes: streams, odd bytes, the environment, what is loaded at start-up.
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runChild } from '../support/child.js';
import { FULL } from '../support/full.js';
import { goldenTopics } from '../support/golden.js';
import { expected } from '../support/inprocess.js';
import { type OneProcess, oneProcess } from '../support/oneprocess.js';
import { fillTable, rulesIn } from '../support/ontablefile.js';
import type { Case } from '../support/transcript.js';

const BIN = new URL('../../bin/ipvsadm', import.meta.url).pathname;
const CARRY_OUT = new URL('../support/carryout.cjs', import.meta.url).pathname;
const USAGE = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n";

let folder: string;
/** where the start of a process is not what is tested */
let one: OneProcess;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lvs-process-'));
  one = oneProcess();
});
afterAll(async () => {
  await one.close();
  rmSync(folder, { recursive: true, force: true });
});

let tables = 0;
const newTable = () => ({ LVS_BACKEND: `file:${join(folder, `table${tables++}`)}` });
const rules = ({ LVS_BACKEND }: ReturnType<typeof newTable>) => rulesIn(LVS_BACKEND.slice(5));
/** A table with some rules. */
async function tableWith(text: string) {
  const env = newTable();
  await fillTable(env.LVS_BACKEND.slice(5), text);
  return env;
}

describe('a sample of the recorded cases, by the built commands on a table file', () => {
  // Names need the machine's resolver to be that of the recording, so those are left to
  // test/kernel; all of them run in golden.test.ts, without a process each.
  const plain = (item: Case) =>
    item.uid === undefined &&
    item.conn === undefined && // LVS_PROCFS is another path in the messages
    item.steps.every(
      ({ args, stdin }) =>
        args.every((arg) => !/[a-z]{2}/i.test(arg) || arg.startsWith('-')) &&
        !/[a-z]{4}/.test(stdin),
    );
  const sample = goldenTopics()
    .flatMap(({ cases }) => cases.filter((item) => plain(item) && item.steps.length < 6))
    .filter((_, i) => i % (FULL ? 5 : 40) === 0);

  test('the sample is large', () => {
    expect(sample.length).toBeGreaterThan(FULL ? 50 : 7);
  });
  test.each(sample.map((item) => [item.name, item] as const))('%s', async (_, item) => {
    const own = newTable();
    const env: Record<string, string> = { ...own, ...item.env };
    const answers = [];
    for (const { program, args, stdin } of item.steps)
      answers.push(await one.run(program, args, { env, stdin }));
    expect({ answers, after: await rules(own) }).toEqual(expected(item));
  });
});

describe('odd input', () => {
  const restore = (stdin: string) => one.run('ipvsadm', ['-R'], { env: newTable(), stdin });
  test('a line of 10 MB', async () => {
    const stdin = `-A -t 1.1.1.1:80 ${'x'.repeat(10 << 20)}\n`;
    const { stderr, status } = await runChild('ipvsadm', ['-R'], { env: newTable(), stdin });
    expect([stderr, status]).toEqual([`unexpected argument ${'x'.repeat(4096)}\n`, 2]);
  });
  test('bytes that are no UTF-8 come back as they were', async () => {
    expect(await restore('-A -t 1.1.1.1:80 \xff\xfe\xe9\n')).toEqual({
      stdout: '',
      stderr: 'unexpected argument \xff\xfe\xe9\n',
      status: 2,
    });
    const raw = spawnSync(
      '/bin/bash',
      ['--norc', '-c', `exec "$0" "$1" -L $'\\xff\\xe9'`, process.execPath, BIN],
      {
        encoding: 'latin1',
        env: newTable(),
      },
    );
    expect([raw.stderr, raw.status]).toEqual(['unexpected argument \xff\xe9\n', 2]);
  });
  test('UTF-8 comes back as it was', async () => {
    const { stderr } = await one.run('ipvsadm', ['-L', 'größe'], { env: newTable() });
    expect(Buffer.from(stderr, 'latin1').toString()).toBe('unexpected argument größe\n');
  });
  test.each([
    ['carriage returns', '-A -t 1.1.1.1:80\r\n-A -t 1.1.1.2:80\r\n', 2],
    ['no newline at the end', '-A -t 1.1.1.1:80\n-A -t 1.1.1.2:80', 2],
    ['blank lines and tabs', '\n\t-A -t 1.1.1.1:80\n   \n\t\t-A\t-t 1.1.1.2:80\n', 2],
    ['NUL bytes', '-A -t 1.1.1.1:80\0zzz\n', 1],
    ['nothing', '', 0],
  ])('%s', async (_, stdin, services) => {
    const env = newTable();
    expect(await one.run('ipvsadm', ['-R'], { env, stdin })).toEqual({
      stdout: '',
      stderr: '',
      status: 0,
    });
    expect((await rules(env)).split('\n').length - 1).toBe(services);
  });
  test('a restore of a restore', async () => {
    expect(await restore('-R\n')).toEqual({ stdout: '', stderr: USAGE, status: 255 });
  });
});

describe('streams', () => {
  let long: ReturnType<typeof newTable>;
  beforeAll(async () => {
    // with long lines, which are more than a pipe holds: a process reads the whole table
    const more = '-s mh -p 300 -M 64 -b mh-fallback,mh-port';
    const services = Array.from({ length: 1000 }, (_, i) => {
      const group = (0x1000 + i).toString(16);
      return `-A -t [2001:db8:1111:2222:3333:4444:5555:${group}]:80 ${more}\n`;
    });
    long = await tableWith(services.join(''));
  });
  test('a reader that goes away ends the listing quietly', () => {
    const child = spawnSync(
      '/bin/bash',
      ['--norc', '-c', 'set -o pipefail; "$0" "$1" -Ln | head -1; echo $?', process.execPath, BIN],
      {
        env: { ...long, PATH: '/bin:/usr/bin' },
        encoding: 'utf8',
      },
    );
    expect([child.stdout, child.stderr]).toEqual([
      'IP Virtual Server version 1.2.1 (size=4096)\n0\n',
      '',
    ]);
  });
  // Node opens /dev/null in the place of a closed descriptor, so this cannot be known.
  test('a closed stdout does not change the status', () => {
    const child = spawnSync(
      '/bin/bash',
      ['--norc', '-c', '"$0" "$1" -Ln >&-', process.execPath, BIN],
      {
        env: newTable(),
        encoding: 'utf8',
      },
    );
    expect([child.stderr, child.status]).toEqual(['', 0]);
  });

  describe('a stdout that cannot be written: a message and status 2', () => {
    const lost = async (
      program: string,
      args: readonly string[],
      { env = small, flags = 'w', path = '/dev/full', stdin = '' } = {},
    ) => {
      const { stderr, status } = await one.run(program, args, { env, stdin, to: [path, flags] });
      return [stderr, status];
    };
    let small: Record<string, string>;
    beforeAll(async () => {
      small = await tableWith('-A -t 127.0.0.1:80\n');
    });
    const connections = () => {
      mkdirSync(join(folder, 'full/net'), { recursive: true });
      const line = 'TCP 7F000001 8235 7F000001 0050 7F000001 1F90 ESTABLISHED     899\n';
      writeFileSync(join(folder, 'full/net/ip_vs_conn'), `Pro …\n${line.repeat(5000)}`);
      return { LVS_BACKEND: 'memory', LVS_PROCFS: join(folder, 'full') };
    };
    test.each([
      ['ipvsadm', ['-Ln']],
      ['ipvsadm', ['-L', '--timeout']],
      ['ipvsadm', ['-S', '-n']],
      ['ipvsadm', ['-h']],
      ['ipvsadm', ['-v']],
      ['ipvsadm', []],
      ['ipvsadm-save', ['-n']],
      ['ipvsadm-save', []],
    ])('%s %j', async (program, args) => {
      expect(await lost(program, args)).toEqual([
        `${program}: write error: No space left on device\n`,
        2,
      ]);
    });
    test.each(['-Lcn', '-Lc'])('%s', async (args) => {
      expect(await lost('ipvsadm', [args], { env: connections() })).toEqual([
        'ipvsadm: write error: No space left on device\n',
        2,
      ]);
    });
    test.each([
      ['ipvsadm', ['-R']],
      ['ipvsadm-restore', []],
    ])(
      'a listing among the lines of %s: the lines behind it are carried out',
      async (program, args) => {
        const env = newTable();
        const stdin = '-A -t 1.1.1.1:80\n-Ln\n-A -t 1.1.1.2:80\n';
        expect(await lost(program, args, { env, stdin })).toEqual([
          `${program}: write error: No space left on device\n`,
          2,
        ]);
        expect(await rules(env)).toBe('-A -t 1.1.1.1:80 -s wlc\n-A -t 1.1.1.2:80 -s wlc\n');
      },
    );
    test('a long listing, which goes out in pieces', async () => {
      expect(await lost('ipvsadm', ['-Ln'], { env: long })).toEqual([
        'ipvsadm: write error: No space left on device\n',
        2,
      ]);
    });
    test('a descriptor that is open for reading only', async () => {
      expect(await lost('ipvsadm-save', ['-n'], { flags: 'r', path: '/dev/null' })).toEqual([
        'ipvsadm-save: write error: Bad file descriptor\n',
        2,
      ]);
    });
    test.each([0, 1000, 70000])('a file that may have %d bytes', (limit) => {
      const file = join(folder, `limited${limit}`);
      const child = spawnSync(
        '/bin/bash',
        [
          '--norc',
          '-c',
          'exec /usr/bin/prlimit --fsize="$2" "$0" "$1" -n > "$3"',
          process.execPath,
          `${BIN}-save`,
          String(limit),
          file,
        ],
        { env: long, encoding: 'utf8' },
      );
      expect([child.stderr, child.status]).toEqual([
        'ipvsadm-save: write error: File too large\n',
        2,
      ]);
      expect(statSync(file).size).toBe(limit);
    });
    test('nothing to write is nothing lost', async () => {
      expect(await lost('ipvsadm', ['-A', '-t', '9.9.9.9:80'])).toEqual(['', 0]);
      expect(await lost('ipvsadm', ['-S'], { env: newTable() })).toEqual(['', 0]);
    });
    test('a refusal that cannot be printed keeps its status', () => {
      const { status } = spawnSync(process.execPath, [BIN, '-q'], {
        env: newTable(),
        stdio: ['ignore', 'pipe', openSync('/dev/full', 'w')],
      });
      expect(status).toBe(255);
    });
  });

  test('a closed stdin is an empty restore', () => {
    const child = spawnSync(
      '/bin/bash',
      ['--norc', '-c', '"$0" "$1" -R <&-', process.execPath, BIN],
      {
        env: newTable(),
        encoding: 'utf8',
      },
    );
    expect([child.stderr, child.status]).toEqual(['', 0]);
  });
  test('lines piped in slowly take effect as they come', async () => {
    const env = newTable();
    const child = spawnSync(
      '/bin/bash',
      [
        '--norc',
        '-c',
        '(echo "-A -t 1.1.1.1:80"; sleep 0.6; "$0" "$1" -Sn >&2) | "$0" "$1" -R',
        process.execPath,
        BIN,
      ],
      { env: { ...env, PATH: '/bin:/usr/bin' }, encoding: 'utf8' },
    );
    expect(child.stderr).toBe('-A -t 1.1.1.1:80 -s wlc\n');
  });
});

describe('ipvsadm-restore changes nothing before all of stdin is read and checked', () => {
  const RESTORE = `${BIN}-restore`;
  const oneRule = () => tableWith('-A -t 9.9.9.9:80\n');
  const KEPT = '-A -t 9.9.9.9:80 -s wlc\n';

  test('a stdin that cannot be read', async () => {
    const env = await oneRule();
    expect(await one.run('ipvsadm-restore', [], { env, from: folder })).toEqual({
      stdout: '',
      stderr:
        'ipvsadm-restore: cannot read stdin: Is a directory\nipvsadm-restore: nothing was changed\n',
      status: 2,
    });
    expect(await rules(env)).toBe(KEPT);
    // -R ends there, as the real tool does
    const plain = await one.run('ipvsadm', ['-R'], { env, from: folder });
    expect(plain).toEqual({ stdout: '', stderr: '', status: 0 });
  });

  test('a line that is too long', async () => {
    const env = await oneRule();
    const stdin = `-A -t 1.1.1.1:80\n${'a'.repeat((16 << 20) + 1)}`;
    expect(await one.run('ipvsadm-restore', [], { env, stdin })).toEqual({
      stdout: '',
      stderr:
        'ipvsadm-restore: line 2 is longer than 16 MiB\nipvsadm-restore: nothing was changed\n',
      status: 2,
    });
    expect(await rules(env)).toBe(KEPT);
    expect(await one.run('ipvsadm', ['-R'], { env, stdin })).toEqual({
      stdout: '',
      stderr: 'line 2 is longer than 16 MiB\n',
      status: 2,
    });
    expect(await rules(env)).toBe(`-A -t 1.1.1.1:80 -s wlc\n${KEPT}`);
  });

  test('many wrong lines: ten are named, the others are counted', async () => {
    const env = await oneRule();
    const stdin = '-A -t 1.1.1.1:80 -q\n'.repeat(25);
    const { stderr, status } = await one.run('ipvsadm-restore', [], { env, stdin });
    expect([stderr.split('\n').slice(9), status]).toEqual([
      [
        'ipvsadm-restore: line 10: -q: unknown option',
        'ipvsadm-restore: and 15 more lines',
        'ipvsadm-restore: nothing was changed',
        '',
      ],
      2,
    ]);
    expect(await rules(env)).toBe(KEPT);
  });

  test.runIf(FULL)('more than 512 MiB', { timeout: 300_000 }, async () => {
    const env = await oneRule();
    for (const input of ['yes -- "-A -t 1.1.1.1:80"', 'cat /dev/zero']) {
      const child = spawnSync(
        '/bin/bash',
        ['--norc', '-c', `${input} | exec "$0" "$1"`, process.execPath, RESTORE],
        { env: { ...env, PATH: '/bin:/usr/bin' }, encoding: 'utf8' },
      );
      expect([child.stderr, child.status]).toEqual([
        'ipvsadm-restore: more than 512 MiB of rules\nipvsadm-restore: nothing was changed\n',
        2,
      ]);
      expect(await rules(env)).toBe(KEPT);
    }
  });

  test('a hint when rules are typed', async () => {
    const env = { ...(await oneRule()), PATH: '/bin:/usr/bin' };
    const typed = spawnSync(
      '/usr/bin/script',
      ['-qec', `${process.execPath} ${RESTORE}`, '/dev/null'],
      { env, encoding: 'utf8', input: '-A -t 1.1.1.1:80\n\x04' },
    );
    expect(typed.stdout).toContain(
      'hint: rules are read from stdin; Ctrl-D ends them, Ctrl-C changes nothing',
    );
    expect(await rules(env)).toBe('-A -t 1.1.1.1:80 -s wlc\n');
  });
});

describe('a list of connections that cannot be read', () => {
  const list = async (make: (path: string) => void) => {
    const proc = mkdtempSync(join(folder, 'proc-'));
    mkdirSync(join(proc, 'net'));
    const path = join(proc, 'net/ip_vs_conn');
    make(path);
    const env = { LVS_BACKEND: 'memory', LVS_PROCFS: proc };
    const { stdout, stderr, status } = await one.run('ipvsadm', ['-Lcn'], { env });
    return {
      rows: stdout.split('\n').length - 1,
      stderr: stderr.replaceAll(path, 'F'),
      status,
    };
  };
  const LINE = 'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899\n';
  test('a directory is as the real tool sees it', async () => {
    expect(await list((path) => mkdirSync(path))).toEqual({
      rows: 0,
      stderr: 'unexpected input from F\n',
      status: 1,
    });
  });
  test('unreadable at an offset, as the memory of a process', async () => {
    expect(await list((path) => symlinkSync('/proc/self/mem', path))).toEqual({
      rows: 0,
      stderr: 'unexpected input from F\n',
      status: 1,
    });
  });
  test.each([
    ['no newline at all', (path: string) => symlinkSync('/dev/zero', path), 1, 0],
    ['a long first line', (path: string) => writeFileSync(path, 'x'.repeat(1e6)), 1, 0],
    [
      'a long line further on',
      (path: string) => writeFileSync(path, `Pro\n${LINE.repeat(3)}${'x'.repeat(1e6)}\n${LINE}`),
      5,
      5,
    ],
  ])('%s', async (_, make, line, rows) => {
    expect(await list(make)).toEqual({
      rows,
      stderr: `unexpected input from F: line ${line}\n`,
      status: 2,
    });
  });
  test('a last line without a newline that fills the piece', async () => {
    const text = `Pro${' '.repeat(65536 - 4 - LINE.length)}\n${LINE.slice(0, -1)}`;
    expect(text.length).toBe(65535);
    for (const more of ['', ' ', '  '])
      expect(await list((path) => writeFileSync(path, `${text}${more}`))).toEqual({
        rows: 3,
        stderr: '',
        status: 0,
      });
  });
});

describe('environment', () => {
  test('a backend that does not exist', async () => {
    expect(await one.run('ipvsadm', ['-Ln'], { env: { LVS_BACKEND: 'sqlite' } })).toEqual({
      stdout: '',
      stderr: 'LVS_BACKEND=sqlite: no such backend; use kernel, memory or file:PATH\n',
      status: 2,
    });
  });
  test('LVS_PROCFS shows the connections of another machine', async () => {
    spawnSync('/bin/mkdir', ['-p', join(folder, 'proc/net')]);
    writeFileSync(
      join(folder, 'proc/net/ip_vs_conn'),
      `Pro …\nTCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899\n`,
    );
    const { stdout } = await one.run('ipvsadm', ['-Lcn'], {
      env: { LVS_BACKEND: 'memory', LVS_PROCFS: join(folder, 'proc') },
    });
    expect(stdout.split('\n')[2]).toBe(
      'TCP 14:59  ESTABLISHED 192.168.0.1:33333  10.0.0.100:80      192.0.2.20:8080',
    );
    const missing = await one.run('ipvsadm', ['-Lcn'], {
      env: { LVS_BACKEND: 'memory', LVS_PROCFS: folder },
    });
    expect(missing).toEqual({
      stdout: '',
      stderr: `cannot open file ${folder}/net/ip_vs_conn\n`,
      status: 1,
    });
  });
  test('LVS_TRACE shows each stage', async () => {
    const { stderr } = await one.run('ipvsadm', ['-A', '-t', '1.1.1.1:80'], {
      env: { LVS_BACKEND: 'memory', LVS_TRACE: '1' },
    });
    expect(stderr).toMatch(/^tokens: \[/);
    expect(stderr).toContain('"kind": "add-service"');
  });
});

test('one command loads vm, for the code cache, beyond what Node loads itself', () => {
  const env = newTable();
  const lines = [
    ['-A', '-t', '1.1.1.1:80'],
    ['-a', '-t', '1.1.1.1:80', '-r', '10.0.0.1', '-m'],
    ['-a', '-t', '1.1.1.1:80', '-r', '10.0.0.1', '-m'], // refused
    ['-A', '-f', '1'],
    ['-Ln'],
    ['-Sn'],
    ['-q'],
  ];
  const [script, result] = [join(folder, 'list.cjs'), join(folder, 'list.json')];
  const files = [0, 1, 2].map(() => ['/dev/null', 'r+']);
  const commands = lines.map((args) => ({ program: 'ipvsadm', args, env, files }));
  // one after another in a process that loads nothing else: what each has loaded up to its end
  writeFileSync(
    script,
    `const carryOut = require(${JSON.stringify(CARRY_OUT)});
    const commands = ${JSON.stringify(commands)};
    const all = () => process.moduleLoadList.filter((name) => name.startsWith('NativeModule '));
    const before = new Set(all());
    const seen = [];
    const next = (status) => {
      if (status !== undefined) seen.push([status, all().filter((name) => !before.has(name))]);
      const command = commands[seen.length];
      if (command) carryOut(command, next);
      else require('node:fs').writeFileSync(${JSON.stringify(result)}, JSON.stringify(seen));
    };
    next();`,
  );
  spawnSync(process.execPath, [script]);
  expect(JSON.parse(readFileSync(result, 'utf8'))).toEqual(
    [0, 0, 255, 0, 0, 0, 255].map((status) => [status, ['NativeModule vm']]),
  );
});
