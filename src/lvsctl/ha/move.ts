// Takes a director out of service and back: failover, drain, resume.
import { formatAddress } from '../../model/address.js';
import { serviceKey } from '../../model/table.js';
import { desiredServices } from '../config/desired.js';
import type { Config } from '../config/file.js';
import type { Ha } from '../config/ha.js';
import { LvsctlError } from '../errors.js';
import type { Runtime } from '../monitor/runtime.js';
import { type Facts, gatherFacts, holdersOf } from '../plan/facts.js';
import type { Machine } from '../plan/machine.js';
import type { World } from '../world.js';
import { setAnnounced } from './engine.js';
import { answers } from './inspect.js';
import { setStandby } from './place.js';

export type MoveWorld = Pick<World, 'machine' | 'places'> & Pick<Runtime, 'clock' | 'writeText'>;

const POLL_MS = 100;

/**
 * Gives the VIPs of this master to another director, and stays there as the backup.
 * @returns milliseconds until another machine answered for all of them
 * @throws LvsctlError COMMAND_FAILED when none takes them within the time: they are back here then
 */
export async function failOver(config: Config, waitMs: number, world: MoveWorld): Promise<number> {
  const vips = config.vips.filter(({ address }) => address.family === 'ipv4');
  if (answers({ vips: [] }, gatherFacts(world.machine), world.machine) === undefined)
    throw new LvsctlError(
      'COMMAND_FAILED',
      'arping is not installed: whether another director takes the VIPs could not be known',
      'Debian: apt install iputils-arping',
    );
  if (vips.length === 0)
    throw new LvsctlError(
      'COMMAND_FAILED',
      'no VIP is IPv4: whether another director takes them could not be known',
      'lvsctl ha drain gives them up, lvsctl ha resume lets this director have them again',
    );
  const began = world.clock.now();
  setStandby(true, world);
  try {
    const moved = await until(waitMs, world, () => {
      const facts = gatherFacts(world.machine);
      return (
        !hasVips(config, facts) && answers({ vips }, facts, world.machine)?.length === vips.length
      );
    });
    if (moved) return world.clock.now() - began;
  } finally {
    setStandby(false, world);
  }
  throw new LvsctlError(
    'COMMAND_FAILED',
    `no other director took the VIPs within ${waitMs / 1000} s; this one takes them back`,
    'lvsctl ha status shows what is wrong',
  );
}

export function hasVips({ vips }: Config, facts: Pick<Facts, 'addresses'>): boolean {
  return vips.some(({ address }) => holdersOf(address, facts).length > 0);
}

/**
 * Takes this director out until `resume`, and waits for its connections to end.
 * @param shown takes how many are left, whenever that changes
 * @returns the connections that are left when the time is over
 * @throws LvsctlError COMMAND_FAILED when BIRD cannot be reached: nothing is changed then
 */
export async function drainDirector(
  config: Config,
  ha: Ha,
  waitMs: number,
  world: MoveWorld,
  shown: (left: number) => void,
): Promise<number> {
  if (ha.engine === 'bird') announceAll(config, ha, false, world.machine);
  setStandby(true, world);
  let left = await activeConnections(config, world.machine);
  shown(left);
  await until(waitMs, world, async () => {
    const now = await activeConnections(config, world.machine);
    if (now !== left) shown(now);
    left = now;
    return left === 0;
  });
  return left;
}

/** Lets a director have the VIPs again. */
export function resumeDirector(world: MoveWorld): void {
  setStandby(false, world);
}

/** @throws LvsctlError COMMAND_FAILED */
function announceAll({ vips }: Config, ha: Ha, on: boolean, machine: Machine): void {
  for (const { address } of vips) {
    const problem = setAnnounced(address, on, ha, machine);
    if (problem !== undefined)
      throw new LvsctlError('COMMAND_FAILED', `${formatAddress(address)}: ${problem}`);
  }
}

/** Established connections of the file's services in this director's table. */
async function activeConnections(config: Config, machine: Machine): Promise<number> {
  const backend = await machine.backend();
  const keys = new Set(desiredServices(config).map(({ service }) => serviceKey(service.id)));
  let sum = 0;
  for (const { service } of await backend.services('rules')) {
    if (!keys.has(serviceKey(service.id))) continue;
    for (const { activeConnections: active } of await backend.destinations(service.id, 'counters'))
      sum += active;
  }
  return sum;
}

/** @returns whether it became so within the time */
async function until(
  waitMs: number,
  { clock }: MoveWorld,
  is: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const end = clock.now() + waitMs;
  for (;;) {
    if (await is()) return true;
    if (clock.now() >= end) return false;
    await new Promise<void>((resolve) => void clock.after(POLL_MS, resolve));
  }
}
