// Makes the ways to the VIPs on real servers, and again when they may be gone: a link that went down has taken its routes along.
import type { Config } from '../config/file.js';
import { CommandError } from '../plan/command.js';
import type { Clock } from './outside.js';
import { makeWays, planWays, type RunIp, waysOf } from './viproutes.js';

export interface WayKeeper {
  /** @throws CommandError */
  make(config: Config): void;
  /** The same after a check of the VIP failed, now and then. Tells what goes wrong. */
  mend(config: Config): void;
}

/** between two looks at ways that may be gone */
const PAUSE_MS = 10_000;

export function createWayKeeper(clock: Clock, run: RunIp, tell: (trouble: string) => void): WayKeeper {
  let made = Number.NEGATIVE_INFINITY;
  let trouble: string | undefined;

  function make(config: Config): void {
    const ways = waysOf(config);
    const { check_netns: netns } = config.monitor;
    if (ways === undefined || netns === undefined) return;
    made = clock.now();
    try {
      makeWays(netns, planWays(config, ways), run);
    } catch (error) {
      if (error instanceof RangeError) throw new CommandError(error.message);
      throw error;
    }
  }

  return {
    make,
    mend(config) {
      if (clock.now() - made < PAUSE_MS) return;
      try {
        make(config);
        trouble = undefined;
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        if (error.message !== trouble) tell(error.message);
        trouble = error.message;
      }
    },
  };
}
