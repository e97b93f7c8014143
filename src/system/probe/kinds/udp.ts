// Does the server listen? One that does not reply passes unless a reply is asked for; one whose
// host reports that the port is closed does not.
import { createSocket } from 'node:dgram';
import { attempt, type Open, outcomeOf } from '../attempt.js';
import type { ProbeType } from '../kind.js';
import { failed, PASS, type ProbeOutcome, type ProbeTarget } from '../outcome.js';

export interface UdpProbe {
  /** bytes sent, as hexadecimal digits */
  readonly hex: string;
  /** whether silence fails */
  readonly reply: boolean;
}

export const udp: ProbeType<UdpProbe> = {
  inNetns: true,
  make: (open) => (spec, target) => probeUdp(open, target, spec),
};

function probeUdp(
  open: Open,
  target: ProbeTarget,
  { hex, reply }: UdpProbe,
): Promise<ProbeOutcome> {
  const { address, port, source, timeoutMs, localPort = 0 } = target;
  // silence passes by a timer that comes first
  return attempt(open, reply ? timeoutMs : timeoutMs + 1000, ({ done, onEnd }) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const enough = reply ? undefined : setTimeout(() => done(PASS), timeoutMs);
    onEnd(() => {
      clearTimeout(enough);
      socket.close();
    });
    const onError = (error: NodeJS.ErrnoException) =>
      done(error.code === 'ECONNREFUSED' ? failed('port unreachable') : outcomeOf(error));
    socket.on('error', onError).on('message', () => done(PASS));
    // connected, so that a refusal is heard
    socket.bind({ port: localPort, ...(source === undefined ? {} : { address: source }) }, () =>
      // called with an error when there is no way to the server, whatever its type says
      socket.connect(port, address, (error?: NodeJS.ErrnoException) => {
        if (error) onError(error);
        else socket.send(Buffer.from(hex, 'hex'), (unsent) => void (unsent && onError(unsent)));
      }),
    );
  });
}
