// Reports drift: each change as it is found, and where another writer makes it again and again (a
// second monitor, a script) that fact, at growing intervals.
import type { MonitorEvent } from '../state/events.js';

/** changes of one server that are reported one by one */
const SINGLE_REPORTS = 3;
/** after that long without a change it counts from the beginning */
const QUIET_MS = 300_000;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** with more, those without recent events are removed */
const MANY = 1000;

interface Changed {
  last: number;
  times: number;
}

/** A service that another writer keeps changing. */
interface Conflict {
  readonly began: number;
  last: number;
  times: number;
  readonly servers: Set<string>;
  next: number;
  pauseMs: number;
}

/** @returns what takes all events; those that are not drift go on as they are */
export function createDriftLog(
  now: () => number,
  emit: (event: MonitorEvent) => void,
): (event: MonitorEvent) => void {
  const changed = new Map<string, Changed>();
  const conflicts = new Map<string, Conflict>();

  function timesOf(key: string, at: number): number {
    if (changed.size > MANY)
      for (const [other, { last }] of changed) if (at - last > QUIET_MS) changed.delete(other);
    const entry = changed.get(key);
    const times = entry === undefined || at - entry.last > QUIET_MS ? 1 : entry.times + 1;
    changed.set(key, { last: at, times });
    return times;
  }

  function conflictOf(service: string, at: number): Conflict {
    const previous = conflicts.get(service);
    if (previous !== undefined && at - previous.last <= QUIET_MS) return previous;
    const begun: Conflict = {
      began: at,
      last: at,
      times: 0,
      servers: new Set(),
      next: at,
      pauseMs: FIRST_PAUSE_MS,
    };
    conflicts.set(service, begun);
    return begun;
  }

  return (event) => {
    if (event.event !== 'drift') return emit(event);
    const { service = '', server = '', reason = '' } = event;
    const at = now();
    const times = timesOf(`${service} ${server}`, at);
    if (times <= SINGLE_REPORTS) return emit(event);
    const conflict = conflictOf(service, at);
    conflict.last = at;
    conflict.times++;
    conflict.servers.add(server);
    if (at < conflict.next) return;
    emit({ ...event, reason: summary(reason, times, conflict, at) });
    conflict.next = at + conflict.pauseMs;
    conflict.pauseMs = Math.min(2 * conflict.pauseMs, LONGEST_PAUSE_MS);
  };
}

function summary(
  reason: string,
  times: number,
  { began, servers, times: all, pauseMs }: Conflict,
  at: number,
): string {
  const others = servers.size > 1 ? `; with it ${servers.size - 1} more of this service` : '';
  const count =
    at === began
      ? `for the ${times}th time`
      : `still, ${all} changes in ${Math.round((at - began) / 1000)} s`;
  return (
    `${reason} again (${count}${others}): a program keeps changing this ` +
    `service, perhaps a second monitor; the next report is in ${pauseMs / 60_000} min or later`
  );
}
