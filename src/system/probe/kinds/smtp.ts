// Does the mail server greet, and answer EHLO?
import { attempt, type Open } from '../attempt.js';
import { connection } from '../connection.js';
import type { ProbeType } from '../kind.js';
import { createCounter } from '../limits.js';
import { failed, PASS, type ProbeOutcome, type ProbeTarget } from '../outcome.js';

/** of the whole conversation: more than any greeting and any answer to EHLO */
const LIMITS = { bytes: 64 * 1024, pieces: 4096 };
/** lines of one answer */
const LINE_LIMIT = 1000;
/** letters of a line that are kept */
const KEPT = 1000;

/** What is expected one after the other, and what is said then. */
const STEPS = [
  { code: '220', name: 'greeting', say: (helo: string) => `EHLO ${helo}\r\n` },
  { code: '250', name: 'answer to EHLO', say: () => 'QUIT\r\n' },
] as const;

export interface SmtpProbe {
  /** the name in EHLO */
  readonly helo: string;
}

export const smtp: ProbeType<SmtpProbe> = {
  inNetns: true,
  make: (open) => (spec, target) => probeSmtp(open, target, spec),
};

function probeSmtp(open: Open, target: ProbeTarget, { helo }: SmtpProbe): Promise<ProbeOutcome> {
  return attempt(open, target.timeoutMs, (one) => {
    const socket = connection(target, one);
    const count = createCounter(LIMITS);
    let read = createReplyReader();
    let at = 0;
    socket.once('connect', () => one.await('greeting')).setEncoding('latin1');
    socket.on('data', (piece: string) => {
      const step = STEPS[at];
      if (step === undefined) return;
      const excess = count(piece.length);
      if (excess !== undefined) return one.done(failed(`${step.name}: ${excess}`));
      const reply = read(piece);
      if (reply === undefined) return;
      if ('wrong' in reply) return one.done(failed(`${step.name}: ${reply.wrong}`));
      if (!reply.last.startsWith(step.code)) return one.done(failed(`${step.name}: ${reply.last}`));
      read = createReplyReader();
      at++;
      one.await(STEPS[at]?.name ?? 'end');
      socket.write(step.say(helo));
      if (at === STEPS.length) one.done(PASS);
    });
    socket.once('end', () => one.done(failed(`closed before its ${STEPS[at]?.name ?? 'end'}`)));
  });
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
