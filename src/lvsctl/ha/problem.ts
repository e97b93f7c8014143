// What is wrong with several directors.

export interface HaProblem {
  /** what is wrong, one sentence */
  readonly what: string;
  /** commands that repair it, to be typed here; FILE is the lvsctl file */
  readonly repair: readonly string[];
}
