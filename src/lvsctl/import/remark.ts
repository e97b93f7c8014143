// What an import reports about the file that it reads: all that has no equivalent, or another
// effect here, with its place.
import { printable } from '../../render/printable.js';

/** A line of a file, from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
}

/** One remark. `subject` and `text` may hold anything that is in the file. */
export interface Remark extends SourcePlace {
  /** the text of the file that it is about */
  readonly subject: string;
  /** what it means for the user */
  readonly text: string;
  /** false: nothing is lost, the remark only explains */
  readonly isWarning: boolean;
}

/** Gathers remarks; the same one of the same line is kept once. */
export class Remarks {
  readonly #all = new Map<string, Remark>();

  /** Something of the file is not imported, or has another effect. */
  warn(place: SourcePlace, subject: string, text: string): void {
    this.#add(place, subject, text, true);
  }

  /** Nothing is lost, and the user should know. */
  note(place: SourcePlace, subject: string, text: string): void {
    this.#add(place, subject, text, false);
  }

  #add({ file, line }: SourcePlace, subject: string, text: string, isWarning: boolean): void {
    const key = `${file}\n${line}\n${subject}\n${text}`;
    if (!this.#all.has(key)) this.#all.set(key, { file, line, subject, text, isWarning });
  }

  /** In the order in which they were found, which is that of the lines within a block. */
  get all(): readonly Remark[] {
    return [...this.#all.values()];
  }
}

/**
 * The remarks as lines for stderr, all of them, by file and line.
 * @returns lines with their newlines; '' when there are none
 */
export function renderRemarks(remarks: readonly Remark[]): string {
  const files = [...new Set(remarks.map(({ file }) => file))];
  return remarks
    .map((one, i) => ({ one, i }))
    .sort(
      (a, b) =>
        files.indexOf(a.one.file) - files.indexOf(b.one.file) ||
        a.one.line - b.one.line ||
        a.i - b.i,
    )
    .map(({ one: { file, line, subject, text, isWarning } }) =>
      printable(`${file}:${line}: ${isWarning ? 'warning' : 'note'}: ${subject}: ${text}`),
    )
    .map((line) => `${line}\n`)
    .join('');
}
