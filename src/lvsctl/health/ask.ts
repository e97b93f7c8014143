// Questions to a monitor at work.
import { LvsctlError } from '../errors.js';
import { reasonOf } from '../failure.js';
import type { ControlRequest, Refusal } from './control.js';
import type { Outside } from './outside.js';

/**
 * Asks the monitor.
 * @throws NO_MONITOR when none is running, MONITOR_ERROR when it does not answer, MONITOR_REFUSED
 */
export async function askMonitor<T>(
  outside: Pick<Outside, 'ask'>,
  socket: string,
  request: ControlRequest,
): Promise<T> {
  let line: string;
  try {
    line = await outside.ask(socket, JSON.stringify(request));
  } catch (error) {
    if (isNobody(error))
      throw new LvsctlError(
        'NO_MONITOR',
        `no monitor is running at ${socket}`,
        'start one with `lvsctl monitor FILE`',
      );
    if (isDenied(error)) throw Object.assign(error, { path: socket });
    throw new LvsctlError(
      'MONITOR_ERROR',
      `the monitor at ${socket} does not answer: ${reasonOf(error)}`,
    );
  }
  const answer = JSON.parse(line) as T | Refusal;
  if (typeof answer === 'object' && answer !== null && 'error' in answer)
    throw new LvsctlError('MONITOR_REFUSED', answer.error);
  return answer as T;
}

/** Asking again does not help. */
function isDenied(error: unknown): error is Error {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM';
}

/** Whether this error of a socket says that no process is at its other end. */
export function isNobody(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ECONNREFUSED';
}
