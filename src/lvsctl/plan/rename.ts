// Interfaces that were renamed since they were changed: the kernel's number of an interface stays.
import { links } from './network.js';
import type { Setting, State, Subject } from './setting.js';
import type { Snapshot } from './snapshot.js';
import { interfaceOf } from './sysctl.js';

export type Renames = ReadonlyMap<string, string>;

/** Interfaces that settings are about, with the kernel's number of each. */
export function linksOf(
  settings: readonly Setting[],
  machine: Snapshot,
): Readonly<Record<string, number>> {
  const names = new Set(settings.flatMap(({ subject }) => deviceOf(subject) ?? []));
  return Object.fromEntries(
    links(machine)
      .filter(({ name, index }) => names.has(name) && index > 0)
      .map(({ name, index }) => [name, index]),
  );
}

/** New name by former name. @param known numbers by former name */
export function renamesSince(known: Readonly<Record<string, number>>, machine: Snapshot): Renames {
  if (Object.keys(known).length === 0) return new Map();
  const present = links(machine);
  return new Map(
    Object.entries(known).flatMap(([name, index]) => {
      const link = present.find((one) => one.index === index);
      const stays = present.some((one) => one.name === name);
      return link && !stays ? [[name, link.name] as const] : [];
    }),
  );
}

/** The subject by the names that interfaces have now. */
export function renamedSubject(subject: Subject, renames: Renames): Subject {
  const name = renames.get(deviceOf(subject) ?? '');
  if (name === undefined) return subject;
  if (subject.kind === 'address') return { ...subject, device: name };
  return subject.kind === 'sysctl'
    ? { ...subject, key: renamedKey(subject.key, renames) }
    : subject;
}

/** The state of a sysctl by the names that interfaces have now. */
export function renamedState(subject: Subject, state: State, renames: Renames): State {
  if (subject.kind !== 'sysctl' || typeof state !== 'object' || state === null) return state;
  return Object.fromEntries(
    Object.entries(state as Readonly<Record<string, string>>).map(([key, value]) => [
      renamedKey(key, renames),
      value,
    ]),
  );
}

function renamedKey(key: string, renames: Renames): string {
  const device = interfaceOf(key);
  const name = renames.get(device ?? '');
  return name === undefined ? key : key.replace(`/conf/${device}/`, () => `/conf/${name}/`);
}

function deviceOf(subject: Subject): string | undefined {
  if (subject.kind === 'address') return subject.device;
  return subject.kind === 'sysctl' ? interfaceOf(subject.key) : undefined;
}
