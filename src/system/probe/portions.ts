// What a connection receives, in small portions that are read into the same few kilobytes: no
// server keeps this process busy or makes it hold what it has sent.
import type { Attempt } from './attempt.js';
import { createCounter, type Limits } from './limits.js';
import type { ProbeTarget } from './outcome.js';
import { createSockets, type OpenSocket, type SocketUser } from './sockets.js';
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
  failed(error: Error): void;
  /** whether `take` is short work: parsing, but no patterns */
  readonly isShort: boolean;
}

export interface Portions {
  /** A connection for a probe, which ends with it. @param request a letter a byte */
  open(
    target: ProbeTarget,
    request: string,
    one: Attempt,
    limits: Limits,
    taker: PortionTaker,
  ): OpenSocket;
}

/** @returns what opens connections that share one memory for reading */
export function createPortions(turns: Turns): Portions {
  const memory = Buffer.allocUnsafeSlow(PORTION);
  const sockets = createSockets(memory);
  return {
    open(target, request, one, limits, taker) {
      const count = createCounter(limits);
      let portions = 0;
      let isOver = false;
      one.onEnd(() => {
        isOver = true;
      });
      const handOn = (portion: Buffer) => {
        taker.take(portion);
        if (isOver) return;
        if (portions < FAST_PORTIONS) one.onEnd(turns.soon(() => socket.resume(user)));
        else {
          const timer = setTimeout(() => socket.resume(user), PAUSE_MS);
          one.onEnd(() => clearTimeout(timer));
        }
      };
      const user: SocketUser = {
        connected: () => socket.write(request),
        received(size) {
          portions++;
          const excess = count(size);
          const portion = memory.subarray(0, size);
          if (excess !== undefined) taker.excess(excess);
          else if (taker.isShort && turns.mayNow()) handOn(portion);
          else {
            const copy = Buffer.from(portion);
            one.onEnd(turns.soon(() => handOn(copy)));
          }
        },
        ended: () => taker.end(),
        failed: (error) => taker.failed(error),
      };
      const socket = sockets.open(target, one, user);
      return socket;
    },
  };
}
