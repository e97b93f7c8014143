// A system error with the text of the C library, with the name of the file, and what to do about
// it.
import { errnoText } from '../render/errno.js';
import { LvsctlError } from './errors.js';

interface SystemError extends NodeJS.ErrnoException {
  /** the target of a rename or link */
  readonly dest?: string;
  /** the socket of a connection */
  readonly address?: string;
  readonly port?: number;
}

// biome-ignore format: a table
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'make room on this file system',
  EDQUOT: 'make room: the quota of this user is used up',
  EMFILE: 'raise the limit of open files (ulimit -n)',
};

/** Whether an error came from the operating system. */
export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error;
}

/**
 * `nosuch.rules: No such file or directory`; without a file the system call is named. An error
 * that is not Node's, which begins with the code, is complete already.
 */
export function systemErrorText(error: SystemError): string {
  const isNodes = error.message.startsWith(`${error.code}: `) || error.message === '';
  if (!isNodes && !/^\w+ E[A-Z0-9]+\b/.test(error.message)) return error.message;
  return `${subjectOf(error)}: ${errnoText(error.code ?? '')}`;
}

/** The same as an error of lvsctl. */
export function fromSystem(error: SystemError): LvsctlError {
  return new LvsctlError('SYSTEM', systemErrorText(error), HINTS[error.code ?? '']);
}

/** The path, socket or peer that it is about. */
export function subjectOf({ path, dest, address, port, syscall = '' }: SystemError): string {
  if (path !== undefined) return dest ?? path;
  if (address !== undefined) return port === undefined ? address : `${address} port ${port}`;
  return syscall;
}

/** Writes a file by means of others; a system error names this one, and no temporary file. */
export function writing<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isSystemError(error) ? Object.assign(error, { path, dest: path }) : error;
  }
}

/** Does something to a file; a system error that names no file gets this one. */
export function naming<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isSystemError(error) && error.path === undefined) error.path = path;
    throw error;
  }
}
