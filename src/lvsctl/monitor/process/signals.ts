// Signals as a queue.
import type { Runtime, Signal } from '../runtime.js';

/** Signals one after the other, none lost. */
export interface Signals {
  next(): Promise<Signal>;
  end(): void;
}

/** From now on signals do not end the process, until `end`. */
export function nextSignals(runtime: Runtime): Signals {
  const came: Signal[] = [];
  let wake: () => void = () => {};
  const end = runtime.onSignal((signal) => {
    came.push(signal);
    wake();
  });
  return {
    async next() {
      while (came.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return came.shift() ?? 'SIGTERM';
    },
    end,
  };
}
