// A director that follows the file of a fleet: fetches it, checks it, waits for its turn, puts it in
// force, reports. Without the store the last good file stays in force.
import { VERSION } from '../../render/version.js';
import type { Clock } from '../monitor/runtime.js';
import { type AdminSync, createAdminSync } from './admin.js';
import { alone, type HeldLease, holdLease } from './lock.js';
import { type DirectorReport, type FleetStore, keysOf, parseReport } from './store.js';

export interface FollowParts {
  readonly store: FleetStore;
  readonly clock: Clock;
  /** the key of the file */
  readonly key: string;
  /** this director's */
  readonly name: string;
  /** Why a file is refused; undefined = it is good. */
  check(text: string): Promise<string | undefined>;
  /** Puts it in force, all or nothing. @returns why it could not be; undefined = it is */
  apply(text: string): Promise<string | undefined>;
  /** What the report has beside the file. */
  observe(): Promise<Pick<DirectorReport, 'differences' | 'services'>>;
  /** Administrative states of the running monitor; undefined = they are not shared. */
  readonly admin: Parameters<typeof createAdminSync>[0]['local'] | undefined;
  log(line: string): void;
}

/** seconds after which a dead director is missing in the list */
const PRESENCE_S = 15;
const TURN_MS = 1000;
const RETRY_MS = 1000;
const REPORT_MS = 5000;

/** Follows until `end`. */
export class Follower {
  readonly #parts: FollowParts;
  readonly #keys;
  readonly #admin: AdminSync | undefined;
  #report: DirectorReport;
  #lease: HeldLease | undefined;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #ended = false;
  #problem: string | undefined;
  #wake = () => {};
  #unwatch: (() => void) | undefined;

  constructor(parts: FollowParts) {
    this.#parts = parts;
    this.#keys = keysOf(parts.key);
    this.#admin =
      parts.admin && createAdminSync({ ...parts, key: this.#keys.admin, local: parts.admin });
    this.#report = {
      name: parts.name,
      program: VERSION,
      version: null,
      tried: null,
      state: 'starting',
      error: null,
      differences: null,
      services: null,
      time: parts.clock.date().toISOString(),
    };
  }

  /** Ends it soon; `run` resolves then. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async run(): Promise<void> {
    while (!this.#ended) {
      try {
        await this.#turn();
        this.#recovered();
      } catch (error) {
        this.#failed(error);
      }
      await this.#pause(this.#problem === undefined ? TURN_MS : RETRY_MS);
    }
    this.#unwatch?.();
    await this.#lease?.end();
  }

  async #turn(): Promise<void> {
    const { store } = this.#parts;
    // the file and the administrative states, not the reports of all directors; each turn reads them
    // anyway, so nothing that changes while the watch is lost, or is compacted, is missed
    this.#unwatch ??= store.watch(
      this.#keys.file,
      this.#keys.admin,
      () => this.#wake(),
      () => {
        this.#unwatch = undefined;
      },
    );
    await this.#present();
    const file = await store.get(this.#keys.file);
    if (file !== undefined && file.version !== this.#report.tried) await this.#take(file);
    await this.#admin?.turn();
    if (this.#parts.clock.now() - this.#reportedAt >= REPORT_MS) await this.#publish({});
  }

  async #take({
    value: text,
    version,
  }: {
    readonly value: string;
    readonly version: string;
  }): Promise<void> {
    const { check, apply, log, name, store } = this.#parts;
    const refusal = await check(text);
    if (refusal !== undefined) {
      log(`version ${version} is refused: ${refusal}`);
      return this.#publish({ tried: version, state: 'refused', error: refusal });
    }
    const over = () => this.#ended;
    await alone(this.#keys.lock, name, { ...this.#parts, over }, async () => {
      const newest = await store.get(this.#keys.file);
      if (newest?.version !== version) return; // the next turn takes that one
      const first = await this.#firstFailure(version);
      if (first !== undefined) {
        log(`version ${version} is held: it failed on ${first}`);
        return this.#publish({ tried: version, state: 'held', error: `it failed on ${first}` });
      }
      const failure = await apply(text);
      log(
        failure === undefined
          ? `version ${version} is in force`
          : `version ${version} failed: ${failure}`,
      );
      await this.#publish(
        failure === undefined
          ? { tried: version, version, state: 'applied', error: null }
          : { tried: version, state: 'failed', error: failure },
      );
    });
  }

  /** The director on which a version failed already. */
  async #firstFailure(version: string): Promise<string | undefined> {
    const reports = await this.#parts.store.list(this.#keys.directors);
    return reports.map(parseReport).find((one) => one?.tried === version && one.state === 'failed')
      ?.name;
  }

  /** The report is there as long as this process is, also while it waits for its turn. */
  async #present(): Promise<void> {
    if (await this.#lease?.isThere()) return;
    await this.#lease?.end();
    this.#lease = await holdLease(PRESENCE_S, this.#parts);
    await this.#publish({});
  }

  async #publish(more: Partial<DirectorReport>): Promise<void> {
    const { store, clock, name, observe } = this.#parts;
    const time = clock.date().toISOString();
    this.#report = { ...this.#report, ...(await observe()), ...more, time };
    this.#reportedAt = clock.now();
    await store.put(this.#keys.director(name), JSON.stringify(this.#report), this.#lease?.id);
  }

  /** Each reason once. */
  #failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason !== this.#problem) this.#parts.log(`${reason}; the file in force stays`);
    this.#problem = reason;
  }

  #recovered(): void {
    if (this.#problem !== undefined) this.#parts.log('the store answers again');
    this.#problem = undefined;
  }

  #pause(ms: number): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
