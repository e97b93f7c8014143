// The monitor's loop: it owns the clock, the probes and the writes; all that is known is in one
// state, and `reduce` makes the next one.
import type { Backend } from '../../backend/backend.js';
import type { Config } from '../config/file.js';
import { isChangingIn, jobsOf, type Probed } from './checks/jobs.js';
import { createLatencies } from './checks/latencies.js';
import { createSchedule, type Job, pooled, type Schedule } from './checks/schedule.js';
import { createKeeper } from './keeper.js';
import type { Runtime } from './runtime.js';
import { adminStates } from './state/config.js';
import type { MonitorEvent } from './state/events.js';
import { createExpiry, type Expiry } from './state/expiry.js';
import type { Input } from './state/input.js';
import { reduce } from './state/reduce.js';
import type { AdminState, CheckId, CheckResult, MonitorState, ServerId } from './state/state.js';
import {
  readServices,
  removeOwned,
  tableError,
  writeIntervalMs,
  writeTable,
} from './table/write.js';
import { createWriter, type Writer } from './table/writing.js';
import { createVipWatch, RETURN_MS, type VipWatch } from './vipwatch.js';

export interface LoopParts {
  readonly backend: Backend;
  readonly runtime: Pick<Runtime, 'clock' | 'probe' | 'random' | 'endProbes' | 'localAddresses'>;
  readonly emit: (event: MonitorEvent) => void;
  /**
   * A check of the VIP on a real server failed: perhaps its route was removed.
   * @returns whether it was there
   */
  readonly repairRoutes: () => boolean;
  /** Keeps what lasts of a state. @throws a system error */
  readonly save: (state: MonitorState) => void;
  /** checks that may be open at a time */
  readonly limit: number;
}

/**
 * Begins with the table as it is.
 * @param before what an earlier monitor left, or the empty state
 * @throws IpvsError or BackendError when the table cannot be read
 */
export async function createLoop(
  before: MonitorState,
  config: Config,
  parts: LoopParts,
): Promise<Loop> {
  const loop = new Loop(before, parts);
  await loop.begin(config);
  return loop;
}

/** The running monitor. */
export class Loop {
  readonly #parts: LoopParts;
  readonly #schedule: Schedule;
  readonly #writer: Writer;
  readonly #vips: VipWatch;
  readonly #keep: (state: MonitorState) => void;
  readonly #expiry: Expiry;
  #state: MonitorState;
  /** which checks get the results of a job */
  #checks: ReadonlyMap<string, readonly CheckId[]> = new Map();
  readonly #latencies = createLatencies();
  /** jobs that have not ended for the first time */
  readonly #pending = new Set<string>();
  /** it goes on: decisions are written as they are made and slow starts take their time */
  #running = false;
  #ended = false;

  constructor(state: MonitorState, parts: LoopParts) {
    this.#state = state;
    this.#parts = parts;
    const { clock, random } = parts.runtime;
    this.#schedule = createSchedule(clock, random, parts.limit);
    this.#expiry = createExpiry(
      clock,
      () => adminStates(this.#state.services),
      (over) => this.setAdmin(over, undefined, 'its time is over'),
      (error) => parts.emit({ event: 'error', reason: `state: ${(error as Error).message}` }),
    );
    this.#keep = createKeeper(parts.save, parts.emit);
    this.#vips = createVipWatch(clock, {
      isOn: () => this.#state.config.monitor.pause_on_standby,
      read: () => parts.runtime.localAddresses(),
      known: () => this.#state.local,
      take: (addresses) => this.#dispatch({ kind: 'local', addresses }),
      changed: () => {
        this.#replaceJobs(RETURN_MS);
        this.#writer.soon();
      },
    });
    this.#writer = createWriter(clock, () => this.#writeTable(), {
      explain: tableError,
      failed: (reason) => parts.emit({ event: 'error', reason }),
      recovered: () => parts.emit({ event: 'recovered' }),
    });
  }

  /** Everything that is known. */
  get state(): MonitorState {
    return this.#state;
  }

  /** Takes the first file. @throws IpvsError or BackendError */
  async begin(config: Config): Promise<void> {
    const { tolerated } = this.#state;
    this.#dispatch({
      kind: 'config',
      config,
      table: await readServices(this.#parts.backend, config),
    });
    // another file ends the tolerance, the start of a monitor does not
    this.#state = { ...this.#state, tolerated };
  }

  /** Starts the checks and the regular writes. */
  start(): void {
    this.#running = true;
    this.#vips.look();
    const jobs = this.#jobs();
    for (const { key } of jobs) this.#pending.add(key);
    this.#schedule.replace(jobs);
    this.#keep(this.#state);
    this.#expiry.arm();
    this.#vips.arm();
    if (jobs.length === 0) this.#writer.soon();
    this.#writer.every(() => writeIntervalMs(this.#state.config));
  }

  /**
   * Makes every check until it is certain, then writes the table once; no slow start.
   * @param certain is called before it writes
   * @throws IpvsError or BackendError when it cannot
   */
  async once(certain: () => void = () => {}): Promise<void> {
    const { clock } = this.#parts.runtime;
    await pooled(this.#jobs(), this.#parts.limit, async ({ work, pace, enough }) => {
      for (let left = enough; left > 0 && (await work()).fast; left--)
        await new Promise<void>((resolve) => void clock.after(pace.fastIntervalMs, resolve));
    });
    if (this.#ended) return;
    certain();
    this.#keep(this.#state);
    await this.#writeTable();
    this.#keep(this.#state);
  }

  /**
   * Takes another file; servers, checks and administrative states that stay go on, also those of a
   * service with another name.
   * @throws IpvsError or BackendError when the table cannot be read, and nothing changed
   */
  async reload(config: Config): Promise<void> {
    this.#dispatch({
      kind: 'config',
      config,
      table: await readServices(this.#parts.backend, config),
    });
    this.#vips.look();
    this.#replaceJobs();
    this.#keep(this.#state);
    this.#expiry.arm();
    this.#vips.arm();
    await this.#writer.now();
  }

  /**
   * Sets the administrative state of servers, once it is kept.
   * @param admin undefined = enable
   * @throws a system error when it cannot be kept, and nothing changed
   */
  setAdmin(servers: readonly ServerId[], admin: AdminState | undefined, reason?: string): void {
    const input: Input = {
      kind: 'admin',
      servers,
      admin,
      ...(reason === undefined ? {} : { reason }),
    };
    const { state } = reduce(this.#state, input, this.#now());
    // what is answered must survive a death right now
    this.#parts.save(state);
    this.#dispatch(input);
    if (this.#running) this.#expiry.arm();
  }

  #replaceJobs(withinMs?: number): void {
    const jobs = this.#jobs();
    const keys = new Set(jobs.map(({ key }) => key));
    for (const key of this.#pending) if (!keys.has(key)) this.#pending.delete(key);
    this.#schedule.replace(jobs, withinMs);
  }

  /** Writes the table now. Resolves also when it failed. */
  write(): Promise<void> {
    return this.#writer.now();
  }

  /** Resolves when the table was written for the first time. */
  get ready(): Promise<void> {
    return this.#writer.first;
  }

  /** Milliseconds since the table was last read and written. */
  idleMs(): number {
    return this.#writer.idleMs();
  }

  /** Why the table could not be read or written the last time; undefined = it could. */
  error(): string | undefined {
    return this.#writer.error();
  }

  /** Milliseconds that the last probe of each check took, by `checkName`. */
  latencies(): ReadonlyMap<string, number> {
    return this.#latencies.byCheck(this.#checks);
  }

  /** Clock milliseconds for which weights are computed. */
  moment(): number {
    return this.#running ? this.#now() : Number.POSITIVE_INFINITY;
  }

  /**
   * Ends running checks, then leaves the rules or removes the file's services.
   * @throws as `once`, and when one of them is refused to go
   */
  async stop(exit: 'leave' | 'remove'): Promise<void> {
    this.#ended = true;
    this.#vips.end();
    this.#expiry.end();
    this.#schedule.replace([]);
    this.#parts.runtime.endProbes();
    await this.#writer.end();
    if (exit === 'remove') await removeOwned(this.#parts.backend, this.#state, this.#parts.emit);
    this.#keep(this.#state);
  }

  #now(): number {
    return this.#parts.runtime.clock.now();
  }

  /** The only place where the state changes. */
  #dispatch(input: Input, now = this.#now()): void {
    const { state, events } = reduce(this.#state, input, now);
    this.#state = state;
    for (const event of events) this.#parts.emit(event);
    const decided = input.kind === 'result' || input.kind === 'admin';
    if (
      decided &&
      this.#running &&
      events.some(({ event }) => event !== 'error' && event !== 'recovered')
    )
      this.#writer.soon();
  }

  #jobs(): Job[] {
    const jobs = jobsOf(this.#state, this.#parts.runtime, (probed) => this.#onResult(probed));
    this.#checks = new Map(jobs.map(({ key, ids }) => [key, ids]));
    this.#latencies.keepOnly(this.#checks);
    return jobs;
  }

  /** @returns whether the next one should come fast */
  #onResult({ job, result, at, viaNetns }: Probed): boolean {
    if (this.#ended) return false;
    const missing =
      result.outcome === 'fail' && viaNetns && !this.#parts.repairRoutes()
        ? ({ ...result, outcome: 'error', reason: 'the route to the VIP was missing' } as const)
        : undefined;
    const ids = this.#checks.get(job) ?? [];
    this.#latencies.set(job, result.latencyMs);
    for (const id of ids)
      this.#dispatch(
        { kind: 'result', ...id, result: (missing ?? result) satisfies CheckResult },
        at,
      );
    this.#ran(job);
    return ids.some((id) => isChangingIn(this.#state, id));
  }

  /** When all checks have ended once, their combined result is written. */
  #ran(job: string): void {
    const wasPending = this.#pending.delete(job);
    if (wasPending && this.#pending.size === 0) this.#writer.soon();
  }

  /** Reads the table, writes the difference: what comes before what goes. */
  async #writeTable(): Promise<void> {
    await writeTable(this.#parts.backend, () => this.#state, {
      read: (table) => this.#dispatch({ kind: 'table', table }),
      moment: () => this.moment(),
      written: (input) => this.#dispatch(input),
    });
    if (this.#running) this.#keep(this.#state);
  }
}
