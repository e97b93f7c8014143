// A machine for plans that exists only in memory: files, and programs that are functions.
import type { Backend } from '../../src/backend/backend.js';
import { MemoryBackend } from '../../src/backend/memory.js';
import type { JournalStore } from '../../src/lvsctl/plan/journal.js';
import type { Machine, Ran } from '../../src/lvsctl/plan/machine.js';

export interface FakeMachine extends Machine {
  readonly files: Map<string, string>;
  /** programs that were run, as lines */
  readonly ran: string[];
}

/** @param programs what each answers; others are not installed */
export function fakeMachine(
  files: Readonly<Record<string, string>>,
  programs: Readonly<Record<string, (words: readonly string[]) => Partial<Ran>>> = {},
  backend: Backend = new MemoryBackend(),
): FakeMachine {
  const present = new Map(Object.entries(files));
  const ran: string[] = [];
  return {
    files: present,
    ran,
    run(program, words) {
      ran.push([program, ...words].join(' '));
      const answer = programs[program];
      return { status: answer ? 0 : 127, stdout: '', stderr: '', ...answer?.(words) };
    },
    read: (path) => present.get(path),
    write(path, text) {
      if (!present.has(path))
        throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT', syscall: 'open' });
      present.set(path, text);
    },
    list: (path) =>
      [
        ...new Set(
          [...present.keys()]
            .filter((name) => name.startsWith(path))
            .map((name) => name.slice(path.length).replace(/^\//, '').split('/')[0] ?? ''),
        ),
      ].sort(),
    backend: async () => backend,
    hasKernelRules: false,
    ownsModules: false,
  };
}

/** A record in memory. */
export function memoryStore(
  text = '',
  others: () => readonly string[] = () => [],
): JournalStore & { text: string } {
  const store = {
    path: 'record',
    text,
    load: () => store.text,
    others,
    append(line: string) {
      store.text += line;
    },
    replace(all: string) {
      store.text = all;
    },
    lock: () => () => {},
  };
  return store;
}
