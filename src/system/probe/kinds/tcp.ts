// Does the server accept a connection?
import { attempt } from '../attempt.js';
import { connection } from '../connection.js';
import type { ProbeType } from '../kind.js';
import { PASS } from '../outcome.js';

export const tcp: ProbeType<unknown> = {
  inNetns: true,
  make: (open) => (_, target) =>
    attempt(open, target.timeoutMs, (one) => {
      connection(target, one).once('connect', () => one.done(PASS));
    }),
};
