// Where ipvsadm and its two wrappers are put together: the only file of them that touches the
// process and the machine.
import { basename } from 'node:path';
import type { Backend } from '../backend/backend.js';
import { openBackend } from '../backend/open.js';
import { BackendError, IpvsError } from '../model/errors.js';
import { errnoText } from '../render/errno.js';
import { messageFor } from '../render/messages.js';
import { argumentBytes, fromBytes, toBytes } from '../system/bytes.js';
import { optimizeLess } from '../system/engine.js';
import { ipvsIsLoaded, loadModule, mayOpenRawSockets } from '../system/exec.js';
import {
  bufferedOutput,
  isCharacterDevice,
  isTerminal,
  type Output,
  openReader,
  pieces,
} from '../system/streams.js';
import type { Advice } from './hints/line.js';
import type { RefusedAt } from './hints/table.js';
import { mayChangeMore } from './hints/watched.js';
import { systemNames } from './hostnames.js';
import { noteRefusals } from './refusals.js';
import { run } from './run.js';
import type { IpvsadmWorld, ReadBytes } from './world.js';
import { restoreScript, saveScript } from './wrappers.js';

const START_FAILED = 2;
const OUTPUT_LOST = 2;
const OLDEST_IPVS = 0x010104;

type Main = (args: readonly string[], world: IpvsadmWorld) => Promise<number>;

/** `ipvsadm` */
export function main(): Promise<void> {
  return start('ipvsadm', run);
}

/** `ipvsadm-save` */
export function save(): Promise<void> {
  return start('ipvsadm-save', saveScript);
}

/** `ipvsadm-restore` */
export function restore(): Promise<void> {
  return start('ipvsadm-restore', restoreScript);
}

async function start(name: string, program: Main): Promise<void> {
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
    process.exitCode = await program(args, { ...worldOf(argv0, backend, out, err), refusals });
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

function worldOf(
  argv0: string,
  backend: Backend,
  out: Output,
  err: IpvsadmWorld['err'],
): Omit<IpvsadmWorld, 'refusals'> {
  const { LVS_PROCFS, LVS_TRACE } = process.env;
  const connectionsPath = `${LVS_PROCFS || '/proc'}/net/ip_vs_conn`;
  return {
    argv0,
    posix: process.env.POSIXLY_CORRECT !== undefined || process.env.POSIX_ME_HARDER !== undefined,
    backend,
    names: systemNames,
    read: pieces(0),
    interactive: async () => (await isTerminal(0)) && (await isTerminal(2)),
    out: out.write,
    outBytes: out.writeBytes,
    err,
    expectMuch: optimizeLess,
    openConnections: () => readerOf(connectionsPath),
    connectionsPath: toBytes(connectionsPath),
    connectionsChosen: Boolean(LVS_PROCFS),
    trace: LVS_TRACE
      ? (stage, value) => err(`${stage}: ${JSON.stringify(value, bigintsAsText, 2)}\n`)
      : undefined,
    help: async (argv0) => (await import('./program.js')).helpText(argv0),
  };
}

function readerOf(path: string): ReadBytes | undefined {
  try {
    return openReader(path);
  } catch {
    return undefined; // one message for every reason
  }
}

function bigintsAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
