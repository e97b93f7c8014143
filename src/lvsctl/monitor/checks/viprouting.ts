// Makes the routes to the VIPs on real servers, and again when they may have been removed: a link
// that went down has taken its routes along.
import type { Config } from '../../config/file.js';
import { LvsctlError } from '../../errors.js';
import type { Runtime } from '../runtime.js';
import { makeRoutes, planRoutes, type RunIp, vipRoutesOf } from './viproutes.js';

export interface VipRouting {
  /** @throws WRONG_MACHINE */
  make(config: Config): void;
  /**
   * The same after a check of the VIP failed, now and then. Reports what fails.
   * @returns whether the routes were there; else the failure of the check was theirs
   */
  repair(config: Config): boolean;
}

/** between two inspections of routes that may have been removed */
const PAUSE_MS = 2000;

export function createVipRouting(
  { clock, netnsIdentity }: Pick<Runtime, 'clock' | 'netnsIdentity'>,
  run: RunIp,
  report: (problem: string) => void,
): VipRouting {
  let inspectedAt = Number.NEGATIVE_INFINITY;
  /** of the namespace in which they were made */
  let identity: string | undefined;
  let wereThere = true;
  let reported: string | undefined;

  /** @returns whether they were there already */
  function inspect(config: Config): boolean {
    const routes = vipRoutesOf(config);
    const { check_netns: netns } = config.monitor;
    if (routes === undefined || netns === undefined) return true;
    inspectedAt = clock.now();
    identity = netnsIdentity(netns);
    if (identity !== undefined && identity === netnsIdentity()) {
      throw new LvsctlError(
        'WRONG_MACHINE',
        `monitor.check_netns: ${netns} is the network namespace of the monitor itself, where ` +
          `the VIP is the director's`,
      );
    }
    try {
      return makeRoutes(netns, planRoutes(config, routes), run);
    } catch (error) {
      if (error instanceof RangeError) throw new LvsctlError('WRONG_MACHINE', error.message);
      throw error;
    }
  }

  return {
    make(config) {
      inspect(config);
      wereThere = true;
    },
    repair(config) {
      const { check_netns: netns } = config.monitor;
      if (clock.now() - inspectedAt < PAUSE_MS && netnsIdentity(netns) === identity)
        return wereThere;
      wereThere = false;
      try {
        wereThere = inspect(config);
        reported = undefined;
      } catch (error) {
        if (!(error instanceof LvsctlError)) throw error;
        if (error.message !== reported) report(error.message);
        reported = error.message;
      }
      return wereThere;
    },
  };
}
