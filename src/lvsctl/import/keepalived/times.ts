// Times of checks: keywords that a service, a server and a check may have; the nearest one counts.
import { type Bounds, type Handler, note, silent, type Vocabulary } from './conversion.js';

/** In seconds and counts; undefined = that of the block outside. */
export interface Times {
  timeout?: number;
  interval?: number;
  retries?: number;
  retryDelay?: number;
}

const SECONDS: Bounds = { min: 0.000001, max: 4294, fraction: true };

const time =
  (key: 'timeout' | 'interval' | 'retryDelay'): Handler<Times> =>
  (draft, statement, conversion) => {
    const value = conversion.number(statement, SECONDS);
    if (value !== undefined) draft[key] = value;
  };
const retries: Handler<Times> = (draft, statement, conversion) => {
  const value = conversion.number(statement, { min: 0, max: 999 });
  if (value !== undefined) draft.retries = value;
};

export const TIME_KEYWORDS: Vocabulary<Times> = {
  connect_timeout: time('timeout'),
  delay_loop: time('interval'),
  delay_before_retry: time('retryDelay'),
  retry: retries,
  nb_get_retry: retries,
  warmup: note('checks are spread over their interval here in any case'),
  // a new server waits for its first passed check here in any case
  alpha: silent,
};

/** What keepalived assumes for one kind of check (seen by `keepalived -d`). */
export interface TimeDefaults {
  readonly retries: number;
  /** undefined = the interval */
  readonly retryDelay: number | undefined;
}

/** The times of a check as keys of the lvsctl file. */
export function timeKeys(
  levels: readonly Times[],
  defaults: TimeDefaults,
): Readonly<Record<'interval' | 'timeout' | 'rise' | 'fall', number>> & {
  readonly fast_interval?: number;
} {
  const first = (key: keyof Times) => levels.find((one) => one[key] !== undefined)?.[key];
  const interval = within(first('interval') ?? 60, 31_536_000);
  const fall = (first('retries') ?? defaults.retries) + 1;
  const delay = within(first('retryDelay') ?? defaults.retryDelay ?? interval, 31_536_000);
  return {
    interval,
    timeout: within(first('timeout') ?? 5, 3600),
    rise: 1,
    fall: Math.min(fall, 1000),
    ...(fall > 1 && delay < interval ? { fast_interval: delay } : {}),
  };
}

/** A tenth of a second is the least that a file can state. */
function within(seconds: number, most: number): number {
  return Math.min(most, Math.max(0.1, seconds));
}
