// The lines of a file that is too large to be held, such as the kernel's list of connections.
import { closeSync, openSync, readSync } from 'node:fs';

const PIECE = 65_536;

/**
 * The bytes of a file; a piece is good until the next is taken.
 * @throws a system error
 */
export function* piecesOf(path: string): Generator<Uint8Array> {
  const fd = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(PIECE);
    for (let got = readSync(fd, piece); got > 0; got = readSync(fd, piece))
      yield piece.subarray(0, got);
  } finally {
    closeSync(fd);
  }
}

/**
 * Each line without its newline, as latin1; the file is closed when the last was taken, or when the
 * reader stops.
 * @throws a system error
 */
export function* linesOf(path: string): Generator<string> {
  let rest = '';
  for (const piece of piecesOf(path)) {
    const lines = (rest + Buffer.from(piece).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
