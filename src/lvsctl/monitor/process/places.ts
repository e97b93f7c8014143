// The socket and the record of a monitor, where this user may not write to them.
import { errnoText } from '../../../render/errno.js';
import { LvsctlError } from '../../errors.js';
import { isSystemError } from '../../systemerror.js';

const DENIED = ['EACCES', 'EPERM', 'EROFS'];

/** Does something with the record at `path`. @throws as `placeError` */
export function withState<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw placeError(error, 'state', path);
  }
}

/** @returns for a lack of permission an error that names the option for another place */
export function placeError(error: unknown, option: 'socket' | 'state', path: string): unknown {
  const code = DENIED.find((one) => isSystemError(error) && error.code === one);
  if (code === undefined) return error;
  return new LvsctlError(
    'SYSTEM',
    `${path}: ${errnoText(code)} (--${option})`,
    'run it as root; without root give places of your own: --socket PATH --state FILE',
  );
}
