// The user that calls, for records and the status.
import type { World } from './world.js';

/** The login name; behind sudo that of the user who called it, empty where there is none. */
export function loginName({ env }: Pick<World, 'env'>): string {
  return env.SUDO_USER ?? env.LOGNAME ?? env.USER ?? '';
}
