// How an error is shown, and the exit status it ends with.
import { VERSION } from '../render/version.js';
import { ConfigError } from './config/problem.js';
import { INTERNAL_ERROR, type LvsctlError } from './errors.js';
import { expectedError } from './failure.js';
import type { World } from './world.js';

type Streams = Pick<World, 'out' | 'err'>;

/**
 * The error for people on stderr.
 * @param json a program reads the answer: the error is on stdout as well
 * @returns the exit status
 */
export function report(error: unknown, json: boolean, { out, err }: Streams): number {
  const expected = expectedError(error);
  if (json) out(errorJson(expected ?? { code: 'INTERNAL', message: String(error) }));
  if (expected === undefined) return reportFault(error, err);
  err(errorText(expected));
  return expected.exitStatus;
}

/** `lvsctl: MESSAGE`, and a line with the hint if there is one; all errors of a file. */
export function errorText(error: Pick<LvsctlError, 'message' | 'hint'>): string {
  const message = error instanceof ConfigError ? error.report : error.message;
  return `lvsctl: ${message}\n${error.hint === undefined ? '' : `hint: ${error.hint}\n`}`;
}

/** `{"error":{"code","message","hint"}}`, one line. */
export function errorJson({ code, message, hint = null }: ErrorFields): string {
  return `${JSON.stringify({ error: { code, message, hint } })}\n`;
}

interface ErrorFields extends Pick<LvsctlError, 'code' | 'message'> {
  readonly hint?: string | null | undefined;
}

/**
 * A fault in lvsctl: its stack trace, and a status that no command uses for an answer.
 * @returns that status
 */
export function reportFault(error: unknown, err: Streams['err']): number {
  err(`${error instanceof Error ? error.stack : String(error)}\n`);
  err(`lvsctl: this is a fault in lvsctl ${VERSION}: please report it with the lines above\n`);
  return INTERNAL_ERROR;
}
