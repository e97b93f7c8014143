// A history and what waits for its confirmation, in memory.
import type {
  PrivateFiles,
  TransactionStore,
  WriterIdentity,
} from '../../src/lvsctl/transaction/store.js';

export interface MemoryStore extends TransactionStore {
  /** text by name */
  readonly entries: Map<string, string>;
  readonly waiting: Map<string, string>;
  /** processes that have died */
  readonly dead: Set<number>;
  /** guards that were started: entry and seconds */
  readonly guards: (readonly [number, number])[];
  /** the next writes that succeed; then the disk is full */
  space: number;
  locked: boolean;
  /** of this machine now */
  boot: string;
  lasting: boolean;
}

const WRITER: WriterIdentity = { pid: 7, start: '1', namespace: '1', boot: 'b' };

export function memoryStore(): MemoryStore {
  const store: MemoryStore = {
    entries: new Map(),
    waiting: new Map(),
    dead: new Set(),
    guards: [],
    space: Number.POSITIVE_INFINITY,
    locked: false,
    get history() {
      return files('/var/history', store.entries, store);
    },
    get pending() {
      return files('/run/ns', store.waiting, store);
    },
    lock() {
      if (store.locked) throw new Error('the lock is taken twice');
      store.locked = true;
      return () => {
        store.locked = false;
      };
    },
    boot: WRITER.boot,
    get writer() {
      return { ...WRITER, boot: store.boot };
    },
    lasting: false,
    isDead: ({ pid, boot }) => boot !== store.boot || store.dead.has(pid),
    async startGuard(entry, seconds) {
      store.guards.push([entry, seconds]);
      return { ...WRITER, pid: 8 };
    },
  };
  return store;
}

function files(path: string, texts: Map<string, string>, store: MemoryStore): PrivateFiles {
  return {
    path,
    make: () => {},
    list: () => [...texts.keys()].sort(),
    read: (name) => texts.get(name) ?? '',
    replace(name, text) {
      if (store.space-- <= 0)
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), {
          code: 'ENOSPC',
          syscall: 'write',
          path: `${path}/${name}`,
        });
      if (/[^\n -~]/.test(text)) throw new Error('not ASCII');
      texts.set(name, text);
    },
    remove: (name) => void texts.delete(name),
  };
}
