// What happened, as a line for people or for programs.
import { printable } from '../../../render/printable.js';

/** One row per event: whether the hook program is run for it, and what it means. */
// biome-ignore format: a table
export const EVENTS = {
  started: { hook: false, means: 'the monitor has begun' },
  stopped: { hook: false, means: 'the monitor has ended' },
  reloaded: { hook: false, means: 'the file was read again and is in force' },
  'reload-failed': { hook: false, means: 'the file was read again and refused; the previous one stays in force' },
  up: { hook: true, means: 'the checks of a server pass: it is back in the table' },
  down: { hook: true, means: 'the checks of a server fail: it is out of the table' },
  held: { hook: true, means: 'the checks of a server pass, but it went down too often: it stays out for a time (damping)' },
  'forced-up': { hook: true, means: 'the checks of a server fail, but it stays in (min_up)' },
  'forced-up-end': { hook: true, means: 'enough other servers are up: it is out now' },
  disabled: { hook: true, means: 'an administrator has disabled a server' },
  drained: { hook: true, means: 'an administrator drains a server' },
  enabled: { hook: true, means: 'an administrator has enabled a server again, or --for is over' },
  'sorry-up': { hook: true, means: 'no server takes new connections: the sorry server is in the table' },
  'sorry-down': { hook: true, means: 'a server takes new connections: the sorry server is out' },
  weight: { hook: true, means: 'a check asks for another weight of a server: by more than a tenth of the file\'s, or to or from 0' },
  'service-up': { hook: true, means: 'the servers of a service reach its quorum (default: one is in); also the first time' },
  'service-down': { hook: true, means: 'the servers of a service fall below its quorum: none of them serves' },
  announced: { hook: true, means: 'the services of a VIP are up: BIRD announces it' },
  withdrawn: { hook: true, means: 'a service of a VIP is down, or the director is drained: BIRD announces it no longer' },
  standby: { hook: true, means: 'the VIP of a service is not on this machine: nothing is checked (pause_on_standby)' },
  'standby-end': { hook: true, means: 'the VIP of a service is on this machine: its checks begin' },
  drift: { hook: true, means: 'the table was changed by another program' },
  unmanaged: { hook: true, means: 'a service of the file has a server that the file does not name' },
  'not-in-file': { hook: false, means: 'an administrative state is kept for a server that the file does not have' },
  refused: { hook: true, means: 'the kernel refused a change' },
  error: { hook: false, means: 'a check could not be made, or the table, the log or the state not written' },
  recovered: { hook: false, means: 'such an error is over' },
} as const;
export type EventName = keyof typeof EVENTS;

export interface MonitorEvent {
  readonly event: EventName;
  readonly service?: string;
  /** `192.0.2.1:80` */
  readonly server?: string;
  /**
   * of a service that is up, down or in standby: its address; of a group all, with blanks between; what is
   * announced or withdrawn
   */
  readonly vip?: string;
  /** `http /health` */
  readonly check?: string;
  readonly reason?: string;
  /** what the monitor did about it: `corrected`, `ignored`, `left alone` */
  readonly outcome?: string;
}

/**
 * One line with its newline: `2026-01-01T00:00:00.000Z web 192.0.2.1:80 down: http /health: status
 * 500`, or JSON.
 */
export function renderEvent(event: MonitorEvent, time: Date, format: 'text' | 'json'): string {
  if (format === 'json') return `${JSON.stringify({ time: time.toISOString(), ...event })}\n`;
  const vip = event.service === undefined ? event.vip : undefined;
  const where = [vip, event.service, event.server].filter((part) => part !== undefined);
  const why = [event.check, event.reason]
    .filter((part) => part !== undefined && part !== '')
    .join(': ');
  const text = event.outcome === undefined ? why : `${why}; ${event.outcome}`;
  return `${[time.toISOString(), ...where, event.event].join(' ')}${text === '' ? '' : `: ${printable(text)}`}\n`;
}
