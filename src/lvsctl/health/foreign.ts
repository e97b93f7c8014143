// What somebody else did to our services and servers since we last looked.
import type { Destination } from '../../model/destination.js';
import { sameDestination, sameService } from '../plan/diff.js';
import type { LiveService } from './changes.js';

export interface ForeignChange {
  /** undefined = the service itself */
  readonly server: string | undefined;
  readonly what: string;
}

/**
 * Differences between the table as we left it and as it is, as far as they concern the file's
 * servers.
 * @param known undefined = the service did not exist
 * @param owned the servers that are ours, by `formatServer`
 */
export function foreignChanges(
  known: LiveService | undefined,
  live: LiveService | undefined,
  owned: Iterable<string>,
): readonly ForeignChange[] {
  if (live === undefined)
    return known === undefined ? [] : [{ server: undefined, what: 'the service was removed' }];
  if (known === undefined) return [{ server: undefined, what: 'the service was added' }];
  const changes: ForeignChange[] = [];
  if (!sameService(known.service, live.service))
    changes.push({ server: undefined, what: 'the service was edited' });
  for (const server of owned) {
    const what = difference(known.destinations.get(server), live.destinations.get(server));
    if (what !== undefined) changes.push({ server, what });
  }
  return changes;
}

function difference(
  before: Destination | undefined,
  after: Destination | undefined,
): string | undefined {
  if (before === undefined)
    return after === undefined ? undefined : `was added with weight ${after.weight}`;
  if (after === undefined) return 'was removed';
  if (sameDestination(before, after)) return undefined;
  return before.weight === after.weight
    ? 'was edited'
    : `got weight ${after.weight} instead of ${before.weight}`;
}
