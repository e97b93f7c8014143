// The algorithm of every row of model/scheduler.ts, by the kernel's name.
import type { SchedulerName } from '../model/scheduler.js';
import { DH, SH } from './hash.js';
import { LC, NQ, SED, WLC } from './least.js';
import { LBLC, LBLCR } from './locality.js';
import { MH } from './mh.js';
import { FO, OVF } from './order.js';
import { RR } from './rr.js';
import type { Scheduler } from './scheduler.js';
import { TWOS } from './twos.js';
import { WRR } from './wrr.js';

const TABLE: Readonly<Record<SchedulerName, unknown>> = {
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

/**
 * The scheduler of a name; undefined for `none` and what this program does not know. Its state is
 * its own affair.
 */
export function schedulerOf(name: string): Scheduler<unknown> | undefined {
  return Object.hasOwn(TABLE, name)
    ? (TABLE[name as SchedulerName] as Scheduler<unknown>)
    : undefined;
}
