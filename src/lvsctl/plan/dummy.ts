// Dummy devices for the VIPs of many directors.
import { DUMMY_PREFIX } from '../config/ha.js';

/** arguments of `ip link add NAME` */
export const DUMMY: readonly string[] = ['type', 'dummy'];

/** Whether `up` makes such a device, so that `down` may remove it. */
export function isDummyOf(name: string, args: readonly string[]): boolean {
  return name.startsWith(DUMMY_PREFIX) && args.join(' ') === DUMMY.join(' ');
}
