// Two states of a service, before and after -> what there is to tell.
import { formatServer, sameDestinationId } from '../plan/diff.js';
import type { EventName } from './events.js';
import { isUnproven, type ServerState, type ServiceState } from './service.js';

export interface Transition {
  readonly server: string;
  readonly event: EventName;
}

/**
 * Servers that are in both states, which may be of two files; who comes or goes with a file is told
 * by its reload.
 */
export function transitions(before: ServiceState, after: ServiceState): readonly Transition[] {
  const former =
    before.wanted === after.wanted
      ? before.servers
      : after.wanted.destinations.map(
          (id) =>
            before.servers[
              before.wanted.destinations.findIndex((one) => sameDestinationId(one, id))
            ],
        );
  return after.wanted.destinations.flatMap((destination, i) => {
    const [old, now] = [former[i], after.servers[i]];
    return old && now && old !== now
      ? eventsOf(old, now).map((event) => ({ server: formatServer(destination), event }))
      : [];
  });
}

function eventsOf(old: ServerState, now: ServerState): EventName[] {
  const events: EventName[] = [];
  if (old.admin !== now.admin) events.push(now.admin?.state ?? 'enabled');
  if (!old.up && now.up) events.push('back');
  else if (!old.held && now.held) events.push('held');
  else if (!now.up && (old.up || isUnproven(old) !== isUnproven(now))) events.push('gone');
  // others are back; when an administrator spoke, that is what happened
  else if (old.held && !now.held && old.admin === now.admin) events.push('released');
  return events;
}
