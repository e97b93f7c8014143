// The loop: results of checks -> states -> wishes -> table. Owns the states; the clock, the probes
// and the table are handed in.
import type { Backend } from '../../backend/backend.js';
import type { DestinationEntry } from '../../model/destination.js';
import { BackendError, IpvsError } from '../../model/errors.js';
import { messageFor } from '../../render/messages.js';
import { checkKeys } from '../config/checks.js';
import type { Config } from '../config/file.js';
import { type WantedService, wantedTable } from '../config/wanted.js';
import { formatServer } from '../plan/diff.js';
import { type AdminOf, adopt, carryOver } from './adopt.js';
import { createColdStarts } from './coldstart.js';
import type { MonitorEvent } from './events.js';
import { type Answer, jobsOf, locate, nameOf, type Place, placesOf } from './jobs.js';
import { isChanging } from './observe.js';
import type { Outside } from './outside.js';
import { createOwner, readTable } from './owner.js';
import { labelOf } from './question.js';
import { createReadings } from './readings.js';
import { reporter } from './reporter.js';
import { createSchedule, pooled } from './schedule.js';
import { type Admin, isUnproven, type ServiceState, withAdmin, withResult } from './service.js';
import { type ServiceStatus, serviceStatus } from './status.js';
import {
  idOf,
  inherit,
  NO_LEGACY,
  predecessors,
  type Rename,
  remaining,
  renames,
  type ServersOf,
  serversOf,
} from './succession.js';
import { needsSorry, stands } from './target.js';
import { transitions } from './transitions.js';
import { createTroubles } from './troubles.js';
import type { Wish } from './wishes.js';
import { createWriter } from './writer.js';

export interface MonitorParts {
  readonly backend: Backend;
  readonly outside: Pick<Outside, 'clock' | 'probes' | 'probesIn' | 'random' | 'endProbes'>;
  readonly adminOf: AdminOf;
  readonly tell: (event: MonitorEvent) => void;
  /**
   * A check of the VIP on a real server failed: perhaps its way was gone.
   * @returns whether it was there
   */
  readonly mendWays: () => boolean;
  /** checks that may be open at a time */
  readonly limit: number;
}

export interface Monitor {
  /** Starts the checks and the regular look at the table. */
  start(): void;
  /**
   * Does every check until it is certain, then writes the table once; nobody ramps up.
   * @param certain is called before it writes
   * @throws IpvsError or BackendError when it cannot
   */
  once(certain?: () => void): Promise<void>;
  /**
   * Takes another file; servers, checks and administration that stayed keep their state, also of a
   * service that got another name.
   * @returns services that were renamed
   * @throws as createMonitor, and nothing changed
   */
  reload(config: Config): Promise<readonly Rename[]>;
  setAdmin(service: string, server: string, admin: Admin | undefined): void;
  /** Writes the table now. */
  write(): Promise<void>;
  /** Services by name with their servers, as `formatServer` writes them. */
  servers(): readonly ServersOf[];
  status(): Promise<readonly ServiceStatus[]>;
  /** Resolves when the table was written for the first time. */
  readonly ready: Promise<void>;
  /** Milliseconds since the table was last read and written. */
  idleMs(): number;
  /** Why the table could not be read or written the last time; undefined = it could. */
  trouble(): string | undefined;
  /** Ends checks under way, then leaves the rules or removes the file's services. */
  stop(exit: 'leave' | 'remove'): Promise<void>;
}

/** @throws IpvsError or BackendError when the table cannot be read */
export async function createMonitor(
  config: Config,
  { backend, outside, adminOf, tell, mendWays, limit }: MonitorParts,
): Promise<Monitor> {
  const { clock } = outside;
  const schedule = createSchedule(clock, outside.random, limit);
  const readings = createReadings();
  const troubles = createTroubles({
    began: (reason) =>
      tell({ event: 'trouble', reason: `${reason}; what was known before counts` }),
    ended: (reason) => tell({ event: 'recovered', reason }),
  });
  const coldStarts = createColdStarts();
  let file = config;
  /** checks that have not ended for the first time */
  const awaited = new Set<string>();
  /** it goes on, so that decisions are written as they are made and slow starts take their time */
  let running = false;
  let ended = false;
  let legacy = NO_LEGACY;
  /** by `idOf` */
  let states = (await take(config, new Map())).states;
  let located = locate(states.values());
  const owner = createOwner(backend, () => file.monitor.drift, reporter(tell, clock.now));

  /** Its sorry server stays out meanwhile. */
  function awaitsResults(state: ServiceState): boolean {
    return running && coldStarts.waits(state, clock.now());
  }

  /** clock milliseconds for which weights are computed */
  function moment(): number {
    return running ? clock.now() : Number.POSITIVE_INFINITY;
  }

  async function writeTable(): Promise<void> {
    const wishes = [...states.values()].map((state): Wish => {
      const list = stands(state, moment());
      return {
        wanted: state.wanted,
        stands: list,
        former: [...(legacy.servers.get(idOf(state.wanted))?.values() ?? [])],
        keepFormer: state.servers.some(isUnproven) && needsSorry(list.map(({ target }) => target)),
        awaitsResults: awaitsResults(state),
      };
    });
    const waiting = new Set(
      wishes.filter(({ keepFormer }) => keepFormer).map(({ wanted }) => idOf(wanted)),
    );
    const gone = [...legacy.services.values()].filter(
      ({ successor = '' }) => !waiting.has(successor),
    );
    const written = await owner.write(wishes, gone);
    legacy = remaining(legacy, written);
  }
  const writer = createWriter(clock, writeTable, {
    explain(error) {
      if (!(error instanceof IpvsError || error instanceof BackendError)) throw error;
      return error instanceof IpvsError ? messageFor(error) : error.message;
    },
    failed: (reason) => tell({ event: 'trouble', reason }),
    recovered: () => tell({ event: 'recovered' }),
  });

  /** The states with which a file begins, and those of the former one that they go on from. */
  async function take(next: Config, old: ReadonlyMap<string, ServiceState>) {
    const wanted = wantedTable(next);
    const { ours: live } = await readTable(backend, wanted);
    const now = clock.now();
    const before = predecessors(old, wanted);
    // a name that went to another service: what was said went along
    const freed = new Set(renames(before, wanted).map(({ from }) => from));
    const adminOfNew: AdminOf = (service, server) =>
      freed.has(service) ? undefined : adminOf(service, server);
    const begun = wanted.map((each) => {
      const id = idOf(each);
      const former = before.get(id);
      const state = former
        ? carryOver(each, former, live.get(id), adminOf, now)
        : adopt(each, live.get(id), adminOfNew, now, legacy.services.has(id));
      return [id, state] as const;
    });
    const states = new Map(begun);
    coldStarts.begin(states, (id) => before.has(id), now);
    return { states, before };
  }

  /** None where the table cannot be read, which is told apart. */
  async function destinationsOf({ service }: WantedService): Promise<readonly DestinationEntry[]> {
    try {
      return await backend.destinations(service.id);
    } catch (error) {
      if (error instanceof IpvsError || error instanceof BackendError) return [];
      throw error;
    }
  }

  function step(before: ServiceState, next: ServiceState): void {
    if (before === next) return;
    states.set(idOf(next.wanted), next);
    if (tellTransitions(before, next) > 0 && running) writer.soon();
  }

  function tellTransitions(before: ServiceState, next: ServiceState): number {
    const events = transitions(before, next);
    for (const { server, event } of events)
      tell({ event, service: next.wanted.source.name, server, ...reasonOf(next, server, event) });
    return events.length;
  }

  function reasonOf(
    { wanted, servers }: ServiceState,
    server: string,
    event: MonitorEvent['event'],
  ): Pick<MonitorEvent, 'check' | 'reason'> {
    const known =
      servers[wanted.destinations.findIndex((destination) => formatServer(destination) === server)];
    if (event === 'disabled' || event === 'drained')
      return known?.admin?.reason ? { reason: known.admin.reason } : {};
    if (event !== 'gone' && event !== 'held') return {};
    const failed = known?.checks.findIndex(({ up }) => !up) ?? -1;
    const check = wanted.source.checks[failed];
    const key = checkKeys(wanted.source.checks)[failed];
    const error =
      key === undefined
        ? undefined
        : readings.find({ service: idOf(wanted), server, check: key })?.error;
    return {
      ...(check ? { check: labelOf(check) } : {}),
      ...(error === undefined ? {} : { reason: error }),
    };
  }

  /** One answer. @returns whether the next one should come fast */
  function hear(place: Place, { verdict, latencyMs, byWay }: Answer): boolean {
    const name = nameOf(place);
    const [i, n] = located.get(name) ?? [-1, -1];
    const state = states.get(place.service);
    const check = state?.wanted.source.checks[n];
    // the file is another one meanwhile
    if (ended || state === undefined || check === undefined) return false;
    const error = typeof verdict === 'object' ? verdict.trouble : verdict;
    const wayWasThere = error === undefined || !byWay || mendWays();
    const trouble =
      typeof verdict === 'object'
        ? verdict.trouble
        : wayWasThere
          ? undefined
          : 'the way to the VIP was not there';
    readings.add(place, { latencyMs, error }, labelOf(check));
    troubles.hear(name, trouble && `${labelOf(check)}: ${trouble}`);
    if (trouble === undefined)
      step(state, withResult(state, i, n, error === undefined, clock.now()));
    if (awaited.delete(name) && awaited.size === 0) writer.soon();
    const after = states.get(place.service)?.servers[i]?.checks[n];
    return after !== undefined && isChanging(after);
  }

  const jobs = () => jobsOf([...states.values()], file, outside, hear);

  return {
    start() {
      running = true;
      const all = jobs();
      for (const { key } of all) awaited.add(key);
      schedule.replace(all);
      if (all.length === 0) writer.soon();
      writer.every(() => tableIntervalMs(file));
    },
    async once(certain = () => {}) {
      await pooled(jobs(), limit, async ({ work, pace, enough }) => {
        for (let left = enough; left > 0 && (await work()); left--) {
          await new Promise<void>((resolve) => void clock.after(pace.fastIntervalMs, resolve));
        }
      });
      if (ended) return;
      certain();
      await writeTable();
    },
    async reload(next) {
      const { states: begun, before } = await take(next, states);
      const wanted = [...begun.values()].map((state) => state.wanted);
      legacy = inherit(legacy, states, wanted, before);
      states = begun;
      file = next;
      owner.forgetOthers();
      for (const [id, state] of states) {
        const former = before.get(id);
        if (former) tellTransitions(former, state);
      }
      located = locate(states.values());
      readings.keep(placesOf(states.values()).map(({ place }) => place));
      troubles.keep(located);
      for (const name of awaited) if (!located.has(name)) awaited.delete(name);
      schedule.replace(jobs());
      await writer.now();
      return renames(before, wanted);
    },
    setAdmin(name, server, admin) {
      const state = [...states.values()].find(({ wanted }) => wanted.source.name === name);
      const i =
        state?.wanted.destinations.findIndex(
          (destination) => formatServer(destination) === server,
        ) ?? -1;
      if (state && i >= 0) step(state, withAdmin(state, i, admin, clock.now()));
    },
    write: () => writer.now(),
    servers: () => [...states.values()].map(serversOf),
    async status() {
      const now = clock.now();
      const today = clock.date().getTime();
      const list: ServiceStatus[] = [];
      for (const state of [...states.values()]) {
        const service = idOf(state.wanted);
        const keys = checkKeys(state.wanted.source.checks);
        list.push(
          serviceStatus(state, {
            targets: stands(state, moment()).map(({ target }) => target),
            awaitsResults: awaitsResults(state),
            live: await destinationsOf(state.wanted),
            reading: (server) => keys.map((check) => readings.find({ service, server, check })),
            lastError: (server) => readings.lastError({ service, server }),
            at: (ms) => new Date(today - (now - ms)),
          }),
        );
      }
      return list;
    },
    ready: writer.first,
    idleMs: writer.idleMs,
    trouble: writer.trouble,
    async stop(exit) {
      ended = true;
      schedule.replace([]);
      outside.endProbes();
      await writer.end();
      if (exit === 'remove')
        await owner.remove([
          ...[...states.values()].map(({ wanted }) => wanted.service.id),
          ...[...legacy.services.values()].map(({ id }) => id),
        ]);
    },
  };
}

/**
 * The table is looked at as often as the most frequent check, between ten times a second and every
 * five seconds.
 */
function tableIntervalMs(config: Config): number {
  const intervals = config.services.flatMap(({ checks }) => checks.map(({ interval }) => interval));
  return Math.max(100, Math.min(5, ...intervals) * 1000);
}
