// What a connection receives, in small portions that are read into the same few kilobytes: no
// server keeps this process busy or makes it hold what it has sent.
import type { Socket } from 'node:net';
import type { Attempt } from './attempt.js';
import { openConnection } from './connection.js';
import { createCounter, type Limits } from './limits.js';
import type { ProbeTarget } from './outcome.js';
import type { Turns } from './turns.js';

/** bytes that are read before anything else gets its turn */
const PORTION = 4096;
/** portions at full speed; what comes later waits */
const FAST_PORTIONS = 128;
const PAUSE_MS = 1;

/** What takes the portions of a connection. */
export interface PortionTaker {
  /** The memory of a portion is used again afterwards. */
  take(portion: Buffer): void;
  /** The server sends no more. */
  end(): void;
  /** The server has sent more than it may. */
  excess(reason: string): void;
  /** whether `take` is short work: parsing, but no patterns */
  readonly isShort: boolean;
}

export interface Portions {
  /** A connection for a probe, which ends with it; its errors are left to the caller. */
  open(target: ProbeTarget, one: Attempt, limits: Limits, taker: PortionTaker): Socket;
}

/** @returns what opens connections that share one memory for reading */
export function createPortions(turns: Turns): Portions {
  const memory = Buffer.allocUnsafeSlow(PORTION);

  function open(target: ProbeTarget, one: Attempt, limits: Limits, taker: PortionTaker): Socket {
    const count = createCounter(limits);
    let portions = 0;
    const callback = (size: number) => {
      portions++;
      const excess = count(size);
      if (excess !== undefined) taker.excess(excess);
      else if (taker.isShort && turns.mayNow()) handOn(memory.subarray(0, size));
      else {
        const copy = Buffer.from(memory.subarray(0, size));
        one.onEnd(turns.soon(() => handOn(copy)));
      }
      return false; // the rest stays where it is until this is done
    };
    const handOn = (portion: Buffer) => {
      taker.take(portion);
      if (socket.destroyed) return;
      if (portions < FAST_PORTIONS) one.onEnd(turns.soon(() => socket.resume()));
      else {
        const timer = setTimeout(() => socket.resume(), PAUSE_MS);
        one.onEnd(() => clearTimeout(timer));
      }
    };
    const socket = openConnection(target, one, { buffer: memory, callback });
    return socket.once('end', () => taker.end());
  }

  return { open };
}
