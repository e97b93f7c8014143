// What the kernel refuses in a service, a real server or timeouts: the same checks in the same order
// with the same errno. Facts: seen in the lab (test/golden, test/kernel/model.test.ts).
import type { Family } from '../../model/address.js';
import type { Destination } from '../../model/destination.js';
import { tunnelNumber } from '../../model/forwarding.js';
import { SCHEDULER_NAMES, SCHEDULERS } from '../../model/scheduler.js';
import { familyOf, type Service } from '../../model/service.js';
import type { Timeouts } from '../../model/timeouts.js';

/** The name of an errno; undefined where nothing is wrong. */
export type Errno = string | undefined;

/** A Debian kernel has them as modules; `none` needs none. */
const SCHEDULER_MODULES: ReadonlySet<string> = new Set([
  'none',
  ...SCHEDULER_NAMES.filter((name) => !SCHEDULERS[name].absent),
]);
const ENGINES = new Set(['sip']);
/** slots in the table of the scheduler mh, which cannot serve more servers */
const MAGLEV_SLOTS = 4093;
/** INT_MAX / HZ with the 250 ticks a second of Debian's kernel */
const LONGEST_TIMEOUT = 8589934;
const GUE = tunnelNumber('gue');

/**
 * Scheduler, then engine, then prefix length, then what the scheduler itself refuses.
 * @param servers how many the scheduler gets at once
 */
export function checkService(service: Service, servers: number): Errno {
  if (!SCHEDULER_MODULES.has(service.scheduler)) return 'ENOENT';
  if (service.engine !== undefined && !ENGINES.has(service.engine)) return 'ENOENT';
  if (familyOf(service.id) === 'ipv6' && (service.netmask < 1 || service.netmask > 128))
    return 'EINVAL';
  return service.scheduler === 'mh' && servers > MAGLEV_SLOTS ? 'EINVAL' : undefined;
}

/** @param context family of the service, and whether sync daemons run, which take one family alone */
export function checkDestination(
  destination: Destination,
  { family, syncs }: { readonly family: Family; readonly syncs: boolean },
): Errno {
  const mixed = destination.address.family !== family;
  if (mixed && (syncs || destination.forwarding !== 'tunnel')) return 'EINVAL';
  if (destination.weight < 0) return 'ERANGE';
  if (destination.lowerThreshold > destination.upperThreshold) return 'ERANGE';
  if (tunnelNumber(destination.tunnel.type) === GUE && destination.tunnel.port === 0)
    return 'EINVAL';
  return undefined;
}

/** All or nothing. */
export function checkTimeouts({ tcp, tcpFin, udp }: Timeouts): Errno {
  return [tcp, tcpFin, udp].some((seconds) => seconds < 0 || seconds > LONGEST_TIMEOUT)
    ? 'EINVAL'
    : undefined;
}
