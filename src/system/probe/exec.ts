// Programs as probes: ping, and whatever a file names. No shell; a group of processes of their own,
// which ends with the probe.
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { attempt, type Open, type Target, type Verdict, verdictOf, wordsOf } from './attempt.js';
import { createCounter } from './limits.js';
import { spawnWithRoom } from './spawn.js';

/** Programs of a kind at a time; further ones wait for their turn. */
const AT_A_TIME = 256;
/** what is kept of a program's output: its end */
const KEPT_OUTPUT = 4096;
/** a program that prints more is ended */
const OUTPUT_LIMITS = { bytes: 1024 * 1024, pieces: 16_384 };
const LAST_WORDS_MS = 100;
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
export const PING = ['/bin/ping', '/usr/bin/ping'];

export type Exec = (
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  timeoutMs: number,
) => Promise<Verdict>;

/**
 * @returns what runs a program to its end: it passes with status 0, else its last line of output
 *   says why
 */
export function createExec(open: Open): Exec {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (command, environment, timeoutMs) => {
    if (running >= AT_A_TIME) await new Promise<void>((resolve) => void waiting.push(resolve));
    running++;
    try {
      return await run(open, command, environment, timeoutMs);
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}

/** ping of iputils, which may do what this process may not. */
export function createPing(exec: Exec): (target: Target) => Promise<Verdict> {
  return async ({ address, source, timeoutMs }) => {
    const program = PING.find((path) => existsSync(path)) ?? PING[0] ?? '';
    const seconds = String(timeoutMs / 1000);
    const words = [
      '-n',
      '-q',
      '-c',
      '1',
      '-W',
      seconds,
      ...(source === undefined ? [] : ['-I', source]),
      address,
    ];
    // it has its own limit, with which it says more
    const verdict = await exec([program, ...words], {}, timeoutMs + 500);
    if (typeof verdict !== 'string') return verdict;
    if (verdict.startsWith('status 2') && /permitted|denied/i.test(verdict))
      return { trouble: verdict };
    return verdict.startsWith('status 1') ? `no echo within ${seconds} s` : verdict;
  };
}

function run(
  open: Open,
  [program = '', ...words]: readonly string[],
  environment: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<Verdict> {
  return attempt(open, timeoutMs, (one) => {
    const child = spawnWithRoom(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH, ...environment },
      detached: true,
    });
    one.await('end of the program');
    // whatever is wrong with the program, it says nothing of the server
    child.once('error', (error: NodeJS.ErrnoException) =>
      one.done({
        trouble: error.code === 'ENOENT' ? 'no such program' : wordsOf(verdictOf(error)),
      }),
    );
    const count = createCounter(OUTPUT_LIMITS);
    let output = Buffer.alloc(0);
    const keep = (piece: Buffer) => {
      const excess = count(piece.length);
      if (excess !== undefined) one.done(`printed ${excess}`);
      output = Buffer.concat([output, piece.subarray(-KEPT_OUTPUT)]).subarray(-KEPT_OUTPUT);
    };
    // absent when it could not be started, whatever their type says
    const streams: readonly (Readable | null | undefined)[] = [child.stdout, child.stderr];
    for (const stream of streams) stream?.on('data', keep);
    one.onEnd(() => {
      for (const stream of streams) stream?.destroy();
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        killGroup(child.pid);
    });
    child.once('exit', (status, signal) => {
      if (child.pid !== undefined) killGroup(child.pid); // what it left behind
      const finish = () =>
        one.done(status === 0 ? undefined : reason(status, signal, output.toString()));
      child.once('close', finish);
      // who left its group may keep the output open
      const late = setTimeout(finish, LAST_WORDS_MS);
      one.onEnd(() => clearTimeout(late));
    });
  });
}

function reason(status: number | null, signal: NodeJS.Signals | null, text: string): string {
  const how = signal === null ? `status ${status}` : `ended by ${signal}`;
  const last = text.trim().split('\n').at(-1)?.trim();
  return last ? `${how}: ${last}` : how;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // all of it ended already
  }
}
