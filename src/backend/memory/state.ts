// All that a table consists of, as plain data, and the data plane that runs it.
import type { Daemon } from '../../model/daemon.js';
import type { VirtualServer } from '../../model/table.js';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../../model/timeouts.js';
import { Dataplane } from '../../simulator/dataplane.js';
import type { Snapshot } from '../../simulator/snapshot.js';
import { DEFAULT_HOST, type ModelHost } from './host.js';

/** What the file backend keeps. */
export interface TableState {
  readonly machine: ModelHost;
  /** oldest first, their servers newest first */
  readonly services: readonly VirtualServer[];
  readonly timeouts: Timeouts;
  readonly daemons: readonly Daemon[];
  /** what packets left behind */
  readonly traffic?: Snapshot | undefined;
}

export const EMPTY_TABLE: TableState = {
  machine: DEFAULT_HOST,
  services: [],
  timeouts: DEFAULT_TIMEOUTS,
  daemons: [],
};

/**
 * The data plane with the rules and the traffic of a state.
 * @param now seconds on its clock
 */
export function dataplaneOf({ services, timeouts, traffic }: TableState, now: number): Dataplane {
  const plane = new Dataplane(now);
  plane.timeouts = timeouts;
  for (const { service, destinations } of services) {
    const live = plane.addService(service);
    for (const destination of [...destinations].reverse()) plane.addServer(live, destination);
  }
  if (traffic) plane.restore(traffic);
  return plane;
}

/** The rules of a data plane, and what packets left behind there. */
export function stateOf(plane: Dataplane): Omit<TableState, 'machine' | 'daemons'> {
  const services = [...plane.services.values()].map(({ service, servers }) => ({
    service,
    destinations: servers.map(({ destination }) => destination),
  }));
  return { services, timeouts: plane.timeouts, traffic: plane.snapshot() };
}
