// Keeps what lasts of a state; that it cannot be kept is reported once.
import type { MonitorEvent } from './state/events.js';
import type { MonitorState } from './state/state.js';

/**
 * @param save throws a system error
 * @returns what keeps a state and never throws
 */
export function createKeeper(
  save: (state: MonitorState) => void,
  emit: (event: MonitorEvent) => void,
): (state: MonitorState) => void {
  let failed: string | undefined;
  return (state) => {
    try {
      save(state);
      failed = undefined;
    } catch (error) {
      const reason = `state: ${error instanceof Error ? error.message : String(error)}`;
      if (reason !== failed) emit({ event: 'error', reason });
      failed = reason;
    }
  };
}
