// The store of a fleet in memory, with leases that end in simulated time.
import type { FleetStore, StoreEntry } from '../../src/lvsctl/fleet/store.js';
import type { Clock } from '../../src/lvsctl/monitor/runtime.js';

export interface MemoryStore extends FleetStore {
  readonly entries: Map<string, StoreEntry & { readonly lease?: string | undefined }>;
  /** as if nobody could reach it */
  away: boolean;
  /** As if a lease had ended. */
  endLease(key: string): void;
}

export function memoryStore(clock: Clock): MemoryStore {
  const entries: MemoryStore['entries'] = new Map();
  const leases = new Map<string, { readonly seconds: number; end: () => void }>();
  let revision = 0;
  let serial = 0;
  const reached = () => {
    if (store.away) throw new Error('etcd at 192.0.2.1:2379: connect ECONNREFUSED');
  };
  const expire = (id: string) => {
    leases.delete(id);
    for (const [key, { lease }] of entries) if (lease === id) entries.delete(key);
  };
  const prolong = (id: string, seconds: number) => {
    leases.get(id)?.end();
    leases.set(id, { seconds, end: clock.after(seconds * 1000, () => expire(id)) });
  };
  const write = (key: string, value: string, lease?: string) => {
    if (lease !== undefined && !leases.has(lease)) throw new Error('etcd: lease not found');
    const version = String(++revision);
    entries.set(key, { key, value, version, lease });
    return version;
  };
  const store: MemoryStore = {
    entries,
    away: false,
    endLease(key) {
      const id = entries.get(key)?.lease;
      if (id !== undefined) expire(id);
    },
    async get(key) {
      reached();
      return entries.get(key);
    },
    async list(prefix) {
      reached();
      return [...entries.values()].filter(({ key }) => key.startsWith(prefix));
    },
    async put(key, value, lease) {
      reached();
      write(key, value, lease);
    },
    async replace(key, version, value, lease) {
      reached();
      if ((entries.get(key)?.version ?? '0') !== version) return undefined;
      return write(key, value, lease);
    },
    async remove(key) {
      reached();
      entries.delete(key);
    },
    async grant(seconds) {
      reached();
      const id = String(++serial);
      prolong(id, seconds);
      return id;
    },
    async keepAlive(id) {
      reached();
      const seconds = leases.get(id)?.seconds;
      if (seconds === undefined) return false;
      prolong(id, seconds);
      return true;
    },
    async revoke(id) {
      reached();
      leases.get(id)?.end();
      expire(id);
    },
    watch: () => () => {},
  };
  return store;
}
