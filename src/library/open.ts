// An open IPVS table.
import type { Backend } from '../backend/backend.js';
import { openBackend } from '../backend/open.js';
import { readEntries, type VirtualServerEntry } from '../backend/readtable.js';
import { execute } from '../lvsctl/transaction/execute.js';
import { readState } from '../lvsctl/transaction/state.js';
import type { Change } from '../model/change.js';
import type { Counters } from '../model/counters.js';
import { withChanges } from '../model/table.js';
import { loadModule, mayOpenRawSockets } from '../system/exec.js';
import type * as Api from './api.js';
import { toChange } from './difference.js';
import { asked, LvsError } from './errors.js';
import { whileLocked } from './lock.js';
import { fromDestination, fromService } from './shapes.js';

const HOST = { loadModule: () => loadModule('ip_vs'), mayOpenRawSockets };

export const openKernel: typeof Api.openKernel = () => open('kernel');

export const openFile: typeof Api.openFile = (path) => open(`file:${path}`);

/** @param home as LVS_BACKEND has it */
async function open(home: string): Promise<Api.Ipvs> {
  const backend = await asked(() => openBackend(home, HOST));
  const make = async (changes: readonly Change[]) => {
    if (changes.length > 0) await whileLocked(home, () => transact(changes, backend));
  };
  return {
    table: () => asked(async () => (await readEntries(backend)).map(fromEntry)),
    transact: async (changes) => make(changes.map(toChange)),
    timeouts: () => asked(() => backend.timeouts()),
    setTimeouts: (timeouts) => make([{ kind: 'set-timeouts', timeouts }]),
    close: () => backend.close(),
  };
}

/** @throws LvsError REFUSED, NOT_RESTORED, BACKEND */
async function transact(changes: readonly Change[], backend: Backend): Promise<void> {
  const before = await asked(() => readState(backend));
  const after = { ...before, table: withChanges(before.table, changes) };
  for (const change of changes)
    if (change.kind === 'set-timeouts')
      after.timeouts = {
        tcp: change.timeouts.tcp || before.timeouts.tcp,
        tcpFin: change.timeouts.tcpFin || before.timeouts.tcpFin,
        udp: change.timeouts.udp || before.timeouts.udp,
      };
  const steps = changes.map(
    (change) => ({ action: 'edit', change, was: undefined, lost: undefined }) as const,
  );
  const result = await execute({ steps, after }, before, backend);
  if (result.kind === 'reverted') throw new LvsError('REFUSED', result.error);
  if (result.kind === 'partial')
    throw new LvsError('NOT_RESTORED', result.error, result.differences);
}

function fromEntry({ service, counters, servers }: VirtualServerEntry): Api.LiveVirtualServer {
  return {
    service: fromService(service),
    counters: fromCounters(counters),
    servers: servers
      .map(
        (one): Api.LiveServer => ({
          ...fromDestination(one.destination),
          activeConnections: one.activeConnections,
          inactiveConnections: one.inactiveConnections,
          counters: fromCounters(one.counters),
        }),
      )
      .reverse(),
  };
}

function fromCounters(counters: Counters): Api.Counters {
  const { connections, inPackets, outPackets, inBytes, outBytes } = counters;
  return { connections, inPackets, outPackets, inBytes, outBytes };
}
