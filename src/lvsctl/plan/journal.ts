// The record of what was changed on this machine and what was there before: one JSON line an entry,
// written before the change is made. What a line looks like is in recordline.ts.
import { failureText } from '../failure.js';
import { isSystemError } from '../systemerror.js';
import type { RecordDirectory } from './recorddirectory.js';
import { checkEntry } from './recordformat.js';
import {
  entryLine,
  type Header,
  headerLine,
  JournalError,
  type Letter,
  type Parsed,
  parseLine,
  type RecordLine,
  STATE_OFFSET,
  type TextDigest,
} from './recordline.js';
import { keyOf, type Resource, type ResourceState } from './resources.js';

/** more void lines than this are taken out of the record */
const MAX_VOID = 200;

/** A resource that was changed: what it was before the first change, and what it was last set to. */
export interface JournalEntry {
  readonly resource: Resource;
  readonly previous: ResourceState;
  readonly set: ResourceState;
  /** the change was carried through; else it may have stopped anywhere between the two states */
  readonly committed: boolean;
}

/** The lines of a resource with their letters at a moment. */
export type Position = readonly (readonly [RecordLine, Letter])[];

/** The entries by resource, in the order of their first change. */
export class Journal {
  readonly name: string;
  readonly #directory: RecordDirectory;
  readonly #digest: TextDigest;
  readonly #lines: RecordLine[] = [];
  readonly #byResource = new Map<string, RecordLine[]>();
  readonly #about: Header | undefined;
  #header: Header | undefined;
  #length: number;
  #problem: Error | undefined;

  /**
   * @param about is written into the record with the first new entry; without it nothing can be
   * noted
   * @throws JournalError when the record is damaged; a torn last line was never relied on
   */
  constructor(directory: RecordDirectory, name: string, about?: Header) {
    this.#directory = directory;
    this.#digest = (text) => directory.digest(text);
    this.name = name;
    this.#about = about;
    const text = directory.read(name);
    this.#length = text.lastIndexOf('\n') + 1;
    let offset = 0;
    for (const [i, line] of text.slice(0, this.#length).split('\n').slice(0, -1).entries()) {
      this.#take(parseLine(line, i, `${this.path}:${i + 1}`, this.#digest), offset);
      offset += line.length + 1;
    }
  }

  get path(): string {
    return `${this.#directory.path}/${this.name}`;
  }

  /** undefined where nothing is recorded yet */
  get header(): Header | undefined {
    return this.#header;
  }

  get entries(): readonly JournalEntry[] {
    const found = new Map<string, JournalEntry>();
    for (const line of this.#lines)
      if (line.letter !== 'v') found.set(keyOf(line.resource), toEntry(line));
    return [...found.values()];
  }

  find(resource: Resource): JournalEntry | undefined {
    const line = this.#top(resource);
    return line && toEntry(line);
  }

  /** Writes down what the record is about, unless it is there. */
  #describe(): void {
    if (!this.#about) throw new Error(`${this.path}: not opened for new entries`);
    const links = { ...this.#header?.links, ...this.#about.links };
    const next = { ...this.#about, links };
    if (this.#header && JSON.stringify(next) === JSON.stringify(this.#header)) return;
    this.#append(headerLine(next, this.#digest));
    this.#header = next;
  }

  /**
   * Records a change that is about to be made. The first previous state of a resource stays.
   * @throws a system error when it cannot be written, JournalError when it could not be read back
   */
  note(resource: Resource, previous: ResourceState, set: ResourceState): void {
    const known = this.#top(resource);
    if (known && JSON.stringify(known.set) === JSON.stringify(set)) {
      this.#mark(known, 'o');
      return;
    }
    const entry = { resource, previous: known ? known.previous : previous, set };
    const wrong = checkEntry(JSON.parse(JSON.stringify(entry)));
    if (wrong !== undefined)
      throw new JournalError(`${wrong}: cannot be recorded, and so not restored`);
    this.#describe();
    const line = { ...entry, letter: 'o' } as const;
    const offset = this.#append(entryLine(line, this.#digest)) + STATE_OFFSET;
    this.#keep({ offset, ...line });
  }

  /** The change that was recorded has been made. */
  commit(resource: Resource): void {
    const line = this.#top(resource);
    if (line) this.#mark(line, 's');
  }

  /** A resource is about to be restored: until `forget` it may be between its states. */
  reopen(resource: Resource): void {
    const line = this.#top(resource);
    if (line) this.#tryMark(line, 'o');
  }

  /** A resource is as it was before the first change. */
  forget(resource: Resource): void {
    // the last line first: what is left after a crash is an entry that has its previous state
    for (const line of [...this.#linesOf(resource)].reverse()) this.#tryMark(line, 'v');
  }

  position(resource: Resource): Position {
    return this.#linesOf(resource).map((line) => [line, line.letter]);
  }

  /** A resource is about to be taken back to how it was at a position. */
  reopenAt(resource: Resource, position: Position): void {
    const line = this.#top(resource) ?? position.findLast(([, letter]) => letter !== 'v')?.[0];
    if (line) this.#tryMark(line, 'o');
  }

  /** A resource is as it was at a position. */
  reset(resource: Resource, position: Position): void {
    const letters = new Map(position);
    for (const line of [...this.#linesOf(resource)].reverse())
      this.#tryMark(line, letters.get(line) ?? 'v');
  }

  /**
   * Ends a run: a record without entries is removed.
   * @throws JournalError when the record could not be kept up to date while reverting
   */
  finish(): void {
    const live = this.#lines.filter(({ letter }) => letter !== 'v');
    if (live.length === 0) {
      this.#lines.length = 0;
      this.#byResource.clear();
      this.#header = undefined;
      this.#length = 0;
      this.#attempt(() => this.#directory.remove(this.name));
    } else if (this.#lines.length - live.length > MAX_VOID) this.#compact(live);
    if (!this.#problem) return;
    const why = failureText(this.#problem);
    this.#problem = undefined;
    throw new JournalError(`${why}; the machine is as reported, but its record is out of date`);
  }

  #compact(live: readonly RecordLine[]): void {
    const header = headerLine(this.#header ?? {}, this.#digest);
    const texts = live.map((line) => entryLine(line, this.#digest));
    this.#attempt(() => this.#directory.replace(this.name, header + texts.join('')));
  }

  #take(parsed: Parsed, offset: number): void {
    if ('header' in parsed) this.#header = parsed.header;
    else this.#keep({ ...parsed.line, offset: offset + STATE_OFFSET });
  }

  #keep(line: RecordLine): void {
    this.#lines.push(line);
    const key = keyOf(line.resource);
    const lines = this.#byResource.get(key);
    if (lines) lines.push(line);
    else this.#byResource.set(key, [line]);
  }

  #linesOf(resource: Resource): readonly RecordLine[] {
    return this.#byResource.get(keyOf(resource)) ?? [];
  }

  #top(resource: Resource): RecordLine | undefined {
    return this.#linesOf(resource).findLast(({ letter }) => letter !== 'v');
  }

  /** @returns the offset of the line */
  #append(text: string): number {
    const offset = this.#length;
    this.#directory.write(this.name, offset, text);
    this.#length += text.length;
    return offset;
  }

  #mark(line: RecordLine, letter: Letter): void {
    if (line.letter !== letter) this.#directory.mark(this.name, line.offset, letter);
    line.letter = letter;
  }

  /** Reverting continues where the record cannot be written. */
  #tryMark(line: RecordLine, letter: Letter): void {
    this.#attempt(() => this.#mark(line, letter));
    line.letter = letter;
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#problem ??= error;
    }
  }
}

function toEntry({ resource, previous, set, letter }: RecordLine): JournalEntry {
  return { resource, previous, set, committed: letter === 's' };
}
