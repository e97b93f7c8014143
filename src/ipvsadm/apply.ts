// Changes to the backend, and why it refused some of them.
import type { Change } from '../model/change.js';
import { messageFor } from '../render/messages.js';
import type { IpvsadmWorld } from './world.js';

const REFUSED = 255;

/**
 * Carries out changes together and prints why some were refused.
 * @returns the exit status: that of the last change
 */
export async function applyChanges(
  changes: readonly Change[],
  { backend, err, refusals }: Pick<IpvsadmWorld, 'backend' | 'err' | 'refusals'>,
): Promise<number> {
  let status = 0;
  for (const [i, error] of (await backend.apply(changes)).entries()) {
    status = error === undefined ? 0 : REFUSED;
    if (error === undefined) continue;
    err(`${messageFor(error)}\n`);
    refusals?.ipvs(error, changes[i] as Change);
  }
  return status;
}
