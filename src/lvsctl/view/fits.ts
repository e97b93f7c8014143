// The filter of a view of services, on the terminal and on the page.
import type { WatchedService } from '../sample/watched.js';

/** Whether a service or one of its servers has all parts of the filter in it. */
export function fitsFilter(service: WatchedService, filter: string): boolean {
  const text = [
    ...[service.service, service.name, service.scheduler],
    ...service.servers.flatMap(({ server, name, state, mode }) => [server, name, state, mode]),
  ]
    .join(' ')
    .toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((part) => text.includes(part));
}
