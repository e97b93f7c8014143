// Answers of the server: their headers, and errors as JSON.
import type { ErrorCode } from '../errors.js';
import type { WebAnswer } from './machine.js';

/** Of every answer: it is no page of others, and nothing in it runs. */
const SAFE = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

export function answerOf(
  status: number,
  type: string,
  body: string | Uint8Array,
  more: Readonly<Record<string, string>> = {},
): WebAnswer {
  return { status, headers: { 'content-type': type, ...SAFE, ...more }, body };
}

export function jsonAnswer(text: string, status = 200): WebAnswer {
  return answerOf(status, 'application/json', text.endsWith('\n') ? text : `${text}\n`);
}

/** The same shape as on the monitor's socket. */
export function errorAnswer(
  status: number,
  code: ErrorCode,
  message: string,
  hint: string | null = null,
  headers: Readonly<Record<string, string>> = {},
): WebAnswer {
  const body = `${JSON.stringify({ error: { code, message, hint } })}\n`;
  return answerOf(status, 'application/json', body, headers);
}
