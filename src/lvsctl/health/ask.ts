// Questions to a monitor at work.
import { CommandError } from '../plan/command.js';
import type { ControlRequest, Refusal } from './control.js';
import type { Outside } from './outside.js';

/** Nobody answers at the socket; the message is the whole text for people. */
export class NoMonitorError extends CommandError {}

/**
 * Asks the monitor.
 * @throws NoMonitorError when none is there, CommandError when it refuses or does not answer
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
      throw new NoMonitorError(`no monitor answers at ${socket}: nobody is there`);
    throw new CommandError(`the monitor at ${socket} does not answer: ${(error as Error).message}`);
  }
  const answer = JSON.parse(line) as T | Refusal;
  if (typeof answer === 'object' && answer !== null && 'error' in answer)
    throw new CommandError(answer.error);
  return answer as T;
}

/** Whether this error of a socket says that no process is at its other end. */
export function isNobody(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ECONNREFUSED';
}
