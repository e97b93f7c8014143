// A plan for `jsonText`, for programs.
import { serverKey, serviceKey, serviceOf } from '../../model/table.js';
import { printCommand } from '../plan/command.js';
import type { TablePlan } from './plan.js';
import type { PlannedStep } from './step.js';
import type { Transacted } from './transact.js';

/** `steps`, `left_out`, `unmanaged`. */
export function planJson(plan: TablePlan): Readonly<Record<string, unknown>> {
  return {
    steps: plan.steps.map(stepJson),
    left_out: plan.leftOut.map(stepJson),
    unmanaged: plan.unmanaged,
  };
}

function stepJson({ action, change, was, lost }: PlannedStep): unknown {
  const id = serviceOf(change);
  return {
    action,
    command: printCommand({ kind: 'rule', change }),
    service: id === undefined ? null : serviceKey(id),
    server: 'destination' in change ? serverKey(change.destination) : null,
    was: was ?? null,
    lost: lost ?? null,
  };
}

/** What came of it: `changed`, `result`, `transaction`, and the plan. */
export function transactedJson({ plan, result, entry }: Transacted): unknown {
  return {
    changed: result === undefined ? plan.steps.length > 0 : changed(result.kind, plan),
    result: result?.kind ?? 'planned',
    transaction: entry ?? null,
    ...planJson(plan),
  };
}

function changed(kind: string, { steps }: TablePlan): boolean {
  return kind === 'partial' || (kind === 'done' && steps.length > 0);
}
