// Reads an HTTP answer as it comes: status, the two or three headers that matter, and the body
// without its framing (RFC 9112). It holds no more than the head, and what it reads once it is not
// read again.
import { type BodyTaker, createChunks } from './httpchunks.js';

export interface AnswerHead {
  readonly status: number;
  /** of a redirect */
  readonly location: string | undefined;
}

/** What takes the parts of an answer; `wrong` also where it is no HTTP. */
export interface AnswerTaker extends BodyTaker {
  /** @returns whether the body is to be read; without it nothing more is */
  head(head: AnswerHead): boolean;
}

export interface AnswerReader {
  /** Takes what the server sent. */
  take(piece: Buffer): void;
  /** The server sends no more. */
  end(): void;
}

/** letters of a head */
const HEAD_LIMIT = 16 * 1024;
/** answers before the answer, such as `100 Continue` */
const INTERIM_LIMIT = 16;
const [CR, LF] = [13, 10];

/** How a body ends. */
type Framing =
  | { readonly kind: 'none' | 'chunked' | 'until-close' }
  | { readonly kind: 'length'; readonly length: number };

interface Head extends AnswerHead {
  readonly framing: Framing;
}

/** @param method of the request: an answer to HEAD has no body */
export function createAnswerReader(method: string, taker: AnswerTaker): AnswerReader {
  let text = '';
  /** of it no empty line begins before this */
  let scanned = 0;
  let interim = 0;
  let over = false;
  /** reads the body, once the head is known */
  let body: AnswerReader | undefined;

  function wrong(reason: string): void {
    over = true;
    taker.wrong(reason);
  }

  /** @returns whether there was a whole head, and it was not the last */
  function readHead(): boolean {
    text = text.slice(emptyLines(text));
    if (!mayBecomeAnswer(text)) wrong('the answer is not HTTP');
    const end = over ? -1 : endOfHead(text, scanned);
    scanned = end < 0 ? Math.max(0, text.length - 2) : 0;
    if (end < 0) {
      if (text.length > HEAD_LIMIT) wrong(`the head has more than ${HEAD_LIMIT / 1024} KiB`);
      return false;
    }
    const head = parseHead(text.slice(0, end), method);
    const rest = text.slice(end);
    text = '';
    if (typeof head === 'string') wrong(head);
    else if (head.status < 200 && head.status !== 101) {
      text = rest;
      if (++interim <= INTERIM_LIMIT) return true;
      wrong(`more than ${INTERIM_LIMIT} answers of status 1xx before the answer`);
    } else if (taker.head(head)) {
      body = bodyReader(head.framing, taker);
      if (body !== undefined && rest !== '') body.take(Buffer.from(rest, 'latin1'));
    } else over = true;
    return false;
  }

  return {
    take(piece) {
      if (over) return;
      if (body !== undefined) return body.take(piece);
      text += piece.toString('latin1');
      while (readHead());
    },
    end() {
      if (over) return;
      if (body !== undefined) return body.end();
      over = true;
      taker.wrong('closed without an answer');
    },
  };
}

const VERSION = 'HTTP/';

function mayBecomeAnswer(text: string): boolean {
  return text.length < VERSION.length ? VERSION.startsWith(text) : text.startsWith(VERSION);
}

/** Letters of the empty lines in front, which are skipped. */
function emptyLines(text: string): number {
  let at = 0;
  while (text.charCodeAt(at) === CR || text.charCodeAt(at) === LF) at++;
  return at;
}

/** The index behind the empty line; -1 = it has not come yet. */
function endOfHead(text: string, from: number): number {
  for (let at = text.indexOf('\n', from); at >= 0; at = text.indexOf('\n', at + 1)) {
    const next = text.charCodeAt(at + 1);
    if (next === LF) return at + 2;
    if (next === CR && text.charCodeAt(at + 2) === LF) return at + 3;
  }
  return -1;
}

const STATUS_LINE = /^HTTP\/(?:0\.9|1\.[01]|2\.0) (\d{3})(?: [^\r]*)?$/;
const HEADER = /^[\w!#$%&'*+.^`|~-]+:[\t -~\x80-\xff]*$/;
/** the value goes on, as older servers wrote it */
const FOLDED = /^[\t ][\t -~\x80-\xff]*$/;

/** @returns the head, or what is wrong with it */
function parseHead(text: string, method: string): Head | string {
  const lines = text.split('\n');
  const [, code] = STATUS_LINE.exec(withoutCr(lines[0] ?? '')) ?? [];
  if (code === undefined) return 'the answer is not HTTP: no status line';
  let [length, coding, location]: (string | undefined)[] = [];
  // behind the last header are an empty line and an empty text
  for (let i = 1; i < lines.length - 2; i++) {
    const line = withoutCr(lines[i] ?? '');
    if (!HEADER.test(line)) {
      if (i > 1 && FOLDED.test(line)) continue;
      return 'the answer is not HTTP: a header cannot be read';
    }
    const colon = line.indexOf(':');
    if (!INTERESTING.has(colon)) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'location') location ??= value;
    else if (name === 'transfer-encoding')
      coding = coding === undefined ? value : `${coding}, ${value}`;
    else if (name !== 'content-length') continue;
    else if (length === undefined && /^\d{1,15}$/.test(value)) length = value;
    else return 'the answer is not HTTP: its length is in doubt';
  }
  if (length !== undefined && coding !== undefined)
    return 'the answer is not HTTP: its length is in doubt';
  const status = Number(code);
  return { status, location, framing: framingOf(status, method, length, coding) };
}

/** lengths of the names that are read */
const INTERESTING = new Set(
  ['location', 'content-length', 'transfer-encoding'].map((name) => name.length),
);

function withoutCr(line: string): string {
  return line.charCodeAt(line.length - 1) === CR ? line.slice(0, -1) : line;
}

/** RFC 9112, 6.3. */
function framingOf(
  status: number,
  method: string,
  length: string | undefined,
  coding: string | undefined,
): Framing {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304)
    return { kind: 'none' };
  if (coding !== undefined)
    return { kind: /(?:^|,)\s*chunked$/i.test(coding) ? 'chunked' : 'until-close' };
  if (length === undefined) return { kind: 'until-close' };
  return length === '0' ? { kind: 'none' } : { kind: 'length', length: Number(length) };
}

/** @returns undefined where there is none: that it is complete is reported */
function bodyReader(framing: Framing, taker: AnswerTaker): AnswerReader | undefined {
  const brokeOff = () => taker.wrong('the body broke off');
  switch (framing.kind) {
    case 'none':
      taker.complete();
      return { take: () => {}, end: () => {} };
    case 'chunked':
      return { take: createChunks(taker), end: brokeOff };
    case 'until-close':
      return { take: (piece) => taker.body(piece), end: () => taker.complete() };
    case 'length': {
      let left = framing.length;
      return {
        take(piece) {
          const part = piece.length > left ? piece.subarray(0, left) : piece;
          left -= part.length;
          if (part.length > 0) taker.body(part);
          if (left === 0) taker.complete();
        },
        end: brokeOff,
      };
    }
    default:
      return framing satisfies never;
  }
}
