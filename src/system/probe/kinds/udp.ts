// Does the server listen? One that does not reply passes unless a reply is asked for; one whose
// host reports that the port is closed does not.
import { createSocket } from 'node:dgram';
import { attempt, type Open, outcomeOf } from '../attempt.js';
import { occurs } from '../input.js';
import type { ProbeType } from '../kind.js';
import { failed, PASS, type ProbeOutcome, type ProbeTarget } from '../outcome.js';
import { createPatterns, type ProbePattern } from '../pattern.js';

export interface UdpProbe {
  /** bytes sent, as hexadecimal digits */
  readonly hex: string;
  /** whether silence fails */
  readonly reply: boolean;
  /** RE2 pattern that the reply must match */
  readonly expect?: string;
  /** bytes that must occur in the reply, as hexadecimal digits */
  readonly expectHex?: string;
  /** bytes of the reply */
  readonly minLength?: number;
  readonly maxLength?: number;
}

export const udp: ProbeType<UdpProbe> = {
  inNetns: true,
  make(open) {
    const patternOf = createPatterns();
    return (spec, target) => probeUdp(open, target, spec, patternOf);
  },
};

function probeUdp(
  open: Open,
  target: ProbeTarget,
  spec: UdpProbe,
  patternOf: (source: string) => ProbePattern,
): Promise<ProbeOutcome> {
  const { hex, reply } = spec;
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
    socket.on('error', onError).on('message', (bytes) => done(judge(bytes, spec, patternOf)));
    // connected, so that a refusal is received
    socket.bind({ port: localPort, ...(source === undefined ? {} : { address: source }) }, () =>
      // called with an error when there is no route to the server, against its type
      socket.connect(port, address, (error?: NodeJS.ErrnoException) => {
        if (error) onError(error);
        else socket.send(Buffer.from(hex, 'hex'), (unsent) => void (unsent && onError(unsent)));
      }),
    );
  });
}

function judge(
  bytes: Buffer,
  { expect, expectHex, minLength = 0, maxLength = Number.POSITIVE_INFINITY }: UdpProbe,
  patternOf: (source: string) => ProbePattern,
): ProbeOutcome {
  if (bytes.length < minLength || bytes.length > maxLength)
    return failed(`the reply has ${bytes.length} bytes`);
  if (expect !== undefined && !occurs(bytes, { pattern: patternOf(expect) }))
    return failed('the reply does not match');
  if (expectHex !== undefined && !occurs(bytes, { bytes: Buffer.from(expectHex, 'hex') }))
    return failed('the expected bytes are not in the reply');
  return PASS;
}
