// What may go wrong without a bug: the message for stderr.
import { BackendError, IpvsError } from '../model/errors.js';
import { messageFor } from '../render/messages.js';
import { ConfigError } from './config/field.js';
import { Untellable } from './config/write.js';
import { AdminError } from './health/admin.js';
import { CommandError } from './plan/command.js';
import { JournalError } from './plan/journal.js';

/** exit status of a bad command line or file, and of a command that could not be carried out */
export const FAILED = 2;

/** The text behind `lvsctl: `; undefined when the error is a bug, which keeps its stack. */
export function failureText(error: unknown): string | undefined {
  if (error instanceof IpvsError) return `IPVS: ${messageFor(error)}`;
  if (EXPECTED.some((kind) => error instanceof kind) || isSystemError(error))
    return (error as Error).message;
  return undefined;
}

const EXPECTED = [BackendError, ConfigError, Untellable, CommandError, JournalError, AdminError];

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
