// One process that is a monitor: its file, signals, socket, log, hook, systemd.
import type { Config } from '../../config/file.js';
import { FAILED } from '../../errors.js';
import { createVipRouting, type VipRouting } from '../checks/viprouting.js';
import { createLoop, type Loop } from '../loop.js';
import { type Lasting, lastingOf, restoredState, withoutExpired } from '../state/lasting.js';
import type { Status } from '../status.js';
import { announceVips } from './announce.js';
import { type ApiParts, createApi, type ReloadAnswer } from './api.js';
import { loadConfig } from './config.js';
import { applyAdmin } from './control.js';
import { createDriftLog } from './driftlog.js';
import { createFeed } from './feed.js';
import { type FileTracker, watchFiles } from './filewatch.js';
import { listen } from './listen.js';
import { createLog, type Log } from './log.js';
import type { Signals } from './signals.js';
import { statusOf } from './statusof.js';
import type { Store } from './store.js';
import { feedWatchdog } from './watchdog.js';
import type { RunOptions, RunWorld } from './world.js';

/** checks that may be open at a time */
const OPEN_CHECKS = 1000;

/** One process that is a monitor. */
export class Process {
  readonly log: Log;
  readonly #options: RunOptions;
  readonly #world: RunWorld;
  readonly #files: FileTracker;
  readonly #store: Store;
  readonly #lasting: Lasting;
  readonly #routing: VipRouting;
  readonly #feed = createFeed();
  #reloads: Promise<unknown> = Promise.resolve();
  #config: Config;

  constructor(
    options: RunOptions,
    world: RunWorld,
    files: FileTracker,
    config: Config,
    store: Store,
    lasting: Lasting,
  ) {
    this.#options = options;
    this.#world = world;
    this.#files = files;
    this.#config = config;
    this.#store = store;
    this.#lasting = lasting;
    this.log = createLog(() => this.#config.monitor, world.runtime, this.#feed.add);
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
    let parts: ApiParts | undefined;
    const socket = await listen(
      this.#options.socket,
      runtime,
      createApi(() => parts),
      this.log.emit,
    );
    try {
      const loop = await this.begin();
      const started = runtime.clock.date();
      const status = () => this.status(loop, started);
      parts = {
        status,
        administer: (request) => applyAdmin(request, loop, runtime.clock, status),
        reload: () => this.#reload(loop),
        feed: this.#feed,
      };
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
    const endWatch = watchFiles(
      runtime.clock,
      this.#files,
      () => this.#config.monitor.reload_on_change,
      () => void this.#errorOf(() => this.#reload(loop)),
    );
    const endAnnouncing = announceVips({
      runtime,
      emit: this.log.emit,
      config: () => this.#config,
      state: () => loop.state,
      stateFile: this.#options.state,
    });
    for (let signal = await signals.next(); signal === 'SIGHUP'; signal = await signals.next())
      await this.#errorOf(() => this.#reload(loop)); // it is reported
    cancelWatchdog();
    endWatch();
    endAnnouncing();
    void runtime.notify(['STOPPING=1']);
  }

  /** As at SIGHUP, also on request: one after the other. @throws why the file is refused */
  #reload(loop: Loop): Promise<ReloadAnswer> {
    const { file } = this.#options;
    const done = this.#reloads.then(async () => {
      try {
        await this.#take(loop, file);
      } catch (error) {
        const text = this.#world.failureText(error);
        if (text !== undefined) {
          const reason = `${text}; the previous file stays in force`;
          this.log.emit({ event: 'reload-failed', reason });
        }
        throw error;
      }
      this.log.emit({ event: 'reloaded', reason: file });
      this.reportNotInFile(loop);
      return { file };
    });
    this.#reloads = done.catch(() => {});
    return done;
  }

  async #take(loop: Loop, file: string): Promise<void> {
    this.#files.reset();
    const next = loadConfig(file, this.#files.context, this.#world.runtime);
    try {
      this.#routing.make(next);
      await loop.reload(next);
      this.#config = next;
    } catch (error) {
      this.#routing.make(this.#config);
      throw error;
    }
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
  async #errorOf(work: () => Promise<unknown>): Promise<string | undefined> {
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

  status(loop: Loop, started: Date): Promise<Status> {
    return statusOf(loop, started, this.#options, this.#world);
  }
}
