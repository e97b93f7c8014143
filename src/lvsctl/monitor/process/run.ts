// The monitor as a process: its file, signals, socket, log, hook, systemd.
import type { Backend } from '../../../backend/backend.js';
import type { DestinationEntry } from '../../../model/destination.js';
import { BackendError, IpvsError } from '../../../model/errors.js';
import type { Config } from '../../config/file.js';
import { FAILED, LvsctlError } from '../../errors.js';
import { isSystemError } from '../../systemerror.js';
import { createVipRouting, type VipRouting } from '../checks/viprouting.js';
import { isNotRunning } from '../client/request.js';
import { createLoop, type Loop } from '../loop.js';
import type { Runtime } from '../runtime.js';
import type { MonitorEvent } from '../state/events.js';
import { type Lasting, lastingOf, restoredState, withoutExpired } from '../state/lasting.js';
import type { ServiceState } from '../state/state.js';
import { exitStatusOf, type ServiceStatus, type Status, serviceStatus } from '../status.js';
import { loadConfig } from './config.js';
import { createControl } from './control.js';
import { createDriftLog } from './driftlog.js';
import { createLog, type Log } from './log.js';
import { placeError, withState } from './places.js';
import { nextSignals, type Signals } from './signals.js';
import { openStore, type Store } from './store.js';

export interface RunOptions {
  readonly file: string;
  readonly socket: string;
  /** the state file */
  readonly state: string;
  readonly onExit: 'leave' | 'remove';
}

export interface RunWorld {
  readonly runtime: Runtime;
  readonly backend: Backend;
  /** @throws a system error */
  readText(path: string): string;
  /** Runs a program of the system to its end. */
  run(
    program: string,
    args: readonly string[],
    input?: string,
  ): { readonly status: number; readonly stdout: string; readonly stderr: string };
  /** a value below /proc/sys */
  sysctl(key: string): string | undefined;
  /** Words for an error that is no bug. */
  failureText(error: unknown): string | undefined;
}

/** checks that may be open at a time */
const OPEN_CHECKS = 1000;
/** the table is written every five seconds at least */
const IDLE_MS = 15_000;

/**
 * Runs until SIGTERM or SIGINT.
 * @returns the exit status; 2 when the services that were to be removed could not be
 * @throws LvsctlError, IpvsError, BackendError or a system error when it cannot begin: nothing was
 *   changed then
 */
export async function runMonitor(options: RunOptions, world: RunWorld): Promise<number> {
  const { runtime } = world;
  const signals = nextSignals(runtime); // those that come while it begins must neither kill it nor be lost
  const monitor = prepare(options, world);
  try {
    return await monitor.serve(signals);
  } finally {
    signals.end(); // another one may end the wait for hooks, not the removal
    await monitor.log.done();
    runtime.endPrograms();
  }
}

/**
 * Makes every check until it is certain, writes the table, and ends.
 * @param finished takes what the table then is
 * @throws as `runMonitor`, and when a monitor is running
 */
export async function runOnce(
  options: RunOptions,
  world: RunWorld,
  finished: (services: readonly ServiceStatus[]) => void = () => {},
): Promise<number> {
  const { runtime } = world;
  if (await isAnswered(runtime, options.socket))
    throw new LvsctlError(
      'MONITOR_RUNNING',
      `${options.socket}: a monitor is running, which --once would disturb`,
    );
  const monitor = prepare(options, world);
  const loop = await monitor.begin();
  monitor.reportNotInFile(loop);
  const signals = nextSignals(runtime);
  let certain = false;
  try {
    const done = loop.once(() => {
      certain = true;
    });
    const interrupted = await Promise.race([done.then(() => undefined), signals.next()]);
    if (interrupted !== undefined && !certain) {
      await loop.stop('leave');
      throw new LvsctlError(
        'COMMAND_FAILED',
        `${interrupted}: ended before it was certain, and the table is as it was`,
      );
    }
    await done;
    const { services } = await monitor.status(loop, runtime.clock.date());
    await loop.stop('leave');
    finished(services);
    return exitStatusOf(services);
  } finally {
    signals.end();
    await monitor.log.done();
    runtime.endPrograms();
  }
}

/** Reads everything before anything is changed. */
function prepare(options: RunOptions, world: RunWorld): Process {
  const { runtime } = world;
  const config = loadConfig(world.readText(options.file), options.file, runtime);
  const store = openStore(runtime, options.state);
  const lasting = withState(options.state, () => store.load());
  return new Process(options, world, config, store, lasting);
}

/** One process that is a monitor. */
class Process {
  readonly log: Log;
  readonly #options: RunOptions;
  readonly #world: RunWorld;
  readonly #store: Store;
  readonly #lasting: Lasting;
  readonly #routing: VipRouting;
  #config: Config;

  constructor(
    options: RunOptions,
    world: RunWorld,
    config: Config,
    store: Store,
    lasting: Lasting,
  ) {
    this.#options = options;
    this.#world = world;
    this.#config = config;
    this.#store = store;
    this.#lasting = lasting;
    this.log = createLog(() => this.#config.monitor, world.runtime);
    this.#routing = createVipRouting(
      world.runtime,
      (args, input) => world.run('ip', args, input),
      (reason) => this.log.emit({ event: 'error', reason }),
    );
  }

  /** With the table as it is. */
  async begin(): Promise<Loop> {
    const { runtime, backend } = this.#world;
    this.#routing.make(this.#config);
    const lasting = withoutExpired(this.#lasting, runtime.clock.date());
    return createLoop(restoredState(lasting, this.#config), this.#config, {
      backend,
      runtime,
      emit: createDriftLog(runtime.clock.now, this.log.emit),
      repairRoutes: () => this.#routing.repair(this.#config),
      save: (state) => this.#store.save(lastingOf(state)),
      limit: OPEN_CHECKS,
    });
  }

  async serve(signals: Signals): Promise<number> {
    const { runtime } = this.#world;
    // first the socket: a second monitor is refused before it touches anything
    let answer = async (_: string) =>
      JSON.stringify({ refused: 'the monitor is only starting', hint: null });
    const socket = await this.#listen((line) => answer(line));
    try {
      const loop = await this.begin();
      const started = runtime.clock.date();
      answer = createControl({
        loop,
        clock: runtime.clock,
        status: () => this.status(loop, started),
      });
      await this.#runUntilSignal(loop, signals);
      return await this.#end(loop);
    } finally {
      socket.close();
    }
  }

  async #runUntilSignal(loop: Loop, signals: Signals): Promise<void> {
    const { runtime } = this.#world;
    this.log.emit({ event: 'started', reason: this.#options.file });
    this.reportNotInFile(loop);
    loop.start();
    void loop.ready.then(() => runtime.notify(['--ready']));
    const cancelWatchdog = feedWatchdog(loop, runtime);
    for (let signal = await signals.next(); signal === 'SIGHUP'; signal = await signals.next())
      await this.#reload(loop);
    cancelWatchdog();
    void runtime.notify(['STOPPING=1']);
  }

  async #reload(loop: Loop): Promise<void> {
    const { file } = this.#options;
    const report = (event: MonitorEvent['event'], reason: string) =>
      this.log.emit({ event, reason });
    const failed = await this.#errorOf(async () => {
      const { readText, runtime } = this.#world;
      const next = loadConfig(readText(file), file, runtime);
      try {
        this.#routing.make(next);
        await loop.reload(next);
        this.#config = next;
      } catch (error) {
        this.#routing.make(this.#config);
        throw error;
      }
    });
    if (failed !== undefined)
      return report('reload-failed', `${failed}; the previous file stays in force`);
    report('reloaded', file);
    this.reportNotInFile(loop);
  }

  async #end(loop: Loop): Promise<number> {
    const { onExit } = this.#options;
    const failed = await this.#errorOf(() => loop.stop(onExit));
    const done = onExit === 'remove' ? 'the services were removed' : 'the rules stay';
    const reason = failed === undefined ? done : `the services could not be removed: ${failed}`;
    this.log.emit({ event: 'stopped', reason });
    return failed === undefined ? 0 : FAILED;
  }

  /** Why it failed, for an error that is no bug. */
  async #errorOf(work: () => Promise<void>): Promise<string | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      const text = this.#world.failureText(error);
      if (text === undefined) throw error;
      return text;
    }
  }

  /** Administrative states of servers that the file does not have. */
  reportNotInFile({ state: { remembered } }: Loop): void {
    for (const { name, server, admin } of remembered)
      this.log.emit({
        event: 'not-in-file',
        service: name,
        server,
        reason: `${admin.state}${admin.reason === '' ? '' : ` (${admin.reason})`}, but not in the file; remembered`,
      });
  }

  async status(loop: Loop, started: Date): Promise<Status> {
    const { runtime, sysctl } = this.#world;
    return {
      version: 1,
      file: this.#options.file,
      pid: runtime.pid,
      started: started.toISOString(),
      templates_expire: sysctl('net/ipv4/vs/expire_quiescent_template')?.trim() === '1',
      error: loop.error() ?? null,
      services: await this.#services(loop),
    };
  }

  async #services(loop: Loop): Promise<readonly ServiceStatus[]> {
    const { clock } = this.#world.runtime;
    const now = clock.now();
    const today = clock.date().getTime();
    const at = (ms: number) => new Date(today - (now - ms));
    const list: ServiceStatus[] = [];
    for (const service of loop.state.services)
      list.push(serviceStatus(service, await this.#live(service), loop.moment(), at));
    return list;
  }

  /** None where the table cannot be read, which is reported apart. */
  async #live({ spec }: ServiceState): Promise<readonly DestinationEntry[]> {
    try {
      return await this.#world.backend.destinations(spec.service.id);
    } catch (error) {
      if (error instanceof IpvsError || error instanceof BackendError) return [];
      throw error;
    }
  }

  /** @throws MONITOR_RUNNING when another monitor is running */
  async #listen(answer: (line: string) => Promise<string>): ReturnType<Runtime['serve']> {
    const { socket: path } = this.#options;
    try {
      return await this.#world.runtime.serve(path, answer, (event) =>
        this.log.emit(
          'problem' in event
            ? { event: 'error', reason: `the socket was removed: ${event.problem}` }
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
}

/** Signs of life for systemd, as long as the table is read and written. */
function feedWatchdog(loop: Loop, { clock, notify, watchdogMs }: Runtime): () => void {
  if (watchdogMs === undefined) return () => {};
  let cancel = () => {};
  const feed = () => {
    if (loop.idleMs() < Math.max(watchdogMs, IDLE_MS)) void notify(['WATCHDOG=1']);
    cancel = clock.after(watchdogMs / 2, feed);
  };
  feed();
  return () => cancel();
}

async function isAnswered(runtime: Runtime, socket: string): Promise<boolean> {
  try {
    await runtime.ask(socket, JSON.stringify({ ask: 'status' }));
    return true;
  } catch (error) {
    return !isNotRunning(error); // one that is busy is there as well
  }
}
