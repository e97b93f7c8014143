// The monitor's socket, and the one monitor that may have it.
import { LvsctlError } from '../../errors.js';
import { isSystemError } from '../../systemerror.js';
import type { ApiHandler, Runtime } from '../runtime.js';
import type { MonitorEvent } from '../state/events.js';
import { placeError } from './places.js';

/** @throws MONITOR_RUNNING when another monitor is running */
export async function listen(
  path: string,
  runtime: Pick<Runtime, 'serve'>,
  handle: ApiHandler,
  emit: (event: MonitorEvent) => void,
): ReturnType<Runtime['serve']> {
  try {
    return await runtime.serve(path, handle, (event) =>
      emit(
        'problem' in event
          ? { event: 'error', reason: `the socket was removed: ${event.problem}` }
          : { event: 'recovered', reason: `the socket ${path} was removed; it is bound again` },
      ),
    );
  } catch (error) {
    const { code, message, pid } = error as NodeJS.ErrnoException & { pid?: number };
    if (isSystemError(error)) throw placeError(Object.assign(error, { path }), 'socket', path);
    if (code !== 'EADDRINUSE') throw new LvsctlError('SYSTEM', message);
    throw new LvsctlError(
      'MONITOR_RUNNING',
      pid === undefined ? message : `a monitor is already running here (pid ${pid}), at ${path}`,
      'ask it with `lvsctl monitor status`',
    );
  }
}
