// What a director remembers of its role: files of this network namespace.
import { dirname, join } from 'node:path';
import type { Runtime } from '../monitor/runtime.js';
import type { World } from '../world.js';

/** `writeText` makes the directory. */
type HaWorld = Pick<World, 'places' | 'machine'> & Pick<Runtime, 'writeText'>;

/** The role that keepalived gave, and when; ISO 8601. */
export interface LastRole {
  readonly role: string;
  readonly since: string;
}

/** The file that keeps a director out: `1` while it must not have the VIPs. */
export function standbyPath({ places }: Pick<World, 'places'>): string {
  return join(dirname(places().state), 'standby');
}

export function isStandby({ places, machine }: Pick<World, 'places' | 'machine'>): boolean {
  return machine.read(standbyPath({ places }))?.trim() === '1';
}

/** @throws a system error */
export function setStandby(standby: boolean, world: HaWorld): void {
  world.writeText(standbyPath(world), standby ? '1\n' : '0\n');
}

/** Makes the file where it is missing: keepalived follows it from its start on. @throws a system error */
export function prepareStandby(world: HaWorld): void {
  if (world.machine.read(standbyPath(world)) === undefined) setStandby(false, world);
}

function rolePath({ places }: Pick<World, 'places'>): string {
  return join(dirname(places().socket), 'role.json');
}

/** @throws a system error */
export function keepRole(role: LastRole, world: HaWorld): void {
  world.writeText(rolePath(world), `${JSON.stringify(role)}\n`);
}

/** Undefined when keepalived has given none since the machine was started. */
export function lastRole(world: Pick<World, 'places' | 'machine'>): LastRole | undefined {
  try {
    const { role, since } = JSON.parse(world.machine.read(rolePath(world)) ?? '') as LastRole;
    const valid = typeof role === 'string' && /^[a-z]{1,10}$/.test(role);
    return valid && Number.isFinite(Date.parse(since)) ? { role, since } : undefined;
  } catch {
    return undefined;
  }
}
