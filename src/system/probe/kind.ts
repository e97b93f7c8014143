// What a kind of probe consists of.
import type { Open } from './attempt.js';
import type { ProbeOutcome, ProbeTarget } from './outcome.js';

/** Makes one probe. Never rejects; ends within the time limit of its target. */
export type ProbeOf<S> = (spec: S, target: ProbeTarget) => Promise<ProbeOutcome>;

/** A row of table.ts. `S` is what the probe is asked to do, as plain data. */
export interface ProbeType<S> {
  /**
   * Whether it can begin at a port of our choice, by which a network namespace finds the route to
   * one server.
   */
  readonly inNetns: boolean;
  /** Called once; what all probes of the kind share is made here. */
  readonly make: (open: Open) => ProbeOf<S>;
}
