// What a server has sent and no step has used yet.
import type { ProbePattern } from './pattern.js';

export type Expected = { readonly pattern: ProbePattern } | { readonly bytes: Buffer };

export interface ReceivedBytes {
  add(piece: Buffer): void;
  /** Uses up everything to the end of what is expected. @returns whether it was there */
  take(expected: Expected): boolean;
  /** the first line of them, for a message */
  shown(): string;
}

const SHOWN = 60;

/** @returns the input; its size is bounded by the caller that adds to it */
export function createInput(): ReceivedBytes {
  let rest: Buffer = Buffer.alloc(0);
  return {
    add(piece) {
      rest = Buffer.concat([rest, piece]);
    },
    take(expected) {
      const end = endOf(rest, expected);
      if (end === undefined) return false;
      rest = rest.subarray(end);
      return true;
    },
    shown: () =>
      (textOf(rest.subarray(0, 4 * SHOWN)).text.split('\n')[0] ?? '').slice(0, SHOWN).trim(),
  };
}

/** Whether what is expected is among these bytes. */
export function occurs(bytes: Buffer, expected: Expected): boolean {
  return endOf(bytes, expected) !== undefined;
}

/** The byte behind what is expected. */
function endOf(bytes: Buffer, expected: Expected): number | undefined {
  if ('bytes' in expected) {
    const at = bytes.indexOf(expected.bytes);
    return at < 0 ? undefined : at + expected.bytes.length;
  }
  const { text, encoding } = textOf(bytes);
  const end = expected.pattern.end(text);
  return end === undefined ? undefined : Buffer.byteLength(text.slice(0, end), encoding);
}

/** UTF-8, or where it is none one character for each byte. */
function textOf(bytes: Buffer): { readonly text: string; readonly encoding: 'utf8' | 'latin1' } {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd')
    ? { text: bytes.toString('latin1'), encoding: 'latin1' }
    : { text, encoding: 'utf8' };
}
