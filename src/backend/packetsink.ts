// Backends that only model a kernel: packets can be sent through them.
import type { Dataplane } from '../simulator/dataplane.js';
import type { Backend } from './backend.js';

/**
 * Sends packets through a data plane, from `start` on its clock. When it is done, the clock is set
 * back by the time it took, so that all of it lies in the past.
 * @returns a result, and the time on the clock at which it ended
 */
export type PacketRun<T> = (
  plane: Dataplane,
  start: number,
) => { readonly result: T; readonly end: number };

export interface PacketSink {
  /**
   * Lets packets happen. Connections, templates and counters stay, and so does what `work` did to
   * servers. Other processes may change the table at the same time: `work` may be called again
   * then.
   */
  play<T>(work: PacketRun<T>): Promise<T>;
}

/** The backend as one that takes packets; undefined where a real kernel decides. */
export function packetSinkOf(backend: Backend): PacketSink | undefined {
  return 'play' in backend ? (backend as Backend & PacketSink) : undefined;
}
