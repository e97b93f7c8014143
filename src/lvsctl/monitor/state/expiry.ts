// The end of administrative states that have one.
import type { Clock } from '../runtime.js';
import type { RememberedServer, ServerId } from './state.js';

/**
 * Waits for the first of these states that ends.
 * @param expire takes the servers whose time is over; none when a timer could not wait that long
 * @returns what ends the wait
 */
export function whenOver(
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
