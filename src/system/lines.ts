// The lines of a file that is too large to be held, such as the kernel's list of connections.
import { closeSync, openSync, readSync } from 'node:fs';

const PIECE = 65_536;

/**
 * Each line without its newline, as latin1; the file is closed when the last was taken, or when the
 * reader stops.
 * @throws a system error
 */
export function* linesOf(path: string): Generator<string> {
  const fd = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(PIECE);
    let rest = '';
    for (;;) {
      const got = readSync(fd, piece);
      if (got === 0) break;
      const lines = (rest + piece.toString('latin1', 0, got)).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    closeSync(fd);
  }
}
