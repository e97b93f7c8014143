// stdin, stdout and stderr without Node's streams, which cost start-up time.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';

const PIECE = 65536;
/** files may be read in larger pieces than pipes ever hold */
const FILE_PIECE = 1 << 20;
const RETRY_MS = 5;

export interface Output {
  /** Takes text (one character a byte). @returns false when nobody reads any more */
  write(text: string): boolean;
  /** Takes bytes, which are handed over at once. @returns false when nobody reads any more */
  writeBytes(bytes: Uint8Array): boolean;
  /** Hands over what is still held. */
  flush(): void;
}

/**
 * Output that is held back until there is a piece of it, or `flush`. A reader that went away ends
 * it quietly, a full device too.
 */
export function bufferedOutput(fd: number): Output {
  let held = '';
  let broken = false;
  const flush = () => {
    if (held !== '' && !broken) broken = !writeAll(fd, Buffer.from(held, 'latin1'));
    held = '';
  };
  return {
    write(text) {
      held += text;
      if (held.length >= PIECE) flush();
      return !broken;
    },
    writeBytes(bytes) {
      flush();
      broken ||= !writeAll(fd, bytes);
      return !broken;
    },
    flush,
  };
}

/**
 * Writes all bytes. A descriptor that another process made non-blocking is waited for.
 * @returns false when they cannot be written: closed, no reader, no space. ipvsadm does not report
 *   that either.
 */
function writeAll(fd: number, bytes: Uint8Array): boolean {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return false;
      pause();
    }
  }
  return true;
}

/**
 * Reads a descriptor piece by piece: what is there at the moment, '' at the end or when it cannot
 * be read.
 */
export function pieces(fd: number): () => string {
  let buffer: Buffer | undefined;
  return () => {
    buffer ??= Buffer.allocUnsafe(isFile(fd) ? FILE_PIECE : PIECE);
    for (;;) {
      try {
        return buffer.toString('latin1', 0, readSync(fd, buffer));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return '';
        pause();
      }
    }
  };
}

/**
 * Reads a file into buffers; it is closed at its end, or with the process.
 * @throws when it cannot be opened
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
 * Whether a descriptor is a terminal, as far as that can be told without loading anything: a
 * character device.
 */
export function isCharacterDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    return false; // closed
  }
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
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
}
