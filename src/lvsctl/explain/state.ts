// The table while command lines are explained, and what IPVS would refuse in it. The checks are
// those of the memory backend.
import { checkDestination, checkService, checkTimeouts } from '../../backend/memory/checks.js';
import { isServerAddress } from '../../backend/memory/host.js';
import type { Change } from '../../model/change.js';
import type { DaemonRequest } from '../../model/daemon.js';
import type { Destination } from '../../model/destination.js';
import { familyOf, fullNetmask, type Service, type ServiceId } from '../../model/service.js';
import {
  type ServiceKey,
  serverKey,
  serviceKey,
  type Table,
  withChanges,
} from '../../model/table.js';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../../model/timeouts.js';

export interface ExplainedState {
  readonly table: Table;
  readonly timeouts: Timeouts;
  readonly daemons: readonly DaemonRequest[];
  /** false: what a line needs and is not here is taken to be in the table, and stated */
  readonly complete: boolean;
  /** services whose servers are all known, since a line added them */
  readonly whole: ReadonlySet<ServiceKey>;
}

/** Nothing is known of the table. */
export const UNKNOWN_STATE: ExplainedState = {
  table: new Map(),
  timeouts: DEFAULT_TIMEOUTS,
  daemons: [],
  complete: false,
  whole: new Set(),
};

export interface ExplainedOutcome {
  readonly after: ExplainedState;
  /** the errno's name with which IPVS refuses it */
  readonly code: string | undefined;
  /** the key of the service, and of the server, that are taken to be in the table */
  readonly assumed: readonly string[];
}

/** What a change leads to. */
export function outcomeOf(change: Change, before: ExplainedState): ExplainedOutcome {
  const { state, assumed } = before.complete
    ? { state: before, assumed: [] }
    : withNeeded(change, before);
  const code = refusal(change, state);
  return { after: code === undefined ? apply(change, state) : before, code, assumed };
}

/** The state with what the change needs, where it is not known whether that is there. */
function withNeeded(
  change: Change,
  before: ExplainedState,
): { readonly state: ExplainedState; readonly assumed: readonly string[] } {
  const needed: Change[] = [];
  const assumed: string[] = [];
  const id = neededService(change);
  const key = id && serviceKey(id);
  if (id && key !== undefined && !before.table.has(key)) {
    needed.push({ kind: 'add-service', service: anyService(id) });
    assumed.push(key);
  }
  const isWhole = key !== undefined && before.whole.has(key);
  if (
    id &&
    !isWhole &&
    (change.kind === 'edit-destination' || change.kind === 'delete-destination')
  ) {
    const { destination } = change;
    const found =
      key === undefined ? undefined : findServer(before.table, key, serverKey(destination));
    if (!found) {
      needed.push({ kind: 'add-destination', id, destination: anyServer(destination) });
      assumed.push(serverKey(destination));
    }
  }
  return { state: { ...before, table: withChanges(before.table, needed) }, assumed };
}

function neededService(change: Change): ServiceId | undefined {
  switch (change.kind) {
    case 'edit-service':
      return change.service.id;
    case 'delete-service':
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination':
    case 'zero':
      return change.id;
    default:
      return undefined;
  }
}

function anyService(id: ServiceId): Service {
  return {
    id,
    scheduler: 'wlc',
    schedulerFlags: 0,
    persistence: undefined,
    netmask: fullNetmask(familyOf(id)),
    engine: undefined,
    onePacket: false,
  };
}

function anyServer({ address, port }: Pick<Destination, 'address' | 'port'>): Destination {
  return {
    address,
    port,
    forwarding: 'direct',
    tunnel: { type: 'ipip', port: 0, flags: 0 },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  };
}

/** A server of a service, by their keys. */
export function findServer(table: Table, service: string, server: string): Destination | undefined {
  return table.get(service)?.destinations.find((one) => serverKey(one) === server);
}

/** The errno's name with which IPVS refuses a change; undefined when it takes effect. */
function refusal(change: Change, { table, daemons }: ExplainedState): string | undefined {
  const hasMixed = () =>
    [...table.values()].some(({ service: { id }, destinations }) =>
      destinations.some(({ address }) => address.family !== familyOf(id)),
    );
  switch (change.kind) {
    case 'add-service':
      return table.has(serviceKey(change.service.id)) ? 'EEXIST' : checkService(change.service, 0);
    case 'edit-service': {
      const found = table.get(serviceKey(change.service.id));
      if (!found) return 'ESRCH';
      const isSame = found.service.scheduler === change.service.scheduler;
      return checkService(change.service, isSame ? 0 : found.destinations.length);
    }
    case 'delete-service':
      return table.has(serviceKey(change.id)) ? undefined : 'ESRCH';
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination':
      return serverRefusal(change, table, daemons.length > 0);
    case 'zero':
      return change.id && !table.has(serviceKey(change.id)) ? 'ESRCH' : undefined;
    case 'set-timeouts':
      return checkTimeouts(change.timeouts);
    case 'start-daemon':
      if (hasMixed()) return 'EINVAL';
      return daemons.some(({ role }) => role === change.daemon.role) ? 'EEXIST' : undefined;
    case 'stop-daemon':
      return daemons.some(({ role }) => role === change.role) ? undefined : 'ESRCH';
    case 'flush':
      return undefined;
    default:
      return change satisfies never;
  }
}

const NO_BROADCASTS: ReadonlySet<number> = new Set();

function serverRefusal(
  change: Extract<Change, { readonly destination: unknown }>,
  table: Table,
  syncs: boolean,
): string | undefined {
  const key = serviceKey(change.id);
  if (!table.has(key)) return 'ESRCH';
  const found = findServer(table, key, serverKey(change.destination));
  if (change.kind === 'delete-destination') return found ? undefined : 'ENOENT';
  const wrong = checkDestination(change.destination, { family: familyOf(change.id), syncs });
  if (wrong !== undefined) return wrong;
  if (change.kind === 'edit-destination') return found ? undefined : 'ENOENT';
  if (found) return 'EEXIST';
  return isServerAddress(change.destination.address, NO_BROADCASTS) ? undefined : 'EINVAL';
}

function apply(change: Change, state: ExplainedState): ExplainedState {
  switch (change.kind) {
    case 'set-timeouts': {
      const { tcp, tcpFin, udp } = change.timeouts;
      const old = state.timeouts;
      return {
        ...state,
        timeouts: { tcp: tcp || old.tcp, tcpFin: tcpFin || old.tcpFin, udp: udp || old.udp },
      };
    }
    case 'start-daemon':
      return { ...state, daemons: [...state.daemons, change.daemon] };
    case 'stop-daemon':
      return { ...state, daemons: state.daemons.filter(({ role }) => role !== change.role) };
    case 'flush':
      return { ...state, table: new Map(), complete: true };
    case 'add-service':
      return {
        ...state,
        table: withChanges(state.table, [change]),
        whole: new Set([...state.whole, serviceKey(change.service.id)]),
      };
    default:
      return { ...state, table: withChanges(state.table, [change]) };
  }
}
