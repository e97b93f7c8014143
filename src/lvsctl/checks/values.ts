// Values that several kinds of checks have.
import { parseAddress } from '../../model/address.js';
import type { Field } from '../config/fieldtype.js';
import { type Pattern, parsePattern, patternError } from '../config/pattern.js';
import { parsed } from '../config/scalar.js';

/** the most that a datagram carries */
export const DATAGRAM = 65_507;

const TEXT = { type: 'string' };

/** Accepts a text that a pattern matches. */
export function matching(pattern: RegExp): (value: string) => string | undefined {
  return (value) => (pattern.test(value) ? value : undefined);
}

// biome-ignore-start format: a table
export const pattern: Field<Pattern> = parsed(
  'a regular expression',
  parsePattern,
  TEXT,
  patternError,
);
export const hex = parsed(
  'pairs of hexadecimal digits',
  (value) =>
    /^(?:[\da-fA-F]{2}\s?)+$/.test(value) && value.length <= 2 * DATAGRAM
      ? value.replace(/\s/g, '')
      : undefined,
  TEXT,
);
export const payload = parsed(
  `a text of at most ${DATAGRAM} bytes`,
  (value) => (Buffer.byteLength(value) <= DATAGRAM ? value : undefined),
  TEXT,
);
export const file = parsed('an absolute path', matching(/^\/[^\0]*$/), {
  type: 'string',
  pattern: '^/',
});
export const serverName = parsed(
  'a name or an address',
  (value) => (parseAddress(value) || /^[\w.-]+$/.test(value) ? value : undefined),
  TEXT,
);
export const userName = parsed(
  'the name of a user',
  matching(/^[A-Za-z_][\w.@-]{0,254}\$?$/),
  TEXT,
);
// biome-ignore-end format: a table

/** The bytes of a text as hexadecimal digits. */
export function hexOf(text: string): string {
  return Buffer.from(text).toString('hex');
}
