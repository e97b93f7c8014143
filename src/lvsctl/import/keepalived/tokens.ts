// Tokens of a line of keepalived.conf: quotes, backslashes, comments, braces. What is not in
// keepalived.conf(5) was seen by `keepalived -d` in the lab (Debian's 2.2.7).

export interface ConfToken {
  readonly kind: 'text' | 'open' | 'close';
  readonly text: string;
}

export interface Tokens {
  readonly tokens: readonly ConfToken[];
  /** a quote that does not end on its line */
  readonly unterminated: boolean;
}

/** The line without its comment: from a `#` or `!` outside quotes to the end. */
export function withoutComment(line: string): string {
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? '';
    if (char === '\\') i++;
    else if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '#' || char === '!') return line.slice(0, i);
  }
  return line;
}

/**
 * Quotes join what they enclose to the token around them, and a backslash takes the meaning of the
 * next character away, also outside quotes: `regex a\.b` asks for `a.b`.
 */
export function tokensOf(line: string): Tokens {
  const tokens: ConfToken[] = [];
  let i = 0;
  let unterminated = false;
  while (i < line.length) {
    if (/\s/.test(line[i] ?? '')) {
      i++;
      continue;
    }
    const token = readToken(line, i);
    unterminated ||= token.unterminated;
    i = token.end;
    tokens.push(
      ...(token.quoted ? [{ kind: 'text' as const, text: token.text }] : split(token.text)),
    );
  }
  return { tokens, unterminated };
}

interface ReadToken {
  readonly text: string;
  readonly end: number;
  readonly quoted: boolean;
  readonly unterminated: boolean;
}

function readToken(line: string, start: number): ReadToken {
  let text = '';
  let quote = '';
  let quoted = false;
  let i = start;
  for (; i < line.length; i++) {
    const char = line[i] ?? '';
    if (char === '\\' && i + 1 < line.length) {
      const escaped = readEscape(line, i + 1);
      text += escaped.text;
      i = escaped.end - 1;
      quoted = true; // a brace behind a backslash is part of the token
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else text += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      quoted = true;
    } else if (/\s/.test(char)) break;
    else text += char;
  }
  return { text, end: i, quoted, unterminated: quote !== '' };
}

const CONTROLS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** @param at behind the backslash */
function readEscape(line: string, at: number): { readonly text: string; readonly end: number } {
  const rest = line.slice(at, at + 4);
  const octal = /^[0-7]{1,3}/.exec(rest)?.[0];
  if (octal !== undefined)
    return { text: String.fromCharCode(Number.parseInt(octal, 8) & 0xff), end: at + octal.length };
  const hex = /^x([\da-fA-F]{1,2})/.exec(rest)?.[1];
  if (hex !== undefined)
    return { text: String.fromCharCode(Number.parseInt(hex, 16)), end: at + 1 + hex.length };
  const control = /^c([@-_a-z])/.exec(rest)?.[1];
  if (control !== undefined)
    return { text: String.fromCharCode(control.charCodeAt(0) & 0x1f), end: at + 2 };
  const char = rest[0] ?? '';
  return { text: CONTROLS[char] ?? char, end: at + 1 };
}

/** Braces at the ends of a token are of their own, glued as they may be: `TCP_CHECK{`, `5}`. */
function split(token: string): ConfToken[] {
  const before: ConfToken[] = [];
  const after: ConfToken[] = [];
  let text = token;
  while (/^[{}]/.test(text)) {
    before.push(brace(text[0] ?? ''));
    text = text.slice(1);
  }
  while (/[{}]$/.test(text) && !/\{[^{}]+\}$/.test(text)) {
    after.unshift(brace(text.at(-1) ?? ''));
    text = text.slice(0, -1);
  }
  return [...before, ...(text === '' ? [] : [{ kind: 'text' as const, text }]), ...after];
}

function brace(char: string): ConfToken {
  return { kind: char === '{' ? 'open' : 'close', text: char };
}
