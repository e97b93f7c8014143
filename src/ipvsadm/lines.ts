// The lines and arguments of a restore file.
import { refuse } from './usage.js';

const LONGEST_ARG = 4096;
/** dropped wherever it stands, so that shell scripts can be fed in */
const PROGRAM = 'ipvsadm';

/**
 * The arguments of one line: separated by blanks, tabs and carriage returns, nothing quoted. A NUL
 * ends its argument, one of more than 4096 bytes is cut into pieces of 4096, and the argument
 * `ipvsadm` is dropped.
 */
export function argsOf(line: string): string[] {
  const args: string[] = [];
  let from = 0;
  for (let at = 0; at <= line.length; at++) {
    const code = at === line.length ? BLANK : line.charCodeAt(at);
    if (code !== BLANK && code !== TAB && code !== RETURN) continue;
    if (at > from) addArg(line.slice(from, at), args);
    from = at + 1;
  }
  return args;
}

const BLANK = 32;
const TAB = 9;
const RETURN = 13;

function addArg(text: string, args: string[]): void {
  if (text === PROGRAM) return;
  if (text.length <= LONGEST_ARG && !text.includes('\0')) args.push(text);
  else
    for (let at = 0; at < text.length; at += LONGEST_ARG)
      args.push(untilNul(text.slice(at, at + LONGEST_ARG)));
}

function untilNul(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Stands between lines where no more input is at hand for the moment. */
export const PAUSE = Symbol('pause');

/** bytes of the longest line of a restore; no rule takes a thousandth of them */
export const LONGEST_LINE = 16 << 20;

/**
 * Cuts pieces of text into lines; a last line needs no newline.
 * @throws UsageError a line that is longer than `longest`, before more of it is read
 */
export function* linesOf(
  read: () => string,
  longest = Number.POSITIVE_INFINITY,
): Generator<string | typeof PAUSE> {
  let rest = '';
  let number = 1;
  const checked = (line: string) => {
    if (line.length > longest) refuse(`line ${number} is longer than ${longest >> 20} MiB`);
    return line;
  };
  for (let piece = read(); piece !== ''; piece = read()) {
    let from = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      yield checked(rest + piece.slice(from, end));
      rest = '';
      from = end + 1;
      number++;
    }
    rest = checked(rest + piece.slice(from));
    yield PAUSE;
  }
  if (rest !== '') yield rest;
}

/** The same lines, those that begin with `#` empty. */
export function* withoutComments(
  lines: Iterable<string | typeof PAUSE>,
): Generator<string | typeof PAUSE> {
  for (const line of lines) yield line !== PAUSE && line.startsWith('#') ? '' : line;
}
