// Where lvsctl is put together: the only file of it that touches the process and the machine.
import { spawn } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Backend } from '../backend/backend.js';
import { openBackend } from '../backend/open.js';
import { openReopening } from '../backend/reopening.js';
import { takeLock } from '../backend/table/lock.js';
import { systemNames } from '../ipvsadm/hostnames.js';
import { errnoText } from '../render/errno.js';
import { announceReady, startDetached } from '../system/detached.js';
import { CAP_SYS_ADMIN, hasCapability, loadModule, mayOpenRawSockets } from '../system/exec.js';
import { isDead, ownIdentity } from '../system/identity.js';
import { endWithParent, LIFELINE_STDIO } from '../system/lifeline.js';
import { linesOf } from '../system/lines.js';
import {
  findProgram,
  namesIn,
  readIfThere,
  runProgram,
  runPrograms,
  writeProc,
} from '../system/machine.js';
import { identityAt, isNetworkNamespace, namespacePath, netnsIdentity } from '../system/netns.js';
import { WORKER_ARG } from '../system/probe/remote.js';
import { readText } from '../system/readtext.js';
import { recordDirectory } from '../system/records.js';
import { replaceFile } from '../system/replace.js';
import { FAILED, LvsctlError } from './errors.js';
import { SETTINGS_LIMIT } from './limits.js';
import { run } from './program.js';
import { errorText, reportFault } from './report.js';
import { writing } from './systemerror.js';
import { terminalOf } from './terminal.js';
import type { TransactionStore } from './transaction/store.js';
import type { MonitorPaths, World } from './world.js';

/** set for the process inside a network namespace */
const INSIDE = 'LVSCTL_NETNS';
const NAMESPACES = '/run/netns';
const STATE = '/run/lvsctl';
const LASTING_STATE = '/var/lib/lvsctl';
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
  if (process.env[INSIDE] !== undefined) endWithParent();
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

/** @see World.enter; the process inside gets SIGTERM when this one ends */
async function enter(netns: string, args: readonly string[]): Promise<number> {
  const path = namespacePath(netns);
  if (!isNetworkNamespace(path))
    throw new LvsctlError(
      'BAD_USAGE',
      `--netns: no network namespace \`${netns}'`,
      '`ip netns` lists the names; a path like /run/docker/netns/NAME is taken as well',
    );
  if (!hasCapability(CAP_SYS_ADMIN))
    throw new LvsctlError(
      'SYSTEM',
      `--netns: ${path}: ${errnoText('EPERM')}`,
      'run it as root (sudo)',
    );
  // ip-netns(8) also shows the /sys of the namespace, but takes names only
  const [program, ...inner] = netns.includes('/')
    ? ['nsenter', `--net=${path}`, '--']
    : ['ip', 'netns', 'exec', netns];
  const entering = findProgram(program ?? '');
  if (entering === undefined)
    throw new LvsctlError('COMMAND_FAILED', `--netns: ${program} is not installed`);
  const self = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  // systemd's watchdog is fed from inside, by a process that is not the one it named
  const { WATCHDOG_PID: _, ...env } = process.env;
  const child = spawn(entering, [...inner, ...self, ...args], {
    stdio: [...LIFELINE_STDIO],
    env: { ...env, [INSIDE]: netns },
  });
  for (const signal of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    // 255 is that of ip netns exec: no command of lvsctl ends with it
    child
      .once('error', reject)
      .once('exit', (status) => resolve(status === null || status === 255 ? FAILED : status));
  });
}

/** The namespace of INSIDE, if this process is in it: the variable may have been set by hand. */
function enteredNamespace(): string | undefined {
  const netns = process.env[INSIDE];
  if (netns === undefined) return undefined;
  const own = netnsIdentity();
  return own !== undefined && own === identityAt(namespacePath(netns)) ? netns : undefined;
}

/**
 * `net-4026531840`, or `net-4026532110-MILLISECONDS` of a named one: a record is about one network
 * namespace, under any name. The kernel gives the number of a deleted namespace to a new one, so
 * a named one, which exists as long as its name, has the time it was made beside its number.
 */
function networkNamespace(): string {
  const { ino } = statSync('/proc/self/ns/net');
  const named = namesIn(NAMESPACES).map((name) =>
    statSync(join(NAMESPACES, name), { throwIfNoEntry: false }),
  );
  const own = named.find((one) => one?.ino === ino);
  return own ? `net-${ino}-${Math.floor(own.mtimeMs)}` : `net-${ino}`;
}

/**
 * The socket ends with the namespace and the boot, the record stays: it is known by the namespace's
 * name, where it has one.
 */
function places(): MonitorPaths {
  const { ino } = statSync('/proc/self/ns/net');
  const own = namesIn(NAMESPACES).find(
    (name) => statSync(join(NAMESPACES, name), { throwIfNoEntry: false })?.ino === ino,
  );
  return {
    socket: join(STATE, networkNamespace(), 'monitor.sock'),
    state: join(LASTING_STATE, own ?? '', 'monitor.json'),
  };
}

/**
 * Of the kernel's rules below /run and /var/lib, as the record of `up` and the monitor's; those of
 * a table file are beside it.
 */
function transactionStore(
  backend: string | undefined,
  held: (fd: number | undefined) => void,
): TransactionStore | undefined {
  if (backend === 'memory') return undefined;
  const file = backend?.startsWith('file:') ? `${resolve(backend.slice(5))}.lvsctl` : undefined;
  const running = file ?? dirname(places().socket);
  const lasting = join(file ?? dirname(places().state), 'history');
  const open = (path: string) => recordDirectory(path, takeRecordsLock, held, '.json');
  const writer = ownIdentity();
  const pending = open(running);
  return {
    history: open(lasting),
    pending,
    lock: pending.lock,
    writer,
    // of an earlier boot none is alive
    isDead: (other) => other.boot !== writer.boot || isDead(other, writer),
    startGuard: async (entry, seconds) =>
      ownIdentity(
        await startDetached(
          [GUARD_ARG, String(entry), String(seconds)],
          file === undefined ? '/' : process.cwd(),
        ),
      ),
  };
}

/** A run of thousands of settings may take minutes. */
const RECORDS_WAIT_MS = 300_000;
const takeRecordsLock = (path: string) => takeLock(path, { longestWaitMs: RECORDS_WAIT_MS });

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
    transactions: () => transactionStore(LVS_BACKEND, hold),
    lines: linesOf,
    readText: (path, limit = SETTINGS_LIMIT) => readText(path, limit),
    writeText: (path, text, mode) =>
      writing(path, () => replaceFile(path, text, mode === undefined ? {} : { mode })),
    runtime: async () => (await import('../system/runtime.js')).createRuntime(process.env),
    places,
    names: systemNames,
    ...io,
    ...(process.stderr.isTTY && process.env.TERM !== 'dumb' ? { progress: createProgress() } : {}),
    enter,
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
  try {
    return join(dirname(realpathSync(process.argv[1] ?? '')), '..', 'docs');
  } catch {
    return 'docs'; // the program was removed while it ran
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
