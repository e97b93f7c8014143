// Other programs that write the table: a running monitor its services, kube-proxy all of them.
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
export async function refuseOwned(plan: TablePlan, force: boolean, world: World): Promise<void> {
  if (plan.steps.length === 0) return;
  const { machine, err } = world;
  const refusal =
    machine.hasKernelRules && machine.list(KUBE_PROXY).length > 0
      ? new LvsctlError(
          'WRONG_MACHINE',
          'kube-proxy keeps the IPVS table of this machine (interface kube-ipvs0) and undoes what others change',
          '--force goes on all the same',
        )
      : await ownedByMonitor(plan, world);
  if (refusal === undefined) return;
  if (!force) throw refusal;
  err(`lvsctl: warning: ${refusal.message}\n`);
}

async function ownedByMonitor(plan: TablePlan, world: World): Promise<LvsctlError | undefined> {
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
async function statusOf(world: World) {
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
