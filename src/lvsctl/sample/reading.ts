// One reading of the table and of the monitor's states.
import type { Backend } from '../../backend/backend.js';
import { hasCode, type LvsctlError } from '../errors.js';
import { expectedError, reasonOf } from '../failure.js';
import { askStatus } from '../monitor/client/request.js';
import type { Clock, Runtime } from '../monitor/runtime.js';
import type { Status } from '../monitor/status.js';
import { type Report, readReport } from '../show/report.js';
import type { World } from '../world.js';

export interface TableReading {
  /** clock milliseconds, of the reading of the counters */
  readonly at: number;
  /** ISO 8601 */
  readonly time: string;
  /** seconds that the reading of the table took */
  readonly took: number;
  /** undefined where the table could not be read */
  readonly report: Report | undefined;
  /** why it could not be read; null when it was */
  readonly error: LvsctlError | null;
  /** the kernel does not move its counters: sysctl net.ipv4.vs.run_estimation is 0 */
  readonly frozen: boolean;
  /** undefined where no monitor runs, or it does not answer */
  readonly monitor: Status | undefined;
  /** why its states are not known; null when they are, or when no monitor runs */
  readonly monitor_error: string | null;
}

export interface ReadingSource {
  readonly world: World;
  readonly runtime: Pick<Runtime, 'ask'> & { readonly clock: Clock };
  /** the table; by default that of the machine */
  readonly backend?: () => Promise<Backend>;
  /** the monitor's socket; undefined = it is not asked */
  readonly socket: string | undefined;
}

/** Never rejects for what can be expected of a table or a monitor: the reasons are in it. */
export async function takeReading(source: ReadingSource): Promise<TableReading> {
  const { clock } = source.runtime;
  const began = clock.now();
  const table = await readTable(source);
  const ended = clock.now();
  const monitor = await readMonitor(source);
  return {
    at: (began + ended) / 2,
    time: clock.date().toISOString(),
    took: (ended - began) / 1000,
    ...table,
    frozen: isFrozen(source.world),
    ...monitor,
  };
}

async function readTable({
  world,
  backend,
}: ReadingSource): Promise<Pick<TableReading, 'report' | 'error'>> {
  try {
    return { report: await readReport(world, backend), error: null };
  } catch (error) {
    const expected = expectedError(error);
    if (expected === undefined) throw error;
    return { report: undefined, error: expected };
  }
}

function isFrozen({ machine }: World): boolean {
  return machine.hasKernelRules && machine.read(ESTIMATION)?.trim() === '0';
}
const ESTIMATION = '/proc/sys/net/ipv4/vs/run_estimation';

async function readMonitor({
  runtime,
  socket,
}: ReadingSource): Promise<Pick<TableReading, 'monitor' | 'monitor_error'>> {
  if (socket === undefined) return { monitor: undefined, monitor_error: null };
  try {
    return { monitor: await askStatus(runtime, socket), monitor_error: null };
  } catch (error) {
    const isAbsent = hasCode(error, 'NO_MONITOR');
    return { monitor: undefined, monitor_error: isAbsent ? null : reasonOf(error) };
  }
}
