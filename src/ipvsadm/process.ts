// The process around a command line of ipvsadm or one of its wrappers: the table is opened, what
// fails becomes a message and a status, and what is written is written to its end.
import { basename } from 'node:path';
import type { Backend } from '../backend/backend.js';
import { openBackend } from '../backend/open.js';
import { BackendError, IpvsError } from '../model/errors.js';
import { errnoText } from '../render/errno.js';
import { messageFor } from '../render/messages.js';
import { argumentBytes, fromBytes, toBytes } from '../system/bytes.js';
import { ipvsIsLoaded, loadModule, mayOpenRawSockets } from '../system/exec.js';
import { bufferedOutput, isCharacterDevice, type Output } from '../system/streams.js';
import type { Advice } from './hints/line.js';
import type { RefusedAt } from './hints/table.js';
import { mayChangeMore } from './hints/watched.js';
import { noteRefusals } from './refusals.js';
import type { Refusals } from './world.js';

const START_FAILED = 2;
const OUTPUT_LOST = 2;
const OLDEST_IPVS = 0x010104;

/** What a program needs of its process. */
export interface Started {
  /** the program's name as diagnostics show it */
  readonly argv0: string;
  readonly backend: Backend;
  readonly out: Output;
  /** Writes to stderr, behind what is held for stdout. */
  readonly err: (text: string) => void;
  /** What is refused, for a hint; undefined where no person reads stderr. */
  readonly refusals: Refusals | undefined;
}

/**
 * Runs a program with the arguments of this process, and sets the exit status.
 * @param name where the process has none
 * @param program rejects with `BackendError` or `IpvsError` when it cannot start
 */
export async function start(
  name: string,
  program: (args: readonly string[], started: Started) => Promise<number>,
): Promise<void> {
  const argv0 = basename(toBytes(process.argv[1] ?? name));
  const out = bufferedOutput(1);
  const errors = bufferedOutput(2);
  const err = (text: string) => {
    out.flush();
    errors.write(text);
    errors.flush();
  };
  const args = argumentBytes(process.argv.slice(2));
  let backend: Backend | undefined;
  let failure: string | undefined;
  let effect: Advice | undefined;
  const refusals = isCharacterDevice(2) ? noteRefusals(args) : undefined;
  try {
    backend = await openBackend(process.env.LVS_BACKEND, {
      loadModule: () => loadModule('ip_vs'),
      mayOpenRawSockets,
      isAlone: true,
    });
    await warnOfOldKernel(backend, err);
    if (refusals && mayChangeMore(args))
      effect = await (await import('./hints/table.js')).watchEffects(args.map(fromBytes), backend);
    process.exitCode = await program(args, { argv0, backend, out, err, refusals });
  } catch (error) {
    const message = startUpMessage(error);
    if (message === undefined) throw error;
    err(`${message}\n`);
    process.exitCode = START_FAILED;
    if (error instanceof IpvsError) failure = error.code;
  } finally {
    out.flush();
    await backend?.close();
  }
  const lost = lostOutput(out);
  if (lost !== undefined) {
    err(`${argv0}: write error: ${lost}\n`);
    process.exitCode = OUTPUT_LOST;
  }
  if (refusals && (effect !== undefined || process.exitCode !== 0))
    err(toBytes(await hintText(refusals.noted, failure, effect)));
}

async function hintText(
  noted: readonly RefusedAt[],
  failure: string | undefined,
  effect: Advice | undefined,
): Promise<string> {
  const { hint, hintOn, languageOf } = await import('./hints/table.js');
  const language = languageOf(process.env);
  if (process.exitCode === 0) return hint(effect, language);
  const refused = noted.map((one) => ({
    ...one,
    args: one.args.map(fromBytes),
    message: fromBytes(one.message).split('\n')[0] ?? '',
  }));
  return hintOn(refused, failure, ipvsIsLoaded(), language);
}

/**
 * Why not all of stdout was written, with the text of the C library; undefined when it was, or when
 * its reader went away, which is how `| head` ends.
 */
function lostOutput(out: Output): string | undefined {
  const code = out.failure();
  return code === undefined || code === 'EPIPE' ? undefined : errnoText(code);
}

/** Undefined when the error is a bug. */
function startUpMessage(error: unknown): string | undefined {
  if (error instanceof BackendError) return toBytes(error.message);
  if (!(error instanceof IpvsError)) return undefined;
  return (
    `Can't initialize ipvs: ${messageFor(error)}\nAre you sure that IP ` +
    `Virtual Server is built in the kernel or as module?`
  );
}

async function warnOfOldKernel(backend: Backend, err: (text: string) => void): Promise<void> {
  const { version } = await backend.info();
  if (version >= OLDEST_IPVS) return;
  const text = `${version >>> 16}.${(version >>> 8) & 255}.${version & 255}`;
  err(
    `Warning: IPVS version mismatch: \n  Kernel compiled with IPVS version ${text}\n` +
      '  ipvsadm v1.31  requires minimum IPVS version 1.1.4\n\n',
  );
}
