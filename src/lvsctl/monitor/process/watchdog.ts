// Signs of life for systemd.
import type { Loop } from '../loop.js';
import type { Runtime } from '../runtime.js';

/** the table is written every five seconds at least */
const IDLE_MS = 15_000;

/** Signs of life for systemd, as long as the table is read and written. */
export function feedWatchdog(loop: Loop, { clock, notify, watchdogMs }: Runtime): () => void {
  if (watchdogMs === undefined) return () => {};
  let cancel = () => {};
  const feed = () => {
    if (loop.idleMs() < Math.max(watchdogMs, IDLE_MS)) void notify(['WATCHDOG=1']);
    cancel = clock.after(watchdogMs / 2, feed);
  };
  feed();
  return () => cancel();
}
