// Interfaces that were renamed since they were changed: the kernel's number of an interface stays.
import { links } from './network.js';
import type { Resource, ResourceState, Setting } from './resources.js';
import type { MachineSnapshot } from './snapshot.js';
import { interfaceOf } from './sysctl.js';

export type Renames = ReadonlyMap<string, string>;

/** Interfaces that settings are about, with the kernel's number of each. */
export function linksOf(
  settings: readonly Setting[],
  machine: MachineSnapshot,
): Readonly<Record<string, number>> {
  const names = new Set(settings.flatMap(({ resource }) => deviceOf(resource) ?? []));
  return Object.fromEntries(
    links(machine)
      .filter(({ name, index }) => names.has(name) && index > 0)
      .map(({ name, index }) => [name, index]),
  );
}

/** New name by previous name. @param known numbers by previous name */
export function renamesSince(
  known: Readonly<Record<string, number>>,
  machine: MachineSnapshot,
): Renames {
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

/** The resource by the names that interfaces have now. */
export function renamedResource(resource: Resource, renames: Renames): Resource {
  const name = renames.get(deviceOf(resource) ?? '');
  if (name === undefined) return resource;
  if (resource.kind === 'address' || resource.kind === 'extra_address')
    return { ...resource, device: name };
  return resource.kind === 'sysctl'
    ? { ...resource, key: renamedKey(resource.key, renames) }
    : resource;
}

/** The state of a sysctl by the names that interfaces have now. */
export function renamedState(
  resource: Resource,
  state: ResourceState,
  renames: Renames,
): ResourceState {
  if (resource.kind !== 'sysctl' || typeof state !== 'object' || state === null) return state;
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

function deviceOf(resource: Resource): string | undefined {
  if (resource.kind === 'address' || resource.kind === 'extra_address') return resource.device;
  return resource.kind === 'sysctl' ? interfaceOf(resource.key) : undefined;
}
