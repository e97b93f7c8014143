// Connections of probes: from the address and port that the target names, closed with the probe.
import { connect, type Socket } from 'node:net';
import { type Attempt, outcomeOf } from './attempt.js';
import type { ProbeTarget } from './outcome.js';

/** A connection for a probe, which ends with it; what fails on it fails the probe. */
export function connection(target: ProbeTarget, one: Attempt): Socket {
  return openConnection(target, one).on('error', (error) => one.done(outcomeOf(error)));
}

/** The same, but its errors are left to the caller. */
export function openConnection(
  { address, port, source, localPort }: ProbeTarget,
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
