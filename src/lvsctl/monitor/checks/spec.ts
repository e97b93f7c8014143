// A check of the file, for one server -> the probe that makes it.
import { type Address, formatAddress } from '../../../model/address.js';
import type { Destination } from '../../../model/destination.js';
import type { ProbeTarget } from '../../../system/probe/outcome.js';
import type { ProbeSpec } from '../../../system/probe/spec.js';
import type { CheckedService, CheckMachine } from '../../checks/row.js';
import { rowOf } from '../../checks/table.js';
import type { Check } from '../../config/checks.js';
import { hasPort } from '../../config/groupport.js';
import { needsRoute, type VipRoute } from './viproutes.js';

/** A check of one server, and how it reaches the VIP there. */
export interface CheckOfServer {
  readonly check: Check;
  readonly service: CheckedService;
  readonly server: Destination;
  /** to the VIP on the server, for checks of it */
  readonly route: VipRoute | undefined;
}

/** What is probed, and where. */
export function probeOf(of: CheckOfServer): {
  readonly spec: ProbeSpec;
  readonly target: ProbeTarget;
} {
  const { check, service, server } = of;
  const route = needsRoute(check) ? of.route : undefined;
  const target: ProbeTarget = {
    address: formatAddress(addressOf(of)),
    port: portOf(of) ?? 0,
    timeoutMs: Math.round(check.timeout * 1000),
    ...(check.source ? { source: formatAddress(check.source) } : {}),
    ...(route ? { netns: route.netns, ports: route.ports } : {}),
  };
  return { spec: rowOf(check).toSpec(check as never, { service, server, target }), target };
}

/** `http /health`, `tcp`: the check in messages. */
export function labelOf(check: Check): string {
  return rowOf(check).label(check as never);
}

/** What this check needs and this machine does not have; undefined = nothing. */
export function missingPrerequisite(check: Check, machine: CheckMachine): string | undefined {
  const missing = rowOf(check).missing?.(check as never, machine);
  return missing === undefined ? undefined : `check ${check.kind}: ${missing}`;
}

function addressOf({ check, service, server }: CheckOfServer): Address {
  if (check.target === 'vip') return service.address;
  const { connect_to: other } = check;
  if (other === undefined || !('byServer' in other)) return other ?? server.address;
  const own = formatAddress(server.address);
  return other.byServer.find(([one]) => formatAddress(one) === own)?.[1] ?? server.address;
}

function portOf({ check, service, server }: CheckOfServer): number | undefined {
  const standard = rowOf(check).defaultPort;
  // of a group that port which such a service usually has
  const { ports = [] } = service;
  const isGrouped = standard !== undefined && ports.some((one) => hasPort(one, standard));
  const grouped = isGrouped ? standard : ports[0]?.port;
  return check.port || server.port || service.port || grouped || standard;
}
