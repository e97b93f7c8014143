// The record of what was changed on this machine and what was there before: one JSON line an entry,
// written before the change is made.
//
// The state of an entry is one letter that is overwritten in place. So only a change needs space on
// the disk; to revert one needs none. The rest of a line has a checksum.
import { LvsctlError } from '../errors.js';
import { failureText } from '../failure.js';
import { isSystemError } from '../systemerror.js';
import { checkEntry, checkHeader } from './recordformat.js';
import { keyOf, type Resource, type ResourceState } from './resources.js';

const VERSION = 1;
/** `{"state":"` */
const STATE_OFFSET = 10;
/** of a line: its state or version, its checksum, what the checksum is of */
const LINE = /^\{("state":"[osv]"|"record":\d+),"sum":"([0-9a-f]{16})",(.*)$/;
const SUM_LENGTH = 16;
/** more void lines than this are taken out of the record */
const MAX_VOID = 200;

/**
 * Where the records are kept: for root alone, and deleted by a reboot, as what they record is. All
 * methods throw system errors, which name the file.
 */
export interface RecordDirectory {
  /** for messages */
  readonly path: string;
  /**
   * @returns the absolute path of the file, links resolved; the names that its record may have
   */
  namesOf(role: string, file: string): { readonly file: string; readonly names: readonly string[] };
  /** Whether a file exists, of any directory. */
  exists(file: string): boolean;
  /** SHA-256 of a text, in hex. */
  digest(text: string): string;
  /** names of the records */
  list(): readonly string[];
  /** All of a record, one character a byte; '' when there is none. */
  read(name: string): string;
  /** Writes ASCII text from an offset on, where the record ends when this fails. */
  write(name: string, offset: number, text: string): void;
  /** Overwrites one byte, which needs no space. */
  mark(name: string, offset: number, letter: string): void;
  /** Replaces all of a record, in one step. */
  replace(name: string, text: string): void;
  rename(from: string, to: string): void;
  remove(name: string): void;
  /** Keeps other processes out of the whole directory until the result is called. */
  lock(): () => void;
}

/** What a record is about. */
export interface Header {
  readonly role: string;
  /** absolute, links resolved */
  readonly file: string;
  /** SHA-256 of the file at the last `up` */
  readonly content: string;
  /** kernel's number of each network interface that was changed, by name */
  readonly links: Readonly<Record<string, number>>;
}

/** A resource that was changed: what it was before the first change, and what it was last set to. */
export interface JournalEntry {
  readonly resource: Resource;
  readonly previous: ResourceState;
  readonly set: ResourceState;
  /** the change was carried through; else it may have stopped anywhere between the two states */
  readonly committed: boolean;
}

/** o: a change is under way, s: it is made, v: the line does not count any more */
type Letter = 'o' | 's' | 'v';
interface Line {
  /** of its state, bytes */
  readonly offset: number;
  readonly resource: Resource;
  readonly previous: ResourceState;
  readonly set: ResourceState;
  letter: Letter;
}

/** The lines of a resource with their letters at a moment. */
export type Position = readonly (readonly [Line, Letter])[];

/** The record is not one of ours. */
export class JournalError extends LvsctlError {
  override readonly name = 'JournalError';
  constructor(message: string, hint?: string) {
    super('BAD_RECORD', message, hint);
  }
}

/** The entries by resource, in the order of their first change. */
export class Journal {
  readonly name: string;
  readonly #directory: RecordDirectory;
  readonly #lines: Line[] = [];
  readonly #bySubject = new Map<string, Line[]>();
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
    this.name = name;
    this.#about = about;
    const text = directory.read(name);
    this.#length = text.lastIndexOf('\n') + 1;
    let offset = 0;
    for (const [i, line] of text.slice(0, this.#length).split('\n').slice(0, -1).entries()) {
      this.#take(parseLine(line, i, `${this.path}:${i + 1}`, directory), offset);
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
    this.#append(`"record":${VERSION}`, next);
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
    const offset = this.#append('"state":"o"', entry) + STATE_OFFSET;
    this.#keep({ offset, ...entry, letter: 'o' });
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
      this.#bySubject.clear();
      this.#header = undefined;
      this.#length = 0;
      this.#attempt(() => this.#directory.remove(this.name));
    } else if (this.#lines.length - live.length > MAX_VOID) this.#compact(live);
    if (!this.#problem) return;
    const why = failureText(this.#problem);
    this.#problem = undefined;
    throw new JournalError(`${why}; the machine is as reported, but its record is out of date`);
  }

  #compact(live: readonly Line[]): void {
    const header = this.#lineOf(`"record":${VERSION}`, this.#header ?? {});
    const texts = live.map(({ letter, resource, previous, set }) =>
      this.#lineOf(`"state":"${letter}"`, { resource, previous, set }),
    );
    this.#attempt(() => this.#directory.replace(this.name, header + texts.join('')));
  }

  #take(parsed: Parsed, offset: number): void {
    if ('header' in parsed) this.#header = parsed.header;
    else this.#keep({ ...parsed.line, offset: offset + STATE_OFFSET });
  }

  #keep(line: Line): void {
    this.#lines.push(line);
    const key = keyOf(line.resource);
    const lines = this.#bySubject.get(key);
    if (lines) lines.push(line);
    else this.#bySubject.set(key, [line]);
  }

  #linesOf(resource: Resource): readonly Line[] {
    return this.#bySubject.get(keyOf(resource)) ?? [];
  }

  #top(resource: Resource): Line | undefined {
    return this.#linesOf(resource).findLast(({ letter }) => letter !== 'v');
  }

  /** @returns the offset of the line */
  #append(head: string, fields: object): number {
    const offset = this.#length;
    const text = this.#lineOf(head, fields);
    this.#directory.write(this.name, offset, text);
    this.#length += text.length;
    return offset;
  }

  #lineOf(head: string, fields: object): string {
    const rest = ascii(fields).slice(1);
    return `{${head},"sum":"${sumOf(rest, this.#directory)}",${rest}\n`;
  }

  #mark(line: Line, letter: Letter): void {
    if (line.letter !== letter) this.#directory.mark(this.name, line.offset, letter);
    line.letter = letter;
  }

  /** Reverting continues where the record cannot be written. */
  #tryMark(line: Line, letter: Letter): void {
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

function toEntry({ resource, previous, set, letter }: Line): JournalEntry {
  return { resource, previous, set, committed: letter === 's' };
}

/** JSON in which a character is a byte, so that offsets can be counted. */
function ascii(value: object): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

type Parsed = { readonly header: Header } | { readonly line: Omit<Line, 'offset'> };

function sumOf(text: string, { digest }: RecordDirectory): string {
  return digest(text).slice(0, SUM_LENGTH);
}

/** @throws JournalError where the line is neither header nor entry, with the place */
function parseLine(text: string, index: number, where: string, directory: RecordDirectory): Parsed {
  const [, head = '', sum, rest = ''] = LINE.exec(text) ?? [];
  const version = /^"record":(\d+)$/.exec(head)?.[1];
  if (index === 0 && version === undefined) throw damaged(where, 'not the beginning of a record');
  if (version !== undefined && version !== String(VERSION))
    throw damaged(where, `record of version ${version}; this program reads version ${VERSION}`);
  const value = sum === sumOf(rest, directory) ? parseJson(`{${rest}`) : undefined;
  if (value === undefined) throw damaged(where, 'the line is damaged');
  const wrong = version === undefined ? checkEntry(value) : checkHeader(value);
  if (wrong !== undefined) throw damaged(where, wrong);
  if (version !== undefined) return { header: value as Header };
  const letter = head.charAt(STATE_OFFSET - 1) as Letter;
  return { line: { ...(value as Pick<Line, 'resource' | 'previous' | 'set'>), letter } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function damaged(where: string, wrong: string): JournalError {
  return new JournalError(
    `${where}: ${wrong}`,
    'nothing was done; to go on, move the record away: what was changed before is then not known',
  );
}
