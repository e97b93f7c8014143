// Requests to the running monitor, and the answers, each checked before it is believed.
import { LvsctlError } from '../../errors.js';
import { reasonOf } from '../../failure.js';
import type { Shape } from '../../shape.js';
import type {
  AdminAnswer,
  AdminRequest,
  ControlRequest,
  RefusedRequest,
} from '../process/control.js';
import type { Runtime } from '../runtime.js';
import type { Status } from '../status.js';
import { ADMIN_ANSWER, REFUSED, STATUS } from './answers.js';

/** @throws as `askMonitor` */
export async function askStatus(runtime: Pick<Runtime, 'ask'>, socket: string): Promise<Status> {
  return (await askMonitor(runtime, socket, { ask: 'status' }, STATUS)) as Status;
}

/** Disables, drains or enables servers. @throws as `askMonitor` */
export async function askAdmin(
  runtime: Pick<Runtime, 'ask'>,
  socket: string,
  request: AdminRequest,
): Promise<AdminAnswer> {
  return (await askMonitor(
    runtime,
    socket,
    { ask: 'admin', ...request },
    ADMIN_ANSWER,
  )) as AdminAnswer;
}

/**
 * @param shape of the answer
 * @throws NO_MONITOR when none is running, MONITOR_REFUSED with the monitor's reason, MONITOR_ERROR
 *   when nothing answers in time or the answer is not that of a monitor of this version
 */
async function askMonitor(
  runtime: Pick<Runtime, 'ask'>,
  socket: string,
  request: ControlRequest,
  shape: Shape,
): Promise<unknown> {
  const line = await exchange(runtime, socket, JSON.stringify(request));
  const answer = parsed(line);
  if (answer === undefined) throw badAnswer(socket, 'it is not JSON');
  if (typeof answer === 'object' && answer !== null && 'refused' in answer) {
    const problem = REFUSED(answer, '');
    if (problem !== undefined) throw badAnswer(socket, problem);
    const { refused, hint } = answer as RefusedRequest;
    throw new LvsctlError('MONITOR_REFUSED', refused, hint ?? undefined);
  }
  const problem = shape(answer, '');
  if (problem !== undefined) throw badAnswer(socket, problem);
  return answer;
}

async function exchange(
  { ask }: Pick<Runtime, 'ask'>,
  socket: string,
  line: string,
): Promise<string> {
  try {
    return await ask(socket, line);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isNotRunning(error))
      throw new LvsctlError('NO_MONITOR', `no monitor is running at ${socket}`, START_ONE);
    if (code === 'EACCES' || code === 'EPERM')
      throw new LvsctlError(
        'SYSTEM',
        `no permission for the socket ${socket}`,
        'only the user that runs the monitor may ask it; for one of your own give its --socket',
      );
    throw new LvsctlError(
      'MONITOR_ERROR',
      `the monitor at ${socket} does not answer: ${reasonOf(error)}`,
    );
  }
}

const START_ONE = 'start one with `lvsctl monitor FILE` (systemd: systemctl start lvsctl-monitor)';

function badAnswer(socket: string, problem: string): LvsctlError {
  return new LvsctlError(
    'MONITOR_ERROR',
    `the answer at ${socket} is not that of a monitor of this version: ${problem}`,
    'after an update of lvsctl start the monitor again',
  );
}

/** @returns undefined when it is not JSON */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Whether this error of a socket means that no process is at its other end. */
export function isNotRunning(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ECONNREFUSED';
}
