// Does the server accept a connection?
import { attempt, outcomeOf } from '../attempt.js';
import type { ProbeType } from '../kind.js';
import { PASS } from '../outcome.js';
import { createSockets } from '../sockets.js';

export const tcp: ProbeType<unknown> = {
  inNetns: true,
  make(open) {
    const sockets = createSockets(new Uint8Array(1)); // nothing is read
    return (_, target) =>
      attempt(open, target.timeoutMs, (one) => {
        sockets.open(target, one, {
          connected: () => one.done(PASS),
          received: () => {},
          ended: () => {},
          failed: (error) => one.done(outcomeOf(error)),
        });
      });
  },
};
