// Does anybody listen? A server that says nothing passes unless a reply is asked for; one whose
// host says that nobody is there does not.
import { createSocket } from 'node:dgram';
import { attempt, type Open, type Target, type Verdict, verdictOf } from './attempt.js';

export interface UdpQuestion {
  /** bytes sent, as hexadecimal digits */
  readonly hex: string;
  /** whether silence fails */
  readonly reply: boolean;
}

export function udp(open: Open, target: Target, { hex, reply }: UdpQuestion): Promise<Verdict> {
  const { address, port, source, timeoutMs, localPort = 0 } = target;
  // silence passes by a timer that comes first
  return attempt(open, reply ? timeoutMs : timeoutMs + 1000, ({ done, onEnd }) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const enough = reply ? undefined : setTimeout(() => done(undefined), timeoutMs);
    onEnd(() => {
      clearTimeout(enough);
      socket.close();
    });
    const failed = (error: NodeJS.ErrnoException) =>
      done(error.code === 'ECONNREFUSED' ? 'port unreachable' : verdictOf(error));
    socket.on('error', failed).on('message', () => done(undefined));
    // connected, so that a refusal is heard
    socket.bind({ port: localPort, ...(source === undefined ? {} : { address: source }) }, () =>
      // called with an error when there is no way to the server, whatever its type says
      socket.connect(port, address, (error?: NodeJS.ErrnoException) => {
        if (error) failed(error);
        else socket.send(Buffer.from(hex, 'hex'), (unsent) => void (unsent && failed(unsent)));
      }),
    );
  });
}
