// Lines on stderr for a program that must go on when stderr fails: a full disk, a terminal that
// is closed or stopped by Ctrl-S, a reader that has ended or reads no more.
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';

export interface LogOutput {
  /** Writes lines, or drops them. Never throws and never waits. */
  write(text: string): void;
}

/**
 * @param fd an open descriptor; terminals and pipes are opened a second time, non-blocking, because
 *   `O_NONBLOCK` on the descriptor itself would reach every process that shares it
 * @param lost makes the line that is written when lines can be written again
 */
export function logOutput(fd: number, lost: (lines: number) => string): LogOutput {
  let own: number | undefined;
  let dropped = 0;
  /** a line was written in part only */
  let torn = false;

  /** @returns whether all of it was written */
  function attempt(text: string): boolean {
    const bytes = Buffer.from(torn ? `\n${text}` : text);
    let at = 0;
    try {
      own ??= nonBlocking(fd);
      while (at < bytes.length) at += writeSync(own, bytes, at);
      torn = false;
      return true;
    } catch {
      // full, closed, not read: there is no other place for a message
      if (at > 0) torn = bytes[at - 1] !== NEWLINE;
      return false;
    }
  }

  return {
    write(text) {
      if (dropped > 0 && attempt(lost(dropped))) dropped = 0;
      if (dropped > 0 || !attempt(text)) dropped++;
    },
  };
}

/**
 * Closes those of stdin, stdout and stderr whose terminal is closed. Node sets the modes of its
 * terminals back at exit, and aborts (SIGABRT) where one refuses that.
 */
export function leaveLostTerminal(): void {
  for (const fd of [0, 1, 2]) {
    try {
      const { O_RDWR, O_NONBLOCK, O_NOCTTY } = constants;
      if (fstatSync(fd).isCharacterDevice())
        closeSync(openSync(`/proc/self/fd/${fd}`, O_RDWR | O_NONBLOCK | O_NOCTTY));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EIO') closeSync(fd);
    }
  }
}

const NEWLINE = 0x0a;

/** A regular file never makes a writer wait, and shares its position with others as it is. */
function nonBlocking(fd: number): number {
  if (fstatSync(fd).isFile()) return fd;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return fd; // a socket, as systemd gives it, or a terminal of another user
  }
}
