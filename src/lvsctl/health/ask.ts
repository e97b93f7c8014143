// Questions to a monitor at work.
import { CommandError } from '../plan/command.js';
import type { ControlRequest, Refusal } from './control.js';
import type { Outside } from './outside.js';

/** Nobody answers at the socket; the message is the whole text for people. */
export class NoMonitorError extends CommandError {}

/**
 * Asks the monitor.
 * @throws NoMonitorError when none is there, CommandError when it refuses
 */
export async function askMonitor<T>(outside: Pick<Outside, 'ask'>, socket: string, request: ControlRequest): Promise<T> {
  let line: string;
  try {
    line = await outside.ask(socket, JSON.stringify(request));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' || code === 'ECONNREFUSED' ? 'nobody is there' : message;
    throw new NoMonitorError(`no monitor answers at ${socket}: ${why}`);
  }
  const answer = JSON.parse(line) as T | Refusal;
  if (typeof answer === 'object' && answer !== null && 'error' in answer) throw new CommandError(answer.error);
  return answer as T;
}
