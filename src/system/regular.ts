// Reading a file that is named by others: never waits, never without end.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** What was opened, for a reader that believes only certain files. */
export interface RegularFile {
  readonly text: string;
  /** permission bits */
  readonly mode: number;
  /** owner */
  readonly uid: number;
}

/**
 * Reads a regular file whole.
 * @param longest bytes
 * @throws a system error when it cannot be read: `ENOENT`; `EINVAL` for a FIFO, device, socket or
 *   directory, which could keep the reader waiting for ever; `EFBIG` when it is longer
 */
export function readRegularFile(path: string, longest: number): RegularFile {
  // without O_NONBLOCK a FIFO waits for its writer
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw systemError('EINVAL', path, 'not a regular file');
    if (stat.size > longest)
      throw systemError('EFBIG', path, `larger than ${longest / 1024 / 1024} MiB`);
    return { text: readFileSync(fd, 'utf8'), mode: stat.mode & 0o7777, uid: stat.uid };
  } finally {
    closeSync(fd);
  }
}

function systemError(code: string, path: string, message: string): Error {
  return Object.assign(new Error(`${path}: ${message}`), { code, path, syscall: 'open' });
}
