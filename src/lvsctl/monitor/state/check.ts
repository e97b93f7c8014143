// One check of one server: results in a row -> up or down.
import type { Check } from '../../config/checks.js';
import type { CheckResult, CheckState } from './state.js';

/** What the state of a check goes by before its first result. */
export type Start = Pick<CheckState, 'up' | 'streak' | 'unknown'>;

/** What is assumed of a server that the monitor finds in the table, or misses there. */
export function assumed(up: boolean): Start {
  return { up, streak: 0, unknown: false };
}

/** Nothing is known of the server. @param up what it counts as until then */
export function unknown(up: boolean): Start {
  return { up, streak: 0, unknown: true };
}

/**
 * Whether one more result shows nothing new, as nearly all do: the state stays the same value then,
 * and the latency that is in it is that of an earlier result.
 */
export function isRepeated(
  { up, streak, unknown: first, weight, last }: CheckState,
  result: CheckResult,
): boolean {
  return (
    result.outcome === 'pass' &&
    last?.outcome === 'pass' &&
    up &&
    streak === 0 &&
    !first &&
    weight === result.weight
  );
}

/** The check after one more result; an error counts for nothing. */
export function observe(check: CheckState, result: CheckResult): CheckState {
  const { outcome } = result;
  if (outcome === 'error') return { ...check, last: result };
  const weight = outcome === 'pass' ? result.weight : check.weight;
  return { ...check, ...counted(check, outcome === 'pass', check.spec), weight, last: result };
}

/** `rise` passes in a row bring a server up, `fall` failures take it down. */
export function counted(
  { up, streak, unknown: first }: Start,
  passed: boolean,
  { rise, fall }: Pick<Check, 'rise' | 'fall'>,
): Start {
  if (passed === up) return assumed(up);
  const enough = first ? 1 : passed ? rise : fall;
  return streak + 1 >= enough ? assumed(passed) : { up, streak: streak + 1, unknown: false };
}

/** Whether the next result matters more: the check is about to change its state. */
export function isChanging({ streak, unknown: first }: Start): boolean {
  return streak > 0 || first;
}
