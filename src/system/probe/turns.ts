// The work of many connections, a few milliseconds a turn of the event loop.
import { performance } from 'node:perf_hooks';

export interface Turns {
  /** Does it in one of the next turns, in the order of these calls. @returns what cancels it */
  soon(work: () => void): () => void;
}

/** in one turn; the current work is finished first */
const LIMIT_MS = 5;

/** @returns a queue; however many connections there are, timers and other events come in between */
export function createTurns(now: () => number = () => performance.now()): Turns {
  const waiting = new Set<() => void>();
  let scheduled = false;

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(turn);
  }

  function turn(): void {
    scheduled = false;
    const end = now() + LIMIT_MS;
    let left = waiting.size; // what is added until then belongs to the next turn
    for (const work of waiting) {
      waiting.delete(work);
      work();
      if (--left === 0 || now() >= end) break;
    }
    if (waiting.size > 0) schedule();
  }

  return {
    soon(work) {
      const own = () => work();
      waiting.add(own);
      schedule();
      return () => void waiting.delete(own);
    },
  };
}
