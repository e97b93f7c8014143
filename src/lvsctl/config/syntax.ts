// YAML that cannot be read: the parser's error in terms that the author of the file knows. The
// parser names what it could not do there; the cause is looked for in the lines around.
import type { Document, YAMLParseError } from 'yaml';
import { describeLookAlike, findLookAlike } from '../../render/lookalike.js';
import { type FileText, problemAt } from './place.js';
import type { Problem } from './problem.js';

/** Keys that stand twice, and the first other error: those after it are its consequences. */
export function syntaxProblems(document: Document, source: FileText): Problem[] {
  const twice = document.errors.filter(({ code }) => code === 'DUPLICATE_KEY');
  const [first] = document.errors.filter(({ code }) => code !== 'DUPLICATE_KEY');
  return [
    ...twice.map((error) =>
      at(source, error.pos[0], keyLength(source.text, error.pos[0]), 'this key is there twice'),
    ),
    ...(first ? [explain(first, source)] : []),
  ];
}

function keyLength(text: string, from: number): number {
  return /^[^\s:]*/.exec(text.slice(from, from + 100))?.[0].length ?? 1;
}

function at(source: FileText, from: number, length: number, message: string): Problem {
  return problemAt({ files: [source] }, '', from, from + Math.max(1, length), message);
}

function explain(error: YAMLParseError, source: FileText): Problem {
  const [from, to] = error.pos;
  const first = source.lines.linePos(from).line;
  const last = source.lines.linePos(Math.max(from, to - 1)).line;
  const around = linesAround(source, Math.max(1, first - 1), last + 1);
  const causes = [tabIn, lookAlikeIn, bracedIn, gluedIn, assignedIn];
  for (const cause of causes) {
    for (const line of around) {
      const found = cause(line);
      if (found) return at(source, line.start + found.at, found.length, found.message);
    }
  }
  if (error.message.startsWith('Missing closing')) {
    const open = linesAround(source, 1, last)
      .map(unclosedIn)
      .find((one) => one !== undefined);
    if (open) return at(source, open.at, 1, open.message);
  }
  const indent = misaligned(linesAround(source, 1, last + 1), first);
  if (indent) return at(source, indent.at, indent.length, indent.message);
  return at(source, from, to - from, MESSAGES[error.code] ?? plainMessage(error.message));
}

/** Messages of the parser about YAML's grammar, in plain terms. */
const MESSAGES: Readonly<Record<string, string>> = {
  MISSING_CHAR:
    'something is missing here: a colon and a blank after a key, or a closing quote or bracket',
  MULTILINE_IMPLICIT_KEY: 'this is no key with a value: a colon and a blank are missing',
  BLOCK_AS_IMPLICIT_KEY:
    'a key and its value stand where a value should end; a text with a colon and a blank in it ' +
    'needs quotes',
  BLOCK_IN_FLOW: 'a comma or a closing bracket is missing after this',
  BAD_SCALAR_START: 'a text that begins with @, % or a backquote needs quotes',
};

function plainMessage(message: string): string {
  return message
    .replace(
      /^Flow (\w+) in block.* (\S)$/,
      'the brackets of a list or map are not closed before: $2 is missing',
    )
    .replace(/^Unexpected \S+ at node end$/, 'this is after the end of a value')
    .replace(/^Unexpected (\S+) token in YAML stream: (.*)$/s, 'unexpected $2')
    .replace(/^./, (letter) => letter.toLowerCase());
}

interface Line {
  readonly text: string;
  readonly number: number;
  /** offset of its first character */
  readonly start: number;
}

function linesAround({ text, lines }: FileText, from: number, to: number): readonly Line[] {
  const found: Line[] = [];
  for (let number = from; number <= Math.min(to, lines.lineStarts.length); number++) {
    const start = lines.lineStarts[number - 1] ?? 0;
    const end = text.indexOf('\n', start);
    found.push({
      text: text.slice(start, end < 0 ? undefined : end).replace(/\r$/, ''),
      number,
      start,
    });
  }
  return found;
}

interface Cause {
  readonly at: number;
  readonly length: number;
  readonly message: string;
}

function tabIn({ text }: Line): Cause | undefined {
  const tabs = /^[ -]*(\t+)/.exec(text);
  return tabs
    ? {
        at: tabs[0].length - (tabs[1]?.length ?? 0),
        length: 1,
        message: 'a tab in the indentation; YAML takes blanks only',
      }
    : undefined;
}

function lookAlikeIn({ text }: Line): Cause | undefined {
  const odd = findLookAlike(withoutComment(text));
  return odd && { at: odd.at, length: 1, message: describeLookAlike(odd) };
}

function withoutComment(text: string): string {
  return text.replace(/(?:^|\s)#.*$/, '');
}

/** `{address: ${vip}}`: there a brace begins a map. */
function bracedIn({ text }: Line): Cause | undefined {
  const [, before = '', name = ''] = /^(.*?[[{,:]\s*)\$\{(\w+)\}/.exec(withoutComment(text)) ?? [];
  return name === '' || !/[[{]/.test(before)
    ? undefined
    : {
        at: before.length,
        length: name.length + 3,
        message: `inside [ ] and { } write $${name}, or "\${${name}}" in quotes`,
      };
}

/** `port:80`, `-address: …` */
function gluedIn({ text }: Line): Cause | undefined {
  const key = /^(\s*(?:- +)*)([a-z][a-z_]*):(?=[^\s:/])/.exec(text);
  if (key) {
    const [whole, before = '', name = ''] = key;
    return {
      at: before.length,
      length: whole.length - before.length,
      message: `a blank is missing after \`${name}:'`,
    };
  }
  const dash = /^(\s*)-(?=[a-z][a-z_]*:(?:\s|$))/.exec(text);
  return dash
    ? { at: dash[1]?.length ?? 0, length: 1, message: "a blank is missing after `-'" }
    : undefined;
}

/** `port = 80`, or a key alone. */
function assignedIn({ text }: Line): Cause | undefined {
  const [, before = '', name = ''] = /^(\s*(?:- +)*)([a-z][a-z_]*)\s*=/.exec(text) ?? [];
  return name === ''
    ? undefined
    : {
        at: before.length,
        length: name.length,
        message: `write \`${name}: ' with a colon and a blank`,
      };
}

/** A quote that no other closes in its line. Offset in the text. */
function unclosedIn({ text, start }: Line): Cause | undefined {
  const [, before = '', quote] = /^([^"'#]*[:,[{-]\s+)(["'])(?:(?!\2).)*$/.exec(text) ?? [];
  return quote === undefined
    ? undefined
    : { at: start + before.length, length: 1, message: `this quote ${quote} is not closed` };
}

/** A column in which entries stand, and whether they begin with a dash. */
interface IndentColumn {
  readonly at: number;
  readonly dashed: boolean;
}

/**
 * The first line from `from - 1` on whose key or dash is in no column of the lines above.
 * Offset in the text.
 */
function misaligned(lines: readonly Line[], from: number): Cause | undefined {
  let open: readonly IndentColumn[] = [];
  /** the column that the line must not pass: that of a key with its value beside it */
  let limit = Number.POSITIVE_INFINITY;
  for (const { text, number, start } of lines) {
    const entry = /^( *)((?:- +)*)(?:[\w-]+:(?=\s|$)|- ?)(.*)$/.exec(withoutComment(text));
    if (!entry) continue;
    const [, indent = '', dashes = '', rest = ''] = entry;
    const column = indent.length + 1;
    const inner = column + dashes.length;
    const dashed = dashes !== '' || /^ *-(?: |$)/.test(text);
    if (number >= from - 1 && open.length > 0) {
      const neighbours = column > limit ? [limit] : missed(open, column, dashed);
      if (neighbours.length > 0)
        return {
          at: start + column - 1,
          length: 1,
          message:
            `indentation: this begins in column ${column}, its neighbours in column ` +
            `${neighbours.join(' or ')}`,
        };
    }
    open = [
      ...open.filter(({ at }) => at < column),
      { at: column, dashed },
      ...(inner > column ? [{ at: inner, dashed: false }] : []),
    ];
    const value = rest.trim();
    limit = value !== '' && !/^[|>&[{]/.test(value) ? inner : Number.POSITIVE_INFINITY;
  }
  return undefined;
}

/** The columns on both sides of one in which no such entry may stand; none when it may. */
function missed(open: readonly IndentColumn[], column: number, dashed: boolean): number[] {
  const deepest = open.at(-1)?.at ?? 0;
  const here = open.find(({ at }) => at === column);
  if (column > deepest || (here && (dashed || !here.dashed))) return [];
  const before = here ? undefined : open.filter(({ at }) => at < column).at(-1)?.at;
  const after = open.find(({ at }) => at > column)?.at;
  return [before, after].filter((one) => one !== undefined);
}
