// The end of administrative states that have one.
import type { Clock } from '../runtime.js';
import type { RememberedServer, ServerId } from './state.js';

export interface Expiry {
  /** Waits anew for the first state that ends. */
  arm(): void;
  end(): void;
}

/** between two attempts to keep a state whose time is over */
const RETRY_MS = 5000;

/**
 * Enables servers again when the time of their administrative state is over.
 * @param enable throws where that cannot be kept: it is tried again
 */
export function createExpiry(
  clock: Clock,
  states: () => readonly RememberedServer[],
  enable: (over: readonly ServerId[]) => void,
  failed: (error: unknown) => void,
): Expiry {
  let cancel = () => {};
  function arm(): void {
    cancel();
    cancel = whenOver(states(), clock, expire);
  }
  function expire(over: readonly ServerId[]): void {
    try {
      if (over.length > 0) enable(over);
      else arm(); // longer than a timer can wait
    } catch (error) {
      failed(error);
      cancel = clock.after(RETRY_MS, arm);
    }
  }
  return { arm, end: () => cancel() };
}

/**
 * Waits for the first of these states that ends.
 * @param expire takes the servers whose time is over; none when a timer could not wait that long
 * @returns what ends the wait
 */
function whenOver(
  states: readonly RememberedServer[],
  clock: Clock,
  expire: (over: readonly ServerId[]) => void,
): () => void {
  const limited = states.flatMap(({ service, server, admin }) =>
    admin.until === undefined ? [] : [{ id: { service, server }, end: Date.parse(admin.until) }],
  );
  if (limited.length === 0) return () => {};
  const first = Math.min(...limited.map(({ end }) => end));
  return clock.after(Math.max(0, first - clock.date().getTime()), () => {
    const now = clock.date().getTime();
    expire(limited.filter(({ end }) => end <= now).map(({ id }) => id));
  });
}
