// The lines of keepalived.conf as the parser gets them: files included, conditions decided,
// parameters replaced, repetitions made.
import { lineError } from '../../config/problem.js';
import type { Remarks, SourcePlace } from '../remark.js';
import type { SourceFiles } from '../sourcefiles.js';
import { definitionIn, type Parameters, substitute } from './parameters.js';
import { repetitionsOf } from './repeat.js';
import type { ConfLine } from './statements.js';
import { withoutComment } from './tokens.js';

/** Where lines come from. */
export interface LineSource {
  readonly files: SourceFiles;
  readonly remarks: Remarks;
  readonly configId: ConfigId;
}

/** What `@NAME` is compared with; undefined = not known, which is reported where one is met. */
export interface ConfigId {
  readonly name: string | undefined;
  /** whether the user gave it; else it is the name of this machine */
  readonly given: boolean;
}

const MOST_LINES = 500_000;
const DEEPEST = 32;

/**
 * All lines, in their order. A line of a value of several lines stands where it is used.
 * @param file its name, `-` for stdin
 * @throws a system error when the file itself cannot be read; ConfigError when lines never end
 */
export function* linesOf(text: string, file: string, source: LineSource): Generator<ConfLine> {
  yield* new LineReader(source).file(text, file, 0);
}

class LineReader {
  readonly #source: LineSource;
  readonly #parameters: Parameters;
  #count = 0;
  #reported = false;

  constructor(source: LineSource) {
    this.#source = source;
    this.#parameters = new Map([
      ['_HASH', ['#']],
      ['_BANG', ['!']],
      ...(source.configId.name === undefined
        ? []
        : [['_INSTANCE', [source.configId.name]] as const]),
    ]);
  }

  *file(text: string, file: string, depth: number): Generator<ConfLine> {
    const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
    const directory = file === '-' ? '.' : dirname(file);
    for (let i = 0; i < lines.length; i++) {
      const place = { file, line: i + 1 };
      const whole = withoutComment(lines[i] ?? '').trim();
      const included = /^include([rmwba]?)\s+(.+)$/.exec(whole);
      if (included) {
        yield* this.#include(included[2] ?? '', directory, place, depth);
        continue;
      }
      this.#parameters.set('_PWD', [directory]);
      const definition = this.#multiline(whole, lines, i);
      if (definition === undefined) yield* this.#line(whole, place);
      else i = definition;
    }
  }

  *#include(
    text: string,
    directory: string,
    place: SourcePlace,
    depth: number,
  ): Generator<ConfLine> {
    const pattern = text.trim().replace(/^(["'])(.*)\1$/, '$2');
    const { files, remarks } = this.#source;
    const found = files.filesMatching(
      pattern.startsWith('/') || directory === '.' ? pattern : `${directory}/${pattern}`,
    );
    if (found.length === 0)
      remarks.warn(
        place,
        'include',
        `there is no file ${pattern}; keepalived goes on without it too`,
      );
    if (depth >= DEEPEST) throw lineError(place.file, place.line, 'files include each other');
    for (const path of found) yield* this.file(files.readText(path), path, depth + 1);
  }

  /**
   * `$NAME= \` and the lines that follow, each but the last with a backslash at its end.
   * @returns the index of its last line; undefined when this is none
   */
  #multiline(first: string, lines: readonly string[], at: number): number | undefined {
    const definition = definitionIn(this.#conditional(first, undefined) ?? '');
    if (!definition?.value.endsWith('\\')) return undefined;
    const value: string[] = [];
    const head = definition.value.slice(0, -1).trim();
    if (head !== '') value.push(head);
    let i = at;
    for (let more = true; more && i + 1 < lines.length; ) {
      i++;
      const line = withoutComment(lines[i] ?? '').trim();
      // a line of blanks within a value does not end it, as the manual's example has it
      more = line.endsWith('\\') || line === '';
      value.push(line.replace(/\\$/, '').trim());
    }
    this.#parameters.set(definition.name, value);
    return i;
  }

  *#line(text: string, place: SourcePlace, depth = 0): Generator<ConfLine> {
    if (++this.#count > MOST_LINES || depth > DEEPEST)
      throw lineError(place.file, place.line, 'parameters that name each other without end');
    const line = this.#conditional(text, place);
    if (line === undefined || line === '') return;
    if (line.startsWith('~')) {
      yield* this.#repeated(line, place, depth);
      return;
    }
    const definition = definitionIn(line);
    if (definition !== undefined) {
      this.#parameters.set(definition.name, [definition.value.trim()]);
      return;
    }
    const made = substitute(line, this.#parameters);
    if (made === undefined)
      throw lineError(place.file, place.line, 'parameters that name each other without end');
    const [only = ''] = made;
    if (made.length === 1 && !/^[@~]/.test(only)) yield* this.#plain(only, place);
    else for (const one of made) yield* this.#line(one.trim(), place, depth + 1);
  }

  *#plain(text: string, place: SourcePlace): Generator<ConfLine> {
    if (/\$\{_RANDOM\b/.test(text))
      this.#source.remarks.warn(place, '_RANDOM', 'a random number; it is imported as it stands');
    if (text !== '') yield { ...place, text };
  }

  *#repeated(line: string, place: SourcePlace, depth: number): Generator<ConfLine> {
    const head = /^~\w+\([^)]*\)/.exec(line)?.[0] ?? line;
    const [known = head] = substitute(head, this.#parameters) ?? [];
    const repetitions = repetitionsOf(known + line.slice(head.length));
    if (repetitions === undefined) {
      this.#source.remarks.warn(place, head, 'cannot be read; the line is not imported');
      return;
    }
    for (const { values, rest } of repetitions) {
      for (const [name, value] of values) this.#parameters.set(name, value);
      yield* this.#line(rest, place, depth + 1);
    }
  }

  /**
   * The line behind `@NAME` or `@^NAME`, undefined when it is for another machine.
   * @param place where to state that the name is not known; undefined = nowhere
   */
  #conditional(text: string, place: SourcePlace | undefined): string | undefined {
    const [, not, name, rest] = /^@(\^?)(\S*)\s*(.*)$/s.exec(text) ?? [];
    if (name === undefined) return text;
    const { configId } = this.#source;
    if (place !== undefined) this.#reportMachine(`@${not}${name}`, place);
    return (configId.name === name) === (not === '^') ? undefined : rest;
  }

  /** Once for a file, unless the user chose the machine. */
  #reportMachine(text: string, place: SourcePlace): void {
    const { configId, remarks } = this.#source;
    if (configId.given || this.#reported) return;
    this.#reported = true;
    if (configId.name === undefined)
      remarks.warn(place, text, 'for some machines only; name the machine: --config-id NAME');
    else
      remarks.note(
        place,
        text,
        `read for this machine, ${configId.name}; --config-id NAME is for another`,
      );
  }
}

/** The directory of a path, `.` for a name alone. */
function dirname(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? '.' : path.slice(0, end) || '/';
}
