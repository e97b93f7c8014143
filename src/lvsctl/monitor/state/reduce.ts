// The monitor's only step: state and input -> next state and what is to be reported.
import type { Config } from '../../config/file.js';
import { labelOf } from '../checks/spec.js';
import { NO_DRIFT } from '../table/drift.js';
import { isRepeated } from './check.js';
import { withConfig } from './config.js';
import { errorOf, errorsOf, withErrors } from './errors.js';
import type { MonitorEvent } from './events.js';
import type { Input, Reduction } from './input.js';
import { NO_ORPHANS } from './orphans.js';
import { withAdmin, withResult } from './service.js';
import { withStandby } from './standby.js';
import { findCheck, type MonitorState, withService } from './state.js';
import { onTable } from './tableread.js';
import { onApplied } from './tablewritten.js';
import { transitions } from './transitions.js';

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
    local: undefined,
    errors: new Map(),
  };
}

/**
 * The state after an input, and the events of it. Pure: the same arguments give the same step.
 * @param now clock milliseconds
 */
export function reduce(state: MonitorState, input: Input, now: number): Reduction {
  switch (input.kind) {
    case 'result':
      return onResult(state, input, now);
    case 'admin':
      return onAdmin(state, input, now);
    case 'config':
      return onConfig(state, input, now);
    case 'local':
      return onLocal(state, input, now);
    case 'table':
      return onTable(state, input.table, now);
    case 'applied':
      return onApplied(state, input);
    default:
      return input satisfies never;
  }
}

const NO_EVENTS: readonly MonitorEvent[] = [];

function onResult(
  state: MonitorState,
  input: Extract<Input, { kind: 'result' }>,
  now: number,
): Reduction {
  const { service: key, server, check, result } = input;
  const before = findCheck(state.services, input);
  if (before === undefined || isRepeated(before, result)) return { state, events: NO_EVENTS };
  let events: readonly MonitorEvent[] = [];
  let errors: Reduction = { state, events: [] };
  const services = withService(state.services, key, (service) => {
    const label = labelOf(before.spec);
    errors = withErrors(state, errorOf(before.last, label), errorOf(result, label));
    const next = withResult(service, server, check, result, label, now);
    events = transitions(service, next);
    return next;
  });
  return { state: { ...errors.state, services }, events: [...errors.events, ...events] };
}

function onAdmin(
  state: MonitorState,
  { servers, admin, reason }: Extract<Input, { kind: 'admin' }>,
  now: number,
): Reduction {
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
): Reduction {
  const taken = withConfig(state, config, table, now);
  const services = withStandby(taken.services, config, taken.local, now);
  const next = { ...taken, services };
  const previous = new Map(state.services.map((service) => [service.key, service]));
  const events = next.services.flatMap((service) => {
    const old = previous.get(service.key);
    return old ? transitions(old, service) : [];
  });
  const { errors, events: recovered } = errorsOf(next.services, state.errors);
  return { state: { ...next, errors }, events: [...events, ...recovered] };
}

/** The VIPs may be on this machine now, or no longer. */
function onLocal(
  state: MonitorState,
  { addresses: local }: Extract<Input, { kind: 'local' }>,
  now: number,
): Reduction {
  const services = withStandby(state.services, state.config, local, now);
  const events = services.flatMap((next, i) => transitions(state.services[i] ?? next, next));
  return { state: { ...state, services, local }, events };
}
