// What draining does where the scheduler hashes: clients of a server with weight 0 are refused.
import { BackendError, IpvsError } from '../../model/errors.js';
import { refusesAtZero, schedulerRow } from '../../model/scheduler.js';
import type { Service } from '../../model/service.js';
import { serviceKey } from '../../model/table.js';
import type { World } from '../world.js';

/**
 * Warnings, a line each, about drained servers of the live table.
 * @param drained by the key of their service
 * @returns none where the table cannot be read
 */
export async function hashingWarnings(
  drained: readonly { readonly service: string; readonly server: string }[],
  { machine }: World,
): Promise<readonly string[]> {
  // asking the kernel would load the module
  if (machine.hasKernelRules && machine.read('/proc/net/ip_vs') === undefined) return [];
  try {
    const services = await (await machine.backend()).services('rules');
    return hashingIn(
      drained,
      services.map(({ service }) => service),
    );
  } catch (error) {
    if (error instanceof BackendError || error instanceof IpvsError) return [];
    throw error;
  }
}

/** The same for services that are known. */
export function hashingIn(
  drained: readonly { readonly service: string; readonly server: string }[],
  services: readonly Service[],
): string[] {
  const byKey = new Map(services.map((service) => [serviceKey(service.id), service]));
  return drained.flatMap(({ service: key, server }) => {
    const service = byKey.get(key);
    if (!service || !refusesAtZero(service.scheduler, service.schedulerFlags)) return [];
    return [`${key}: ${refusal(service.scheduler, server)}`];
  });
}

function refusal(scheduler: string, server: string): string {
  const fallback = schedulerRow(scheduler)?.flags?.[0];
  const cure =
    fallback === undefined
      ? "`lvsctl disable' sends them to other servers"
      : `the flag ${fallback} sends them to other servers`;
  return `scheduler ${scheduler} refuses the clients of ${server} while its weight is 0; ${cure}`;
}
