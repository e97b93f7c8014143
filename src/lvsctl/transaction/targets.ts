// Resources of a plan of settings as rules of a transaction, and back.
import type { Change } from '../../model/change.js';
import type { DaemonRequest, DaemonRole } from '../../model/daemon.js';
import { type ServiceKey, serviceKey, serviceOf, type VirtualServer } from '../../model/table.js';
import type { Timeouts } from '../../model/timeouts.js';
import type { Resource, ResourceState } from '../plan/resources.js';
import type { RuleKind, RuleTarget } from '../plan/rulechanges.js';
import type { ServiceRules } from '../plan/rules.js';
import { changesIn, type DesiredRules, type TablePlan } from './plan.js';
import type { RulesState } from './state.js';

/** The state of a resource in rules that were read. */
export function stateIn(
  { table, timeouts, daemons }: RulesState,
  resource: Resource<RuleKind>,
): ResourceState<RuleKind> {
  switch (resource.kind) {
    case 'service': {
      const found = table.get(serviceKey(resource.id));
      return found === undefined ? null : { ...found, ordered: true };
    }
    case 'timeouts':
      return timeouts;
    case 'daemon':
      return daemons.find(({ role }) => role === resource.role) ?? null;
    default:
      return resource satisfies never;
  }
}

/** What the targets desire; everything else stays. */
export function desiredOf(targets: readonly RuleTarget[]): DesiredRules {
  const table = new Map<ServiceKey, VirtualServer>();
  const removed = new Set<ServiceKey>();
  const ordered = new Set<ServiceKey>();
  const daemons = new Map<DaemonRole, DaemonRequest | null>();
  let timeouts: Timeouts | undefined;
  for (const { resource, state } of targets) {
    if (resource.kind === 'timeouts') timeouts = state as Timeouts;
    else if (resource.kind === 'daemon') daemons.set(resource.role, state as DaemonRequest | null);
    else {
      const key = serviceKey(resource.id);
      const rules = state as ServiceRules | null;
      if (rules === null) removed.add(key);
      else table.set(key, rules);
      if (rules?.ordered) ordered.add(key);
    }
  }
  return { table, removed, ordered, timeouts, daemons };
}

/** The changes of a plan that are about some resources, in their order. */
export function changesOfResources(
  plan: Pick<TablePlan, 'steps'>,
  resources: readonly Resource<RuleKind>[],
): readonly Change[] {
  const asked = new Set(resources.map(nameOf));
  return changesIn(plan).filter((change) => asked.has(nameOfChange(change)));
}

function nameOf(resource: Resource<RuleKind>): string {
  if (resource.kind === 'service') return serviceKey(resource.id);
  return resource.kind === 'daemon' ? resource.role : resource.kind;
}

function nameOfChange(change: Change): string {
  if (change.kind === 'start-daemon') return change.daemon.role;
  if (change.kind === 'stop-daemon') return change.role;
  const id = serviceOf(change);
  return id === undefined ? 'timeouts' : serviceKey(id);
}
