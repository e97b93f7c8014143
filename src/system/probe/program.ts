// Programs as probes. No shell; a process group of their own, which ends with the probe.
import type { Readable } from 'node:stream';
import { attempt, type Open, outcomeOf, reasonOf } from './attempt.js';
import { createCounter } from './limits.js';
import { failed, notMade, PASS, type ProbeOutcome } from './outcome.js';
import { spawnWithRoom } from './spawn.js';
import { createUsers, SETPRIV_ERROR } from './user.js';

/** Programs of a kind at a time; further ones wait for their turn. */
const AT_A_TIME = 256;
/** what is kept of a program's output: its end */
const KEPT_OUTPUT = 4096;
/** a program that prints more is ended */
const OUTPUT_LIMITS = { bytes: 1024 * 1024, pieces: 16_384 };
const LAST_OUTPUT_MS = 100;
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

export interface ProbeProgram {
  /** program and arguments; no shell */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** that it runs as, with the groups of this user */
  readonly user?: string;
  /** a status from 2 to 255 passes with a weight of status - 2 */
  readonly weight?: boolean;
}

export type Exec = (program: ProbeProgram, timeoutMs: number) => Promise<ProbeOutcome>;

/**
 * @returns what runs a program to its end: it passes with status 0, else its last line of output
 *   is the reason
 */
export function createExec(open: Open): Exec {
  const commandAs = createUsers();
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (program, timeoutMs) => {
    if (running >= AT_A_TIME) await new Promise<void>((resolve) => void waiting.push(resolve));
    running++;
    try {
      const { user, command } = program;
      const started = user === undefined ? command : await commandAs(user, command);
      return started === undefined
        ? notMade(`there is no user ${user}`)
        : await run(open, { ...program, command: started }, timeoutMs);
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}

function run(
  open: Open,
  { command: [program = '', ...args], environment, user, weight = false }: ProbeProgram,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  return attempt(open, timeoutMs, (one) => {
    const child = spawnWithRoom(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH, ...environment },
      detached: true,
    });
    one.await('end of the program');
    // a fault of the program shows nothing about the server
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
    // absent when it could not be started, against their type
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
        one.done(resultOf({ status, signal, text: output.toString() }, { weight, user }));
      child.once('close', finish);
      // a process that left its group may keep the output open
      const late = setTimeout(finish, LAST_OUTPUT_MS);
      one.onEnd(() => clearTimeout(late));
    });
  });
}

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** the end of its output */
  readonly text: string;
}

/** The largest weight that a status can carry is 253. */
const FIRST_WEIGHT_STATUS = 2;

function resultOf(
  ended: Ended,
  { weight, user }: { readonly weight: boolean; readonly user: string | undefined },
): ProbeOutcome {
  const { status } = ended;
  // the program itself was not started
  if (status !== 0 && user !== undefined && SETPRIV_ERROR.test(ended.text))
    return notMade(reason(ended));
  if (status === 0) return PASS;
  return weight && status !== null && status >= FIRST_WEIGHT_STATUS
    ? { outcome: 'pass', weight: status - FIRST_WEIGHT_STATUS }
    : failed(reason(ended));
}

function reason({ status, signal, text }: Ended): string {
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
