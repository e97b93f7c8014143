// Does the mail server greet, and answer EHLO?

import { attempt, type Open, type Target, type Verdict } from './attempt.js';
import { connection } from './tcp.js';

/** more than any greeting */
const LIMIT = 64 * 1024;

/** What is expected one after the other, and what is said then. */
const STEPS = [
  { code: '220', name: 'greeting', say: (helo: string) => `EHLO ${helo}\r\n` },
  { code: '250', name: 'answer to EHLO', say: () => 'QUIT\r\n' },
] as const;

export function smtp(open: Open, target: Target, helo: string): Promise<Verdict> {
  return attempt(open, target.timeoutMs, (one) => {
    const socket = connection(target, one);
    let text = '';
    let at = 0;
    socket.once('connect', () => one.await('greeting')).setEncoding('latin1');
    socket.on('data', (piece: string) => {
      text += piece;
      // the last line of an answer has a blank behind its code, those before it a dash
      const [, line, code] = /^(?:\d{3}-.*\r?\n)*((\d{3})(?:[ \t].*)?)\r?\n/.exec(text) ?? [];
      const step = STEPS[at];
      if (step === undefined) return;
      if (line === undefined || code === undefined) {
        if (text.length > LIMIT || !/^\d{0,3}(?:$|[ \t\r-])/.test(text))
          one.done(`${step.name}: not SMTP`);
        return;
      }
      if (code !== step.code && line !== step.code)
        return one.done(`${step.name}: ${text.trim().split('\n').at(-1)?.trim()}`);
      text = '';
      at++;
      one.await(STEPS[at]?.name ?? 'end');
      socket.write(step.say(helo));
      if (at === STEPS.length) one.done(undefined);
    });
    socket.once('end', () => one.done(`closed before its ${STEPS[at]?.name ?? 'end'}`));
  });
}
