// The latest events, and the clients that follow them.
import type { MonitorEvent } from '../state/events.js';

/** events that a new follower gets */
const KEPT = 100;

/** An event with its number since the start of the monitor, and the time of day. */
export interface NumberedEvent extends MonitorEvent {
  readonly id: number;
  /** ISO 8601 */
  readonly time: string;
}

export interface Feed {
  add(event: MonitorEvent, time: Date): void;
  /** The last 100 at most, oldest first, with a higher number. */
  after(id: number): readonly NumberedEvent[];
  /** @returns what ends it */
  follow(take: (event: NumberedEvent) => void): () => void;
}

export function createFeed(): Feed {
  const kept: NumberedEvent[] = [];
  const followers = new Set<(event: NumberedEvent) => void>();
  let last = 0;
  return {
    add(event, time) {
      const one = { id: ++last, time: time.toISOString(), ...event };
      kept.push(one);
      if (kept.length > KEPT) kept.shift();
      for (const take of followers) take(one);
    },
    // a number that is not reached yet is of an earlier monitor
    after: (id) => (id > last ? [...kept] : kept.filter((one) => one.id > id)),
    follow(take) {
      followers.add(take);
      return () => void followers.delete(take);
    },
  };
}
