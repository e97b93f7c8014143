// The loop: results of checks -> states -> wishes -> table. Owns the states; the clock, the probes and the table are handed in.
import type { Backend } from '../../backend/backend.js';
import type { DestinationEntry } from '../../model/destination.js';
import { BackendError, IpvsError } from '../../model/errors.js';
import { messageFor } from '../../render/messages.js';
import type { Check } from '../config/checks.js';
import type { Config } from '../config/file.js';
import { renderId, type WantedService, wantedTable } from '../config/wanted.js';
import { formatServer } from '../plan/diff.js';
import { type AdminOf, adopt, carryOver } from './adopt.js';
import type { MonitorEvent } from './events.js';
import { isChanging } from './observe.js';
import type { Outside } from './outside.js';
import { createOwner, readTable, type Wish } from './owner.js';
import { ask, labelOf } from './question.js';
import { createReadings } from './readings.js';
import { reporter } from './reporter.js';
import { createSchedule, type Job, pooled } from './schedule.js';
import { type Admin, isUnproven, type ServiceState, withAdmin, withResult } from './service.js';
import { type ServiceStatus, serviceStatus } from './status.js';
import { formerServers, idOf, type Rename, renamed, type ServersOf, serversOf } from './succession.js';
import { needsSorry, stands } from './target.js';
import { transitions } from './transitions.js';
import { createTroubles } from './troubles.js';
import { needsWay, waysOf } from './viproutes.js';
import { createWriter } from './writer.js';

export interface MonitorParts {
  readonly backend: Backend;
  readonly outside: Pick<Outside, 'clock' | 'probes' | 'probesIn' | 'random' | 'endProbes'>;
  readonly adminOf: AdminOf;
  readonly tell: (event: MonitorEvent) => void;
  /** A check of the VIP on a real server failed: perhaps its way is gone. */
  readonly mendWays: () => void;
  /** checks that may be open at a time */
  readonly limit: number;
}

export interface Monitor {
  /** Starts the checks and the regular look at the table. */
  start(): void;
  /** Does every check until it is certain, then writes the table once; nobody ramps up. @throws IpvsError or BackendError when it cannot */
  once(): Promise<void>;
  /**
   * Takes another file; servers, checks and administration that stayed keep their state, also of a service that got another name.
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
export async function createMonitor(config: Config, { backend, outside, adminOf, tell, mendWays, limit }: MonitorParts): Promise<Monitor> {
  const { clock } = outside;
  const schedule = createSchedule(clock, outside.random, limit);
  const readings = createReadings();
  const troubles = createTroubles({
    began: (reason) => tell({ event: 'trouble', reason: `${reason}; what was known before counts` }),
    ended: (reason) => tell({ event: 'recovered', reason }),
  });
  let file = config;
  let generation = 0;
  /** checks that have not ended for the first time */
  let first = 0;
  /** decisions are written as they are made */
  let running = false;
  let states = await statesOf(config, new Map());
  let former: ReadonlyMap<string, Wish['former']> = new Map();

  const owner = createOwner(
    backend,
    () => file.monitor.foreign,
    reporter(tell, () => file.monitor.foreign),
  );

  /** @param at clock milliseconds for which weights are computed: Infinity = at the end of every slow start */
  async function writeTable(at: number): Promise<void> {
    const dropped = former;
    const wishes = [...states.values()].map((state): Wish => {
      const list = stands(state, at);
      return {
        wanted: state.wanted,
        stands: list,
        former: dropped.get(state.wanted.source.name) ?? [],
        keepFormer: state.servers.some(isUnproven) && needsSorry(list.map(({ target }) => target)),
      };
    });
    await owner.write(wishes);
    // a reload meanwhile knows others
    if (former !== dropped) return;
    former = new Map(wishes.flatMap(({ wanted, former, keepFormer }) => (keepFormer ? [[wanted.source.name, former] as const] : [])));
  }
  const writer = createWriter(clock, () => writeTable(clock.now()), {
    explain(error) {
      if (!(error instanceof IpvsError || error instanceof BackendError)) throw error;
      return error instanceof IpvsError ? messageFor(error) : error.message;
    },
    failed: (reason) => tell({ event: 'trouble', reason }),
    recovered: () => tell({ event: 'recovered' }),
  });

  async function statesOf(next: Config, old: ReadonlyMap<string, ServiceState>): Promise<Map<string, ServiceState>> {
    const wanted = wantedTable(next);
    const live = await readTable(backend, wanted);
    const now = clock.now();
    const formerNames = new Map(renamed(old, wanted).map(({ from, to }) => [to, from]));
    return new Map(
      wanted.map((each) => {
        const { name } = each.source;
        const before = old.get(formerNames.get(name) ?? name);
        const state = before ? carryOver(each, before, adminOf, now) : adopt(each, live.get(idOf(each)), adminOf, now);
        return [name, state] as const;
      }),
    );
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

  function step(next: ServiceState): void {
    const { name } = next.wanted.source;
    const before = states.get(name);
    if (before === undefined || before === next) return;
    states.set(name, next);
    if (tellTransitions(before, next) > 0 && running) writer.soon();
  }

  function tellTransitions(before: ServiceState, next: ServiceState): number {
    const events = transitions(before, next);
    for (const { server, event } of events) tell({ event, service: next.wanted.source.name, server, ...reasonOf(next, server, event) });
    return events.length;
  }

  function reasonOf(state: ServiceState, server: string, event: MonitorEvent['event']): Pick<MonitorEvent, 'check' | 'reason'> {
    const i = state.wanted.destinations.findIndex((destination) => formatServer(destination) === server);
    const known = state.servers[i];
    if (event === 'disabled' || event === 'drained') return known?.admin?.reason ? { reason: known.admin.reason } : {};
    if (event !== 'gone' && event !== 'held') return {};
    const failed = known?.checks.findIndex(({ up }) => !up) ?? -1;
    const check = state.wanted.source.checks[failed];
    const error = readings.of(state.wanted.source.name, server)[failed]?.error;
    return { ...(check ? { check: labelOf(check) } : {}), ...(error === undefined ? {} : { reason: error }) };
  }

  /** Every check of every server; what they find is heard until there are newer ones. */
  function jobs(): Job[] {
    const mine = ++generation;
    const ways = waysOf(file);
    return [...states.values()].flatMap(({ wanted }) =>
      wanted.destinations.flatMap((server, i) =>
        wanted.source.checks.map((check, n): Job => {
          const way = ways?.get(wanted.source.name)?.[i];
          const examine = () => ask(outside, { check, service: wanted.source, server, way });
          let fresh = true;
          return {
            pace: paceOf(check),
            enough: check.rise + check.fall,
            async work() {
              const began = clock.now();
              const verdict = await examine();
              if (mine !== generation) return false;
              const now = clock.now();
              const { name } = wanted.source;
              const trouble = typeof verdict === 'object' ? verdict.trouble : undefined;
              const error = typeof verdict === 'object' ? verdict.trouble : verdict;
              readings.add(name, formatServer(server), n, { latencyMs: now - began, error }, labelOf(check));
              troubles.hear(`${name} ${formatServer(server)} ${n}`, trouble && `${labelOf(check)}: ${trouble}`);
              if (error !== undefined && way && needsWay(check)) mendWays();
              const state = states.get(name);
              if (state && trouble === undefined) step(withResult(state, i, n, error === undefined, now));
              if (fresh && --first === 0) writer.soon();
              fresh = false;
              const after = states.get(name)?.servers[i]?.checks[n];
              return after !== undefined && isChanging(after);
            },
          };
        }),
      ),
    );
  }

  function restart(): void {
    const all = jobs();
    troubles.forget();
    first = all.length;
    schedule.replace(all);
    if (first === 0) writer.soon();
  }

  return {
    start() {
      running = true;
      restart();
      writer.every(() => tableIntervalMs(file));
    },
    async once() {
      await pooled(jobs(), limit, async ({ work, pace, enough }) => {
        for (let left = enough; left > 0 && (await work()); left--) {
          await new Promise<void>((resolve) => void clock.after(pace.fastIntervalMs, resolve));
        }
      });
      await writeTable(Number.POSITIVE_INFINITY);
    },
    async reload(next) {
      const old = states;
      states = await statesOf(next, old);
      file = next;
      former = formerServers(old, states);
      owner.forgetOthers();
      const renames = renamed(
        old,
        [...states.values()].map(({ wanted }) => wanted),
      );
      const formerNames = new Map(renames.map(({ from, to }) => [to, from]));
      for (const [name, state] of states) {
        const before = old.get(formerNames.get(name) ?? name);
        if (before) tellTransitions(before, state);
      }
      readings.keep([...states.values()].map(serversOf));
      restart();
      await writer.now();
      const kept = new Set([...states.values()].map(({ wanted }) => idOf(wanted)));
      await owner.remove([...old.values()].map(({ wanted }) => wanted.service.id).filter((id) => !kept.has(renderId(id))));
      return renames;
    },
    setAdmin(name, server, admin) {
      const state = states.get(name);
      const i = state?.wanted.destinations.findIndex((destination) => formatServer(destination) === server) ?? -1;
      if (state && i >= 0) step(withAdmin(state, i, admin, clock.now()));
    },
    write: () => writer.now(),
    servers: () => [...states.values()].map(serversOf),
    async status() {
      const now = clock.now();
      const today = clock.date().getTime();
      const list: ServiceStatus[] = [];
      for (const state of [...states.values()]) {
        const { name } = state.wanted.source;
        list.push(
          serviceStatus(state, {
            targets: stands(state, now).map(({ target }) => target),
            live: await destinationsOf(state.wanted),
            reading: (server) => readings.of(name, server),
            lastError: (server) => readings.lastError(name, server),
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
      generation++;
      schedule.replace([]);
      outside.endProbes();
      await writer.end();
      if (exit === 'remove') await owner.remove([...states.values()].map(({ wanted }) => wanted.service.id));
    },
  };
}

function paceOf({ interval, fast_interval: fast, jitter }: Check): Job['pace'] {
  return { intervalMs: interval * 1000, fastIntervalMs: (fast ?? interval) * 1000, jitter };
}

/** The table is looked at as often as the most frequent check, between ten times a second and every five seconds. */
function tableIntervalMs(config: Config): number {
  const intervals = config.services.flatMap(({ checks }) => checks.map(({ interval }) => interval));
  return Math.max(100, Math.min(5, ...intervals) * 1000);
}
