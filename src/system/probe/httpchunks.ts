// A body in chunks, each behind its size (RFC 9112, 7.1).

/** What takes a body. */
export interface BodyTaker {
  /** A part of it; its memory is used again afterwards. */
  body(piece: Buffer): void;
  complete(): void;
  /** It cannot be read, or breaks off. */
  wrong(reason: string): void;
}

/** letters of a line with a size, or of a trailer */
const LINE_LIMIT = 16 * 1024;
const LF = 10;

/** Where it is: in a line with a size, in data, behind data, in the lines behind the last chunk. */
type Where = 'size' | 'data' | 'behind' | 'trailer' | 'end';

/** @returns what takes the pieces of the body */
export function createChunks(taker: BodyTaker): (piece: Buffer) => void {
  let place: Where = 'size';
  let line = '';
  /** bytes of the chunk that are to come */
  let left = 0;

  function wrong(): void {
    place = 'end';
    taker.wrong('the body is in chunks that cannot be read');
  }

  /** A whole line, without its end. */
  function onLine(): void {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    line = '';
    if (place === 'behind') {
      if (text === '') place = 'size';
      else wrong();
    } else if (place === 'trailer') {
      if (text !== '') return;
      place = 'end';
      taker.complete();
    } else {
      const [, size] = /^([\da-f]{1,12})[ \t]*(?:;[\t -~\x80-\xff]*)?$/i.exec(text) ?? [];
      left = size === undefined ? 0 : Number.parseInt(size, 16);
      if (size === undefined) wrong();
      else place = left === 0 ? 'trailer' : 'data';
    }
  }

  /** @returns the index behind what was read */
  function readLine(piece: Buffer, from: number): number {
    const end = piece.indexOf(LF, from);
    const to = end < 0 ? piece.length : end;
    line += piece.toString('latin1', from, to);
    if (line.length > LINE_LIMIT) wrong();
    else if (end >= 0) onLine();
    return to + 1;
  }

  return (piece) => {
    for (let at = 0; at < piece.length && place !== 'end'; ) {
      if (place !== 'data') at = readLine(piece, at);
      else {
        const end = Math.min(piece.length, at + left);
        left -= end - at;
        if (left === 0) place = 'behind';
        taker.body(piece.subarray(at, end));
        at = end;
      }
    }
  };
}
