// One director of a fleet at a time: a key that goes with its owner.
import type { Clock } from '../monitor/runtime.js';
import type { FleetStore } from './store.js';

/** seconds after which the lock of a dead director is free */
const LEASE_S = 15;
const RENEW_MS = 5000;
const RETRY_MS = 200;

/**
 * Does the work when no other director does such work.
 * @param name shown in the key
 * @param over ends the wait: the work is not done then
 */
export async function alone<T>(
  key: string,
  name: string,
  { store, clock, over }: { readonly store: FleetStore; readonly clock: Clock; over(): boolean },
  work: () => Promise<T>,
): Promise<T | undefined> {
  const lease = await store.grant(LEASE_S);
  let cancel = () => {};
  const renew = () => {
    cancel = clock.after(RENEW_MS, () => {
      // a lease that is lost ends the lock, not the work: the work itself checks what it changes
      store.keepAlive(lease).catch(() => false);
      renew();
    });
  };
  renew();
  try {
    while ((await store.replace(key, '0', name, lease)) === undefined) {
      if (over()) return undefined;
      await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
    }
    return await work();
  } finally {
    cancel();
    await store.revoke(lease).catch(() => {});
  }
}
