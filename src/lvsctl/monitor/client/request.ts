// Requests to the running monitor, and the answers, each checked before it is believed.
import { LvsctlError } from '../../errors.js';
import { reasonOf } from '../../failure.js';
import type { Shape } from '../../shape.js';
import type { ApiError, ReloadAnswer } from '../process/api.js';
import type { AdminAnswer, AdminRequest } from '../process/control.js';
import type { ApiCall, Runtime } from '../runtime.js';
import type { Status } from '../status.js';
import { ADMIN_ANSWER, API_ERROR, RELOAD_ANSWER, STATUS } from './answers.js';

/** @throws as `askMonitor` */
export async function askStatus(runtime: Pick<Runtime, 'ask'>, socket: string): Promise<Status> {
  const call: ApiCall = { method: 'GET', url: '/v1/status' };
  return (await askMonitor(runtime, socket, call, STATUS)) as Status;
}

const VERBS = { drained: 'drain', disabled: 'disable' } as const;

/** Disables, drains or enables servers. @throws as `askMonitor` */
export async function askAdmin(
  runtime: Pick<Runtime, 'ask'>,
  socket: string,
  { state, ...body }: AdminRequest,
): Promise<AdminAnswer> {
  const url = `/v1/servers/${state === null ? 'enable' : VERBS[state]}`;
  const call: ApiCall = { method: 'POST', url, body: JSON.stringify(body) };
  return (await askMonitor(runtime, socket, call, ADMIN_ANSWER)) as AdminAnswer;
}

/** Has the file read again. @throws as `askMonitor`; MONITOR_REFUSED when it has an error */
export async function askReload(
  runtime: Pick<Runtime, 'ask'>,
  socket: string,
): Promise<ReloadAnswer> {
  const call: ApiCall = { method: 'POST', url: '/v1/reload' };
  return (await askMonitor(runtime, socket, call, RELOAD_ANSWER)) as ReloadAnswer;
}

/**
 * @param shape of the answer
 * @throws NO_MONITOR when none is running, MONITOR_REFUSED with the monitor's reason, MONITOR_ERROR
 *   when nothing answers in time or the answer is not that of a monitor of this version
 */
async function askMonitor(
  { ask }: Pick<Runtime, 'ask'>,
  socket: string,
  call: ApiCall,
  shape: Shape,
): Promise<unknown> {
  const { status, body } = await ask(socket, call).catch((error) => {
    throw socketError(error, socket);
  });
  const answer = parsed(body);
  if (answer === undefined) throw badAnswer(socket, 'it is not JSON');
  if (status !== OK) throw refusal(answer, socket);
  const problem = shape(answer, '');
  if (problem !== undefined) throw badAnswer(socket, problem);
  return answer;
}

const OK = 200;

/** @returns MONITOR_REFUSED, or MONITOR_ERROR where the answer is not an error of a monitor */
export function refusal(answer: unknown, socket: string): LvsctlError {
  const problem = API_ERROR(answer, '');
  if (problem !== undefined) return badAnswer(socket, problem);
  const { message, hint } = (answer as ApiError).error;
  return new LvsctlError('MONITOR_REFUSED', message, hint ?? undefined);
}

/** What an error of the socket means for the monitor. */
export function socketError(error: unknown, socket: string): LvsctlError {
  const { code } = error as NodeJS.ErrnoException;
  if (isNotRunning(error))
    return new LvsctlError('NO_MONITOR', `no monitor is running at ${socket}`, START_ONE);
  if (code === 'EACCES' || code === 'EPERM')
    return new LvsctlError(
      'SYSTEM',
      `no permission for the socket ${socket}`,
      'only the user that runs the monitor may ask it; for one of your own give its --socket',
    );
  // the error of node's parser for bytes that are no HTTP
  if (code?.startsWith('HPE_')) return badAnswer(socket, 'it is not HTTP');
  return new LvsctlError(
    'MONITOR_ERROR',
    `the monitor at ${socket} does not answer: ${reasonOf(error)}`,
  );
}

const START_ONE = 'start one with `lvsctl monitor FILE` (systemd: systemctl start lvsctl-monitor)';

export function badAnswer(socket: string, problem: string): LvsctlError {
  return new LvsctlError(
    'MONITOR_ERROR',
    `the answer at ${socket} is not that of a monitor of this version: ${problem}`,
    'after an update of lvsctl start the monitor again',
  );
}

/** @returns undefined when it is not JSON */
export function parsed(line: string): unknown {
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
