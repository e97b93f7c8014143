// The text of a file that a command is given: a regular file, a pipe, stdin. Never more than a
// limit, so that /dev/zero or a wrong file of gigabytes ends in a message.
import { closeSync, openSync, readSync } from 'node:fs';
import { pause } from './streams.js';

const STDIN = 0;
const PIECE = 65_536;
const MEBIBYTE = 2 ** 20;

/**
 * Reads it all; waits for a stdin that another process made non-blocking.
 * @param path `-` = stdin
 * @param limit bytes
 * @throws a system error with the path: EISDIR for a directory, EFBIG over the limit
 */
export function readText(path: string, limit: number): string {
  const fd = path === '-' ? STDIN : openSync(path, 'r');
  const name = path === '-' ? 'stdin' : path;
  try {
    return readAll(fd, name, limit);
  } catch (error) {
    throw Object.assign(error as Error, { path: name });
  } finally {
    if (fd !== STDIN) closeSync(fd);
  }
}

function readAll(fd: number, name: string, limit: number): string {
  const pieces: Buffer[] = [];
  for (let length = 0; ; ) {
    const piece = Buffer.allocUnsafe(PIECE);
    const got = readOnce(fd, piece);
    if (got === 0) return Buffer.concat(pieces, length).toString('utf8');
    length += got;
    if (length > limit) throw tooLarge(name, limit);
    pieces.push(piece.subarray(0, got));
  }
}

function readOnce(fd: number, into: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, into);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      pause();
    }
  }
}

function tooLarge(name: string, limit: number): Error {
  const message = `${name}: larger than ${limit / MEBIBYTE} MiB`;
  return Object.assign(new Error(message), { code: 'EFBIG', syscall: 'read' });
}
