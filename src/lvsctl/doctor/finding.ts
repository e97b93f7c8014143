// What the doctor finds.
import type { InspectedRole, Inspection } from './inspection.js';

export interface Finding {
  /** the check, `rp-filter` */
  readonly id: string;
  /** what is wrong, with the names and values of this machine */
  readonly what: string;
  /** why that matters, one sentence */
  readonly why: string;
  /** commands that repair it, to be typed as they are */
  readonly repair: readonly string[];
  /** what is to be done, where no command can be named */
  readonly advice?: string;
  /** the machine to type them on, when it is not this one */
  readonly on?: string;
  /** commands to type after those, on another machine than they */
  readonly afterwards?: Afterwards;
}

export interface Afterwards {
  readonly repair: readonly string[];
  /** the machine; this one where it is absent */
  readonly on?: string;
}

/** A finding without its check. */
export type Found = Omit<Finding, 'id' | 'why'>;

/** One kind of fault. */
export interface FindingRule {
  readonly id: string;
  readonly role: InspectedRole | 'any';
  readonly why: string;
  find(inspection: Inspection): readonly Found[] | Promise<readonly Found[]>;
}
