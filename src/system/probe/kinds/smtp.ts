// Does the mail server greet, and answer EHLO, perhaps over TLS?
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Attempt, attempt, type Open, outcomeOf } from '../attempt.js';
import { connection } from '../connection.js';
import type { ProbeType } from '../kind.js';
import { createCounter } from '../limits.js';
import { failed, PASS, type ProbeOutcome, type ProbeTarget } from '../outcome.js';
import { type ContextOf, createContexts, encrypted, type TlsSpec } from '../tls.js';

/** of the whole conversation: more than any greeting and any answer to EHLO */
const LIMITS = { bytes: 64 * 1024, pieces: 4096 };
/** lines of one answer */
const LINE_LIMIT = 1000;
/** letters of a line that are kept */
const KEPT = 1000;

export interface SmtpProbe {
  /** the name in EHLO */
  readonly helo: string;
  /** STARTTLS must work, and EHLO be answered behind it */
  readonly tls?: TlsSpec;
}

/** What is expected one after the other, and what is sent then. */
interface SmtpStep {
  readonly code: string;
  readonly name: string;
  readonly send: string;
  /** what is sent goes over TLS, which begins here */
  readonly startsTls?: boolean;
}

// biome-ignore format: a table
const STEPS = (ehlo: string): readonly SmtpStep[] => [
  { code: '220', name: 'greeting', send: ehlo },
  { code: '250', name: 'answer to EHLO', send: 'QUIT\r\n' },
];
// biome-ignore format: a table
const TLS_STEPS = (ehlo: string): readonly SmtpStep[] => [
  { code: '220', name: 'greeting', send: ehlo },
  { code: '250', name: 'answer to EHLO', send: 'STARTTLS\r\n' },
  { code: '220', name: 'answer to STARTTLS', send: ehlo, startsTls: true },
  { code: '250', name: 'answer to EHLO over TLS', send: 'QUIT\r\n' },
];

export const smtp: ProbeType<SmtpProbe> = {
  inNetns: true,
  make(open) {
    const contextOf = createContexts();
    return (spec, target) => probeSmtp(open, target, spec, contextOf);
  },
};

function probeSmtp(
  open: Open,
  target: ProbeTarget,
  { helo, tls }: SmtpProbe,
  contextOf: ContextOf,
): Promise<ProbeOutcome> {
  const steps = (tls ? TLS_STEPS : STEPS)(`EHLO ${helo}\r\n`);
  return attempt(open, target.timeoutMs, (one) => {
    const socket = connection(target, one);
    socket.once('connect', () => one.await('greeting'));
    converse(socket, steps, one, () => secured(socket, tls as TlsSpec, one, contextOf));
  });
}

/** @param startTls gives the stream that the rest goes over, once it is ready */
function converse(
  first: Duplex,
  steps: readonly SmtpStep[],
  one: Attempt,
  startTls: () => { readonly stream: Duplex; readonly ready: Promise<void> },
): void {
  const count = createCounter(LIMITS);
  let read = createReplyReader();
  let at = 0;
  let stream = first;
  const closed = () => one.done(failed(`closed before its ${steps[at]?.name ?? 'end'}`));

  function take(piece: Buffer): void {
    const step = steps[at];
    if (step === undefined) return;
    const excess = count(piece.length);
    const reply: Reply | undefined =
      excess === undefined ? read(piece.toString('latin1')) : { wrong: excess };
    if (reply === undefined) return;
    const wrong = 'wrong' in reply ? reply.wrong : reply.last;
    if (!('last' in reply && reply.last.startsWith(step.code)))
      one.done(failed(`${step.name}: ${wrong}`));
    else {
      read = createReplyReader();
      at++;
      proceed(step).catch((error: unknown) => one.done(outcomeOf(error)));
    }
  }

  async function proceed({ send, startsTls }: SmtpStep): Promise<void> {
    if (startsTls) {
      stream.off('data', take).off('end', closed);
      const next = startTls();
      stream = next.stream.on('data', take).once('end', closed);
      await next.ready;
    }
    one.await(steps[at]?.name ?? 'end');
    stream.write(send);
    if (at === steps.length) one.done(PASS);
  }

  stream.on('data', take).once('end', closed);
}

function secured(socket: Socket, tls: TlsSpec, one: Attempt, contextOf: ContextOf) {
  one.await('TLS handshake');
  const stream = encrypted(socket, tls, contextOf(tls), one);
  one.onEnd(() => stream.destroy());
  stream.on('error', (error) => one.done(outcomeOf(error)));
  const ready = new Promise<void>((resolve) => stream.once('secureConnect', resolve));
  return { stream, ready };
}

/** The last line of an answer, or why it is none. */
type Reply = { readonly last: string } | { readonly wrong: string };

/**
 * Reads an answer line by line; a blank behind the code of three digits marks the last one, a dash
 * the others (RFC 5321, 4.2.1). What comes behind the last line is dropped.
 * @returns what takes the pieces, and returns undefined as long as the answer goes on
 */
function createReplyReader(): (piece: string) => Reply | undefined {
  let line = '';
  let lines = 0;
  return (piece) => {
    for (let from = 0; from < piece.length; ) {
      const end = piece.indexOf('\n', from);
      const to = end < 0 ? piece.length : end;
      line += piece.slice(from, Math.min(to, from + KEPT - line.length));
      if (!/^(?:\d{0,3}$|\d{3}[ \t\r-])/.test(line)) return { wrong: 'not SMTP' };
      if (end < 0) return undefined;
      const whole = line.trim();
      if (whole.length < 3) return { wrong: 'not SMTP' };
      if (whole[3] !== '-') return { last: whole };
      if (++lines > LINE_LIMIT) return { wrong: `more than ${LINE_LIMIT} lines` };
      line = '';
      from = end + 1;
    }
    return undefined;
  };
}
