// Every scheduler by the kernel's name.
import { DH, SH } from './hash.js';
import { LC, NQ, SED, WLC } from './least.js';
import { LBLC, LBLCR } from './locality.js';
import { MH } from './mh.js';
import { FO, OVF } from './order.js';
import { RR } from './rr.js';
import type { Scheduler } from './scheduler.js';
import { TWOS } from './twos.js';
import { WRR } from './wrr.js';

const TABLE = {
  rr: RR,
  wrr: WRR,
  lc: LC,
  wlc: WLC,
  lblc: LBLC,
  lblcr: LBLCR,
  dh: DH,
  sh: SH,
  sed: SED,
  nq: NQ,
  fo: FO,
  ovf: OVF,
  mh: MH,
  twos: TWOS,
};

export type SchedulerName = keyof typeof TABLE;
export const SCHEDULER_NAMES = Object.keys(TABLE) as readonly SchedulerName[];

/**
 * The scheduler of a name; undefined for `none` and what this program does not know. Its state is
 * its own affair.
 */
export function schedulerOf(name: string): Scheduler<unknown> | undefined {
  return Object.hasOwn(TABLE, name)
    ? (TABLE[name as SchedulerName] as Scheduler<unknown>)
    : undefined;
}
