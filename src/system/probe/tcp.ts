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

/** A connection for a probe, which ends with it; what fails on it fails the probe. */
export function connection(target: Target, one: Attempt): Socket {
  return openConnection(target, one).on('error', (error) => one.done(verdictOf(error)));
}

/** The same, but its errors are left to the caller. */
export function openConnection(
  { address, port, source, localPort }: Target,
  { onEnd, await: waitFor }: Attempt,
): Socket {
  const socket = connect({
    host: address,
    port,
    ...(source === undefined ? {} : { localAddress: source }),
    ...(localPort === undefined ? {} : { localPort }),
  });
  waitFor('connection');
  onEnd(() => disconnect(socket, localPort));
  return socket.once('connect', () => waitFor('answer'));
}

/**
 * Closes a probe's connection; a port that is used again soon must not wait for its last
 * connection.
 */
export function disconnect(socket: Socket, localPort: number | undefined): void {
  if (localPort === undefined || socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
