// Where lvsctl is put together: the only file of it that touches the process and the machine.
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Backend } from '../backend/backend.js';
import { openBackend } from '../backend/open.js';
import { openReopening } from '../backend/reopening.js';
import { takeLock } from '../backend/table/lock.js';
import { systemNames } from '../ipvsadm/hostnames.js';
import { errnoText } from '../render/errno.js';
import { announceReady, startDetached } from '../system/detached.js';
import { loadModule, mayOpenRawSockets } from '../system/exec.js';
import { filesMatching } from '../system/glob.js';
import { hostName, ownIdentity } from '../system/identity.js';
import { endWithParent } from '../system/lifeline.js';
import { linesOf, piecesOf } from '../system/lines.js';
import { namesIn, readIfThere, runProgram, runPrograms, writeProc } from '../system/machine.js';
import { WORKER_ARG } from '../system/probe/remote.js';
import { readText } from '../system/readtext.js';
import { recordDirectory } from '../system/records.js';
import { replaceFile } from '../system/replace.js';
import { FAILED } from './errors.js';
import { SETTINGS_LIMIT } from './limits.js';
import {
  enter,
  enteredNamespace,
  insideNamespace,
  networkNamespace,
  places,
  STATE,
} from './namespace.js';
import { run } from './program.js';
import { errorText, reportFault } from './report.js';
import { openStore } from './store.js';
import { writing } from './systemerror.js';
import { terminalOf } from './terminal.js';
import type { World } from './world.js';

/** the first argument of the process that takes back what is not confirmed */
const GUARD_ARG = '--confirm-guard';

/** `lvsctl` */
export async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args[0] === WORKER_ARG) {
    const { serveProbes } = await import('../system/probe/worker.js');
    const refusal = await serveProbes();
    if (refusal !== undefined) process.exitCode = fail(refusal);
    return;
  }
  if (args[0] === GUARD_ARG) return guard(Number(args[1]), Number(args[2]));
  if (insideNamespace()) endWithParent();
  process.on('uncaughtException', (error) => process.exit(reportFault(error, output.err)));
  const output = openOutput();
  const { world, close } = systemWorld(output);
  try {
    const status = await run(args, world);
    process.exitCode ??= status; // output that failed has set its own
  } finally {
    await close();
  }
}

/** The process of its own that takes a transaction back unless it is confirmed. */
async function guard(entry: number, seconds: number): Promise<void> {
  const { guardTransaction } = await import('./transaction/guard.js');
  const { world, close } = systemWorld(openOutput());
  try {
    await guardTransaction(entry, seconds, announceReady, world);
  } finally {
    await close();
  }
}

/**
 * stdout and stderr. A reader that went away (`| head`) ends the output quietly; output that cannot
 * be written (a full disk) is an error of a command that ends, and none of one that stays.
 */
function openOutput(): Pick<World, 'out' | 'flushed' | 'err' | 'isRead' | 'ignoreOutputErrors'> {
  let read = true;
  let ignored = false;
  const err = (text: string) => void process.stderr.write(text);
  const failed = (name: string, { code = '' }: NodeJS.ErrnoException) => {
    if (ignored || code === 'EPIPE' || process.exitCode === FAILED) return;
    process.exitCode = FAILED;
    err(errorText({ message: `${name}: ${errnoText(code)}`, hint: undefined }));
  };
  process.stdout.on('error', (error) => {
    read = false;
    failed('stdout', error);
  });
  process.stderr.on('error', (error) => failed('stderr', error));
  return {
    out: (text) => void process.stdout.write(text),
    flushed: () =>
      new Promise((resolve) => {
        process.stdout.write('', () => resolve());
      }),
    err,
    isRead: () => read,
    ignoreOutputErrors() {
      ignored = true;
    },
  };
}

function fail(message: string): number {
  process.stderr.write(`lvsctl: ${message}\n`);
  return FAILED;
}

async function startGuard(entry: number, seconds: number, file: string | undefined) {
  const args = [GUARD_ARG, String(entry), String(seconds)];
  return ownIdentity(await startDetached(args, file === undefined ? '/' : process.cwd()));
}

/** A run of thousands of settings may take minutes. */
const RECORDS_WAIT_MS = 300_000;
/** held by this process, by the path without links */
const heldLocks = new Set<string>();

/** A lock that this process has already, under any name, is taken as often as needed. */
function takeRecordsLock(path: string): () => void {
  const real = join(realpathSync(dirname(path)), basename(path));
  if (heldLocks.has(real)) return () => {};
  const release = takeLock(path, { longestWaitMs: RECORDS_WAIT_MS });
  heldLocks.add(real);
  return () => {
    heldLocks.delete(real);
    release();
  };
}

/** The world of this process, with its output. */
export function systemWorld(io: ReturnType<typeof openOutput>): {
  readonly world: World;
  readonly close: () => Promise<void>;
} {
  const { LVS_BACKEND } = process.env;
  const netns = enteredNamespace();
  const open = () =>
    openBackend(LVS_BACKEND, { loadModule: () => loadModule('ip_vs'), mayOpenRawSockets });
  const { machine, hold, close } = thisMachine(open, netns === undefined);
  const world: World = {
    openBackend: open,
    openLastingBackend: () => openReopening(open, () => performance.now()),
    machine,
    records: (directory = join(STATE, networkNamespace())) =>
      recordDirectory(directory, takeRecordsLock, hold),
    transactions: () =>
      openStore(LVS_BACKEND, { takeLock: takeRecordsLock, held: hold, startGuard }),
    lines: linesOf,
    pieces: piecesOf,
    filesMatching,
    readText: (path, limit = SETTINGS_LIMIT) => readText(path, limit),
    hostName,
    writeText: (path, text, mode) =>
      writing(path, () => replaceFile(path, text, mode === undefined ? {} : { mode })),
    runtime: async () => (await import('../system/runtime.js')).createRuntime(process.env),
    web: async () => (await import('../system/web.js')).createWeb(process.env),
    places,
    names: systemNames,
    ...io,
    ...(process.stderr.isTTY && process.env.TERM !== 'dumb' ? { progress: createProgress() } : {}),
    enter,
    attach: async (...all) => (await import('../system/attached.js')).runAttached(...all),
    node: process.execPath,
    openEtcd: async (options) => new (await import('../system/etcd.js')).Etcd(options),
    program: programPath(),
    docs: documentation(),
    isRoot: process.geteuid?.() === 0,
    ...terminalOf(process.stdout, process.env),
    get width() {
      return terminalOf(process.stdout, process.env).width; // it may be changed at any time
    },
    now: () => Date.now() / 1000,
    env: process.env,
    netns,
  };
  return { world, close };
}

/**
 * The machine that commands work on.
 * @returns with it `hold`, which takes a descriptor that its programs inherit while the record is
 *   locked, and `close`
 */
function thisMachine(open: () => Promise<Backend>, ownsModules: boolean) {
  const { LVS_BACKEND } = process.env;
  let backend: Promise<Backend> | undefined;
  let held: number | undefined;
  const machine: World['machine'] = {
    run: (program, args, input) =>
      runProgram(program, args, {
        ...(input === undefined ? {} : { input }),
        ...(held === undefined ? {} : { held }),
      }),
    runEach: runPrograms,
    read: readIfThere,
    write: writeProc,
    list: namesIn,
    backend() {
      backend ??= open();
      return backend;
    },
    hasKernelRules: LVS_BACKEND === undefined || LVS_BACKEND === '' || LVS_BACKEND === 'kernel',
    ownsModules,
  };
  const hold = (fd: number | undefined) => {
    held = fd;
  };
  const close = async () => {
    // a backend that could not be opened was reported where it was needed
    const opened = await backend?.catch(() => undefined);
    await opened?.close();
  };
  return { machine, hold, close };
}

/** The documentation of this installation, beside bin/. */
function documentation(): string {
  return join(dirname(programPath()), '..', 'docs');
}

/** This program, wherever links lead to it. */
function programPath(): string {
  const path = process.argv[1] ?? 'lvsctl';
  try {
    return realpathSync(path);
  } catch {
    return path; // it was removed while it ran
  }
}

const BAR = 40;

/** A bar in one line of stderr, which is erased when it is done. */
function createProgress(): (share: number | undefined) => void {
  let shown = false;
  return (share) => {
    const done = Math.round((share ?? 0) * BAR);
    if (share !== undefined)
      process.stderr.write(
        `\r[${'#'.repeat(done)}${' '.repeat(BAR - done)}] ${Math.round(share * 100)}%`,
      );
    else if (shown) process.stderr.write('\r\x1b[K');
    shown = share !== undefined;
  };
}
