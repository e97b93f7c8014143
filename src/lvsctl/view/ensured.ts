// What `ensure`, `absent` and `set` did, as a short text: `added …`, `weight 3 -> 5`, `unchanged`.
import { formatIpv4 } from '../../model/address.js';
import type { Destination } from '../../model/destination.js';
import { FORWARDING, knownForwarding } from '../../model/forwarding.js';
import { flagNames } from '../../model/scheduler.js';
import type { Service } from '../../model/service.js';
import type { Ensured } from '../config/ensure.js';

interface Named<T> {
  readonly name: string;
  readonly show: (value: T) => string;
}

// biome-ignore format: a table
const SERVICE: readonly Named<Service>[] = [
  { name: 'scheduler', show: ({ scheduler }) => scheduler },
  { name: 'flags', show: ({ scheduler, schedulerFlags }) => flagNames(scheduler, schedulerFlags).join(',') || 'none' },
  { name: 'persistence', show: ({ persistence }) => (persistence ? String(persistence.timeout) : 'none') },
  { name: 'netmask', show: ({ netmask }) => (netmask <= 128 && netmask > 0 ? `/${netmask}` : formatIpv4(netmask)) },
  { name: 'engine', show: ({ engine }) => engine ?? 'none' },
  { name: 'one-packet', show: ({ onePacket }) => (onePacket ? 'on' : 'off') },
];

// biome-ignore format: a table
const SERVER: readonly Named<Destination>[] = [
  { name: 'forwarding', show: ({ forwarding }) => { const known = knownForwarding(forwarding); return known ? FORWARDING[known].option : forwarding; } },
  { name: 'tunnel', show: ({ tunnel: { type, port, flags } }) => `${type}${port ? ` port ${port}` : ''}${flags ? ` checksum ${flags}` : ''}` },
  { name: 'weight', show: ({ weight }) => String(weight) },
  { name: 'upper', show: ({ upperThreshold }) => String(upperThreshold) },
  { name: 'lower', show: ({ lowerThreshold }) => String(lowerThreshold) },
];

/** Without the subject, but for what was added or removed. */
export function ensuredText({ change, subject, from }: Ensured): string {
  switch (change?.kind) {
    case undefined:
      return 'unchanged';
    case 'add-service':
    case 'add-destination':
      return `added ${subject}`;
    case 'delete-service':
    case 'delete-destination':
      return `removed ${subject}`;
    case 'edit-service':
      return differing(SERVICE, from as Service, change.service);
    case 'edit-destination':
      return differing(SERVER, from as Destination, change.destination);
    default:
      return change?.kind ?? '';
  }
}

function differing<T>(rows: readonly Named<T>[], from: T, to: T): string {
  return rows
    .flatMap(({ name, show }) =>
      show(from) === show(to) ? [] : [`${name} ${show(from)} -> ${show(to)}`],
    )
    .join(', ');
}
