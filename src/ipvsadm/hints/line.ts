// What the hints go by: a refused command line and why it was refused; and what they give.
import type { OptionRow, Slot } from '../options.js';
import { scan, type Token } from '../scan.js';

/** A refused command line. */
export interface RefusedLine {
  /** as text, not as bytes */
  readonly args: readonly string[];
  /** the first line of the refusal, as it was printed */
  readonly message: string;
  /** what IPVS refused, and the errno's name; undefined where the line was refused before */
  readonly operation?: string | undefined;
  readonly code?: string | undefined;
}

/** One explanation in both languages. */
export interface Advice {
  readonly en: string;
  readonly zh: string;
}

/** A kind of mistake: finds it in a refused line. */
export interface MistakeRow {
  readonly name: string;
  find(line: RefusedLine): Advice | undefined;
}

/** The options that were read, up to a bad one. */
export function tokensOf({ args }: Pick<RefusedLine, 'args'>): readonly Token[] {
  return scan(args, { posix: false });
}

/** The value that was given for a slot, and its option; undefined when it was not. */
export function givenFor(
  line: Pick<RefusedLine, 'args'>,
  slot: Slot,
): { readonly row: OptionRow; readonly value: string } | undefined {
  for (const token of tokensOf(line))
    if (token.kind === 'option' && token.row.slot === slot)
      return { row: token.row, value: token.value ?? '' };
  return undefined;
}

/** Whether an option of a slot was given. */
export function has(line: Pick<RefusedLine, 'args'>, slot: Slot): boolean {
  return givenFor(line, slot) !== undefined;
}

/** `'text'`, with what no terminal shows as its number. */
export function quoted(text: string): string {
  return `'${text.replace(UNSHOWN, (one) => `<U+${hex(one)}>`)}'`;
}

const UNSHOWN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00a0\u2000-\u200a\u202f\u205f\u3000]/gu;

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

/** The option as it is written: `-s`, or `--stats` where it has no letter. */
export function written(row: OptionRow): string {
  return row.short === '' ? `--${row.long}` : `-${row.short[0]}`;
}

/** The same with both names: `-s (--scheduler)`. */
export function writtenInFull(row: OptionRow): string {
  return row.short === '' ? `--${row.long}` : `-${row.short[0]} (--${row.long})`;
}

/** The advice about the first argument that gets one. */
export function firstOf(
  args: readonly string[],
  find: (arg: string) => Advice | undefined,
): Advice | undefined {
  for (const arg of args) {
    const advice = find(arg);
    if (advice) return advice;
  }
  return undefined;
}
