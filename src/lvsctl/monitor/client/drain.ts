// Waiting until a drained server has no connections any more.

import { hasCode } from '../../errors.js';
import type { Runtime } from '../runtime.js';
import type { NamedServer } from '../state/select.js';
import type { ServerStatus, Status } from '../status.js';
import { askStatus } from './request.js';

const LOOK_MS = 500;
/** how long a monitor may be away, which is started again */
const AWAY_MS = 30_000;
const EMPTY = 0;
const GIVEN_UP = 1;

/**
 * Asks the monitor until the servers have no connections, and no persistence templates that bring
 * clients back. Each change of what holds a server is reported once.
 * @param timeoutS seconds, undefined = for ever
 * @returns the exit status
 * @throws NO_MONITOR or MONITOR_ERROR when the monitor goes away and does not come back
 */
export async function waitEmpty(
  servers: readonly NamedServer[],
  timeoutS: number | undefined,
  socket: string,
  { ask, clock }: Pick<Runtime, 'ask' | 'clock'>,
  err: (text: string) => void,
): Promise<number> {
  const end = clock.now() + (timeoutS ?? Number.POSITIVE_INFINITY) * 1000;
  const reported = new Map<string, string>();
  const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
  /** Asks again and again while no monitor answers. */
  async function patiently(): Promise<Status> {
    const enough = Math.min(end, clock.now() + AWAY_MS);
    for (;;) {
      try {
        return await askStatus({ ask }, socket);
      } catch (error) {
        const away = hasCode(error, 'NO_MONITOR', 'MONITOR_ERROR');
        if (!away || clock.now() >= enough) throw error;
      }
      await pause(LOOK_MS);
    }
  }
  for (;;) {
    const status = await patiently();
    const holders = servers.map((one) => ({
      name: `${one.name} ${one.server}`,
      ...holdOf(one, status),
    }));
    for (const { name, text } of holders) {
      if (text !== '' && reported.get(name) !== text) err(`${name}: ${text}\n`);
      reported.set(name, text);
    }
    if (holders.some(({ over }) => over)) return GIVEN_UP;
    const held = holders.filter(({ text }) => text !== '');
    if (held.length === 0) return EMPTY;
    if (clock.now() >= end) {
      err(`lvsctl: after ${timeoutS} s connections are left; the server stays drained\n`);
      return GIVEN_UP;
    }
    await pause(Math.min(LOOK_MS, end - clock.now()));
  }
}

/**
 * What holds a server, as text; empty when nothing does. `over`: waiting has no sense any more.
 */
function holdOf(
  { service, server }: NamedServer,
  status: Status,
): { readonly text: string; readonly over: boolean } {
  const { services, templates_expire, error } = status;
  const found = services
    .find((one) => one.service === service)
    ?.servers.find((one) => one.server === server);
  if (found === undefined) return { text: 'is not in the file any more', over: true };
  if (found.state !== 'drained')
    return { text: `is not drained any more, but ${found.state}`, over: true };
  // its counters are 0 then, which means nothing
  if (error !== null) return { text: `cannot be seen: ${error}`, over: false };
  if (found.weight_actual === null) return { text: 'is not in the table', over: false };
  if (found.weight_actual > 0)
    return { text: `still has weight ${found.weight_actual}`, over: false };
  return { text: connectionsOf(found, templates_expire), over: false };
}

function connectionsOf(
  { active, inactive, persistent }: ServerStatus,
  templates_expire: boolean,
): string {
  const templates = templates_expire ? 0 : persistent;
  const parts = [
    [active, 'active'],
    [inactive, 'inactive'],
    [templates, templates === 1 ? 'persistence template' : 'persistence templates'],
  ] as const;
  const text = parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(', ');
  return templates > 0
    ? `${text} (net.ipv4.vs.expire_quiescent_template is 0: clients come back)`
    : text;
}
