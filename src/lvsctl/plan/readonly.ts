// Records for a dry run: what is written stays in memory.
import type { RecordDirectory } from './recorddirectory.js';

/** @returns the same records; changes of them are only seen through the result */
export function readOnly(directory: RecordDirectory): RecordDirectory {
  const changed = new Map<string, string>();
  const read = (name: string) => changed.get(name) ?? directory.read(name);
  return {
    path: directory.path,
    namesOf: (role, file) => directory.namesOf(role, file),
    exists: (file) => directory.exists(file),
    digest: (text) => directory.digest(text),
    list: () => [...new Set([...directory.list(), ...changed.keys()])].filter((name) => read(name)),
    read,
    write: (name, offset, text) => changed.set(name, read(name).slice(0, offset) + text),
    mark(name, offset, letter) {
      const text = read(name);
      changed.set(name, text.slice(0, offset) + letter + text.slice(offset + 1));
    },
    replace: (name, text) => changed.set(name, text),
    rename(from, to) {
      changed.set(to, read(from));
      changed.set(from, '');
    },
    remove: (name) => changed.set(name, ''),
    lock: () => () => {},
  };
}
