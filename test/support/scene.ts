// The whole monitor on the memory backend, with servers that behave as told and a clock that only
// moves when told to.
import type { Backend } from '../../src/backend/backend.js';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { desiredServices } from '../../src/lvsctl/config/desired.js';
import { readConfig } from '../../src/lvsctl/config/read.js';
import { createLoop, type Loop } from '../../src/lvsctl/monitor/loop.js';
import { type MonitorEvent, renderEvent } from '../../src/lvsctl/monitor/state/events.js';
import {
  type Lasting,
  lastingOf,
  NOTHING_LASTING,
  rememberedOf,
  restoredState,
  withRemembered,
} from '../../src/lvsctl/monitor/state/lasting.js';
import type { AdminState } from '../../src/lvsctl/monitor/state/state.js';
import type { Change } from '../../src/model/change.js';
import type { Destination } from '../../src/model/destination.js';
import type { IpvsError } from '../../src/model/errors.js';
import { serverKey, serviceKey } from '../../src/model/table.js';
import type { ProbeOutcome } from '../../src/system/probe/outcome.js';
import { fails, PASSES, type SimulatedRuntime, simulatedRuntime } from './simulated.js';

export const INTERVAL = 2000;
export const TIMEOUT = 1000;
export const RISE = 2;
export const FALL = 3;
export const SERVERS = 4;

/** Server i has weight (i + 1) x `factor`; the first `skip` are left out. */
export function textOf({
  servers = SERVERS,
  skip = 0,
  factor = 1,
  sorry = true,
  health = '',
  monitor = '',
  checks = '',
} = {}): string {
  const list = Array.from(
    { length: servers },
    (_, i) => `{address: 10.0.0.${i + 1}, weight: ${(i + 1) * factor}}`,
  );
  return `
vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: nat
    scheduler: wrr
    servers: [${list.slice(skip).join(', ')}]
    ${sorry ? 'sorry: {address: 10.0.9.9}' : ''}
    checks: [{kind: tcp, interval: 2, timeout: 1, rise: ${RISE}, fall: ${FALL}${checks}}]
    health: {${health}}
monitor: {${monitor}}
`;
}
export const configOf = (options = {}) => readConfig(textOf(options), 'test.yaml');

const BEHAVIOURS: Record<
  'well' | 'slow' | 'refuses' | 'hangs' | 'flaps' | 'blind',
  (nth: number) => { outcome: ProbeOutcome; tookMs: number }
> = {
  well: () => ({ outcome: PASSES, tookMs: 5 }),
  slow: () => ({ outcome: PASSES, tookMs: 700 }),
  refuses: () => ({ outcome: fails('connection refused'), tookMs: 1 }),
  hangs: () => ({ outcome: PASSES, tookMs: 1e9 }),
  /** the check cannot be made */
  blind: () => ({ outcome: { outcome: 'error', reason: 'no descriptors' }, tookMs: 1 }),
  /** never three failures, never two passes in a row */
  flaps: (nth: number) => ({
    outcome: nth % 3 === 0 ? PASSES : fails('connection reset'),
    tookMs: 3,
  }),
};
export type Behaviour = keyof typeof BEHAVIOURS;

export interface Scene {
  readonly runtime: SimulatedRuntime;
  readonly backend: MemoryBackend;
  readonly events: MonitorEvent[];
  /** Is called with each event. */
  onEvent(handle: (event: MonitorEvent) => void): void;
  readonly behaviours: Behaviour[];
  table(): Promise<Map<string, Destination>>;
  start(config?: ReturnType<typeof configOf>): Promise<Loop>;
  /** Ends the monitor as SIGKILL would, perhaps after some changes of its next batch. */
  kill(changes?: number): void;
  readonly admin: Map<string, AdminState>;
  /** What the checks of a server found and a monitor heard, oldest first. */
  results(server: string): readonly boolean[];
  /** How many of these are from before the last start or reload. */
  resultsBefore(server: string): number;
  /**
   * The next file is this one: of servers that it does not name nothing is heard. Before a reload;
   * a start does so itself.
   */
  expectFile(config: ReturnType<typeof configOf>): void;
  /** Forgets all results. */
  forgetHistory(): void;
}

export const ID = desiredServices(configOf())[0]?.service.id ?? {
  kind: 'fwmark',
  mark: 1,
  family: 'ipv4',
};
/** the key of the service */
export const KEY = serviceKey(ID);
export const SORRY = '10.0.9.9:80';
export const nameOf = (i: number) => `10.0.0.${i + 1}:80`;

/** @param observe is called after each single change */
export function scene(observe: (table: Map<string, Destination>) => void = () => {}): Scene {
  const behaviours: Behaviour[] = Array.from({ length: SERVERS }, () => 'well');
  const counts = new Map<string, number>();
  const results = new Map<string, boolean[]>();
  let before = new Map<string, number>();
  let named = new Set<string>();
  let handle: (event: MonitorEvent) => void = () => {};
  const expectFile = (config: ReturnType<typeof configOf>) => {
    named = new Set(desiredServices(config)[0]?.destinations.map(serverKey));
    before = new Map([...results].map(([server, list]) => [server, list.length]));
  };
  const runtime = simulatedRuntime({
    probe(server) {
      const nth = counts.get(server) ?? 0;
      counts.set(server, nth + 1);
      return BEHAVIOURS[behaviours[Number(/\.(\d+):/.exec(server)?.[1]) - 1] ?? 'well'](nth);
    },
    random: fixedRandom(),
  });
  const { probe } = runtime;
  (runtime as { probe: typeof probe }).probe = async (spec, target) => {
    const outcome = await probe(spec, target);
    const server = `${target.address}:${target.port}`;
    if (named.has(server))
      results.set(server, [...(results.get(server) ?? []), outcome.outcome === 'pass']);
    return outcome;
  };
  const backend = new MemoryBackend();
  const events: MonitorEvent[] = [];
  const admin = new Map<string, AdminState>();
  let lasting: Lasting = NOTHING_LASTING;
  /** changes until the present monitor is dead */
  let life = { left: Number.POSITIVE_INFINITY };
  const table = async () =>
    new Map(
      (await backend.destinations(ID)).map(
        ({ destination }) => [serverKey(destination), destination] as const,
      ),
    );
  return {
    runtime,
    backend,
    events,
    behaviours,
    admin,
    results: (server) => results.get(server) ?? [],
    resultsBefore: (server) => before.get(server) ?? 0,
    onEvent(handler) {
      handle = handler;
    },
    expectFile,
    forgetHistory: () => results.clear(),
    table,
    start(config = configOf()) {
      expectFile(config);
      const mine = { left: Number.POSITIVE_INFINITY };
      life = mine;
      const mortal: Backend = {
        batchSize: backend.batchSize,
        info: () => backend.info(),
        services: () => backend.services(),
        service: (id) => backend.service(id),
        destinations: (id) => backend.destinations(id),
        timeouts: () => backend.timeouts(),
        daemons: () => backend.daemons(),
        connections: () => backend.connections(),
        close: () => backend.close(),
        async apply(changes) {
          const results: (IpvsError | undefined)[] = [];
          for (const change of changes) {
            if (mine.left-- <= 0) return new Promise(() => {}); // dead
            results.push(...(await backend.apply([change])));
            observe(await table());
          }
          return results;
        },
      };
      const known = rememberedOf(lasting).filter(({ server }) => !admin.has(server));
      const given = [...admin].map(([server, state]) => ({
        service: KEY,
        name: 'web',
        server,
        admin: state,
      }));
      const before = restoredState(withRemembered(lasting, [...known, ...given]), config);
      return createLoop(before, config, {
        backend: mortal,
        runtime,
        save(state) {
          if (mine.left > 0) lasting = lastingOf(state);
        },
        emit(event) {
          if (mine.left <= 0) return;
          events.push(event);
          handle(event);
        },
        repairRoutes: () => true,
        limit: 100,
      });
    },
    kill(changes = 0) {
      life.left = changes;
      if (changes > 0) return;
      runtime.forgetTimers();
    },
  };
}

function fixedRandom(): () => number {
  let x = 1;
  return () => {
    x = (x * 48271) % 2147483647;
    return x / 2147483647;
  };
}

/** Time in which a lasting behaviour must have had its effect, whatever went before. */
export const SETTLED = FALL * INTERVAL + 2 * TIMEOUT + 500;
export const weightsOf = (table: Map<string, Destination>) =>
  Object.fromEntries([...table].map(([name, { weight }]) => [name, weight]));
/** What `weightsOf` gives when all servers are up. */
export const allUp = ({ servers = SERVERS, factor = 1 } = {}) =>
  Object.fromEntries(Array.from({ length: servers }, (_, i) => [nameOf(i), (i + 1) * factor]));
export const serves = (table: Map<string, Destination>) =>
  [...table.values()].some(({ weight }) => weight > 0);
export const log = (events: readonly MonitorEvent[]) =>
  events.map((event) => renderEvent(event, new Date(0), 'text').slice(25).trim());

export interface ForeignAct {
  /** beyond the servers: the sorry server */
  readonly server: number;
  readonly what: 'delete' | 'weight' | 'add' | 'delete-service' | 'edit-service';
}

/** What somebody else does to the table. */
export function foreignChanges({ server: i, what }: ForeignAct): Change[] {
  const wanted = desiredServices(configOf())[0];
  if (!wanted) throw new Error('no service');
  const destination = wanted.destinations[i] ?? wanted.sorry;
  if (!destination) throw new Error('no server');
  switch (what) {
    case 'delete':
      return [{ kind: 'delete-destination', id: ID, destination }];
    case 'weight':
      return [{ kind: 'edit-destination', id: ID, destination: { ...destination, weight: 77 } }];
    case 'add':
      return [{ kind: 'add-destination', id: ID, destination }];
    case 'delete-service':
      return [{ kind: 'delete-service', id: ID }];
    default:
      return [{ kind: 'edit-service', service: { ...wanted.service, scheduler: 'rr' } }];
  }
}
