// Makes the ways to the VIPs on real servers, and again when they may be gone: a link that went
// down has taken its routes along.
import type { Config } from '../config/file.js';
import { LvsctlError } from '../errors.js';
import type { Outside } from './outside.js';
import { makeWays, planWays, type RunIp, waysOf } from './viproutes.js';

export interface WayKeeper {
  /** @throws WRONG_MACHINE */
  make(config: Config): void;
  /**
   * The same after a check of the VIP failed, now and then. Tells what goes wrong.
   * @returns whether the ways were right already; else the failure was theirs
   */
  mend(config: Config): boolean;
}

/** between two looks at ways that may be gone */
const PAUSE_MS = 2000;

export function createWayKeeper(
  { clock, netnsIdentity }: Pick<Outside, 'clock' | 'netnsIdentity'>,
  run: RunIp,
  tell: (trouble: string) => void,
): WayKeeper {
  let looked = Number.NEGATIVE_INFINITY;
  /** the namespace in which they were made */
  let place: string | undefined;
  let right = true;
  let trouble: string | undefined;

  /** @returns whether they were right already */
  function look(config: Config): boolean {
    const ways = waysOf(config);
    const { check_netns: netns } = config.monitor;
    if (ways === undefined || netns === undefined) return true;
    looked = clock.now();
    place = netnsIdentity(netns);
    if (place !== undefined && place === netnsIdentity()) {
      throw new LvsctlError(
        'WRONG_MACHINE',
        `monitor.check_netns: ${netns} is the network namespace of the monitor itself, where the VIP is the director's`,
      );
    }
    try {
      return makeWays(netns, planWays(config, ways), run);
    } catch (error) {
      if (error instanceof RangeError) throw new LvsctlError('WRONG_MACHINE', error.message);
      throw error;
    }
  }

  return {
    make(config) {
      look(config);
      right = true;
    },
    mend(config) {
      const { check_netns: netns } = config.monitor;
      if (clock.now() - looked < PAUSE_MS && netnsIdentity(netns) === place) return right;
      right = false;
      try {
        right = look(config);
        trouble = undefined;
      } catch (error) {
        if (!(error instanceof LvsctlError)) throw error;
        if (error.message !== trouble) tell(error.message);
        trouble = error.message;
      }
      return right;
    },
  };
}
