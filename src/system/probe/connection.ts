// Connections of probes: from the address and port that the target names, closed with the probe.
import { connect, type OnReadOpts, type Socket } from 'node:net';
import { type Attempt, outcomeOf } from './attempt.js';
import type { ProbeTarget } from './outcome.js';

/** A connection for a probe, which ends with it; what fails on it fails the probe. */
export function connection(target: ProbeTarget, one: Attempt): Socket {
  return openConnection(target, one).on('error', (error) => one.done(outcomeOf(error)));
}

/**
 * The same, but its errors are left to the caller.
 * @param onread takes what comes, in place of the stream
 */
export function openConnection(
  { address, port, source, localPort }: ProbeTarget,
  { onEnd, await: waitFor }: Attempt,
  onread?: OnReadOpts,
): Socket {
  const socket = connect({
    host: address,
    port,
    ...(source === undefined ? {} : { localAddress: source }),
    ...(localPort === undefined ? {} : { localPort }),
    ...(onread === undefined ? {} : { onread }),
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
