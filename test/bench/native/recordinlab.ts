// Runs inside the lab: every command line of RECORDINGS by the real tool and by ours, each on the
// same table, their conversations with the kernel recorded in the folder it is given. Both must
// print the same.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RECORDINGS, type Recording, recordFile } from './recordings.js';

const REAL = '/usr/sbin/ipvsadm';
const OURS = resolve('bin/ipvsadm');
const [, , folder = '', library = ''] = process.argv;
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

function run(path: string, args: readonly string[], input: string, record?: string): string {
  const env = { ...ENVIRONMENT, ...(record && { LD_PRELOAD: library, REPLAY_RECORD: record }) };
  // a file, as in the replay: a pipe brings other pieces, and so other batches
  const file = join(folder, 'stdin');
  writeFileSync(file, input);
  const stdin = openSync(file, 'r');
  const stdio = [stdin, 'pipe', 'pipe'] as const;
  const done = spawnSync(path, args, { env, stdio: [...stdio], maxBuffer: 1 << 30 });
  closeSync(stdin);
  if (done.status !== 0)
    throw new Error(`${path} ${args.join(' ')}: ${done.status} ${done.stderr.toString()}`);
  return done.stdout.toString();
}

/** the rules in the table; undefined = not known */
let table: string | undefined;

function record(program: 'ours' | 'real', { args, before, stdin }: Recording, at: number): string {
  if (table !== before) {
    run(REAL, ['-C'], '');
    if (before !== '') run(process.execPath, [OURS, '-R'], before);
  }
  table = /^-[LS]/.test(args[0] ?? '') ? before : undefined;
  const file = recordFile(folder, program, at);
  return program === 'real'
    ? run(REAL, args, stdin, file)
    : run(process.execPath, [OURS, ...args], stdin, file);
}

for (const [at, recording] of RECORDINGS.entries())
  if (record('real', recording, at) !== record('ours', recording, at))
    throw new Error(`${recording.name}: the outputs differ`);
run(REAL, ['-C'], '');
