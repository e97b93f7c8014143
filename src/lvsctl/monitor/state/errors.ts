// Errors of checks: ours, not the server's. Reported once, however many checks have one.
import { labelOf } from '../checks/spec.js';
import type { MonitorEvent } from './events.js';
import type { Reduction } from './input.js';
import type { CheckResult, MonitorState, ServiceState } from './state.js';

/** Why a check could not be made, with the check; undefined = it could. */
export function errorOf(result: CheckResult | undefined, label: string): string | undefined {
  return result?.outcome === 'error' ? `${label}: ${result.reason ?? ''}` : undefined;
}

/** An error is reported when the first check has it and when the last one has it no longer. */
export function withErrors(
  state: MonitorState,
  before: string | undefined,
  after: string | undefined,
): Reduction {
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

/** The errors that the checks of these services have now; those that are over are reported. */
export function errorsOf(
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
