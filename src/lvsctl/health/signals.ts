// Signals as a queue.
import type { Outside, Signal } from './outside.js';

/** Signals one after the other, none lost. */
export interface Signals {
  next(): Promise<Signal>;
  end(): void;
}

/** From now on signals do not end the process, until `end`. */
export function nextSignals(outside: Outside): Signals {
  const came: Signal[] = [];
  let wake: () => void = () => {};
  const end = outside.onSignal((signal) => {
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
