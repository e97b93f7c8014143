// Does the server answer what is sent to it as it should? Over TCP, perhaps with TLS.
import type { Duplex } from 'node:stream';
import { type Attempt, attempt, outcomeOf } from '../attempt.js';
import { boundedStream, ExcessError } from '../bounded.js';
import { openConnection } from '../connection.js';
import { createInput, type Expected } from '../input.js';
import type { ProbeType } from '../kind.js';
import { failed, PASS, type ProbeTarget } from '../outcome.js';
import { createPatterns } from '../pattern.js';
import { type ContextOf, createContexts, encrypted, type TlsSpec } from '../tls.js';
import { createTurns } from '../turns.js';

export type SendExpectStep =
  /** bytes sent, as hexadecimal digits */
  | { readonly send: string }
  /** RE2 pattern that must match what comes */
  | { readonly expect: string }
  /** bytes that must come, as hexadecimal digits */
  | { readonly expectHex: string };

export interface SendExpectProbe {
  readonly steps: readonly SendExpectStep[];
  /** the connection begins with TLS */
  readonly tls?: TlsSpec;
}

/** of all that comes; patterns are tried on all of it that no step has used, piece by piece */
const LIMITS = { bytes: 32 * 1024, pieces: 512 };

export const send_expect: ProbeType<SendExpectProbe> = {
  inNetns: true,
  make(open) {
    const [patternOf, contextOf, turns] = [createPatterns(), createContexts(), createTurns()];
    const expectedBy = (step: Exclude<SendExpectStep, { send: string }>): Expected =>
      'expect' in step
        ? { pattern: patternOf(step.expect) }
        : { bytes: Buffer.from(step.expectHex, 'hex') };
    return ({ steps, tls }, target) =>
      attempt(open, target.timeoutMs, (one) => {
        const source = connect(target, tls, one, contextOf);
        const stream = boundedStream(source, LIMITS, turns);
        one.onEnd(() => stream.destroy());
        const proceed = converse(stream, steps, expectedBy, one);
        source.once(tls ? 'secureConnect' : 'connect', proceed);
      });
  },
};

function connect(
  target: ProbeTarget,
  tls: TlsSpec | undefined,
  one: Attempt,
  contextOf: ContextOf,
): Duplex {
  const socket = openConnection(target, one);
  return tls ? encrypted(socket, tls, contextOf(tls), one) : socket;
}

/**
 * One step after the other; what comes after the last one is not read.
 * @returns what begins with the first
 */
function converse(
  stream: Duplex,
  steps: readonly SendExpectStep[],
  expectedBy: (step: Exclude<SendExpectStep, { send: string }>) => Expected,
  one: Attempt,
): () => void {
  const input = createInput();
  let at = 0;
  let sending = false;
  const proceed = () => {
    for (; at < steps.length && !sending; at++) {
      const step = steps[at] as SendExpectStep;
      if ('send' in step) send(step.send);
      else if (!input.take(expectedBy(step))) return one.await(describeStep(at, input.shown()));
    }
    if (!sending) one.done(PASS);
  };
  const send = (bytes: string) => {
    sending = true;
    stream.write(Buffer.from(bytes, 'hex'), (error) => {
      if (error) return; // the stream fails as well
      sending = false;
      proceed();
    });
  };
  stream.on('data', (piece: Buffer) => {
    input.add(piece);
    proceed();
  });
  stream.on('error', (error) =>
    one.done(
      error instanceof ExcessError
        ? failed(`step ${at + 1}: ${error.message} came`)
        : outcomeOf(error),
    ),
  );
  stream.once('end', () => one.done(failed(`closed: no ${describeStep(at, input.shown())}`)));
  return proceed;
}

function describeStep(at: number, came: string): string {
  return `answer as expected in step ${at + 1}${came === '' ? '' : `, but \`${came}'`}`;
}
