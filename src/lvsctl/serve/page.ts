// The status page and the policy that lets nothing but its own script and style run.
import { answerOf } from './answers.js';
import type { WebAnswer, WebMachine } from './machine.js';

/** @param html one script and one style, both inline */
export function pageAnswer(html: string, { digest }: Pick<WebMachine, 'digest'>): WebAnswer {
  const hashes = (tag: string) =>
    [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))]
      .map(([, text = '']) => `'sha256-${digest(text)}'`)
      .join(' ');
  const policy = [
    "default-src 'none'",
    `script-src ${hashes('script')}`,
    `style-src ${hashes('style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
  return answerOf(200, 'text/html; charset=utf-8', html, {
    'content-security-policy': policy,
    'cross-origin-opener-policy': 'same-origin',
  });
}
