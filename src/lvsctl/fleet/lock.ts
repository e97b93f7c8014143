// One director of a fleet at a time: a key that goes with its owner.
import type { Clock } from '../monitor/runtime.js';
import type { FleetStore } from './store.js';

/** seconds after which the lock of a dead director is free */
const LEASE_S = 15;
const RENEW_MS = 5000;
const RETRY_MS = 200;

type LeaseParts = { readonly store: FleetStore; readonly clock: Clock };

/** A lease that is renewed until `end`. */
export interface HeldLease {
  readonly id: string;
  /** @throws when the store cannot be reached @returns whether it is still there */
  isThere(): Promise<boolean>;
  end(): Promise<void>;
}

/** @throws when the store cannot be reached */
export async function holdLease(seconds: number, { store, clock }: LeaseParts): Promise<HeldLease> {
  const id = await store.grant(seconds);
  let cancel = () => {};
  const renew = () => {
    cancel = clock.after(RENEW_MS, () => {
      store.keepAlive(id).catch(() => false);
      renew();
    });
  };
  renew();
  return {
    id,
    isThere: () => store.keepAlive(id),
    async end() {
      cancel();
      await store.revoke(id).catch(() => {});
    },
  };
}

/**
 * Does the work when no other director does such work. A lease that is lost ends the lock, not the
 * work: a transaction that has begun is not cut off in the middle.
 * @param name shown in the key
 * @param over ends the wait: the work is not done then
 */
export async function alone<T>(
  key: string,
  name: string,
  { store, clock, over }: LeaseParts & { over(): boolean },
  work: () => Promise<T>,
): Promise<T | undefined> {
  const lease = await holdLease(LEASE_S, { store, clock });
  try {
    while ((await store.replace(key, '0', name, lease.id)) === undefined) {
      if (over()) return undefined;
      await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
    }
    return await work();
  } finally {
    await lease.end();
  }
}
