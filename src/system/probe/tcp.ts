// Does the server accept a connection?
import { connect, type Socket } from 'node:net';
import {
  type Attempt,
  attempt,
  type Open,
  type Target,
  type Verdict,
  verdictOf,
} from './attempt.js';

export function tcp(open: Open, target: Target): Promise<Verdict> {
  return attempt(open, target.timeoutMs, (one) => {
    connection(target, one).once('connect', () => one.done(undefined));
  });
}

/** A connection for a probe, which ends with it. */
export function connection(
  { address, port, source, localPort }: Target,
  { onEnd, done, await: waitFor }: Attempt,
): Socket {
  const socket = connect({
    host: address,
    port,
    ...(source === undefined ? {} : { localAddress: source }),
    ...(localPort === undefined ? {} : { localPort }),
  });
  waitFor('connection');
  onEnd(() => disconnect(socket, localPort));
  socket.once('connect', () => waitFor('answer')).on('error', (error) => done(verdictOf(error)));
  return socket;
}

/**
 * Closes a probe's connection; a port that is used again soon must not wait for its last
 * connection.
 */
export function disconnect(socket: Socket, localPort: number | undefined): void {
  if (localPort === undefined || socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
