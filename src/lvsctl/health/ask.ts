// Requests to the running monitor, and the answers, of which nothing is believed unseen.
import { LvsctlError } from '../errors.js';
import { reasonOf } from '../failure.js';
import { ADMIN_ANSWER, REFUSAL, STATUS } from './answers.js';
import type { AdminAnswer, AdminRequest, ControlRequest, Refusal } from './control.js';
import type { Outside } from './outside.js';
import type { Shape } from './shape.js';
import type { Status } from './status.js';

/** @throws as `askMonitor` */
export async function askStatus(outside: Pick<Outside, 'ask'>, socket: string): Promise<Status> {
  return (await askMonitor(outside, socket, { ask: 'status' }, STATUS)) as Status;
}

/** Disables, drains or enables servers. @throws as `askMonitor` */
export async function askAdmin(
  outside: Pick<Outside, 'ask'>,
  socket: string,
  request: AdminRequest,
): Promise<AdminAnswer> {
  return (await askMonitor(
    outside,
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
  outside: Pick<Outside, 'ask'>,
  socket: string,
  request: ControlRequest,
  shape: Shape,
): Promise<unknown> {
  const line = await exchange(outside, socket, JSON.stringify(request));
  const answer = parsed(line);
  if (answer === undefined) throw strange(socket, 'it is not JSON');
  if (typeof answer === 'object' && answer !== null && 'error' in answer) {
    const problem = REFUSAL(answer, '');
    if (problem !== undefined) throw strange(socket, problem);
    const { error, hint } = answer as Refusal;
    throw new LvsctlError('MONITOR_REFUSED', error, hint ?? undefined);
  }
  const problem = shape(answer, '');
  if (problem !== undefined) throw strange(socket, problem);
  return answer;
}

async function exchange(
  { ask }: Pick<Outside, 'ask'>,
  socket: string,
  line: string,
): Promise<string> {
  try {
    return await ask(socket, line);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isNobody(error))
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

function strange(socket: string, problem: string): LvsctlError {
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

/** Whether this error of a socket says that no process is at its other end. */
export function isNobody(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ECONNREFUSED';
}
