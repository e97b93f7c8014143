// Two states of a service, before and after -> what there is to tell.
import { formatServer } from '../plan/diff.js';
import type { EventName } from './events.js';
import { isUnproven, type ServerState, type ServiceState } from './service.js';

export interface Transition {
  readonly server: string;
  readonly event: EventName;
}

/** Servers that are in both states; what a reload adds or drops is told by the reload. */
export function transitions(before: ServiceState, after: ServiceState): readonly Transition[] {
  return after.wanted.destinations.flatMap((destination, i) => {
    const [old, now] = [before.servers[i], after.servers[i]];
    return old && now && old !== now ? eventsOf(old, now).map((event) => ({ server: formatServer(destination), event })) : [];
  });
}

function eventsOf(old: ServerState, now: ServerState): EventName[] {
  const events: EventName[] = [];
  if (old.admin !== now.admin) events.push(now.admin?.state ?? 'enabled');
  if (!old.up && now.up) events.push('back');
  else if (!old.held && now.held) events.push('held');
  else if (!now.up && (old.up || isUnproven(old) !== isUnproven(now))) events.push('gone');
  else if (old.held && !now.held) events.push('released');
  return events;
}
