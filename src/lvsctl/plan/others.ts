// Which record belongs to a file, and what the records of other files need.
import { failureText } from '../failure.js';
import { Journal, type JournalEntry } from './journal.js';
import type { RecordDirectory } from './recorddirectory.js';
import { keyOf, type Resource } from './resources.js';

/** A record by its name in the directory. */
export interface FoundRecord {
  readonly name: string;
  /** the name that the record of this file should have */
  readonly ownName: string;
  /** absolute, links resolved */
  readonly file: string;
  /** the file was moved since, or is a link now: where it was */
  readonly movedFrom: string | undefined;
}

/**
 * The record of a role for a file: that of its real path, that of the path as typed, or that of a
 * file with the same content which was removed.
 *
 * @param text of the file, undefined when it cannot be read
 */
export function findRecord(
  directory: RecordDirectory,
  role: string,
  path: string,
  text: string | undefined,
): FoundRecord {
  const { file, names } = directory.namesOf(role, path);
  const ownName = names[0] ?? '';
  const present = directory.list();
  const name =
    names.find((one) => present.includes(one)) ??
    movedRecord(directory, present, role, text) ??
    ownName;
  const movedFrom = name === ownName ? undefined : headerOf(directory, name)?.file;
  return { name, ownName, file, movedFrom };
}

function movedRecord(
  directory: RecordDirectory,
  present: readonly string[],
  role: string,
  text: string | undefined,
): string | undefined {
  if (text === undefined) return undefined;
  const content = directory.digest(text);
  const moved = present.filter((name) => {
    const header = headerOf(directory, name);
    return header?.role === role && header.content === content && !directory.exists(header.file);
  });
  return moved.length === 1 ? moved[0] : undefined;
}

function headerOf(directory: RecordDirectory, name: string) {
  return tryOpen(directory, name).journal?.header;
}

/** The records of other files and of the other role. */
export interface Others {
  /** The entry of another record for the same resource, and its file. */
  find(resource: Resource): { readonly entry: JournalEntry; readonly file: string } | undefined;
  readonly records: readonly OtherRecord[];
  /** why records cannot be read */
  readonly problems: readonly string[];
}
export interface OtherRecord {
  readonly path: string;
  readonly role: string;
  readonly file: string;
}

/** Reads all records but one. One that is damaged does not stop the work on another file. */
export function readOthers(directory: RecordDirectory, own: string): Others {
  const entries = new Map<string, { readonly entry: JournalEntry; readonly file: string }>();
  const records: OtherRecord[] = [];
  const problems: string[] = [];
  for (const name of directory.list().filter((one) => one !== own)) {
    const { journal, problem } = tryOpen(directory, name);
    if (problem !== undefined) problems.push(problem);
    const { header, entries: found = [], path = '' } = journal ?? {};
    if (!header || found.length === 0) continue;
    records.push({ path, role: header.role, file: header.file });
    for (const entry of found) entries.set(keyOf(entry.resource), { entry, file: header.file });
  }
  return { find: (resource) => entries.get(keyOf(resource)), records, problems };
}

function tryOpen(
  directory: RecordDirectory,
  name: string,
): { readonly journal?: Journal; readonly problem?: string } {
  try {
    return { journal: new Journal(directory, name) };
  } catch (error) {
    const problem = failureText(error);
    if (problem === undefined) throw error;
    return { problem };
  }
}
