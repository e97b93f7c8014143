// The difference of actual and desired rules as steps in an order in which a refusal costs little.
import type { Change } from '../../model/change.js';
import type { DaemonRequest, DaemonRole } from '../../model/daemon.js';
import { changesOf, diffServices } from '../../model/diff.js';
import {
  type ServiceKey,
  serverKey,
  serversByKey,
  serviceKey,
  type Table,
  type VirtualServer,
  withChanges,
} from '../../model/table.js';
import type { Timeouts } from '../../model/timeouts.js';
import { DAEMON } from '../plan/rules.js';
import type { LiveRules, RulesState } from './state.js';
import { ACTIONS, type Action, createReader, type PlannedStep, toStep } from './step.js';

/** The rules that are to be. */
export interface DesiredRules {
  /** servers in the order in which they are added */
  readonly table: Table;
  /** services that are to be removed; all that `table` does not have for `others` */
  readonly removed: ReadonlySet<ServiceKey> | 'others';
  /**
   * Services whose servers get the order that `table` has, the newest first as in the kernel: a
   * server may go for a moment then.
   */
  readonly ordered?: ReadonlySet<ServiceKey>;
  /** 0 keeps one; undefined = all stay */
  readonly timeouts: Timeouts | undefined;
  /** null = stopped; roles that are not in it stay as they are */
  readonly daemons: ReadonlyMap<DaemonRole, DaemonRequest | null>;
}

export interface PlanOptions {
  /** servers that are there keep their weight */
  readonly keepWeights?: boolean;
  /** the actions that are made; all by default */
  readonly only?: readonly Action[];
  /** sysctl net.ipv4.vs.expire_nodest_conn: connections of a removed server end */
  readonly expireNodest?: boolean;
}

export interface TablePlan {
  readonly steps: readonly PlannedStep[];
  /** steps that are not made, because of `only` */
  readonly leftOut: readonly PlannedStep[];
  /** services that the desired rules do not name and that stay */
  readonly unmanaged: number;
  /** the rules when all steps have taken effect */
  readonly after: RulesState;
}

/** The steps that make the desired rules of the actual ones. */
export function planChanges(
  live: LiveRules,
  desired: DesiredRules,
  { keepWeights = false, only = ACTIONS, expireNodest = false }: PlanOptions = {},
): TablePlan {
  const { table } = desired;
  const isRemoved = (key: ServiceKey) =>
    !table.has(key) && (desired.removed === 'others' || desired.removed.has(key));
  const removed = [...live.table.keys()].filter(isRemoved);
  const parts = [...table.keys(), ...removed].map((key) => {
    const actual = live.table.get(key);
    const target = table.get(key);
    return diffServices(actual, target && keepWeights ? withWeightsOf(actual, target) : target, {
      ordered: desired.ordered?.has(key) ?? false,
    });
  });
  const changes = [
    ...parts.flatMap((part) => changesOf(part)),
    ...timeoutChanges(desired.timeouts, live.timeouts),
    ...daemonChanges(desired.daemons, live.daemons),
  ];
  const reader = createReader(live);
  const returns = returningServers(desired);
  const steps = changes
    .map((change) => toStep(change, reader, desired.daemons, expireNodest))
    .map((step) => ({ step, phase: phase(step, live, returns) }))
    .sort((a, b) => a.phase - b.phase)
    .map(({ step }) => step);
  const made = steps.filter(({ action }) => only.includes(action));
  return {
    steps: made,
    leftOut: steps.filter(({ action }) => !only.includes(action)),
    unmanaged: [...live.table.keys()].filter((key) => !table.has(key)).length - removed.length,
    after: stateAfter(
      live,
      made.map(({ change }) => change),
    ),
  };
}

/** The changes of a plan, in their order. */
export function changesIn({ steps }: Pick<TablePlan, 'steps'>): readonly Change[] {
  return steps.map(({ change }) => change);
}

function withWeightsOf(actual: VirtualServer | undefined, target: VirtualServer): VirtualServer {
  const present = serversByKey(actual?.destinations ?? []);
  return {
    ...target,
    destinations: target.destinations.map((one) => ({
      ...one,
      weight: present.get(serverKey(one))?.weight ?? one.weight,
    })),
  };
}

/** Zero leaves a timeout as it is. */
function timeoutChanges(desired: Timeouts | undefined, actual: Timeouts): Change[] {
  const differs =
    desired !== undefined &&
    (['tcp', 'tcpFin', 'udp'] as const).some(
      (name) => desired[name] !== 0 && desired[name] !== actual[name],
    );
  return differs ? [{ kind: 'set-timeouts', timeouts: desired }] : [];
}

function daemonChanges(
  desired: DesiredRules['daemons'],
  actual: readonly DaemonRequest[],
): readonly Change[] {
  return [...desired].flatMap(([role, target]) =>
    DAEMON.commands({ role }, actual.find((one) => one.role === role) ?? null, target).flatMap(
      (command) => (command.kind === 'rule' ? [command.change] : []),
    ),
  );
}

const EDITED = 1;
const REMOVED_SERVER = 3;

/**
 * Additions first, since they are what the kernel may refuse; removals of services last, since
 * their connections cannot come back.
 */
function phase(
  { change, action }: PlannedStep,
  live: RulesState,
  returns: (change: DestinationChange) => boolean,
): number {
  switch (change.kind) {
    case 'start-daemon':
      // one that runs with other settings is stopped first
      return live.daemons.some(({ role }) => role === change.daemon.role) ? EDITED : 0;
    case 'stop-daemon':
      return action === 'edit' ? EDITED : REMOVED_SERVER;
    case 'delete-destination':
      // ahead of its addition in another place
      return returns(change) ? 0 : REMOVED_SERVER;
    case 'delete-service':
      return REMOVED_SERVER + 1;
    default:
      return action === 'add' ? 0 : EDITED;
  }
}

type DestinationChange = Extract<Change, { readonly kind: 'delete-destination' }>;

/** Whether a server that is removed is one of those desired, in another place. */
function returningServers({ table, ordered }: DesiredRules) {
  const known = new Map<ServiceKey, ReadonlySet<string>>();
  return ({ id, destination }: DestinationChange): boolean => {
    const key = serviceKey(id);
    if (!ordered?.has(key)) return false;
    const servers = known.get(key) ?? new Set((table.get(key)?.destinations ?? []).map(serverKey));
    known.set(key, servers);
    return servers.has(serverKey(destination));
  };
}

/** The rules when changes have taken effect. */
export function stateAfter(before: RulesState, changes: readonly Change[]): RulesState {
  let { timeouts, daemons } = before;
  for (const change of changes) {
    if (change.kind === 'set-timeouts') {
      const { tcp, tcpFin, udp } = change.timeouts;
      timeouts = {
        tcp: tcp || timeouts.tcp,
        tcpFin: tcpFin || timeouts.tcpFin,
        udp: udp || timeouts.udp,
      };
    }
    if (change.kind === 'stop-daemon') daemons = daemons.filter(({ role }) => role !== change.role);
    if (change.kind === 'start-daemon') daemons = [...daemons, change.daemon];
  }
  return { table: withChanges(before.table, changes), timeouts, daemons };
}
