// Other programs that write the table: a running monitor its services, kube-proxy all of them.
import type { ServiceKey } from '../../model/table.js';
import { hasCode, LvsctlError } from '../errors.js';
import { askStatus } from '../monitor/client/request.js';
import type { World } from '../world.js';
import { changesIn, type TablePlan } from './plan.js';
import { touchedBy } from './state.js';

const KUBE_PROXY = '/proc/sys/net/ipv4/conf/kube-ipvs0';

/**
 * @param force goes on all the same, with a warning
 * @throws MONITOR_RUNNING when a monitor would undo it; WRONG_MACHINE when kube-proxy would
 */
export async function refuseOwned(
  plan: TablePlan,
  force: boolean,
  world: OwnersWorld,
): Promise<void> {
  if (plan.steps.length === 0) return;
  refuse(ownedByKubeProxy(world) ?? (await ownedByMonitor(plan, world)), force, world);
}

/** What the owners are found by. */
export type OwnersWorld = Pick<World, 'machine' | 'runtime' | 'places' | 'err'>;

/** As `refuseOwned`, where services of a monitor are left alone. @throws WRONG_MACHINE */
export function refuseKubeProxy(force: boolean, world: Pick<OwnersWorld, 'machine' | 'err'>): void {
  refuse(ownedByKubeProxy(world), force, world);
}

function refuse(
  refusal: LvsctlError | undefined,
  force: boolean,
  { err }: Pick<OwnersWorld, 'err'>,
): void {
  if (refusal === undefined) return;
  if (!force) throw refusal;
  err(`lvsctl: warning: ${refusal.message}\n`);
}

function ownedByKubeProxy({ machine }: Pick<OwnersWorld, 'machine'>): LvsctlError | undefined {
  if (!machine.hasKernelRules || machine.list(KUBE_PROXY).length === 0) return undefined;
  return new LvsctlError(
    'WRONG_MACHINE',
    'kube-proxy keeps the IPVS table of this machine (interface kube-ipvs0) and undoes what ' +
      'others change',
    '--force goes on all the same',
  );
}

/** A running monitor and the services that it keeps. */
export interface MonitorKeeps {
  readonly pid: number;
  readonly services: ReadonlySet<ServiceKey>;
}

/** @returns undefined when none runs, or none can be asked */
export async function monitorKeeps(world: OwnersWorld): Promise<MonitorKeeps | undefined> {
  const status = await statusOf(world);
  if (status === undefined) return undefined;
  const { pid, services } = status;
  return { pid, services: new Set(services.map(({ service }) => service)) };
}

async function ownedByMonitor(
  plan: TablePlan,
  world: OwnersWorld,
): Promise<LvsctlError | undefined> {
  const status = await statusOf(world);
  if (status === undefined) return undefined;
  const { services } = touchedBy(changesIn(plan));
  const owned = status.services.filter(({ service }) => services.has(service));
  if (owned.length === 0) return undefined;
  const names = owned.map(({ service }) => service).join(', ');
  return new LvsctlError(
    'MONITOR_RUNNING',
    `${names}: kept by the running monitor (process ${status.pid}), which undoes what others change`,
    `change ${status.file} and reload the monitor (kill -HUP ${status.pid}); ` +
      'for one server use `lvsctl drain`, `lvsctl disable` or `lvsctl enable`',
  );
}

/** @returns undefined when no monitor runs, or none that this user may ask has these rules */
async function statusOf(world: OwnersWorld) {
  try {
    return await askStatus(await world.runtime(), world.places().socket);
  } catch (error) {
    if (hasCode(error, 'NO_MONITOR')) return undefined;
    // the monitor of the kernel's rules is root's, a table file may be any user's
    if (hasCode(error, 'SYSTEM') && !world.machine.hasKernelRules) return undefined;
    if (!hasCode(error, 'MONITOR_ERROR', 'MONITOR_REFUSED', 'SYSTEM')) throw error;
    world.err(`lvsctl: warning: ${error.message}: which services it keeps is not known\n`);
    return undefined;
  }
}
