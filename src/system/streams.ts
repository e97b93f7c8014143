// stdin, stdout and stderr without Node's streams, which cost start-up time.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { blockFor } from './blockfor.js';

const PIECE = 65536;
/** files may be read in larger pieces than pipes ever hold */
const FILE_PIECE = 1 << 20;
const RETRY_MS = 5;

export interface Output {
  /** Takes text (one character a byte). @returns false when no more can be written */
  write(text: string): boolean;
  /** Takes bytes, which are written at once. @returns false when no more can be written */
  writeBytes(bytes: Uint8Array): boolean;
  /** Writes what is still held. */
  flush(): void;
  /** The errno's name of the write that failed, such as ENOSPC; undefined so far. */
  failure(): string | undefined;
}

/**
 * Output that is held back until there is a piece of it, or `flush`. After a write that failed
 * everything else is dropped.
 */
export function bufferedOutput(fd: number): Output {
  let held = '';
  let failure: string | undefined;
  const flush = () => {
    if (held !== '') failure ??= writeAll(fd, Buffer.from(held, 'latin1'));
    held = '';
  };
  return {
    write(text) {
      held += text;
      if (held.length >= PIECE) flush();
      return failure === undefined;
    },
    writeBytes(bytes) {
      flush();
      failure ??= writeAll(fd, bytes);
      return failure === undefined;
    },
    flush,
    failure: () => failure,
  };
}

/**
 * Writes all bytes. A descriptor that another process made non-blocking is waited for.
 * @returns undefined, or the errno's name when they could not all be written
 */
function writeAll(fd: number, bytes: Uint8Array): string | undefined {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      if (code !== 'EAGAIN') return code;
      pause();
    }
  }
  return undefined;
}

/**
 * Reads a descriptor piece by piece: what is there at the moment, '' at the end.
 * @throws Error with an errno's name as `code` when it cannot be read
 */
export function pieces(fd: number): () => string {
  let buffer: Buffer | undefined;
  return () => {
    buffer ??= Buffer.allocUnsafe(isFile(fd) ? FILE_PIECE : PIECE);
    for (;;) {
      try {
        return buffer.toString('latin1', 0, readSync(fd, buffer));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        pause();
      }
    }
  };
}

/**
 * Reads a file into buffers; it is closed at its end, or with the process.
 * @throws Error with an errno's name as `code`: here when it cannot be opened, from the reader when
 *   it cannot be read
 */
export function openReader(path: string): (into: Uint8Array, at: number) => number {
  const fd = openSync(path, 'r');
  return (into, at) => {
    const got = readSync(fd, into, at, into.length - at, null);
    if (got === 0) closeSync(fd);
    return got;
  };
}

/**
 * Whether a descriptor is a terminal, as far as that can be known without loading anything: a
 * character device.
 */
export function isCharacterDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    return false; // closed
  }
}

/** Whether a descriptor is a terminal. */
export async function isTerminal(fd: number): Promise<boolean> {
  return isCharacterDevice(fd) && (await import('node:tty')).isatty(fd);
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false; // closed
  }
}

/** Waits a moment for a descriptor that is not ready. */
export function pause(): void {
  blockFor(RETRY_MS);
}
