// Programs as probes. No shell; a process group of their own, which ends with the probe.
import type { Readable } from 'node:stream';
import { attempt, type Open, outcomeOf, reasonOf } from './attempt.js';
import { createCounter } from './limits.js';
import { failed, notMade, PASS, type ProbeOutcome } from './outcome.js';
import { spawnWithRoom } from './spawn.js';

/** Programs of a kind at a time; further ones wait for their turn. */
const AT_A_TIME = 256;
/** what is kept of a program's output: its end */
const KEPT_OUTPUT = 4096;
/** a program that prints more is ended */
const OUTPUT_LIMITS = { bytes: 1024 * 1024, pieces: 16_384 };
const LAST_WORDS_MS = 100;
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

export interface ProbeProgram {
  /** program and arguments; no shell */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export type Exec = (program: ProbeProgram, timeoutMs: number) => Promise<ProbeOutcome>;

/**
 * @returns what runs a program to its end: it passes with status 0, else its last line of output
 *   says why
 */
export function createExec(open: Open): Exec {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (program, timeoutMs) => {
    if (running >= AT_A_TIME) await new Promise<void>((resolve) => void waiting.push(resolve));
    running++;
    try {
      return await run(open, program, timeoutMs);
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}

function run(
  open: Open,
  { command: [program = '', ...args], environment }: ProbeProgram,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  return attempt(open, timeoutMs, (one) => {
    const child = spawnWithRoom(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH, ...environment },
      detached: true,
    });
    one.await('end of the program');
    // whatever is wrong with the program, it says nothing of the server
    child.once('error', (error: NodeJS.ErrnoException) =>
      one.done(
        notMade(error.code === 'ENOENT' ? 'no such program' : (reasonOf(outcomeOf(error)) ?? '')),
      ),
    );
    const count = createCounter(OUTPUT_LIMITS);
    let output = Buffer.alloc(0);
    const keep = (piece: Buffer) => {
      const excess = count(piece.length);
      if (excess !== undefined) one.done(failed(`printed ${excess}`));
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
        one.done(status === 0 ? PASS : failed(reason(status, signal, output.toString())));
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
