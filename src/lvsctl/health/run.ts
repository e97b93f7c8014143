// The monitor as a process: its file, signals, socket, log, hook, systemd.
import type { Backend } from '../../backend/backend.js';
import type { Config } from '../config/file.js';
import { readConfig } from '../config/read.js';
import { type WantedService, wantedTable } from '../config/wanted.js';
import { CommandError } from '../plan/command.js';
import { type AdminRecord, openAdminRecord } from './admin.js';
import { createControl } from './control.js';
import type { MonitorEvent } from './events.js';
import { createLog, type Log } from './log.js';
import { createMonitor, type Monitor } from './monitor.js';
import type { Outside, Signal } from './outside.js';
import { impossible } from './question.js';
import { exitStatusOf, type Status } from './status.js';
import { wayCommands, waysOf } from './viproutes.js';

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
  err(text: string): void;
  /** Runs a program of the system to its end. */
  run(program: string, words: readonly string[]): { readonly status: number; readonly stderr: string };
  /** a value below /proc/sys */
  sysctl(key: string): string | undefined;
  /** Words for an error that is no bug. */
  failureText(error: unknown): string | undefined;
}

/** checks that may be open at a time */
const OPEN_CHECKS = 1000;

interface Running {
  readonly monitor: Monitor;
  readonly record: AdminRecord;
  readonly log: Log;
  readonly file: () => Config;
  take(config: Config): void;
}

/**
 * Watches until SIGTERM or SIGINT.
 * @returns the exit status
 * @throws ConfigError, CommandError, AdminError, IpvsError, BackendError or a system error when it cannot begin: nothing was changed then
 */
export async function watch(options: RunOptions, world: RunWorld): Promise<number> {
  const { outside } = world;
  const signals = nextSignals(outside); // those that come while it begins must neither kill it nor be lost
  const running = await prepare(options, world);
  const { monitor, record, log } = running;
  const started = outside.clock.date();
  const status = () => statusOf(options.file, started, monitor, world);
  const control = await listen(options.socket, outside, createControl({ monitor, record, clock: outside.clock, status }));
  log.tell({ event: 'started', reason: options.file });
  monitor.start();
  void monitor.ready.then(() => outside.notify(['--ready']));
  const cancelWatchdog = feedWatchdog(monitor, outside);
  for (let signal = await signals.next(); signal === 'SIGHUP'; signal = await signals.next()) await reload(options, running, world);
  cancelWatchdog();
  void outside.notify(['STOPPING=1']);
  await monitor.stop(options.onExit);
  control.close();
  signals.end(); // another one may end the wait for hooks, not the removal
  log.tell({ event: 'stopped', reason: options.onExit === 'remove' ? 'the services were removed' : 'the rules stay' });
  await log.done();
  return 0;
}

/** Checks everybody until it is certain, writes the table, and ends. @throws as `watch`, and when a monitor is at work */
export async function once(options: RunOptions, world: RunWorld): Promise<number> {
  const { outside } = world;
  if (await isAnswered(outside, options.socket))
    throw new CommandError(`${options.socket}: a monitor is at work, which --once would disturb`);
  const { monitor, log } = await prepare(options, world);
  await monitor.once();
  const { services } = await statusOf(options.file, outside.clock.date(), monitor, world);
  await monitor.stop('leave');
  await log.done();
  return exitStatusOf(services);
}

/** @throws CommandError when another monitor is at work */
async function listen(path: string, outside: Outside, answer: (line: string) => Promise<string>): ReturnType<Outside['serve']> {
  try {
    return await outside.serve(path, answer);
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
}

async function prepare({ file, record: path }: RunOptions, world: RunWorld): Promise<Running> {
  const { outside, backend, err } = world;
  let config = load(file, world);
  const record = openAdminRecord(outside, path);
  makeWays(config, world);
  const log = createLog(() => config.monitor, outside, err);
  const monitor = await createMonitor(config, { backend, outside, adminOf: record.find, tell: log.tell, limit: OPEN_CHECKS });
  return {
    monitor,
    record,
    log,
    file: () => config,
    take(next) {
      config = next;
    },
  };
}

/** Makes the ways to the VIPs on real servers, where checks ask for these. @throws CommandError */
function makeWays(config: Config, { run }: RunWorld): void {
  const ways = waysOf(config);
  if (ways === undefined) return;
  for (const { words, mayFail } of wayCommands(config, ways)) {
    const { status, stderr } = run('ip', words);
    if (status !== 0 && !mayFail) throw new CommandError(`ip ${words.join(' ')}: ${stderr.trim() || `status ${status}`}`);
  }
}

/** @throws ConfigError, CommandError or a system error */
function load(file: string, { readText, outside }: RunWorld): Config {
  const config = readConfig(readText(file), file);
  for (const wanted of wantedTable(config)) {
    const why = firstImpossible(wanted, outside);
    if (why !== undefined) throw new CommandError(`${file}: service ${wanted.source.name}: ${why}`);
  }
  try {
    waysOf(config);
  } catch (error) {
    throw new CommandError(`${file}: ${(error as RangeError).message}`);
  }
  return config;
}

function firstImpossible({ source, destinations }: WantedService, outside: Outside): string | undefined {
  for (const check of source.checks) {
    for (const server of destinations) {
      const why = impossible({ check, service: source, server, way: undefined }, outside);
      if (why !== undefined) return why;
    }
  }
  return undefined;
}

async function reload({ file }: RunOptions, { monitor, log, take, file: former }: Running, world: RunWorld): Promise<void> {
  const told = (event: MonitorEvent['event'], reason: string) => log.tell({ event, reason });
  try {
    const next = load(file, world);
    try {
      makeWays(next, world);
    } catch (error) {
      makeWays(former(), world);
      throw error;
    }
    await monitor.reload(next);
    take(next);
    told('reloaded', file);
  } catch (error) {
    const text = world.failureText(error);
    if (text === undefined) throw error;
    told('reload-refused', `${text}; the former file stays in force`);
  }
}

async function statusOf(file: string, started: Date, monitor: Monitor, { outside, sysctl }: RunWorld): Promise<Status> {
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

/** Signs of life for systemd, as long as the table is read and written. */
function feedWatchdog(monitor: Monitor, { clock, notify, watchdogMs }: Outside): () => void {
  if (watchdogMs === undefined) return () => {};
  let cancel = () => {};
  const feed = () => {
    if (monitor.idleMs() < watchdogMs) void notify(['WATCHDOG=1']);
    cancel = clock.after(watchdogMs / 2, feed);
  };
  feed();
  return () => cancel();
}

/** Signals one after the other, none lost. */
function nextSignals(outside: Outside): { next(): Promise<Signal>; end(): void } {
  const came: Signal[] = [];
  let wake: () => void = () => {};
  const end = outside.onSignal((signal) => {
    came.push(signal);
    wake();
  });
  return {
    async next() {
      while (came.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return came.shift() ?? 'SIGTERM';
    },
    end,
  };
}

async function isAnswered(outside: Outside, socket: string): Promise<boolean> {
  try {
    await outside.ask(socket, JSON.stringify({ ask: 'status' }));
    return true;
  } catch {
    return false; // nobody is there
  }
}
