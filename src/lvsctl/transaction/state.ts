// What a transaction changes: services with their servers, timeouts, sync daemons.
//
// The data flows in one direction, each arrow a function, each value plain data:
//
//   file or args -----> DesiredRules --+
//                                      +--planChanges--> TablePlan --checkPlan--> refused, or fine
//   backend --readLive--> LiveRules ---+                     |
//                                                            v
//   the entry is written to the history before the first change; execute makes the changes
//                                                            |
//        every step took effect -------------> read again, compare ------> done
//        a step was refused: the inverse of what took effect, computed from LiveRules,
//                            read again, compare ----> reverted, or partial with what differs
//                                                            |
//                                                            v
//   the outcome is added to the entry; with a confirm timeout it stays open, and a process of its
//   own (the guard) takes the transaction back when it is not confirmed
//
// `undo` makes DesiredRules of the state before an entry; the guard makes them of what is still as
// the entry left it. Both then continue alike.
import type { Backend } from '../../backend/backend.js';
import {
  readEntries,
  readPart,
  readTable,
  type VirtualServerEntry,
} from '../../backend/readtable.js';
import type { Change } from '../../model/change.js';
import type { DaemonRequest, DaemonRole } from '../../model/daemon.js';
import { type ServiceKey, serviceKey, serviceOf, type Table } from '../../model/table.js';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../../model/timeouts.js';
import { daemonRequest } from '../plan/rules.js';

/** The rules of a network namespace. */
export interface RulesState {
  readonly table: Table;
  readonly timeouts: Timeouts;
  readonly daemons: readonly DaemonRequest[];
}

/** The same with connections and counters. */
export interface LiveRules extends RulesState {
  readonly entries: ReadonlyMap<ServiceKey, VirtualServerEntry>;
}

/** A kernel without the module: asking it for rules would load it. */
export const NO_RULES: LiveRules = {
  table: new Map(),
  entries: new Map(),
  timeouts: DEFAULT_TIMEOUTS,
  daemons: [],
};

/** What changes are about. */
export interface Touched {
  readonly services: ReadonlySet<ServiceKey>;
  readonly timeouts: boolean;
  readonly daemons: ReadonlySet<DaemonRole>;
}

/** @throws BackendError or IpvsError as the backend does */
export async function readLive(backend: Backend): Promise<LiveRules> {
  const entries = new Map(
    (await readEntries(backend)).map((one) => [serviceKey(one.service.id), one] as const),
  );
  const table = new Map(
    [...entries].map(([key, { service, servers }]) => [
      key,
      { service, destinations: servers.map(({ destination }) => destination) },
    ]),
  );
  return { table, entries, ...(await readRest(backend)) };
}

/** The rules alone. @throws as `readLive` */
export async function readState(backend: Backend): Promise<RulesState> {
  return { table: await readTable(backend), ...(await readRest(backend)) };
}

/**
 * The same without the services that were not touched: with thousands of them most of the time of a
 * small change would be spent on reading them again. @throws as `readLive`
 */
export async function readTouched(
  backend: Backend,
  { services }: Pick<Touched, 'services'>,
): Promise<RulesState> {
  const { table } = await readPart(backend, (key) => services.has(key));
  return { table, ...(await readRest(backend)) };
}

async function readRest(backend: Backend): Promise<Omit<RulesState, 'table'>> {
  const timeouts = await backend.timeouts();
  return { timeouts, daemons: (await backend.daemons()).map(daemonRequest) };
}

export function touchedBy(changes: readonly Change[]): Touched {
  const services = new Set<ServiceKey>();
  const daemons = new Set<DaemonRole>();
  for (const change of changes) {
    const id = serviceOf(change);
    if (id !== undefined) services.add(serviceKey(id));
    if (change.kind === 'start-daemon') daemons.add(change.daemon.role);
    if (change.kind === 'stop-daemon') daemons.add(change.role);
  }
  return { services, daemons, timeouts: changes.some(({ kind }) => kind === 'set-timeouts') };
}
