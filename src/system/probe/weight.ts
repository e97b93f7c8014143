// The weight that a server asks for, read from its answer.
import { failed, type ProbeOutcome } from './outcome.js';

const WEIGHT_MAX = 65_535;

/** @param text digits that a pattern found; undefined = it found nothing */
export function weightOf(text: string | undefined): ProbeOutcome {
  if (text === undefined) return failed('no weight in the answer');
  const weight = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : undefined;
  return weight === undefined || weight > WEIGHT_MAX
    ? failed(`\`${text}' is no weight from 0 to ${WEIGHT_MAX}`)
    : { outcome: 'pass', weight };
}
