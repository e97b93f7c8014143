// Makes the decoder of one table of attributes: a switch over their numbers, each with the length
// that the table's codec needs, into columns of a row. The source is AssemblyScript.
import {
  type AttributesCodec,
  type AttributeTable,
  address128,
  be16,
  be32,
  type Codec,
  cstring,
  flagBits,
  u8,
  u16,
  u32,
} from '../../wire/codec.js';

/** How the bytes at `p` become a number of its column. */
const READ: ReadonlyMap<Codec<unknown>, string> = new Map<Codec<unknown>, string>([
  [u8, 'load<u8>(p)'],
  [u16, 'load<u16>(p)'],
  [be16, 'bswap<u16>(load<u16>(p))'],
  [be32, 'bswap<u32>(load<u32>(p))'],
  [u32, 'load<u32>(p)'],
  [flagBits, 'load<u32>(p)'],
]);
const ADDRESS_BYTES = 16;
const COLUMN = 4;
const COUNTER = 8;
/** letters of a name that a row has room for */
const LETTERS = 16;

export interface Columns {
  /** where each attribute begins in a row, in bytes; a name has its length in front */
  readonly of: Readonly<Record<string, number>>;
  /** bytes of a row */
  readonly width: number;
}

/** Columns of the attributes of a table; of counters, those of 64 bits alone. */
export function columnsOf(table: AttributeTable): Columns {
  const of: Record<string, number> = {};
  let width = 0;
  for (const [name, [, codec]] of Object.entries(table)) {
    of[name] = width;
    width += widthOf(name, codec);
  }
  return { of, width };
}

function widthOf(name: string, codec: Codec<unknown>): number {
  if (name === 'stats64') return COUNTER * countersOf(codec).length;
  if (name === 'stats') return 0;
  if (codec === cstring) return COLUMN + LETTERS;
  return codec === address128 ? ADDRESS_BYTES : COLUMN;
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

/** Where a counter of 64 bits is in a row. */
export function counterColumn({ of }: Columns, counters: readonly string[], name: string): number {
  return (of.stats64 as number) + COUNTER * counters.indexOf(name);
}

/** The walk over the attributes in `at`..`to`: `cases` see length `n`, payload `p`. */
function walk(cases: string, to = 'to'): string {
  return `while (at < ${to} && ${to} - at >= 4) {
    const n: u32 = load<u16>(at), p = at + 4;
    if (n < 4 || n > ${to} - at) return false;
    switch (load<u16>(at, 2) & 16383) { ${cases} }
    at += n + 3 & ~3;
  }`;
}

/**
 * `function NAME(from, to, row, counted)` for the attribute `own` of a message; any other attribute
 * that the top has a name for is left to the general decoder.
 */
export function decoderSource(name: string, top: AttributeTable, own: string): string {
  const [number, codec] = top[own] as [number, AttributesCodec<AttributeTable>];
  const { of } = columnsOf(codec.table);
  const others = Object.values(top).filter(([type]) => type !== number);
  const cases = Object.entries(codec.table).map(([field, [type, each]]) =>
    caseOf(field, type, each, of[field] as number),
  );
  return `
/**
 * Reads the attributes of a reply into a row that is zero. Those without a place in the row are
 * skipped, but their lengths are checked. False where the general decoder must decide: what is
 * missing, too short or repeated.
 */
export function ${name}(from: usize, to: usize, row: usize, counted: bool): bool {
  let at = from, begin: usize = 0, end: usize = 0, seen: u32 = 0;
  ${walk(`case ${number}: if (begin) return false; begin = p; end = at + n; break;
    ${others.map(([type]) => `case ${type}:`).join(' ')} return false;`)}
  if (!begin) return false;
  at = begin;
  ${walk(cases.join('\n'), 'end')}
  return seen == (counted ? 3 : 1);
}
`;
}

function caseOf(field: string, type: number, codec: Codec<unknown>, column: number): string {
  if (codec === address128) {
    const words = Array.from(
      { length: ADDRESS_BYTES / COLUMN },
      (_, i) => `store<u32>(row, bswap<u32>(load<u32>(p, ${COLUMN * i})), ${column + COLUMN * i});`,
    );
    const check = `if (n != ${ADDRESS_BYTES + 4}) return false; seen |= 1;`;
    return `case ${type}: ${check} ${words.join(' ')} break;`;
  }
  if (codec === cstring)
    return `case ${type}: if (!readName(p, at + n, row + ${column})) return false; break;`;
  if (field === 'stats')
    return `case ${type}: if (counted && !areCounters(p, at + n)) return false; break;`;
  if (field === 'stats64') {
    const check = `if (seen & 2 || !readCounters(p, at + n, row + ${column})) return false;`;
    return `case ${type}: if (counted) { ${check} seen |= 2; } break;`;
  }
  const read = READ.get(codec);
  if (read === undefined) throw new Error(`no reader of ${field}`);
  // a row without a family is of its service's; one whose family is 0 is of none
  const value = field === 'family' ? `${read} ? ${read} : -1` : read;
  const check = `if (n < ${4 + (codec.least ?? 0)}) return false;`;
  return `case ${type}: ${check} store<u32>(row, ${value}, ${column}); break;`;
}

/** What both decoders use: names, counters of 64 bits into a row, the lengths of narrow ones. */
export function sharedSource(table: AttributeTable): string {
  const source = (of: 'stats' | 'stats64', head: string, keep: (type: number) => string) => {
    const [, codec] = table[of] as [number, AttributesCodec<AttributeTable>];
    const cases = Object.values(codec.table).map(
      ([type, { least = 0 }]) =>
        `case ${type}: if (n < ${4 + least}) return false; ${keep(type)}break;`,
    );
    return `function ${head}: bool { let at = from; ${walk(cases.join('\n'))} return true; }`;
  };
  return `
/** Reads a text that ends with NUL, its length first; false where there is no room for it. */
function readName(from: usize, to: usize, into: usize): bool {
  let end = from;
  while (end < to && load<u8>(end)) end++;
  if (end - from > ${LETTERS}) return false;
  store<u32>(into, <u32>(end - from));
  memory.copy(into + ${COLUMN}, from, end - from);
  return true;
}
${source('stats', 'areCounters(from: usize, to: usize)', () => '')}
${source(
  'stats64',
  'readCounters(from: usize, to: usize, into: usize)',
  (type) => `store<u64>(into, load<u64>(p), ${COUNTER * (type - 1)}); `,
)}`;
}
