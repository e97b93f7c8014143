// A directory with those above it, for its owner alone.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory (0700) where it is missing. Node's recursive option never returns below /proc,
 * where a directory cannot be made although the one above it is there.
 * @throws a system error
 */
export function makeDirectory(path: string): void {
  if (isMade(path)) return;
  if (dirname(path) !== path) makeDirectory(dirname(path));
  if (!isMade(path)) mkdirSync(path, 0o700); // for its error
}

/** True also when it was there, or another process made it just now; false when its parent is not. */
function isMade(path: string): boolean {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    if (code !== 'EEXIST') throw error;
  }
  return true;
}
