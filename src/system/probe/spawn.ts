// Programs are started only where descriptors for them are left.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** two pipes, of which each has two ends here for a moment, and what else a start needs */
const DESCRIPTORS = 8;

/**
 * Starts a program, or throws EMFILE beforehand: a start that fails for want of descriptors never
 * gives back those it had got already (seen with Node 20: each failure keeps two sockets for good).
 * @throws a system error
 */
export function spawnWithRoom(
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const room: number[] = [];
  try {
    while (room.length < DESCRIPTORS) room.push(openSync('/dev/null', 'r'));
  } finally {
    for (const fd of room) closeSync(fd);
  }
  return spawn(program, args, options);
}
