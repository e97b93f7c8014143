// Does the server accept a connection?
import { attempt } from '../attempt.js';
import { connection } from '../connection.js';
import type { Kind } from '../kind.js';
import { PASS } from '../outcome.js';

export const tcp: Kind<unknown> = {
  inNetns: true,
  make: (open) => (_, target) =>
    attempt(open, target.timeoutMs, (one) => {
      connection(target, one).once('connect', () => one.done(PASS));
    }),
};
