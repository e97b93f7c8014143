// What a run refused, kept for the hint at its end.
import type { Change } from '../model/change.js';
import { messageFor } from '../render/messages.js';
import type { RefusedAt } from './hints/table.js';
import type { Refusals } from './world.js';

interface LinePlace {
  readonly args: readonly string[];
  readonly line: number | undefined;
}

/**
 * @param args of the command line, as bytes
 * @returns what takes note, and what it has noted: texts as they came, in bytes
 */
export function noteRefusals(
  args: readonly string[],
): Refusals & { readonly noted: readonly RefusedAt[] } {
  const places = new Map<Change, LinePlace>();
  const noted: RefusedAt[] = [];
  return {
    noted,
    read: (change, args, line) => void places.set(change, { args, line }),
    usage(error, args, line) {
      noted.push({ args, line, message: error.message });
    },
    ipvs(error, change) {
      const place = places.get(change) ?? { args, line: undefined };
      const { operation, code } = error;
      noted.push({ ...place, message: messageFor(error), operation, code });
    },
  };
}
