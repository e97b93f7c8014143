// A monitor from its start to its end: until a signal, or once.
import { LvsctlError } from '../../errors.js';
import { isNotRunning } from '../client/request.js';
import type { Runtime } from '../runtime.js';
import { exitStatusOf, type ServiceStatus } from '../status.js';
import { loadConfig } from './config.js';
import { trackFiles } from './filewatch.js';
import { withState } from './places.js';
import { Process } from './process.js';
import { nextSignals } from './signals.js';
import { openStore } from './store.js';
import type { RunOptions, RunWorld } from './world.js';

/**
 * Runs until SIGTERM or SIGINT.
 * @returns the exit status; 2 when the services that were to be removed could not be
 * @throws LvsctlError, IpvsError, BackendError or a system error when it cannot begin: nothing was
 *   changed then
 */
export async function runMonitor(options: RunOptions, world: RunWorld): Promise<number> {
  const { runtime } = world;
  const signals = nextSignals(runtime); // those that come while it begins must neither kill it nor be lost
  const monitor = prepare(options, world);
  try {
    return await monitor.serve(signals);
  } finally {
    signals.end(); // another one may end the wait for hooks, not the removal
    await monitor.log.done();
    runtime.endPrograms();
  }
}

/**
 * Makes every check until it is certain, writes the table, and ends.
 * @param finished takes what the table then is
 * @throws as `runMonitor`, and when a monitor is running
 */
export async function runOnce(
  options: RunOptions,
  world: RunWorld,
  finished: (services: readonly ServiceStatus[]) => void = () => {},
): Promise<number> {
  const { runtime } = world;
  if (await isAnswered(runtime, options.socket))
    throw new LvsctlError(
      'MONITOR_RUNNING',
      `${options.socket}: a monitor is running, which --once would disturb`,
    );
  const monitor = prepare(options, world);
  const loop = await monitor.begin();
  monitor.reportNotInFile(loop);
  const signals = nextSignals(runtime);
  let certain = false;
  try {
    const done = loop.once(() => {
      certain = true;
    });
    const interrupted = await Promise.race([done.then(() => undefined), signals.next()]);
    if (interrupted !== undefined && !certain) {
      await loop.stop('leave');
      throw new LvsctlError(
        'COMMAND_FAILED',
        `${interrupted}: ended before it was certain, and the table is as it was`,
      );
    }
    await done;
    const { services } = await monitor.status(loop, runtime.clock.date());
    await loop.stop('leave');
    finished(services);
    return exitStatusOf(services);
  } finally {
    signals.end();
    await monitor.log.done();
    runtime.endPrograms();
  }
}

/** Reads everything before anything is changed. */
function prepare(options: RunOptions, world: RunWorld): Process {
  const { runtime } = world;
  const files = trackFiles(world.around, runtime.fileStamp);
  const config = loadConfig(options.file, files.context, runtime);
  const store = openStore(runtime, options.state);
  const lasting = withState(options.state, () => store.load());
  return new Process(options, world, files, config, store, lasting);
}

async function isAnswered(runtime: Runtime, socket: string): Promise<boolean> {
  try {
    await runtime.ask(socket, { method: 'GET', url: '/v1/status' });
    return true;
  } catch (error) {
    return !isNotRunning(error); // one that is busy is there as well
  }
}
