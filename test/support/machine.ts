// A machine for plans that exists only in memory: files, and programs that are functions.
import { createHash } from 'node:crypto';
import type { Backend } from '../../src/backend/backend.js';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import type { ExecResult, Machine } from '../../src/lvsctl/plan/machine.js';
import type { RecordDirectory } from '../../src/lvsctl/plan/recorddirectory.js';

export interface FakeMachine extends Machine {
  readonly files: Map<string, string>;
  /** programs that were run, as lines */
  readonly ran: string[];
}

/** @param programs what each answers; others are not installed */
export function fakeMachine(
  files: Readonly<Record<string, string>>,
  programs: Readonly<Record<string, (args: readonly string[]) => Partial<ExecResult>>> = {},
  backend: Backend = new MemoryBackend(),
): FakeMachine {
  const present = new Map(Object.entries(files));
  const ran: string[] = [];
  const machine: FakeMachine = {
    files: present,
    ran,
    run(program, args) {
      ran.push([program, ...args].join(' '));
      const answer = programs[program];
      return { status: answer ? 0 : 127, stdout: '', stderr: '', ...answer?.(args) };
    },
    runEach: async (program, lists) => lists.map((args) => machine.run(program, args)),
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
  return machine;
}

export interface MemoryRecords extends RecordDirectory {
  /** text by name of the record */
  readonly files: Map<string, string>;
  /** what exists beside the records, by absolute path */
  readonly present: Set<string>;
  /** bytes that may still be added; what overwrites needs none */
  space: number;
}

/** Records in memory. A file is at home in `/etc`. */
export function memoryRecords(files: Readonly<Record<string, string>> = {}): MemoryRecords {
  const texts = new Map(Object.entries(files));
  const full = (name: string) =>
    Object.assign(new Error(`/run/${name}: No space left on device`), {
      code: 'ENOSPC',
      syscall: 'write',
    });
  const records: MemoryRecords = {
    path: '/run',
    files: texts,
    present: new Set(),
    space: Number.POSITIVE_INFINITY,
    namesOf: (role, file) => ({ file: `/etc/${file}`, names: [`${role}-${file}.journal`] }),
    exists: (file) => records.present.has(file),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    list: () => [...texts.keys()].sort(),
    read: (name) => texts.get(name) ?? '',
    write(name, offset, text) {
      const previous = texts.get(name) ?? '';
      if (text.length > records.space) throw full(name);
      records.space -= text.length;
      texts.set(name, previous.slice(0, offset) + text);
    },
    mark(name, offset, letter) {
      const previous = texts.get(name) ?? '';
      texts.set(name, previous.slice(0, offset) + letter + previous.slice(offset + 1));
    },
    replace: (name, text) => texts.set(name, text),
    rename(from, to) {
      texts.set(to, texts.get(from) ?? '');
      texts.delete(from);
    },
    remove: (name) => texts.delete(name),
    lock: () => () => {},
  };
  return records;
}
