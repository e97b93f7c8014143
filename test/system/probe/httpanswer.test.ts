// The reader of HTTP answers: what it makes of bytes, however they are cut.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAnswerReader } from '../../../src/system/probe/httpanswer.js';

/** What comes of an answer that arrives in these pieces, and is closed behind them. */
function read(pieces: readonly string[], method = 'GET') {
  const seen: { status?: number; location?: string; body?: string; wrong?: string } = {};
  let [body, over] = ['', false];
  const reader = createAnswerReader(method, {
    head({ status, location }) {
      Object.assign(seen, { status, ...(location === undefined ? {} : { location }) });
      return true;
    },
    body(piece) {
      body += piece.toString('latin1');
    },
    complete() {
      if (!over) seen.body = body;
      over = true;
    },
    wrong(reason) {
      if (!over) seen.wrong = reason;
      over = true;
    },
  });
  for (const piece of pieces) reader.take(Buffer.from(piece, 'latin1'));
  reader.end();
  return seen;
}

const OK = 'HTTP/1.1 200 OK\r\n';
const IN_DOUBT = { wrong: 'the answer is not HTTP: its length is in doubt' };
const NO_STATUS = { wrong: 'the answer is not HTTP: no status line' };
const NO_HEADER = { wrong: 'the answer is not HTTP: a header cannot be read' };
const BROKE_OFF = { status: 200, wrong: 'the body broke off' };
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const NO_CHUNKS = { status: 200, wrong: 'the body is in chunks that cannot be read' };

// biome-ignore format: a table
const ANSWERS: [text: string, what: object, method?: string][] = [
  [`${OK}Content-Length: 2\r\n\r\nok`, { status: 200, body: 'ok' }],
  [`${OK}Content-Length: 2\r\n\r\nok and more`, { status: 200, body: 'ok' }],
  [`${OK}content-LENGTH:\t0 \r\n\r\n`, { status: 200, body: '' }],
  [`${OK}\r\nto the end`, { status: 200, body: 'to the end' }],
  [`${OK}Transfer-Encoding: identity\r\n\r\nto the end`, { status: 200, body: 'to the end' }],
  ['HTTP/1.0 404\r\n\r\n', { status: 404, body: '' }],
  ['HTTP/1.1 200 \xe9\x01\r\nX: \xe9\r\nEmpty:\r\n\r\n', { status: 200, body: '' }],
  ['\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', { status: 200, body: '' }],
  ['HTTP/1.1 200 OK\nA: b\n\nok', { status: 200, body: 'ok' }],
  [`${OK}A: b\r\n  folded\r\n\r\n`, { status: 200, body: '' }],
  ['HTTP/1.1 302 x\r\nLocation:  /there \r\n\r\n', { status: 302, location: '/there', body: '' }],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\nHTTP/1.1 204 No\r\n\r\n', { status: 204, body: '' }],
  ['HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nwhatever', { status: 101, body: '' }],
  ['HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n', { status: 304, body: '' }],
  [`${OK}Content-Length: 9\r\n\r\n`, { status: 200, body: '' }, 'HEAD'],
  [`${CHUNKED}2\r\nok\r\n0\r\n\r\n`, { status: 200, body: 'ok' }],
  [`${CHUNKED}2;name="v"\r\nok\r\nA\r\n0123456789\r\n000\r\nTrailer: x\r\n\r\n`, { status: 200, body: 'ok0123456789' }],
  [`${OK}Transfer-Encoding: gzip\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`, { status: 200, body: 'ok' }],
  ['', { wrong: 'closed without an answer' }],
  [`${OK}Content-`, { wrong: 'closed without an answer' }],
  ['220 mail ready\r\n', { wrong: 'the answer is not HTTP' }],
  ['x', { wrong: 'the answer is not HTTP' }],
  ['HTTP/1.1 2000 OK\r\n\r\n', NO_STATUS],
  ['HTTP/1.1  200 OK\r\n\r\n', NO_STATUS],
  ['HTTP/3.1 200 OK\r\n\r\n', NO_STATUS],
  [`${OK}no colon\r\n\r\n`, NO_HEADER],
  [`${OK}Blank : x\r\n\r\n`, NO_HEADER],
  [`${OK}: x\r\n\r\n`, NO_HEADER],
  [`${OK}A: \x00\r\n\r\n`, NO_HEADER],
  [`${OK} folded\r\n\r\n`, NO_HEADER],
  [`${OK}Content-Length: x\r\n\r\n`, IN_DOUBT],
  [`${OK}Content-Length: -1\r\n\r\n`, IN_DOUBT],
  [`${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`, IN_DOUBT],
  [`${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok`, IN_DOUBT],
  [`${OK}Content-Length: 3\r\n\r\nok`, BROKE_OFF],
  [`${CHUNKED}2\r\nok\r\n`, BROKE_OFF],
  [`${CHUNKED}2\r\nok\r\n0\r\n`, BROKE_OFF],
  [`${CHUNKED}x\r\n`, NO_CHUNKS],
  [`${CHUNKED}\r\n`, NO_CHUNKS],
  [`${CHUNKED}2\r\nokay\r\n0\r\n\r\n`, NO_CHUNKS],
  [`${CHUNKED}${'f'.repeat(13)}\r\n`, NO_CHUNKS],
];

describe.each([
  ['at once', (text: string) => [text]],
  ['byte by byte', (text: string) => [...text]],
  ['in threes', (text: string) => text.match(/[\s\S]{1,3}/g) ?? []],
] as const)('%s', (_, cut) => {
  test.each(ANSWERS)('%j', (text, what, method) => expect(read(cut(text), method)).toEqual(what));
});

test('an answer is the same however it is cut', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ANSWERS),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      ([text, what, method], sizes) => {
        const pieces: string[] = [];
        for (let at = 0, i = 0; at < text.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          pieces.push(text.slice(at, at + size));
          at += size;
        }
        expect(read(pieces, method)).toEqual(what);
      },
    ),
  );
});

describe('limits', () => {
  test('of a head', () => {
    const head = (size: number) => `${OK}A: ${'x'.repeat(size)}`;
    expect(read([`${head(16_000)}\r\n\r\n`])).toEqual({ status: 200, body: '' });
    expect(read([head(17_000)])).toEqual({ wrong: 'the head has more than 16 KiB' });
    const pieces = Array.from({ length: 17_000 }, () => 'x');
    expect(read([`${OK}A: `, ...pieces])).toEqual({ wrong: 'the head has more than 16 KiB' });
  });
  test('of answers before the answer', () => {
    const flood = 'HTTP/1.1 100 Continue\r\n\r\n';
    expect(read([`${flood.repeat(16)}${OK}\r\n`])).toEqual({ status: 200, body: '' });
    expect(read([flood.repeat(17)])).toEqual({
      wrong: 'more than 16 answers of status 1xx before the answer',
    });
  });
  test('of a line between chunks', () =>
    expect(read([`${CHUNKED}2;${'x'.repeat(17_000)}`])).toEqual(NO_CHUNKS));
  test('a head in single bytes takes no time worth speaking of', () => {
    const began = performance.now();
    read([OK, ...'a:\n'.repeat(5000)]);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

test('a body that does not matter is not read', () => {
  const taken: string[] = [];
  const reader = createAnswerReader('GET', {
    head: () => false,
    body: () => taken.push('body'),
    complete: () => taken.push('complete'),
    wrong: () => taken.push('wrong'),
  });
  for (const piece of [`${CHUNKED}zz`, 'zz', 'zz']) reader.take(Buffer.from(piece));
  reader.end();
  expect(taken).toEqual([]);
});
