// lvsctl's own streams, in a process: what cannot be written, and stdin that has nothing yet.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const LVSCTL = new URL('../../bin/lvsctl', import.meta.url).pathname;
const RULES = '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m\n';
const directory = mkdtempSync(join(tmpdir(), 'lvs-streams-'));
const rules = join(directory, 'rules');
writeFileSync(rules, RULES);
afterAll(() => rmSync(directory, { recursive: true }));
const env = { ...process.env, LVS_BACKEND: 'memory' };

function onto(args: readonly string[], out: string, err?: string) {
  const fds = [out, ...(err === undefined ? [] : [err])].map((path) => openSync(path, 'w'));
  const [stdout = 'pipe', stderr = 'pipe'] = fds;
  const ran = spawnSync(LVSCTL, args, {
    env,
    stdio: ['ignore', stdout, stderr],
    encoding: 'utf8',
  });
  for (const fd of fds) closeSync(fd);
  return { status: ran.status, stderr: ran.stderr };
}

describe('output onto a full device', () => {
  const file = ['check', join(directory, 'lvs.yaml')];
  const valid =
    'vips: [{address: 192.0.2.1, interface: lo}]\nservices: [{name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: 10.0.0.1}]}]\n';
  writeFileSync(file[1] ?? '', valid);
  const json = ['simulate', rules, '--connections', '10', '--json'];

  test.each([[['import', rules]], [file], [json], [['--help']], [['help', 'import']]])(
    '%j',
    (args) => {
      expect(onto(args, '/dev/full')).toEqual({
        status: 2,
        stderr: 'lvsctl: stdout: No space left on device\n',
      });
    },
  );

  test('stderr as well', () => {
    expect(onto(['check', 'nosuch'], '/dev/null', '/dev/full').status).toBe(2);
    expect(onto(['import', rules], '/dev/full', '/dev/full').status).toBe(2);
  });
});

test('a reader that goes away is no error', async () => {
  const child = spawn(LVSCTL, ['simulate', rules, '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const status = await new Promise((done) => child.once('close', done));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('a stdin that another process made non-blocking is waited for', async () => {
  const code = `import os, subprocess, sys
os.set_blocking(0, False)
sys.exit(subprocess.run([sys.argv[1], 'import', '-']).returncode)`;
  const child = spawn('/usr/bin/env', ['python3', '-c', code, LVSCTL], { env });
  let stdout = '';
  child.stdout.on('data', (piece) => {
    stdout += piece;
  });
  let stderr = '';
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const ended = new Promise((done) => child.once('close', done));
  const [head = '', tail = ''] = [RULES.slice(0, 30), RULES.slice(30)];
  child.stdin.write(head);
  // more than a start takes: the rest comes when lvsctl has already read the first piece
  await new Promise((done) => setTimeout(done, 700));
  child.stdin.end(tail);
  expect({ status: await ended, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('address: 10.0.0.1');
});
