// Everything that may go wrong without a bug, as an LvsctlError.
import { BackendError, IpvsError } from '../model/errors.js';
import { messageFor } from '../render/messages.js';
import { LvsctlError } from './errors.js';
import { fromSystem, isSystemError } from './systemerror.js';

/** @returns undefined when the error is a bug, which keeps its stack */
export function expectedError(error: unknown): LvsctlError | undefined {
  if (error instanceof LvsctlError) return error;
  if (error instanceof IpvsError) return new LvsctlError('IPVS', `IPVS: ${messageFor(error)}`);
  if (error instanceof BackendError) return new LvsctlError('BACKEND', error.message);
  if (isSystemError(error)) return fromSystem(error);
  return undefined;
}

/** Why something failed, in a short text, also when the error is a bug. */
export function reasonOf(error: unknown): string {
  return failureText(error) ?? (error instanceof Error ? error.message : String(error));
}

/** The text behind `lvsctl: `; undefined when the error is a bug. */
export function failureText(error: unknown): string | undefined {
  return expectedError(error)?.message;
}
