// How long the last probe of each job took. It is measured and shown, and decides nothing: so it is
// beside the state, which stays the same value as long as checks go on passing.
import { type CheckId, checkName } from '../state/state.js';

/** The checks that get the results of each job, by its key. */
type ChecksOfJobs = ReadonlyMap<string, readonly CheckId[]>;

export interface Latencies {
  set(job: string, ms: number): void;
  /** Forgets those of other jobs. */
  keepOnly(checks: ChecksOfJobs): void;
  /** Milliseconds by `checkName`. */
  byCheck(checks: ChecksOfJobs): ReadonlyMap<string, number>;
}

export function createLatencies(): Latencies {
  const known = new Map<string, number>();
  return {
    set: (job, ms) => void known.set(job, ms),
    keepOnly(checks) {
      for (const job of known.keys()) if (!checks.has(job)) known.delete(job);
    },
    byCheck: (checks) =>
      new Map(
        [...known].flatMap(([job, ms]) =>
          (checks.get(job) ?? []).map((id) => [checkName(id), ms] as const),
        ),
      ),
  };
}
