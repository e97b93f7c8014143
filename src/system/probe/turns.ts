// The work of many connections, a few milliseconds a turn of the event loop.
import { performance } from 'node:perf_hooks';

export interface Turns {
  /** Does it in one of the next turns, in the order of these calls. @returns what cancels it */
  soon(work: () => void): () => void;
  /**
   * Whether a short piece of work may be done now: this is one of the first in this turn, and none
   * is waiting.
   */
  mayNow(): boolean;
}

/** in one turn; the current work is finished first */
const LIMIT_MS = 5;
/** short pieces of work in one turn */
const SHORT = 64;

/** @returns a queue; however many connections there are, timers and other events come in between */
export function createTurns(now: () => number = () => performance.now()): Turns {
  const waiting = new Set<() => void>();
  let scheduled = false;
  let short = SHORT;

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(turn);
  }

  function turn(): void {
    scheduled = false;
    short = SHORT;
    if (waiting.size === 0) return;
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
    mayNow() {
      if (short === 0 || waiting.size > 0) return false;
      short--;
      schedule(); // the next turn counts anew
      return true;
    },
  };
}
