// A directory with those above it, for its owner alone.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory (0700) where it is missing. Node's recursive option never returns below /proc,
 * where a directory cannot be made although the one above it is there.
 * @throws a system error
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeDirectory(dirname(path));
    mkdirSync(path, 0o700);
  }
}
