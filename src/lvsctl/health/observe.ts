// One check of one server: results in a row -> up or down.

export interface CheckState {
  readonly up: boolean;
  /** results in a row that contradict `up` */
  readonly streak: number;
  /** it was never asked: the first result decides */
  readonly unproven: boolean;
}

export interface Limits {
  /** passes in a row that bring a server up */
  readonly rise: number;
  /** failures in a row that take it down */
  readonly fall: number;
}

/** What the monitor takes for granted of a server that it finds in the table, or misses there. */
export function assumed(up: boolean): CheckState {
  return { up, streak: 0, unproven: false };
}

/** A server of which nothing is known. @param up where it stands meanwhile */
export function unproven(up: boolean): CheckState {
  return { up, streak: 0, unproven: true };
}

/** The check after one more probe. */
export function observe(check: CheckState, passed: boolean, { rise, fall }: Limits): CheckState {
  if (passed === check.up) return assumed(passed);
  const streak = check.streak + 1;
  const enough = check.unproven ? 1 : passed ? rise : fall;
  return streak >= enough ? assumed(passed) : { up: check.up, streak, unproven: false };
}

/** Whether the next result matters more than usual: the check is on its way to the other state. */
export function isChanging(check: CheckState): boolean {
  return check.streak > 0 || check.unproven;
}
