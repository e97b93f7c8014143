// The one error of the library.
import { BackendError, IpvsError } from '../model/errors.js';
import { messageFor } from '../render/messages.js';
import type { ErrorCode } from './api.js';

export class LvsError extends Error {
  override readonly name = 'LvsError';
  readonly code: ErrorCode;
  readonly differences: readonly string[];

  constructor(code: ErrorCode, message: string, differences: readonly string[] = []) {
    super(message);
    this.code = code;
    this.differences = differences;
  }
}

/** Calls the backend; its errors are those of the library. @throws LvsError REFUSED, BACKEND */
export async function asked<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof BackendError) throw new LvsError('BACKEND', error.message);
    if (error instanceof IpvsError)
      throw new LvsError(error.operation === 'info' ? 'BACKEND' : 'REFUSED', messageFor(error));
    throw error;
  }
}
