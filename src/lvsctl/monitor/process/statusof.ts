// The status of the running monitor, with the connections of the live table.
import type { DestinationEntry } from '../../../model/destination.js';
import { BackendError, IpvsError } from '../../../model/errors.js';
import type { Loop } from '../loop.js';
import type { ServiceState } from '../state/state.js';
import { type ServiceStatus, type Status, serviceStatus } from '../status.js';
import type { RunOptions, RunWorld } from './world.js';

type StatusWorld = Pick<RunWorld, 'backend' | 'sysctl'> & {
  readonly runtime: Pick<RunWorld['runtime'], 'clock' | 'pid'>;
};

/** @param started when the monitor was */
export async function statusOf(
  loop: Loop,
  started: Date,
  { file }: Pick<RunOptions, 'file'>,
  world: StatusWorld,
): Promise<Status> {
  return {
    version: 1,
    file,
    pid: world.runtime.pid,
    started: started.toISOString(),
    templates_expire: world.sysctl('net/ipv4/vs/expire_quiescent_template')?.trim() === '1',
    error: loop.error() ?? null,
    services: await services(loop, world),
  };
}

async function services(loop: Loop, world: StatusWorld): Promise<readonly ServiceStatus[]> {
  const { clock } = world.runtime;
  const now = clock.now();
  const today = clock.date().getTime();
  const at = (ms: number) => new Date(today - (now - ms));
  const latencies = loop.latencies();
  const list: ServiceStatus[] = [];
  for (const service of loop.state.services)
    list.push(serviceStatus(service, await live(service, world), loop.moment(), at, latencies));
  return list;
}

/** None where the table cannot be read, which is reported apart. */
async function live(
  { spec }: ServiceState,
  { backend }: Pick<RunWorld, 'backend'>,
): Promise<readonly DestinationEntry[]> {
  try {
    return await backend.destinations(spec.service.id);
  } catch (error) {
    if (error instanceof IpvsError || error instanceof BackendError) return [];
    throw error;
  }
}
