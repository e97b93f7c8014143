// The monitor's only step: state and input -> next state and what is to be reported.
import type { Change } from '../../../model/change.js';
import type { IpvsError } from '../../../model/errors.js';
import {
  type ServerKey,
  type ServiceKey,
  serverKey,
  serviceKey,
  serviceOf,
  type Table,
  type VirtualServer,
} from '../../../model/table.js';
import { messageFor } from '../../../render/messages.js';
import type { Config } from '../../config/file.js';
import { labelOf } from '../checks/spec.js';
import { type DesiredTable, desiredTable, ownKeys } from '../table/desired.js';
import {
  findDrift,
  NO_DRIFT,
  sameDecision,
  type ToleratedDrift,
  type ToleratedServer,
} from '../table/drift.js';
import { decisionsOf } from '../table/reconcile.js';
import { withConfig } from './config.js';
import type { MonitorEvent } from './events.js';
import { NO_ORPHANS, pruneOrphans } from './orphans.js';
import { withAdmin, withResult } from './service.js';
import {
  type AdminState,
  type CheckResult,
  type MonitorState,
  type ServerId,
  type ServiceState,
  withService,
} from './state.js';
import { transitions } from './transitions.js';

export interface Refusal {
  readonly change: Change;
  readonly error: IpvsError;
}

/** Everything that may happen to the monitor. */
export type Input =
  | {
      readonly kind: 'result';
      readonly service: ServiceKey;
      readonly server: ServerKey;
      readonly check: string;
      readonly result: CheckResult;
    }
  | {
      readonly kind: 'admin';
      readonly servers: readonly ServerId[];
      /** undefined = enable */
      readonly admin: AdminState | undefined;
      /** why, for the event */
      readonly reason?: string;
    }
  /** another file, with the table as it is */
  | { readonly kind: 'config'; readonly config: Config; readonly table: Table }
  /** the table was read and is about to be written */
  | { readonly kind: 'table'; readonly table: Table }
  /** the table was written */
  | {
      readonly kind: 'applied';
      /** of our services, after the changes that took effect */
      readonly table: Table;
      /** keys of all services that there are then */
      readonly keys: ReadonlySet<ServiceKey>;
      /** of our services, before the changes */
      readonly before: Table;
      /** services that were reconciled, not left alone */
      readonly written: ReadonlySet<ServiceKey>;
      readonly refusals: readonly Refusal[];
    };

export interface Step {
  readonly state: MonitorState;
  readonly events: readonly MonitorEvent[];
}

/** The state of a monitor that has no file yet. */
export function emptyState(config: Config): MonitorState {
  return {
    config,
    services: [],
    orphans: NO_ORPHANS,
    remembered: [],
    tolerated: NO_DRIFT,
    applied: undefined,
    unmanaged: new Set(),
    refused: new Set(),
    errors: new Map(),
  };
}

/**
 * The state after an input, and the events of it. Pure: the same arguments give the same step.
 * @param now clock milliseconds
 */
export function reduce(state: MonitorState, input: Input, now: number): Step {
  switch (input.kind) {
    case 'result':
      return onResult(state, input, now);
    case 'admin':
      return onAdmin(state, input, now);
    case 'config':
      return onConfig(state, input, now);
    case 'table':
      return onTable(state, input.table, now);
    case 'applied':
      return onApplied(state, input);
    default:
      return input satisfies never;
  }
}

function onResult(
  state: MonitorState,
  { service: key, server, check, result }: Extract<Input, { kind: 'result' }>,
  now: number,
): Step {
  let events: readonly MonitorEvent[] = [];
  let errors: Step = { state, events: [] };
  const services = withService(state.services, key, (service) => {
    const known = service.servers
      .find((one) => one.key === server)
      ?.checks.find((one) => one.key === check);
    // the file is another one meanwhile
    if (known === undefined) return service;
    const label = labelOf(known.spec);
    errors = withErrors(state, errorOf(known.last, label), errorOf(result, label));
    const next = withResult(service, server, check, result, label, now);
    events = transitions(service, next);
    return next;
  });
  return { state: { ...errors.state, services }, events: [...errors.events, ...events] };
}

/** Why a check could not be made, with the check; undefined = it could. */
function errorOf(result: CheckResult | undefined, label: string): string | undefined {
  return result?.outcome === 'error' ? `${label}: ${result.reason ?? ''}` : undefined;
}

/** An error is reported when the first check has it and when the last one has it no longer. */
function withErrors(
  state: MonitorState,
  before: string | undefined,
  after: string | undefined,
): Step {
  if (before === after) return { state, events: [] };
  const errors = new Map(state.errors);
  const events: MonitorEvent[] = [];
  if (after !== undefined) {
    const count = errors.get(after) ?? 0;
    errors.set(after, count + 1);
    if (count === 0)
      events.push({ event: 'error', reason: `${after}; the states of the servers stay` });
  }
  if (before !== undefined) {
    const left = (errors.get(before) ?? 1) - 1;
    if (left > 0) errors.set(before, left);
    else {
      errors.delete(before);
      events.push({ event: 'recovered', reason: before });
    }
  }
  return { state: { ...state, errors }, events };
}

function onAdmin(
  state: MonitorState,
  { servers, admin, reason }: Extract<Input, { kind: 'admin' }>,
  now: number,
): Step {
  const events: MonitorEvent[] = [];
  let { services, remembered } = state;
  for (const { service: key, server } of servers) {
    remembered = remembered.filter((one) => one.service !== key || one.server !== server);
    services = withService(services, key, (service) => {
      const next = withAdmin(service, server, admin, now);
      events.push(...transitions(service, next));
      return next;
    });
  }
  return {
    state: { ...state, services, remembered },
    events: reason === undefined ? events : events.map((one) => ({ reason, ...one })),
  };
}

function onConfig(
  state: MonitorState,
  { config, table }: Extract<Input, { kind: 'config' }>,
  now: number,
): Step {
  const next = withConfig(state, config, table, now);
  const previous = new Map(state.services.map((service) => [service.key, service]));
  const events = next.services.flatMap((service) => {
    const old = previous.get(service.key);
    return old ? transitions(old, service) : [];
  });
  const { errors, events: recovered } = errorsOf(next.services, state.errors);
  return { state: { ...next, errors }, events: [...events, ...recovered] };
}

/** The errors that the checks of these services have now; those that are over are reported. */
function errorsOf(
  services: readonly ServiceState[],
  before: ReadonlyMap<string, number>,
): { readonly errors: ReadonlyMap<string, number>; readonly events: readonly MonitorEvent[] } {
  const errors = new Map<string, number>();
  for (const { servers } of services)
    for (const { checks } of servers)
      for (const { spec, last } of checks) {
        const error = errorOf(last, labelOf(spec));
        if (error !== undefined) errors.set(error, (errors.get(error) ?? 0) + 1);
      }
  const over = [...before.keys()].filter((error) => !errors.has(error));
  return {
    errors,
    events: over.map((reason): MonitorEvent => ({ event: 'recovered', reason })),
  };
}

/** Drift since the last write, and servers that nothing names. */
function onTable(state: MonitorState, table: Table, now: number): Step {
  const desired = desiredTable(state, now);
  const drift = learnDrift(state, desired, table);
  const unmanaged = findUnmanaged(state, desired, table);
  return {
    state: {
      ...state,
      tolerated: drift.tolerated,
      unmanaged: unmanaged.keys,
      // should the write fail nothing is known of how far it came
      applied: undefined,
    },
    events: [...drift.events, ...unmanaged.events],
  };
}

function learnDrift(
  { applied, tolerated: before, config }: MonitorState,
  { services }: DesiredTable,
  table: Table,
): { readonly tolerated: ToleratedDrift; readonly events: readonly MonitorEvent[] } {
  const events: MonitorEvent[] = [];
  const toleratedServices = new Map(before.services);
  const toleratedServers = new Map(before.servers);
  for (const desired of services) {
    const { key, spec } = desired;
    const live = table.get(key);
    const decisions = decisionsOf(desired, live);
    const ours = new Map(
      [...(toleratedServers.get(key) ?? [])].filter(([server, one]) => {
        const now = decisions.get(server);
        return now !== undefined && sameDecision(one.ours, now);
      }),
    );
    // a service of which the last write did not know has not drifted
    const drift = applied?.services.has(key)
      ? findDrift(applied.table.get(key), live, decisions.keys())
      : [];
    for (const { server, what } of drift) {
      const decision = server === undefined ? undefined : decisions.get(server);
      const ignored = config.monitor.drift === 'ignore' && decision?.byAdmin !== true;
      events.push({
        event: 'drift',
        service: spec.source.name,
        ...(server === undefined ? {} : { server }),
        reason: `${what} by another program`,
        outcome: ignored ? 'ignored' : 'corrected',
      });
      if (!ignored) continue;
      if (server === undefined) toleratedServices.set(key, live?.service);
      else if (decision) ours.set(server, toleratedServer(decision, live, server));
    }
    if (ours.size > 0) toleratedServers.set(key, ours);
    else toleratedServers.delete(key);
  }
  return { tolerated: { services: toleratedServices, servers: toleratedServers }, events };
}

function toleratedServer(
  { role, spec }: ToleratedServer['ours'],
  live: VirtualServer | undefined,
  server: ServerKey,
): ToleratedServer {
  const theirs = live?.destinations.find((one) => serverKey(one) === server);
  return { theirs, ours: { role, spec } };
}

function findUnmanaged(
  { unmanaged: before }: MonitorState,
  { services }: DesiredTable,
  table: Table,
): { readonly keys: ReadonlySet<string>; readonly events: readonly MonitorEvent[] } {
  const keys = new Set<string>();
  const events: MonitorEvent[] = [];
  for (const desired of services) {
    const own = ownKeys(desired);
    for (const one of table.get(desired.key)?.destinations ?? []) {
      const server = serverKey(one);
      if (own.has(server)) continue;
      const key = `${desired.key} ${server}`;
      keys.add(key);
      if (before.has(key)) continue;
      events.push({
        event: 'unmanaged',
        service: desired.spec.source.name,
        server,
        reason: `is in the table with weight ${one.weight}, but not in the file`,
        outcome: 'left alone',
      });
    }
  }
  return { keys, events };
}

/** What the write did: sorry servers, orphans that are gone, refusals that are new. */
function onApplied(
  state: MonitorState,
  { table, keys, before, written, refusals }: Extract<Input, { kind: 'applied' }>,
): Step {
  const names = new Map(state.services.map(({ key, name }) => [key, name]));
  const fresh = refusals.filter((one) => !state.refused.has(textOf(one)));
  const refused = fresh.map(({ change, error }): MonitorEvent => {
    const id = serviceOf(change);
    const name = id && names.get(serviceKey(id));
    return {
      event: 'refused',
      ...(name === undefined ? {} : { service: name }),
      ...('destination' in change ? { server: serverKey(change.destination) } : {}),
      reason: `${change.kind}: ${messageFor(error)}`,
    };
  });
  const sorry = sorryAfter(state.services, before, table, written);
  return {
    state: {
      ...state,
      services: sorry.services,
      applied: { services: new Set(names.keys()), table },
      refused: new Set(refusals.map(textOf)),
      orphans: pruneOrphans(state.orphans, table, keys),
    },
    events: [...refused, ...sorry.events],
  };
}

function textOf({ change, error }: Refusal): string {
  const id = serviceOf(change);
  const server = 'destination' in change ? serverKey(change.destination) : '';
  return `${id ? serviceKey(id) : ''} ${change.kind} ${server} ${error.code}`;
}

/** Sorry servers that came or went; one that an earlier monitor left is no news. */
function sorryAfter(
  services: readonly ServiceState[],
  before: Table,
  after: Table,
  written: ReadonlySet<ServiceKey>,
): { readonly services: readonly ServiceState[]; readonly events: readonly MonitorEvent[] } {
  const events: MonitorEvent[] = [];
  const next = services.map((service) => {
    if (!written.has(service.key)) return service;
    const { sorry } = service.spec;
    const sorryKey = sorry && serverKey(sorry);
    const isIn = (table: Table) =>
      table.get(service.key)?.destinations.some((one) => serverKey(one) === sorryKey) === true;
    const active = sorryKey === undefined ? undefined : isIn(after);
    const was = service.sorryActive ?? isIn(before);
    if (active !== undefined && active !== was)
      events.push({
        event: active ? 'sorry-up' : 'sorry-down',
        service: service.name,
        ...(sorryKey === undefined ? {} : { server: sorryKey }),
      });
    return active === service.sorryActive ? service : { ...service, sorryActive: active };
  });
  return { services: next, events };
}
