// Waiting until nobody holds a drained server any more.
import type { ServerId } from './admin.js';
import { askMonitor } from './ask.js';
import type { Outside } from './outside.js';
import type { ServerStatus, Status } from './status.js';

const LOOK_MS = 500;
const EMPTY = 0;
const GIVEN_UP = 1;

/**
 * Asks the monitor until the servers have no connections, and no persistence templates that bring clients back.
 * Each change of what holds a server is told once.
 * @param timeoutS seconds, undefined = for ever
 * @returns the exit status
 * @throws NoMonitorError when the monitor goes away
 */
export async function waitEmpty(
  servers: readonly ServerId[],
  timeoutS: number | undefined,
  socket: string,
  { ask, clock }: Pick<Outside, 'ask' | 'clock'>,
  err: (text: string) => void,
): Promise<number> {
  const end = clock.now() + (timeoutS ?? Number.POSITIVE_INFINITY) * 1000;
  const told = new Map<string, string>();
  for (;;) {
    const status = await askMonitor<Status>({ ask }, socket, { ask: 'status' });
    const holders = servers.map((one) => ({ name: `${one.service} ${one.server}`, ...holdOf(one, status) }));
    for (const { name, text } of holders) {
      if (text !== '' && told.get(name) !== text) err(`${name}: ${text}\n`);
      told.set(name, text);
    }
    if (holders.some(({ over }) => over)) return GIVEN_UP;
    const held = holders.filter(({ text }) => text !== '');
    if (held.length === 0) return EMPTY;
    if (clock.now() >= end) {
      err(`lvsctl: after ${timeoutS} s connections are left; the server stays drained\n`);
      return GIVEN_UP;
    }
    await new Promise<void>((resolve) => void clock.after(Math.min(LOOK_MS, Math.max(0, end - clock.now())), resolve));
  }
}

/** What holds a server, in words; empty when nothing does. `over`: waiting has no sense any more. */
function holdOf({ service, server }: ServerId, { services, templatesExpire }: Status): { readonly text: string; readonly over: boolean } {
  const found = services.find(({ name }) => name === service)?.servers.find((one) => one.server === server);
  if (found === undefined) return { text: 'is not in the file any more', over: true };
  if (found.state !== 'drained') return { text: `is not drained any more, but ${found.state}`, over: true };
  return { text: connectionsOf(found, templatesExpire), over: false };
}

function connectionsOf({ active, inactive, persistent }: ServerStatus, templatesExpire: boolean): string {
  const templates = templatesExpire ? 0 : persistent;
  const parts = [
    [active, 'active'],
    [inactive, 'inactive'],
    [templates, templates === 1 ? 'persistence template' : 'persistence templates'],
  ] as const;
  const text = parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(', ');
  return templates > 0 ? `${text} (net.ipv4.vs.expire_quiescent_template is 0: clients come back)` : text;
}
