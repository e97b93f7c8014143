// What an administrator does to a server from `top` or the status page: through the running
// monitor, or as a transaction where none is running.
import { shellLine } from '../../render/shell.js';
import { hasCode, LvsctlError } from '../errors.js';
import { askAdmin } from '../monitor/client/request.js';
import type { Runtime } from '../monitor/runtime.js';
import { ensureRules } from '../transaction/ensure.js';
import type { World } from '../world.js';

export const ACTS = ['drain', 'disable', 'enable', 'weight'] as const;
export type Act = (typeof ACTS)[number];

export interface ActRequest {
  readonly act: Act;
  /** the key of its service */
  readonly service: string;
  /** the key of the server */
  readonly server: string;
  /** of the act `weight` */
  readonly weight?: number;
  readonly reason: string;
  /** the user that does it, as the monitor shows it */
  readonly by: string;
  /** after which the monitor enables it again */
  readonly for_seconds: number | null;
}

const STATES = { drain: 'drained', disable: 'disabled', enable: null } as const;

/**
 * @returns what was done, as text
 * @throws LvsctlError: NO_MONITOR for what only a monitor can do, MONITOR_RUNNING for a weight that
 *   a monitor keeps, and as the monitor and the transaction do
 */
export async function perform(
  request: ActRequest,
  world: World,
  runtime: Pick<Runtime, 'ask'>,
  socket: string,
): Promise<string> {
  const { act, server } = request;
  if (act === 'weight') return setWeight(request, request.weight ?? 0, world);
  try {
    const { service, reason, by, for_seconds } = request;
    const state = STATES[act];
    const answer = await askAdmin(runtime, socket, {
      ...{ state, server, service, reason, by, for_seconds },
    });
    if (answer.error !== null)
      throw new LvsctlError(
        'COMMAND_FAILED',
        `remembered, but the table does not have it: ${answer.error}`,
      );
    return `${server} ${state ?? 'enabled'}`;
  } catch (error) {
    if (!hasCode(error, 'NO_MONITOR')) throw error;
    if (act === 'drain') return setWeight(request, 0, world);
    throw new LvsctlError('NO_MONITOR', `${act} needs a running monitor`, 'set its weight');
  }
}

async function setWeight(
  { service, server }: ActRequest,
  weight: number,
  world: World,
): Promise<string> {
  const args = [...serviceArguments(service), '-r', server, '-w', String(weight)];
  const command = shellLine(['set', ...args]);
  await ensureRules('set', [{ args, where: '' }], { command }, world);
  return `${server} has weight ${weight}`;
}

const OPTIONS: Readonly<Record<string, string>> = {
  tcp: '-t',
  udp: '-u',
  sctp: '--sctp-service',
};

/** The arguments that name a service. @throws LvsctlError NOT_FOUND */
function serviceArguments(key: string): readonly string[] {
  const [kind = '', place = '', family] = key.split(' ');
  if (kind === 'fwmark') return ['-f', place, ...(family === 'ipv6' ? ['-6'] : [])];
  const option = OPTIONS[kind];
  if (option === undefined) throw new LvsctlError('NOT_FOUND', `${key}: no such service`);
  return [option, place];
}
