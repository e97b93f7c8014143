// A child that ends when its parent has ended, for any reason: the kernel closes the parent's end
// of a socket pair then. Unlike a signal at the parent's death (prctl), it also reaches a process
// that `ip netns exec` has put in its own place.
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';

/** The child's end, which is the first descriptor behind its standard streams. */
const FD = 3;

/** The `stdio` option of `spawn` that makes the pair. */
export const LIFELINE_STDIO = ['inherit', 'inherit', 'inherit', 'pipe'] as const;

/** Sends this process SIGTERM when the parent that started it with `LIFELINE_STDIO` has died. */
export function endWithParent(): void {
  if (!isSocket(FD)) return;
  const parent = new Socket({ fd: FD, readable: true, writable: false });
  parent
    .on('error', () => {}) // `close` follows
    .on('close', () => process.kill(process.pid, 'SIGTERM'))
    .resume()
    .unref();
}

/** Without a parent that keeps the other end, the number may be anything. */
function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}
