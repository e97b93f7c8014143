// The rules of a run of `lvsctl director`: one transaction, made in stages between the other
// settings of the machine, and taken back together with them.
import type { Change } from '../../model/change.js';
import { serviceKey } from '../../model/table.js';
import { failureText } from '../failure.js';
import { CommandError } from '../plan/command.js';
import type { Reporter } from '../plan/executor.js';
import type { Resource } from '../plan/resources.js';
import type { RuleChanges, RuleKind, RuleTarget } from '../plan/rulechanges.js';
import { hasRules } from '../plan/rules.js';
import type { World } from '../world.js';
import {
  conclude,
  expiresNodest,
  record,
  refusePending,
  timeOf,
  warnInterrupted,
} from './begin.js';
import { checkPlan } from './check.js';
import { differences } from './compare.js';
import type { DirectorRun, TransactionEntry, TransactionOutcome } from './entry.js';
import { inverse, makeAll, makeEach, removedIn } from './execute.js';
import { isInterrupted, lastEntry } from './history.js';
import { type MonitorKeeps, monitorKeeps, refuseKubeProxy, refuseOwned } from './owners.js';
import { changesIn, planChanges, type TablePlan } from './plan.js';
import { type LiveRules, NO_RULES, readLive, readTouched, touchedBy } from './state.js';
import type { TransactionStore } from './store.js';
import { changesOfResources, desiredOf, stateIn } from './targets.js';

export interface DirectorOptions extends DirectorRun {
  /** a real server has no rules, and nothing in the history */
  readonly role: 'director' | 'realserver';
  /** the arguments of `lvsctl` */
  readonly command: string;
  readonly dryRun: boolean;
  /** changes also what another program keeps */
  readonly force: boolean;
}

export type DirectorWorld = Pick<
  World,
  'machine' | 'transactions' | 'runtime' | 'places' | 'err' | 'env' | 'now'
>;

const NOTHING: Pick<TablePlan, 'steps' | 'after'> = { steps: [], after: NO_RULES };

/** The caller holds the lock of all transactions until the end of the run. */
export class DirectorRules implements RuleChanges {
  readonly #options: DirectorOptions;
  readonly #report: Reporter;
  readonly #world: DirectorWorld;
  readonly #store: TransactionStore | undefined;
  #live: Promise<LiveRules> | undefined;
  #monitor: Promise<MonitorKeeps | undefined> | undefined;
  #plan = NOTHING;
  #entry: TransactionEntry | undefined;
  /** an interrupted run for the same file: this one goes on where it ended */
  #interrupted: TransactionEntry | undefined;
  /** what could not be taken back */
  readonly #left: string[] = [];

  constructor(options: DirectorOptions, report: Reporter, world: DirectorWorld) {
    this.#options = options;
    this.#report = report;
    this.#world = world;
    this.#store =
      options.dryRun || options.role === 'realserver' ? undefined : world.transactions();
  }

  async state(resource: Resource<RuleKind>) {
    return stateIn(await this.#before(), resource);
  }

  async keptBy(resource: Resource<RuleKind>): Promise<string | undefined> {
    const { force, verb } = this.#options;
    if (resource.kind !== 'service' || force || verb === 'down') return undefined;
    const key = serviceKey(resource.id);
    this.#monitor ??= monitorKeeps(this.#world);
    const keeper = await this.#monitor;
    if (!keeper?.services.has(key) || !(await this.#before()).table.has(key)) return undefined;
    return `service ${key}: left to the running monitor (process ${keeper.pid}), which keeps it`;
  }

  async begin(targets: readonly RuleTarget[]): Promise<void> {
    const live = await this.#before();
    const plan = planChanges(live, desiredOf(targets), {
      expireNodest: expiresNodest(this.#world),
    });
    this.#plan = plan;
    this.#interrupted = this.#findInterrupted();
    if (plan.steps.length === 0) return;
    if (this.#store) refusePending(this.#store, undefined, this.#world);
    await this.#refuse(plan, live);
    if (this.#store) this.#entry = this.#record(plan, live, this.#store);
  }

  async make(resources: readonly Resource<RuleKind>[]): Promise<void> {
    const changes = changesOfResources(this.#plan, resources);
    const made = this.#ran;
    if (this.#options.dryRun) for (const change of changes) made(change);
    else if (changes.length > 0) {
      const refused = await makeAll(changes, await this.#world.machine.backend(), { made });
      if (refused !== undefined) throw new CommandError(refused.why);
    }
  }

  async takeBack(resources: readonly Resource<RuleKind>[], before: () => void): Promise<void> {
    const changes = changesOfResources(this.#plan, resources);
    if (changes.length === 0 || this.#options.dryRun || !hasRules(this.#world.machine)) return;
    const live = await this.#before();
    const touched = touchedBy(changes);
    const ordered = !expiresNodest(this.#world);
    const backend = await this.#world.machine.backend();
    const actual = await readTouched(backend, touched);
    const back = inverse(actual, live, touched, ordered);
    if (back.length > 0) before();
    for (const key of removedIn(actual, live, touched))
      this.#report.warn(`connections and counters of ${key} are lost`);
    await makeEach(back, backend, this.#ran);
    const left = differences(await readTouched(backend, touched), live, touched, { ordered });
    if (left.length === 0) return;
    this.#left.push(...left);
    throw new CommandError(['the rules are not as before:', ...left].join('\n  '));
  }

  async end(failure?: string): Promise<string | undefined> {
    if (this.#options.dryRun) return undefined;
    const problems = failure === undefined ? await this.#unplanned() : [failure, ...this.#left];
    const [why = ''] = problems;
    if (failure === undefined && why === '') this.#concludeInterrupted();
    if (this.#entry)
      this.#conclude(this.#entry, {
        result:
          why === ''
            ? 'done'
            : failure === undefined || this.#left.length > 0
              ? 'partial'
              : 'reverted',
        details: problems,
      });
    return failure === undefined && why !== '' ? problems.join('\n  ') : undefined;
  }

  #before(): Promise<LiveRules> {
    const { machine } = this.#world;
    this.#live ??= hasRules(machine) ? machine.backend().then(readLive) : Promise.resolve(NO_RULES);
    return this.#live;
  }

  readonly #ran = (change: Change) => this.#report.ran({ kind: 'rule', change });

  async #refuse(plan: TablePlan, live: LiveRules): Promise<void> {
    const { verb, force, dryRun } = this.#options;
    if (verb === 'down') {
      if (!dryRun) await refuseOwned(plan, force, this.#world);
      return;
    }
    if (!dryRun) refuseKubeProxy(force, this.#world);
    checkPlan(plan, live, this.#world.machine);
  }

  /** What was changed can be restored without space on the disk. */
  #record(plan: TablePlan, live: LiveRules, store: TransactionStore) {
    const { command, verb, file, state_dir } = this.#options;
    if (!this.#interrupted) warnInterrupted(store, undefined, this.#world);
    const director = { verb, file, state_dir };
    const as = { command, director, historyOptional: verb === 'down' };
    return record(plan, live, as, store, this.#world);
  }

  #findInterrupted(): TransactionEntry | undefined {
    if (this.#store === undefined) return undefined;
    try {
      const last = lastEntry(this.#store.history);
      const goesOn = last?.director?.file === this.#options.file;
      return last && goesOn && isInterrupted(last, this.#store) ? last : undefined;
    } catch (error) {
      // a damaged history is reported where it is written to
      if (failureText(error) === undefined) throw error;
      return undefined;
    }
  }

  /** What differs although every change took effect: another program changed it. */
  async #unplanned(): Promise<readonly string[]> {
    const { steps, after } = this.#plan;
    if (steps.length === 0) return [];
    const touched = touchedBy(changesIn({ steps }));
    const { machine } = this.#world;
    // `down` may have unloaded IPVS with the last rules
    const actual = hasRules(machine)
      ? await readTouched(await machine.backend(), touched)
      : NO_RULES;
    const left = differences(actual, after, touched);
    return left.length === 0 ? [] : ['the table is not as planned:', ...left];
  }

  #concludeInterrupted(): void {
    if (this.#interrupted)
      this.#conclude(this.#interrupted, {
        result: this.#options.verb === 'up' ? 'done' : 'undone',
        details: this.#entry ? [`by transaction ${this.#entry.number}`] : [],
      });
  }

  #conclude(entry: TransactionEntry, outcome: Omit<TransactionOutcome, 'time'>): void {
    if (this.#store)
      conclude(this.#store, entry, { ...outcome, time: timeOf(this.#world) }, this.#world);
  }
}
