// What IPVS holds: services with their servers, timeouts, sync daemons.

import { formatAddress } from '../../model/address.js';
import type { Change } from '../../model/change.js';
import type { Daemon, DaemonRequest, DaemonRole } from '../../model/daemon.js';
import { changesOf, diffServices } from '../../model/diff.js';
import { IpvsError } from '../../model/errors.js';
import type { ServiceId } from '../../model/service.js';
import { serverKey, serviceKey, type Table, type VirtualServer } from '../../model/table.js';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../../model/timeouts.js';
import { NUMERIC } from '../../render/names.js';
import { renderServiceRule } from '../../render/rules.js';
import type { PlanCommand } from './command.js';
import type { Machine } from './machine.js';
import type { ResourceType } from './resourcetype.js';
import { isLoaded } from './sysctl.js';

const rule = (change: Change): PlanCommand => ({ kind: 'rule', change });

/**
 * Whether rules can be there at all: a kernel without the module has none, and asking would load
 * it.
 */
export function hasRules(machine: Machine): boolean {
  return !machine.hasKernelRules || isLoaded('ip_vs', machine);
}

export interface ServiceResource {
  readonly id: ServiceId;
}

/** A service with its servers. */
export interface ServiceRules extends VirtualServer {
  /** whether the kernel's order of servers counts: it does where a previous state is restored */
  readonly ordered: boolean;
}

/** State: null = there is no such service. */
export const SERVICE: ResourceType<ServiceResource, ServiceRules | null> = {
  shared: false,
  title: ({ id }) => `service ${serviceKey(id)}`,
  show(state) {
    if (state === null) return 'missing';
    const { service, destinations } = state;
    const settings = /-s .*$/m.exec(renderServiceRule(service, NUMERIC) ?? '')?.[0] ?? '';
    const servers = destinations
      .map((one) => `${serverKey(one)} ${one.forwarding} ${one.weight}`)
      .sort();
    return [settings, ...servers].join('\n');
  },
  async read({ id }, machine) {
    if (!hasRules(machine)) return null;
    const backend = await machine.backend();
    try {
      const { service } = await backend.service(id);
      const destinations = (await backend.destinations(id, 'rules')).map(
        ({ destination }) => destination,
      );
      return { service, destinations, ordered: true };
    } catch (error) {
      if (error instanceof IpvsError && error.code === 'ESRCH') return null;
      throw error;
    }
  },
  same: (actual, desired) => changesTo(actual, desired).length === 0,
  commands: (_, from, to) => changesTo(from, to).map(rule),
};

/** A service in a table that was read whole. */
export function serviceIn(table: Table, id: ServiceId): ServiceRules | null {
  const found = table.get(serviceKey(id));
  return found ? { ...found, ordered: true } : null;
}

function changesTo(from: ServiceRules | null, to: ServiceRules | null): Change[] {
  return changesOf(
    diffServices(from ?? undefined, to ?? undefined, { ordered: to?.ordered ?? false }),
  );
}

export const TIMEOUTS: ResourceType<Readonly<Record<never, never>>, Timeouts> = {
  shared: true,
  title: () => 'timeouts (tcp, tcp fin, udp)',
  show: ({ tcp, tcpFin, udp }) => `${tcp} ${tcpFin} ${udp}`,
  read: async (_, machine) =>
    hasRules(machine) ? (await machine.backend()).timeouts() : DEFAULT_TIMEOUTS,
  same: (actual, desired) =>
    actual.tcp === desired.tcp && actual.tcpFin === desired.tcpFin && actual.udp === desired.udp,
  commands: (_, from, to) =>
    TIMEOUTS.same(from, to) ? [] : [rule({ kind: 'set-timeouts', timeouts: to })],
};

export interface DaemonResource {
  readonly role: DaemonRole;
}

/** State: null = none runs. */
export const DAEMON: ResourceType<DaemonResource, DaemonRequest | null> = {
  shared: false,
  title: ({ role }) => `sync daemon ${role}`,
  show: (state) => (state === null ? 'not running' : `${state.interface} syncid ${state.syncId}`),
  async read({ role }, machine) {
    if (!hasRules(machine)) return null;
    const running = (await (await machine.backend()).daemons()).find(
      (daemon) => daemon.role === role,
    );
    return running ? daemonRequest(running) : null;
  },
  same: (actual, desired) =>
    actual === null || desired === null ? actual === desired : sameDaemon(actual, desired),
  commands(resource, from, to) {
    if (DAEMON.same(from, to)) return [];
    const stop: PlanCommand[] =
      from === null
        ? []
        : [rule({ kind: 'stop-daemon', role: resource.role, syncId: from.syncId })];
    return to === null ? stop : [...stop, rule({ kind: 'start-daemon', daemon: to })];
  },
};

/** What would start a daemon as this one runs. */
export function daemonRequest({
  role,
  interface: device,
  syncId,
  maxLength,
  group,
  port,
  ttl,
}: Daemon): DaemonRequest {
  const known = (value: number) => (value === 0 ? undefined : value);
  return {
    role,
    interface: device,
    syncId,
    maxLength: known(maxLength),
    group,
    port: known(port),
    ttl: known(ttl),
  };
}

/** What is not asked for may be anything. */
function sameDaemon(actual: DaemonRequest, desired: DaemonRequest): boolean {
  const free = <T>(value: T | undefined, found: T | undefined) =>
    value === undefined || value === found;
  return (
    actual.interface === desired.interface &&
    actual.syncId === desired.syncId &&
    free(desired.maxLength, actual.maxLength) &&
    free(desired.port, actual.port) &&
    free(desired.ttl, actual.ttl) &&
    (desired.group === undefined ||
      (actual.group !== undefined && formatAddress(desired.group) === formatAddress(actual.group)))
  );
}
