// Does anybody listen? A server that says nothing passes; one whose host says that nobody is there does not.
import { createSocket } from 'node:dgram';
import { attempt, describe, type Open, type Target, type Verdict } from './attempt.js';

export async function udp(open: Open, { address, port, source, timeoutMs, localPort = 0 }: Target, payload: string): Promise<Verdict> {
  let silent = false;
  const verdict = await attempt(open, timeoutMs + 1000, ({ done, onEnd }) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const enough = setTimeout(() => {
      silent = true;
      done(undefined);
    }, timeoutMs);
    onEnd(() => {
      clearTimeout(enough);
      socket.close();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED' ? 'port unreachable' : describe(error)));
    socket.on('message', () => done(undefined));
    // connected, so that a refusal is heard
    socket.bind({ port: localPort, ...(source === undefined ? {} : { address: source }) }, () =>
      socket.connect(port, address, () => socket.send(payload)),
    );
  });
  return silent ? undefined : verdict;
}
