// Where the records are kept, as the journal sees it.

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
