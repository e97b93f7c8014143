// The record of what was changed on this machine and what was there before: one JSON line an entry,
// written before the change is made.
import { LvsctlError } from '../errors.js';
import { isKind } from './kinds.js';
import type { State, Subject } from './setting.js';

/** Where the record is kept; root's alone, and gone with a reboot, as what it tells of is. */
export interface JournalStore {
  /** where it is, for messages */
  readonly path: string;
  /** all of it, '' when there is none */
  load(): string;
  /** the records of other files and roles on this machine, each whole */
  others(): readonly string[];
  /** Adds a line, which is there when this returns. */
  append(line: string): void;
  /** Puts other text in the place of all of it, in one step; '' removes it. */
  replace(text: string): void;
  /**
   * Keeps other processes out until the result is called. After a holder that died it also waits
   * for what that one had begun: a program of the system that was still at work.
   */
  lock(): () => void;
}

/** A subject that was changed: what it was before the first change, and what it was last set to. */
export interface Entry {
  readonly subject: Subject;
  readonly former: State;
  readonly set: State;
  /** the change was carried through; else it may have stopped anywhere between the two states */
  readonly settled: boolean;
}

/** The record is not one of ours. */
export class JournalError extends LvsctlError {
  override readonly name = 'JournalError';
  constructor(message: string) {
    super('BAD_RECORD', message);
  }
}

/** The entries by subject, in the order of their first change. */
export class Journal {
  readonly #entries = new Map<string, Entry>();
  readonly #store: JournalStore;
  readonly #others = new Map<string, Entry>();

  /**
   * @throws JournalError when a line is not an entry; a torn last line belongs to a change that was
   *   never begun
   */
  constructor(store: JournalStore) {
    this.#store = store;
    const lines = store.load().split('\n');
    const torn = lines.pop();
    for (const [i, line] of lines.entries()) this.#keep(parseEntry(line, `${store.path}:${i + 1}`));
    if (torn !== '') store.replace(this.entries.map(lineOf).join(''));
    for (const other of store.others()) keepAll(other, this.#others);
  }

  /** The entry of another file that needs the same. */
  shared(subject: Subject): Entry | undefined {
    return this.#others.get(keyOf(subject));
  }

  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  find(subject: Subject): Entry | undefined {
    return this.#entries.get(keyOf(subject));
  }

  /** Notes a change that is about to be made. The first former state of a subject stays. */
  note(subject: Subject, former: State, set: State): void {
    const known = this.find(subject);
    this.#add({ subject, former: known ? known.former : former, set, settled: false });
  }

  /** The change that was noted has been made. */
  settle(subject: Subject): void {
    const entry = this.find(subject);
    if (entry) this.#add({ ...entry, settled: true });
  }

  /** Forgets a subject that is as it was before. */
  forget(subject: Subject): void {
    this.#entries.delete(keyOf(subject));
    if (this.#entries.size === 0) this.#store.replace('');
    else this.#store.append(lineOf({ subject, gone: true }));
  }

  #add(entry: Entry): void {
    this.#store.append(lineOf(entry));
    this.#keep(entry);
  }

  #keep(entry: Entry | Gone): void {
    const key = keyOf(entry.subject);
    if ('gone' in entry) this.#entries.delete(key);
    else this.#entries.set(key, entry);
  }
}

/** The entries of another record. What is wrong with one is told when its own file is used. */
function keepAll(text: string, into: Map<string, Entry>): void {
  const own = new Map<string, Entry>();
  for (const line of text.split('\n').slice(0, -1)) {
    try {
      const entry = parseEntry(line, '');
      if ('gone' in entry) own.delete(keyOf(entry.subject));
      else own.set(keyOf(entry.subject), entry);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
    }
  }
  for (const [key, entry] of own) into.set(key, entry);
}

interface Gone {
  readonly subject: Subject;
  readonly gone: true;
}

function keyOf(subject: Subject): string {
  return JSON.stringify(subject);
}

function lineOf(entry: Entry | Gone): string {
  return `${JSON.stringify(entry)}\n`;
}

function parseEntry(line: string, where: string): Entry | Gone {
  try {
    const { subject, former, set, settled, gone } = JSON.parse(line) as Partial<Entry & Gone>;
    if (subject && isKind(subject.kind)) {
      if (gone === true) return { subject, gone };
      if (former !== undefined && set !== undefined && settled !== undefined)
        return { subject, former, set, settled };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new JournalError(`${where}: not an entry of the record`);
}
