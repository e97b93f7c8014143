// The difference of actual and desired rules as steps in an order in which a refusal costs little.
import type { VirtualServerEntry } from '../../backend/readtable.js';
import type { Change } from '../../model/change.js';
import type { DaemonRequest, DaemonRole } from '../../model/daemon.js';
import type { DestinationEntry } from '../../model/destination.js';
import { changesOf, diffServices } from '../../model/diff.js';
import {
  type ServiceKey,
  serverKey,
  serversByKey,
  serviceKey,
  serviceOf,
  type Table,
  type VirtualServer,
  withChanges,
} from '../../model/table.js';
import type { Timeouts } from '../../model/timeouts.js';
import { changeArguments } from '../../render/rules.js';
import { shellLine } from '../../render/shell.js';
import { DAEMON } from '../plan/rules.js';
import type { LiveRules, RulesState } from './state.js';

/** The rules that are to be. */
export interface DesiredRules {
  /** servers in the order in which they are added */
  readonly table: Table;
  /** services that are to be removed; all that `table` does not have for `others` */
  readonly removed: ReadonlySet<ServiceKey> | 'others';
  /** 0 keeps one; undefined = all stay */
  readonly timeouts: Timeouts | undefined;
  /** null = stopped; roles that are not in it stay as they are */
  readonly daemons: ReadonlyMap<DaemonRole, DaemonRequest | null>;
}

export const ACTIONS = ['add', 'edit', 'remove'] as const;
export type Action = (typeof ACTIONS)[number];

export interface PlanOptions {
  /** servers that are there keep their weight */
  readonly keepWeights?: boolean;
  /** the actions that are made; all by default */
  readonly only?: readonly Action[];
  /** sysctl net.ipv4.vs.expire_nodest_conn: connections of a removed server end */
  readonly expireNodest?: boolean;
}

export interface PlannedStep {
  readonly action: Action;
  readonly change: Change;
  /** the settings that it replaces, as arguments of ipvsadm */
  readonly was: string | undefined;
  /** what it ends and no later step brings back */
  readonly lost: Lost | undefined;
}

/** Connections, and what else cannot come back. */
export interface Lost {
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
  /** connections since the last zero that the removed counters had counted */
  readonly counted: bigint;
  readonly effect: 'ended' | 'expired' | 'stalled';
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
    return diffServices(actual, target && keepWeights ? withWeightsOf(actual, target) : target);
  });
  const changes = [
    ...parts.flatMap((part) => changesOf(part)),
    ...timeoutChanges(desired.timeouts, live.timeouts),
    ...daemonChanges(desired.daemons, live.daemons),
  ];
  const steps = changes
    .map((change) => toStep(change, live, desired, expireNodest))
    .sort((a, b) => phase(a, live) - phase(b, live));
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
function phase({ change, action }: PlannedStep, live: RulesState): number {
  switch (change.kind) {
    case 'start-daemon':
      // one that runs with other settings is stopped first
      return live.daemons.some(({ role }) => role === change.daemon.role) ? EDITED : 0;
    case 'stop-daemon':
      return action === 'edit' ? EDITED : REMOVED_SERVER;
    case 'delete-destination':
      return REMOVED_SERVER;
    case 'delete-service':
      return REMOVED_SERVER + 1;
    default:
      return action === 'add' ? 0 : EDITED;
  }
}

function toStep(
  change: Change,
  live: LiveRules,
  desired: DesiredRules,
  expireNodest: boolean,
): PlannedStep {
  return {
    action: actionOf(change, live, desired),
    change,
    was: previousSettings(change, live),
    lost: lostBy(change, live, expireNodest),
  };
}

function actionOf(change: Change, live: RulesState, { daemons }: DesiredRules): Action {
  switch (change.kind) {
    case 'add-service':
    case 'add-destination':
      return 'add';
    case 'start-daemon':
      return live.daemons.some(({ role }) => role === change.daemon.role) ? 'edit' : 'add';
    case 'stop-daemon':
      return daemons.get(change.role) === null ? 'remove' : 'edit';
    case 'delete-service':
    case 'delete-destination':
    case 'flush':
      return 'remove';
    default:
      return 'edit';
  }
}

function previousSettings(change: Change, { table, timeouts }: RulesState): string | undefined {
  if (change.kind === 'set-timeouts')
    return `--set ${timeouts.tcp} ${timeouts.tcpFin} ${timeouts.udp}`;
  const id = serviceOf(change);
  const actual = id && table.get(serviceKey(id));
  if (id === undefined || actual === undefined) return undefined;
  if (change.kind === 'edit-service') return settingsOf({ ...change, service: actual.service });
  if (change.kind !== 'edit-destination') return undefined;
  const destination = serversByKey(actual.destinations).get(serverKey(change.destination));
  return destination && settingsOf({ ...change, destination });
}

/** `-s wlc -p 300`: what follows the service and the server. */
function settingsOf(change: Change): string | undefined {
  const args = changeArguments(change);
  const from = args?.findIndex((arg) => /^-[sgim]$/.test(arg)) ?? -1;
  return args === undefined || from < 0 ? undefined : shellLine(args.slice(from));
}

function lostBy(change: Change, live: LiveRules, expireNodest: boolean): Lost | undefined {
  if (change.kind !== 'delete-service' && change.kind !== 'delete-destination') return undefined;
  const entry = live.entries.get(serviceKey(change.id));
  if (entry === undefined) return undefined;
  if (change.kind === 'delete-service') return lostWith(entry.servers, 'ended', entry);
  const key = serverKey(change.destination);
  const servers = entry.servers.filter(({ destination }) => serverKey(destination) === key);
  return lostWith(servers, expireNodest ? 'expired' : 'stalled', servers[0]);
}

function lostWith(
  servers: readonly DestinationEntry[],
  effect: Lost['effect'],
  counted: Pick<VirtualServerEntry, 'counters'> | undefined,
): Lost {
  const sum = (value: (server: DestinationEntry) => number) =>
    servers.reduce((all, server) => all + value(server), 0);
  return {
    active: sum(({ activeConnections }) => activeConnections),
    inactive: sum(({ inactiveConnections }) => inactiveConnections),
    persistent: sum(({ persistentConnections }) => persistentConnections),
    counted: counted?.counters.connections ?? 0n,
    effect,
  };
}

function stateAfter(before: RulesState, changes: readonly Change[]): RulesState {
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
