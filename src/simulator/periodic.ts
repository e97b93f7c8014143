// What IPVS does by the clock whether packets come or not: rates are estimated, and schedulers
// forget what is old.
import type { Service } from '../model/service.js';
import type { Sysctls } from './packet.js';
import type { LiveService } from './server.js';

export const ESTIMATION_SECONDS = 2;
const SCHEDULER_TICK_SECONDS = 60;

export class Periodic {
  #nextEstimation = 0;
  #nextTick = 0;

  constructor(now: number) {
    this.startAt(now);
  }

  /** The next time at which something is to be done. */
  get next(): number {
    return Math.min(this.#nextEstimation, this.#nextTick);
  }

  startAt(now: number): void {
    this.#nextEstimation = now + ESTIMATION_SECONDS;
    this.#nextTick = now + SCHEDULER_TICK_SECONDS;
  }

  /**
   * Does what is due.
   * @param idleUntil when nothing is counted any more, rates need no estimation before this time
   */
  run(
    now: number,
    idleUntil: number,
    services: Iterable<LiveService>,
    sysctls: Readonly<Sysctls>,
  ): void {
    const all = [...services];
    if (this.#nextTick <= now) {
      for (const { scheduler, state, service } of all)
        scheduler?.tick?.(state, now, expirationOf(service, sysctls));
      this.#nextTick = now + SCHEDULER_TICK_SECONDS;
    }
    if (this.#nextEstimation > now) return;
    const at = this.#nextEstimation + ESTIMATION_SECONDS;
    this.#nextEstimation =
      estimate(all) || idleUntil <= at
        ? at
        : at + Math.floor((idleUntil - at) / ESTIMATION_SECONDS) * ESTIMATION_SECONDS;
  }
}

/** Seconds after which lblc and lblcr forget a destination. */
export function expirationOf({ scheduler }: Service, sysctls: Readonly<Sysctls>): number {
  return scheduler === 'lblcr' ? sysctls.lblcr_expiration : sysctls.lblc_expiration;
}

/** @returns whether any rate or counter moved */
function estimate(services: readonly LiveService[]): boolean {
  let moved = false;
  for (const { traffic, servers } of services) {
    moved = traffic.estimate() || moved;
    for (const server of servers) moved = server.traffic.estimate() || moved;
  }
  return moved;
}
