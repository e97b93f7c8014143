// The built commands as processes: streams, odd bytes, the environment, what is loaded at start-up.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runChild } from '../support/child.js';
import { goldenTopics } from '../support/golden.js';
import { expected } from '../support/inprocess.js';
import type { Case } from '../support/transcript.js';

const BIN = new URL('../../bin/ipvsadm', import.meta.url).pathname;
const USAGE = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lvs-process-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let tables = 0;
const newTable = () => ({ LVS_BACKEND: `file:${join(folder, `table${tables++}`)}` });

describe('a sample of the recorded cases, each command a process on a table file', () => {
  // Names need the machine's resolver to be that of the recording, so those are left to test/kernel; every tenth of the rest.
  const plain = (item: Case) =>
    item.uid === undefined &&
    item.conn === undefined && // LVS_PROCFS is another path in the messages
    item.steps.every(
      ({ words, stdin }) =>
        words.every((word) => !/[a-z]{2}/i.test(word) || word.startsWith('-')) &&
        !/[a-z]{4}/.test(stdin),
    );
  const sample = goldenTopics()
    .flatMap(({ cases }) => cases.filter((item) => plain(item) && item.steps.length < 6))
    .filter((_, i) => i % 5 === 0);

  test('the sample is large', () => {
    expect(sample.length).toBeGreaterThan(50);
  });
  test.each(sample.map((item) => [item.name, item] as const))('%s', async (_, item) => {
    const env: Record<string, string> = { ...newTable(), ...item.env };
    const answers = [];
    for (const { program, words, stdin } of item.steps)
      answers.push(await runChild(program, words, { env, stdin }));
    const after = (await runChild('ipvsadm', ['-S', '-n'], { env })).stdout;
    expect({ answers, after }).toEqual(expected(item));
  });
});

describe('odd input', () => {
  const restore = (stdin: string) => runChild('ipvsadm', ['-R'], { env: newTable(), stdin });
  test('a line of 10 MB', async () => {
    const word = 'x'.repeat(10 << 20);
    const { stderr, status } = await restore(`-A -t 1.1.1.1:80 ${word}\n`);
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
    const child = spawnSync(process.execPath, [BIN, '-L', 'größe'], {
      encoding: 'utf8',
      env: newTable(),
    });
    expect(child.stderr).toBe('unexpected argument größe\n');
  });
  test.each([
    ['carriage returns', '-A -t 1.1.1.1:80\r\n-A -t 1.1.1.2:80\r\n', 2],
    ['no newline at the end', '-A -t 1.1.1.1:80\n-A -t 1.1.1.2:80', 2],
    ['blank lines and tabs', '\n\t-A -t 1.1.1.1:80\n   \n\t\t-A\t-t 1.1.1.2:80\n', 2],
    ['NUL bytes', '-A -t 1.1.1.1:80\0zzz\n', 1],
    ['nothing', '', 0],
  ])('%s', async (_, stdin, services) => {
    const env = newTable();
    expect(await runChild('ipvsadm', ['-R'], { env, stdin })).toEqual({
      stdout: '',
      stderr: '',
      status: 0,
    });
    expect((await runChild('ipvsadm', ['-Sn'], { env })).stdout.split('\n').length - 1).toBe(
      services,
    );
  });
  test('a restore of a restore', async () => {
    expect(await restore('-R\n')).toEqual({ stdout: '', stderr: USAGE, status: 255 });
  });
});

describe('streams', () => {
  const table = () => {
    const env = newTable();
    const rules = Array.from(
      { length: 4000 },
      (_, i) => `-A -t 10.1.${i >> 8}.${i & 255}:80\n`,
    ).join('');
    spawnSync(process.execPath, [BIN, '-R'], { env, input: rules });
    return env;
  };
  test('a reader that goes away ends the listing quietly', () => {
    const child = spawnSync(
      '/bin/bash',
      ['--norc', '-c', 'set -o pipefail; "$0" "$1" -Ln | head -1; echo $?', process.execPath, BIN],
      {
        env: { ...table(), PATH: '/bin:/usr/bin' },
        encoding: 'utf8',
      },
    );
    expect([child.stdout, child.stderr]).toEqual([
      'IP Virtual Server version 1.2.1 (size=4096)\n0\n',
      '',
    ]);
  });
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
  test('a full device does not change the status', () => {
    const child = spawnSync(process.execPath, [BIN, '-Ln'], {
      env: newTable(),
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
      encoding: 'utf8',
    });
    expect([child.stderr, child.status]).toEqual(['', 0]);
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

describe('environment', () => {
  test('a backend that does not exist', async () => {
    expect(await runChild('ipvsadm', ['-Ln'], { env: { LVS_BACKEND: 'sqlite' } })).toEqual({
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
    const { stdout } = await runChild('ipvsadm', ['-Lcn'], {
      env: { LVS_BACKEND: 'memory', LVS_PROCFS: join(folder, 'proc') },
    });
    expect(stdout.split('\n')[2]).toBe(
      'TCP 14:59  ESTABLISHED 192.168.0.1:33333  10.0.0.100:80      192.0.2.20:8080',
    );
    const missing = await runChild('ipvsadm', ['-Lcn'], {
      env: { LVS_BACKEND: 'memory', LVS_PROCFS: folder },
    });
    expect(missing).toEqual({
      stdout: '',
      stderr: `cannot open file ${folder}/net/ip_vs_conn\n`,
      status: 1,
    });
  });
  test('LVS_TRACE shows each stage', async () => {
    const { stderr } = await runChild('ipvsadm', ['-A', '-t', '1.1.1.1:80'], {
      env: { LVS_BACKEND: 'memory', LVS_TRACE: '1' },
    });
    expect(stderr).toMatch(/^tokens: \[/);
    expect(stderr).toContain('"kind": "add-service"');
  });
  test('hints are for terminals alone', async () => {
    const env = { LVS_BACKEND: 'memory', PATH: '/bin:/usr/bin' };
    const typed = spawnSync(
      '/usr/bin/script',
      ['-qec', `${process.execPath} ${BIN} –A -t 1.1.1.1:80`, '/dev/null'],
      {
        env,
        encoding: 'utf8',
      },
    );
    expect(typed.stdout.replaceAll('\r', '')).toBe(
      `${USAGE}hint: '–A' begins with a typographic dash; type '-A'\n`,
    );
    expect((await runChild('ipvsadm', ['–A', '-t', '1.1.1.1:80'], { env })).stderr).toBe(USAGE);
  });
});

// os has the errno numbers, vm the code cache
const MODULES = ['NativeModule os', 'NativeModule vm'];

test('one command loads at most os and vm beyond what Node loads itself', () => {
  const list = (program: string[], env: Record<string, string>) =>
    new Set(
      spawnSync(process.execPath, ['-r', join(folder, 'list.cjs'), ...program], {
        env,
        encoding: 'utf8',
      })
        .stderr.split('\n')
        .filter((name) => name.startsWith('NativeModule ')),
    );
  writeFileSync(
    join(folder, 'list.cjs'),
    `process.on('exit', () => process._rawDebug(process.moduleLoadList.join('\\n')));`,
  );
  writeFileSync(join(folder, 'empty.cjs'), '');
  const env = newTable();
  const base = list([join(folder, 'empty.cjs')], env);
  for (const words of [
    ['-A', '-t', '1.1.1.1:80'],
    ['-a', '-t', '1.1.1.1:80', '-r', '10.0.0.1', '-m'],
    ['-Ln'],
    ['-Sn'],
    ['-q'],
  ]) {
    const more = [...list([BIN, ...words], env)].filter((name) => !base.has(name));
    expect(more.filter((name) => !MODULES.includes(name))).toEqual([]);
  }
});
