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
      const reading = new Reading(memory, turns, one, createCounter(limits), taker);
      const socket = sockets.open(target, one, reading);
      reading.begin(socket, request);
      return socket;
    },
  };
}

/** One connection. */
class Reading implements SocketUser {
  #portions = 0;
  #isOver = false;
  #socket: OpenSocket | undefined;
  #request = '';

  constructor(
    readonly memory: Buffer,
    readonly turns: Turns,
    readonly one: Attempt,
    readonly count: (size: number) => string | undefined,
    readonly taker: PortionTaker,
  ) {
    one.onEnd(() => {
      this.#isOver = true;
    });
  }

  /** @param request is sent once it is connected */
  begin(socket: OpenSocket, request: string): void {
    this.#socket = socket;
    this.#request = request;
  }

  connected(): void {
    this.#socket?.write(this.#request);
  }

  received(size: number): void {
    this.#portions++;
    const { taker, turns, one } = this;
    const excess = this.count(size);
    const portion = this.memory.subarray(0, size);
    if (excess !== undefined) taker.excess(excess);
    else if (taker.isShort && turns.mayNow()) this.#handOn(portion);
    else {
      const copy = Buffer.from(portion);
      one.onEnd(turns.soon(() => this.#handOn(copy)));
    }
  }

  ended(): void {
    this.taker.end();
  }

  failed(error: Error): void {
    this.taker.failed(error);
  }

  #handOn(portion: Buffer): void {
    this.taker.take(portion);
    if (this.#isOver) return;
    const resume = () => this.#socket?.resume(this);
    if (this.#portions < FAST_PORTIONS) this.one.onEnd(this.turns.soon(resume));
    else {
      const timer = setTimeout(resume, PAUSE_MS);
      this.one.onEnd(() => clearTimeout(timer));
    }
  }
}
