// Two states of a service, before and after -> the events between them.
import { formatAddress } from '../../../model/address.js';
import { vipsOf } from '../../config/desired.js';
import type { Health } from '../../config/file.js';
import { labelOf } from '../checks/spec.js';
import type { EventName, MonitorEvent } from './events.js';
import { upWeight } from './quorum.js';
import { isUnknown } from './service.js';
import type { ServerState, ServiceState } from './state.js';

/**
 * Events of servers that are in both states, which may be of two files. A server that comes or
 * goes with a file has none: its reload is reported.
 */
export function transitions(before: ServiceState, after: ServiceState): readonly MonitorEvent[] {
  if (before === after) return [];
  return [...serverEvents(before, after), ...serviceEvents(before, after)];
}

/** Whether its VIP is here, and whether it is up: the first time as well. */
function serviceEvents(before: ServiceState, after: ServiceState): readonly MonitorEvent[] {
  const { up, standby, servers, name, spec } = after;
  const about = { service: name, vip: vipsOf(spec.source).map(formatAddress).join(' ') };
  const moved: readonly MonitorEvent[] =
    before.standby === standby
      ? []
      : [
          {
            event: standby ? 'standby' : 'standby-end',
            ...about,
            reason: `${about.vip} is ${standby ? 'not ' : ''}on this machine`,
          },
        ];
  if (before.up === up || up === undefined) return moved;
  const { quorum } = spec.source.health;
  const all = servers.reduce((sum, one) => sum + one.spec.weight, 0);
  return [
    ...moved,
    {
      event: up ? 'service-up' : 'service-down',
      ...about,
      reason: `weight ${upWeight(after)} of ${all} is up, quorum ${quorum}`,
    },
  ];
}

function serverEvents(before: ServiceState, after: ServiceState): readonly MonitorEvent[] {
  if (before.servers === after.servers) return [];
  const previous = new Map(before.servers.map((server) => [server.key, server]));
  return after.servers.flatMap((now) => {
    const old = previous.get(now.key);
    return old === undefined || old === now
      ? []
      : eventsOf(old, now).map(
          (event): MonitorEvent => ({
            event,
            service: after.name,
            server: now.key,
            ...reasonOf(event, old, now, after.spec.source.health.damping),
          }),
        );
  });
}

function eventsOf(old: ServerState, now: ServerState): EventName[] {
  const events: EventName[] = [];
  if (old.admin !== now.admin) events.push(now.admin?.state ?? 'enabled');
  if (!old.up && now.up) events.push(now.held ? 'held' : 'up');
  else if (old.up && now.up && old.held !== now.held && old.admin === now.admin)
    events.push(now.held ? 'held' : 'up');
  else if (!old.forcedUp && now.forcedUp) events.push('forced-up');
  else if (!now.up && (old.up || isUnknown(old) !== isUnknown(now))) events.push('down');
  // others are back; when an administrator acted, that is what happened
  else if (old.forcedUp && !now.forcedUp && old.admin === now.admin) events.push('forced-up-end');
  if (old.reported !== now.reported && old.spec.weight === now.spec.weight && now.up)
    events.push('weight');
  return events;
}

/** The administrator's reason, or the check that fails. */
function reasonOf(
  event: EventName,
  old: ServerState,
  now: ServerState,
  damping: Health['damping'],
): Pick<MonitorEvent, 'check' | 'reason'> {
  const { admin, checks } = now;
  if (event === 'disabled' || event === 'drained')
    return admin?.reason ? { reason: admin.reason } : {};
  if (event === 'held' && damping)
    return {
      reason:
        `down ${now.downs.length} times in ${damping.within} s: out until ` +
        `${damping.hold} s after the last time`,
    };
  if (event === 'weight')
    return { reason: `${old.reported} to ${now.reported} of ${now.spec.weight}` };
  if (event !== 'down' && event !== 'forced-up') return {};
  const failed = checks.find(({ up }) => !up);
  if (failed === undefined) return {};
  const reason = failed.last?.reason;
  return { check: labelOf(failed.spec), ...(reason === undefined ? {} : { reason }) };
}
