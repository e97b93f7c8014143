// Names of the scheduler flags in listings and saves.
import { flagNames, SCHEDULER_FLAGS, schedulerRow } from '../model/scheduler.js';

/**
 * The flags as the listing shows them: with sh and mh, bit 3 has no name and leaves its place out.
 */
export function listedFlags(scheduler: string, flags: number): string {
  const own = schedulerRow(scheduler)?.flags !== undefined;
  return flagNames(scheduler, own ? flags & ~SCHEDULER_FLAGS.flag3 : flags).join(',');
}

/** The flags by names that `-b` accepts for this scheduler, none left out. */
export function savedFlags(scheduler: string, flags: number): string {
  return flagNames(scheduler, flags).join(',');
}
