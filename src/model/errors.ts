// The errors that are part of the program's behaviour. Anything else that is thrown is a bug and
// keeps its stack.
import type { Operation } from './change.js';

/**
 * IPVS refused: `code` is the errno's name (`EEXIST`). All backends refuse what the kernel refuses,
 * with this class.
 */
export class IpvsError extends Error {
  override readonly name = 'IpvsError';
  constructor(
    readonly operation: Operation,
    readonly code: string,
  ) {
    super(`${operation}: ${code}`);
  }
}

/**
 * The backend cannot be used at all: no kernel support, no privilege, an unreadable or
 * damaged table file. `message` is the whole text for stderr without the last newline; the exit
 * status is 2.
 */
export class BackendError extends Error {
  override readonly name = 'BackendError';
}

/** Bytes that do not fit the protocol's tables. */
export class WireError extends Error {
  override readonly name = 'WireError';
}
