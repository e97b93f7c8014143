// The monitor as a process: its file, signals, socket, log, hook, systemd.

import type { Backend } from '../../backend/backend.js';
import type { Config } from '../config/file.js';
import { FAILED, LvsctlError } from '../errors.js';
import { isSystemError } from '../systemerror.js';
import { type AdminRecord, openAdminRecord } from './admin.js';
import { isNobody } from './ask.js';
import { createControl } from './control.js';
import type { MonitorEvent } from './events.js';
import { load } from './load.js';
import { createLog, type Log } from './log.js';
import { createMonitor, type Monitor } from './monitor.js';
import type { Outside } from './outside.js';
import { placeError, withState } from './places.js';
import { nextSignals, type Signals } from './signals.js';
import { exitStatusOf, type ServiceStatus, type Status } from './status.js';
import { createWayKeeper, type WayKeeper } from './waykeeper.js';

export interface RunOptions {
  readonly file: string;
  readonly socket: string;
  /** of administrative states */
  readonly record: string;
  readonly onExit: 'leave' | 'remove';
}

export interface RunWorld {
  readonly outside: Outside;
  readonly backend: Backend;
  /** @throws a system error */
  readText(path: string): string;
  /** Runs a program of the system to its end. */
  run(
    program: string,
    words: readonly string[],
    input?: string,
  ): { readonly status: number; readonly stdout: string; readonly stderr: string };
  /** a value below /proc/sys */
  sysctl(key: string): string | undefined;
  /** Words for an error that is no bug. */
  failureText(error: unknown): string | undefined;
}

/** checks that may be open at a time */
const OPEN_CHECKS = 1000;

/** What is read before anything is touched. */
interface Prepared {
  readonly record: AdminRecord;
  readonly log: Log;
  readonly ways: WayKeeper;
  readonly file: () => Config;
  take(config: Config): void;
}

interface Running extends Prepared {
  readonly monitor: Monitor;
}

/**
 * Watches until SIGTERM or SIGINT.
 * @returns the exit status; 2 when the services that were to be removed could not be
 * @throws LvsctlError, IpvsError, BackendError or a system error when it
 *   cannot begin: nothing was changed then
 */
export async function watch(options: RunOptions, world: RunWorld): Promise<number> {
  const { outside } = world;
  const signals = nextSignals(outside); // those that come while it begins must neither kill it nor be lost
  const prepared = prepare(options, world);
  try {
    return await serve(options, prepared, signals, world);
  } finally {
    signals.end(); // another one may end the wait for hooks, not the removal
    await prepared.log.done();
    outside.endPrograms();
  }
}

async function serve(
  options: RunOptions,
  prepared: Prepared,
  signals: Signals,
  world: RunWorld,
): Promise<number> {
  const { outside } = world;
  // first the socket: a second monitor is refused before it touches anything
  let answer = async (_: string) => JSON.stringify({ error: 'the monitor is only starting' });
  const control = await listen(options.socket, outside, prepared.log, (line) => answer(line));
  try {
    const running = await begin(prepared, world);
    const { monitor, record } = running;
    const started = outside.clock.date();
    answer = createControl({
      monitor,
      record,
      clock: outside.clock,
      status: () => statusOf(options.file, started, monitor, world),
    });
    await untilTold(options, running, signals, world);
    return await end(options, running, world);
  } finally {
    control.close();
  }
}

async function untilTold(
  options: RunOptions,
  running: Running,
  signals: Signals,
  world: RunWorld,
): Promise<void> {
  const { monitor, log } = running;
  const { outside } = world;
  log.tell({ event: 'started', reason: options.file });
  tellForgotten(running);
  monitor.start();
  void monitor.ready.then(() => outside.notify(['--ready']));
  const cancelWatchdog = feedWatchdog(monitor, outside);
  for (let signal = await signals.next(); signal === 'SIGHUP'; signal = await signals.next())
    await reload(options, running, world);
  cancelWatchdog();
  void outside.notify(['STOPPING=1']);
}

async function end(
  { onExit }: RunOptions,
  { monitor, log }: Running,
  { failureText }: RunWorld,
): Promise<number> {
  let status = 0;
  try {
    await monitor.stop(onExit);
    log.tell({
      event: 'stopped',
      reason: onExit === 'remove' ? 'the services were removed' : 'the rules stay',
    });
  } catch (error) {
    const text = failureText(error);
    if (text === undefined) throw error;
    log.tell({ event: 'stopped', reason: `the services could not be removed: ${text}` });
    status = FAILED;
  }
  return status;
}

/**
 * Checks everybody until it is certain, writes the table, and ends.
 * @throws as `watch`, and when a monitor is at work
 */
export async function once(
  options: RunOptions,
  world: RunWorld,
  finished: (services: readonly ServiceStatus[]) => void = () => {},
): Promise<number> {
  const { outside } = world;
  if (await isAnswered(outside, options.socket))
    throw new LvsctlError(
      'MONITOR_RUNNING',
      `${options.socket}: a monitor is running, which --once would disturb`,
    );
  const running = await begin(prepare(options, world), world);
  const { monitor, log } = running;
  tellForgotten(running);
  const signals = nextSignals(outside);
  let certain = false;
  try {
    const done = monitor.once(() => {
      certain = true;
    });
    const interrupted = await Promise.race([done.then(() => undefined), signals.next()]);
    if (interrupted !== undefined && !certain) {
      await monitor.stop('leave');
      throw new LvsctlError(
        'COMMAND_FAILED',
        `${interrupted}: ended before it was certain, and the table is as it was`,
      );
    }
    await done;
    const { services } = await statusOf(options.file, outside.clock.date(), monitor, world);
    await monitor.stop('leave');
    finished(services);
    return exitStatusOf(services);
  } finally {
    signals.end();
    await log.done();
    outside.endPrograms();
  }
}

/** @throws MONITOR_RUNNING when another monitor is at work */
async function listen(
  path: string,
  outside: Outside,
  log: Log,
  answer: (line: string) => Promise<string>,
): ReturnType<Outside['serve']> {
  try {
    return await outside.serve(path, answer, (event) =>
      log.tell(
        'problem' in event
          ? { event: 'trouble', reason: `the socket was removed: ${event.problem}` }
          : { event: 'recovered', reason: `the socket ${path} was removed; it is bound again` },
      ),
    );
  } catch (error) {
    const { code, message, pid } = error as NodeJS.ErrnoException & { pid?: number };
    if (isSystemError(error)) throw placeError(Object.assign(error, { path }), 'socket', path);
    if (code !== 'EADDRINUSE') throw new LvsctlError('SYSTEM', message);
    throw new LvsctlError(
      'MONITOR_RUNNING',
      pid === undefined ? message : `a monitor is already running here (pid ${pid}), at ${path}`,
      'ask it with `lvsctl monitor status`',
    );
  }
}

function prepare({ file, record: path }: RunOptions, world: RunWorld): Prepared {
  const { outside } = world;
  let config = load(world.readText(file), file, outside);
  const log = createLog(() => config.monitor, outside);
  return {
    record: withState(path, () => openAdminRecord(outside, path)),
    log,
    ways: createWayKeeper(
      outside,
      (words, input) => world.run('ip', words, input),
      (reason) => log.tell({ event: 'trouble', reason }),
    ),
    file: () => config,
    take(next) {
      config = next;
    },
  };
}

async function begin(prepared: Prepared, { outside, backend }: RunWorld): Promise<Running> {
  const { record, log, ways, file } = prepared;
  ways.make(file());
  const mendWays = () => ways.mend(file());
  const parts = {
    backend,
    outside,
    adminOf: record.find,
    tell: log.tell,
    mendWays,
    limit: OPEN_CHECKS,
  };
  return { ...prepared, monitor: await createMonitor(file(), parts) };
}

/** Words of administrators about servers that the file does not have. */
function tellForgotten({ record, monitor, log }: Running): void {
  const known = new Set(
    monitor
      .servers()
      .flatMap(({ service, servers }) => servers.map((server) => `${service} ${server}`)),
  );
  for (const { service, server, state, reason } of record.entries()) {
    if (known.has(`${service} ${server}`)) continue;
    log.tell({
      event: 'unknown',
      service,
      server,
      reason: `${state}${reason === '' ? '' : ` (${reason})`}, but not in the file; remembered`,
    });
  }
}

async function reload({ file }: RunOptions, running: Running, world: RunWorld): Promise<void> {
  const { monitor, log, take, file: former, ways, record } = running;
  const told = (event: MonitorEvent['event'], reason: string) => log.tell({ event, reason });
  const renames = await orWhy(world, async () => {
    const next = load(world.readText(file), file, world.outside);
    try {
      ways.make(next);
      const changed = await monitor.reload(next);
      take(next);
      return changed;
    } catch (error) {
      ways.make(former());
      throw error;
    }
  });
  if (typeof renames === 'string')
    return told('reload-refused', `${renames}; the former file stays in force`);
  told('reloaded', file);
  const kept = await orWhy(world, async () => record.rename(renames));
  if (kept !== undefined)
    told('trouble', `what administrators said of renamed services is not remembered: ${kept}`);
  tellForgotten(running);
}

/** @returns why it failed, for an error that is no bug */
async function orWhy<T>({ failureText }: RunWorld, work: () => Promise<T>): Promise<T | string> {
  try {
    return await work();
  } catch (error) {
    const text = failureText(error);
    if (text === undefined) throw error;
    return text;
  }
}

async function statusOf(
  file: string,
  started: Date,
  monitor: Monitor,
  { outside, sysctl }: RunWorld,
): Promise<Status> {
  return {
    version: 1,
    file,
    pid: outside.pid,
    started: started.toISOString(),
    templatesExpire: sysctl('net/ipv4/vs/expire_quiescent_template')?.trim() === '1',
    trouble: monitor.trouble() ?? null,
    services: await monitor.status(),
  };
}

/** the table is looked at every five seconds at least */
const IDLE_MS = 15_000;

/** Signs of life for systemd, as long as the table is read and written. */
function feedWatchdog(monitor: Monitor, { clock, notify, watchdogMs }: Outside): () => void {
  if (watchdogMs === undefined) return () => {};
  let cancel = () => {};
  const feed = () => {
    if (monitor.idleMs() < Math.max(watchdogMs, IDLE_MS)) void notify(['WATCHDOG=1']);
    cancel = clock.after(watchdogMs / 2, feed);
  };
  feed();
  return () => cancel();
}

async function isAnswered(outside: Outside, socket: string): Promise<boolean> {
  try {
    await outside.ask(socket, JSON.stringify({ ask: 'status' }));
    return true;
  } catch (error) {
    return !isNobody(error); // one that is busy is there as well
  }
}
