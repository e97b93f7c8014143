// One write of the table: read, compare, apply; what comes before what goes.
import type { Backend } from '../../../backend/backend.js';
import { readPart } from '../../../backend/readtable.js';
import type { Change } from '../../../model/change.js';
import { BackendError, IpvsError } from '../../../model/errors.js';
import { sameVirtualServer } from '../../../model/same.js';
import type { ServiceId } from '../../../model/service.js';
import {
  parseServiceKey,
  type ServiceKey,
  serviceKey,
  serviceOf,
  type Table,
  withChanges,
} from '../../../model/table.js';
import { messageFor } from '../../../render/messages.js';
import { desiredServices } from '../../config/desired.js';
import type { Config } from '../../config/file.js';
import type { MonitorEvent } from '../state/events.js';
import type { Input, RefusedChange } from '../state/input.js';
import type { MonitorState } from '../state/state.js';
import { desiredTable } from './desired.js';
import { isServed, orphansToRemove, reconcile } from './reconcile.js';

/** The steps of a write, for the state. */
export interface WriteSteps {
  /** takes the services of the file as they are, before they are compared */
  read(table: Table): void;
  /** clock milliseconds for which weights are computed */
  moment(): number;
  written(input: Extract<Input, { kind: 'applied' }>): void;
}

/**
 * Reads the table and writes the difference.
 * @param state of the moment at which it is called
 * @throws IpvsError or BackendError when the table cannot be read or written
 */
export async function writeTable(
  backend: Backend,
  state: () => MonitorState,
  steps: WriteSteps,
): Promise<void> {
  const ours = new Set(state().services.map(({ key }) => key));
  const { table, keys } = await readPart(backend, (key) => ours.has(key));
  const before = withKnown(table, state().applied?.table);
  steps.read(before);
  const desired = desiredTable(state(), steps.moment());
  const plans = reconcile(desired, before, state().tolerated);
  const batch = createBatch(backend);
  await batch.apply(plans.flatMap(({ additions }) => additions));
  // Where all that should take over were refused nothing is taken away: the next write tries
  // again with the service still served.
  const added = withChanges(before, batch.done);
  const mayRemove = plans.filter(({ removals }) => removals.length > 0 || desired.orphans.size > 0);
  const served = new Set(mayRemove.filter((plan) => isServed(plan, added)));
  const unserved = new Set(mayRemove.filter((plan) => !served.has(plan)).map(({ key }) => key));
  const orphans = orphansToRemove(desired.orphans, keys, unserved);
  await batch.apply([
    ...[...served].flatMap(({ removals }) => removals),
    ...orphans.map((key): Change => ({ kind: 'delete-service', id: idOf(key) })),
  ]);
  steps.written({
    kind: 'applied',
    before,
    table: withChanges(before, batch.done),
    keys: keysAfter(keys, batch.done),
    written: new Set(plans.map(({ key }) => key)),
    refusals: batch.refusals,
  });
}

/** The table with services that are as they were in place of equal ones: they are soon compared. */
function withKnown(table: Table, known: Table | undefined): Table {
  if (known === undefined) return table;
  return new Map(
    [...table].map(([key, now]) => {
      const before = known.get(key);
      return [key, before && sameVirtualServer(before, now) ? before : now];
    }),
  );
}

/**
 * The services of a file as they are in the table.
 * @throws IpvsError or BackendError when it cannot be read
 */
export async function readServices(backend: Backend, config: Config): Promise<Table> {
  const keys = new Set(desiredServices(config).map(({ service }) => serviceKey(service.id)));
  return (await readPart(backend, (key) => keys.has(key))).table;
}

/**
 * Removes the services of a state, those that earlier files left too.
 * @param emit takes what the kernel refused
 * @throws IpvsError or BackendError, also when one of them is refused to go
 */
export async function removeOwned(
  backend: Backend,
  { services, orphans }: MonitorState,
  emit: (event: MonitorEvent) => void,
): Promise<void> {
  const all = [...services.map(({ key }) => key), ...orphans.services.keys()];
  const { keys } = await readPart(backend, () => false);
  const batch = createBatch(backend);
  await batch.apply(
    all.filter((key) => keys.has(key)).map((key) => ({ kind: 'delete-service', id: idOf(key) })),
  );
  const { refusals } = batch;
  for (const { change, error } of refusals)
    emit({ event: 'refused', reason: `${change.kind}: ${messageFor(error)}` });
  if (refusals[0]) throw refusals[0].error;
}

function idOf(key: ServiceKey): ServiceId {
  const id = parseServiceKey(key);
  if (id === undefined) throw new Error(`no service key: ${key}`);
  return id;
}

/** Changes in progress: those that took effect are in `done`. */
function createBatch(backend: Backend) {
  const done: Change[] = [];
  const refusals: RefusedChange[] = [];
  async function apply(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    const results = await backend.apply(changes);
    for (const [i, change] of changes.entries()) {
      const error = results[i];
      if (error) refusals.push({ change, error });
      else done.push(change);
    }
  }
  return { apply, done, refusals };
}

function keysAfter(
  keys: ReadonlySet<ServiceKey>,
  done: readonly Change[],
): ReadonlySet<ServiceKey> {
  const after = new Set(keys);
  for (const change of done) {
    const id = serviceOf(change);
    if (change.kind === 'add-service' && id) after.add(serviceKey(id));
    if (change.kind === 'delete-service' && id) after.delete(serviceKey(id));
  }
  return after;
}

/**
 * The table is written as often as the most frequent check, between ten times a second and every
 * five seconds.
 */
export function writeIntervalMs(config: Config): number {
  const checks = config.services.flatMap((service) => [
    ...service.checks,
    ...service.servers.flatMap((server) => server.checks ?? []),
  ]);
  const shortest = checks.reduce((least, { interval }) => Math.min(least, interval), 5);
  return Math.max(100, shortest * 1000);
}

/** Why the table cannot be read or written. @throws the error when it is a bug */
export function tableError(error: unknown): string {
  if (!(error instanceof IpvsError || error instanceof BackendError)) throw error;
  return error instanceof IpvsError ? messageFor(error) : error.message;
}
