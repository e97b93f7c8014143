// The socket and the record of a monitor, where this user may not write to them.
import { errnoText } from '../../../render/errno.js';
import { LvsctlError } from '../../errors.js';
import { isSystemError } from '../../systemerror.js';

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
  const { code = '' } = error as NodeJS.ErrnoException;
  if (!isSystemError(error) || !['EACCES', 'EPERM', 'EROFS'].includes(code)) return error;
  return new LvsctlError(
    'SYSTEM',
    `${path}: ${errnoText(code)} (--${option})`,
    'run it as root; without root give places of your own: --socket PATH --state FILE',
  );
}
