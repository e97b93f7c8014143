// A connection that is read in small portions, so that no server keeps this process busy.
import { Duplex, type DuplexOptions } from 'node:stream';
import { createCounter, type Limits } from './limits.js';
import type { Turns } from './turns.js';

/** bytes that are handed on before anything else gets its turn */
const PORTION = 4096;
/** portions at full speed; what comes later waits until more of it is there */
const FAST_PORTIONS = 128;
const PAUSE_MS = 1;

/** The server has sent more than it may. */
export class ExcessError extends Error {}

/**
 * What `source` sends, at most 4 KiB a turn of the event loop; it ends and fails as the source
 * does, behind all that was sent before. What is written goes to the source, which is destroyed
 * with the stream. Beyond the limits it fails with an ExcessError. It never closes within a call, as
 * TLS sockets do: Node's HTTP client gave its parser back twice then, and two later connections
 * shared it.
 */
export function boundedStream(source: Duplex, limits: Limits, turns: Turns): Duplex {
  const count = createCounter(limits);
  let [portions, requested, closed] = [0, false, false];
  let failure: Error | undefined;
  const next = oneAtATime(
    (work) => (portions < FAST_PORTIONS ? turns.soon(work) : later(PAUSE_MS, turns, work)),
    handOn,
  );
  const schedule = () => {
    if (!stream.destroyed) next.schedule();
  };
  const stream = new Duplex({
    readableHighWaterMark: PORTION,
    read() {
      requested = true;
      schedule();
    },
    ...writingTo(source),
    destroy(error, done) {
      next.cancel();
      source.destroy();
      done(error);
    },
  });

  function handOn(): void {
    if (!requested) return;
    const size = Math.min(source.readableLength, PORTION);
    // also without a piece: only a source that was read to the end reports its end
    const piece: Buffer | null = source.read(size);
    if (piece === null) {
      if (closed) stream.destroy(failure);
      return;
    }
    portions++;
    const excess = count(piece.length);
    if (excess !== undefined) return void stream.destroy(new ExcessError(excess));
    requested = false;
    stream.push(piece);
  }
  function close(error?: Error): void {
    failure ??= error;
    [closed, requested] = [true, true]; // a reader that reads nothing must get it as well
    schedule();
  }

  source
    .on('readable', schedule)
    .once('end', () => stream.push(null))
    .once('close', () => close())
    .on('error', close);
  return stream;
}

/**
 * Work for a later turn, which is not asked for again before it is done.
 * @param later runs it later, and returns what cancels that
 */
function oneAtATime(later: (work: () => void) => () => void, work: () => void) {
  let scheduled = false;
  let cancel = () => {};
  return {
    schedule(): void {
      if (scheduled) return;
      scheduled = true;
      cancel = later(() => {
        scheduled = false;
        work();
      });
    },
    cancel: () => cancel(),
  };
}

function writingTo(source: Duplex): Pick<DuplexOptions, 'write' | 'final'> {
  return {
    // why the source failed, not that a write to it was given up for that (EBADF in Node 24)
    write: (piece, encoding, done) =>
      void source.write(piece, encoding, (error) => done(error && (source.errored ?? error))),
    final: (done) => void source.end(done),
  };
}

/** @returns what cancels it */
function later(delayMs: number, turns: Turns, work: () => void): () => void {
  const timer = setTimeout(() => {
    cancel = turns.soon(work);
  }, delayMs);
  let cancel = () => clearTimeout(timer);
  return () => cancel();
}
