// What happened, as a line for people or for programs.
import { printable } from '../../render/printable.js';

/** One row per event: whether the hook program hears of it. */
export const EVENTS = {
  started: { hook: false },
  stopped: { hook: false },
  reloaded: { hook: false },
  'reload-refused': { hook: false },
  gone: { hook: true },
  back: { hook: true },
  /** fails, but stays in: see min_up */
  held: { hook: true },
  /** is out now that others are back */
  released: { hook: true },
  disabled: { hook: true },
  drained: { hook: true },
  enabled: { hook: true },
  'sorry-in': { hook: true },
  'sorry-out': { hook: true },
  foreign: { hook: true },
  /** an administrator's word about a server that the file does not have */
  unknown: { hook: false },
  refused: { hook: true },
  trouble: { hook: false },
  recovered: { hook: false },
} as const;
export type EventName = keyof typeof EVENTS;

export interface MonitorEvent {
  readonly event: EventName;
  readonly service?: string;
  /** `192.0.2.1:80` */
  readonly server?: string;
  /** `http /health` */
  readonly check?: string;
  readonly reason?: string;
}

/**
 * One line with its newline: `2026-01-01T00:00:00.000Z web 192.0.2.1:80 gone: http /health: status
 * 500`, or JSON.
 */
export function renderEvent(event: MonitorEvent, time: Date, format: 'text' | 'json'): string {
  if (format === 'json') return `${JSON.stringify({ time: time.toISOString(), ...event })}\n`;
  const where = [event.service, event.server].filter((word) => word !== undefined);
  const why = [event.check, event.reason]
    .filter((word) => word !== undefined && word !== '')
    .join(': ');
  return `${[time.toISOString(), ...where, event.event].join(' ')}${why === '' ? '' : `: ${printable(why)}`}\n`;
}
