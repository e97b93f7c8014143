// Makes the decoder of one table of attributes: a switch over their numbers, each with the length
// that the table's codec needs, into columns of a row.
import {
  type AttributesCodec,
  type AttributeTable,
  address128,
  be16,
  type Codec,
  flagBits,
  u8,
  u16,
  u32,
} from '../../wire/codec.js';

/** How a word at `p` becomes a number of its column. */
const READ: ReadonlyMap<Codec<unknown>, string> = new Map<Codec<unknown>, string>([
  [u8, 'w[p] & 255'],
  [u16, 'w[p] & 65535'],
  [be16, 'half(w[p])'],
  [u32, 'w[p]'],
  [flagBits, 'w[p]'],
]);
const ADDRESS_BYTES = 16;
const ADDRESS_WORDS = 4;

export interface Columns {
  /** where each attribute begins in a row */
  readonly of: Readonly<Record<string, number>>;
  readonly width: number;
}

/** Columns of the attributes of a table, counters of 64 bits with the low half first. */
export function columnsOf(table: AttributeTable): Columns {
  const of: Record<string, number> = {};
  let width = 0;
  for (const [name, [, codec]] of Object.entries(table)) {
    const words = name === 'stats64' ? 2 * countersOf(codec).length : name === 'stats' ? 0 : 1;
    of[name] = width;
    width += codec === address128 ? ADDRESS_WORDS : words;
  }
  return { of, width };
}

/**
 * The names of counters in the order of their columns.
 * @throws Error when that is not the order of their numbers, which are counted from 1
 */
export function countersOf(codec: Codec<unknown>): string[] {
  const rows = Object.entries((codec as AttributesCodec<AttributeTable>).table);
  if (rows.some(([, [type]], i) => type !== i + 1)) throw new Error('counters have another order');
  return rows.map(([name]) => name);
}

/** The walk over the attributes in `from`..`to`: `cases` see number `i`, length `n`, payload `p`. */
function walk(cases: string, to = 'to'): string {
  return `while (at + 4 <= ${to}) {
    const n = w[at >> 2] & 65535, p = (at >> 2) + 1;
    if (n < 4 || at + n > ${to}) return false;
    switch (w[at >> 2] >>> 16 & 16383) { ${cases} }
    at += n + 3 & -4;
  }`;
}

/**
 * `function NAME(w, from, to, rows, row, counted)` for the attribute `top` of a message; any other
 * attribute that the top has a name for is left to the general decoder.
 */
export function decoderSource(name: string, top: AttributeTable, own: string): string {
  const [number, codec] = top[own] as [number, AttributesCodec<AttributeTable>];
  const { of } = columnsOf(codec.table);
  const others = Object.values(top).filter(([type]) => type !== number);
  const cases = Object.entries(codec.table).map(([field, [type, each]]) =>
    caseOf(field, type, each, of[field] as number),
  );
  return `export function ${name}(w, from, to, rows, row, counted) {
  let at = from, begin = 0, end = 0, seen = 0;
  ${walk(`case ${number}: if (begin) return false; begin = at + 4; end = at + n; break;
    ${others.map(([type]) => `case ${type}:`).join(' ')} return false;`)}
  if (!begin) return false;
  at = begin;
  ${walk(cases.join('\n'), 'end')}
  return seen === (counted ? 3 : 1);
}
${countersSource(codec.table)}`;
}

function caseOf(field: string, type: number, codec: Codec<unknown>, column: number): string {
  if (codec === address128) {
    const words = Array.from(
      { length: ADDRESS_WORDS },
      (_, i) => `rows[row + ${column + i}] = swap(w[p + ${i}]);`,
    );
    return `case ${type}: if (n !== ${ADDRESS_BYTES + 4}) return false; seen |= 1; ${words.join(' ')} break;`;
  }
  if (field === 'stats')
    return `case ${type}: if (counted && !counters(w, at + 4, at + n, undefined, 0)) return false; break;`;
  if (field === 'stats64')
    return `case ${type}: if (counted) { if (seen & 2 || !counters(w, at + 4, at + n, rows, row + ${column})) return false; seen |= 2; } break;`;
  const read = READ.get(codec);
  if (read === undefined) throw new Error(`no reader of ${field}`);
  // a row without a family is of its service's; one whose family is 0 is of none
  const value = field === 'family' ? `${read} || -1` : read;
  return `case ${type}: if (n < ${4 + (codec.least ?? 0)}) return false; rows[row + ${column}] = ${value}; break;`;
}

/** `counters(w, at, to, rows, row)`: those of 64 bits into a row; without one, lengths alone. */
function countersSource(table: AttributeTable): string {
  const of = (name: 'stats' | 'stats64') => {
    const [, codec] = table[name] as [number, AttributesCodec<AttributeTable>];
    return Object.values(codec.table);
  };
  const least = (name: 'stats' | 'stats64') => {
    const lengths: number[] = [];
    for (const [type, codec] of of(name)) lengths[type] = codec.least ?? 0;
    return JSON.stringify(Array.from(lengths, (length) => length ?? 0));
  };
  return `const NARROW = ${least('stats')}, WIDE = ${least('stats64')};
function counters(w, at, to, rows, row) {
  const least = rows ? WIDE : NARROW;
  while (at + 4 <= to) {
    const n = w[at >> 2] & 65535, p = (at >> 2) + 1, type = w[at >> 2] >>> 16 & 16383;
    if (n < 4 || at + n > to) return false;
    if (type > 0 && type < ${of('stats64').length + 1}) {
      if (n < 4 + least[type]) return false;
      if (rows) { rows[row + 2 * type - 2] = w[p]; rows[row + 2 * type - 1] = w[p + 1]; }
    }
    at += n + 3 & -4;
  }
  return true;
}`;
}
