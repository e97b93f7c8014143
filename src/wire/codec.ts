// Bytes <-> values: scalar codecs, and tables of netlink attributes that are codecs themselves, so
// that they nest.
import { WireError } from '../model/errors.js';

/**
 * How one value lies in a run of bytes. Reading never leaves the run it is given; writing needs a
 * buffer with room enough.
 */
export interface Codec<T> {
  /** @returns where the value ends, without padding */
  write(bytes: Uint8Array, at: number, value: T): number;
  /** @throws WireError when the run is too short */
  read(bytes: Uint8Array, from: number, to: number): T;
  /** bytes that reading needs at least; absent = any number will do */
  readonly least?: number;
}

/** name: [attribute number, codec of its payload] */
export type AttributeTable = Readonly<Record<string, readonly [number, Codec<any>]>>;

/** The object that stands for a table's attributes; every one may be absent, as on the wire. */
export type Attributes<T extends AttributeTable> = {
  readonly [K in keyof T]?: (T[K][1] extends Codec<infer V> ? V : never) | undefined;
};

export interface AttributesCodec<T extends AttributeTable> extends Codec<Attributes<T>> {
  readonly table: T;
}

/** whether this processor has the low byte of a number first */
export const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const HEADER = 4;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

/**
 * The size of an attribute or message with the padding that lets the next one start on four bytes.
 */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}

export function readU16(b: Uint8Array, at: number): number {
  const first = b[at] as number;
  const second = b[at + 1] as number;
  return LITTLE_ENDIAN ? first | (second << 8) : (first << 8) | second;
}

export function writeU16(b: Uint8Array, at: number, value: number): void {
  b[at] = LITTLE_ENDIAN ? value : value >>> 8;
  b[at + 1] = LITTLE_ENDIAN ? value >>> 8 : value;
}

export function readU32(b: Uint8Array, at: number): number {
  return LITTLE_ENDIAN
    ? (readU16(b, at) | (readU16(b, at + 2) << 16)) >>> 0
    : ((readU16(b, at) << 16) | readU16(b, at + 2)) >>> 0;
}

export function writeU32(b: Uint8Array, at: number, value: number): void {
  writeU16(b, at, LITTLE_ENDIAN ? value & 0xffff : value >>> 16);
  writeU16(b, at + 2, LITTLE_ENDIAN ? value >>> 16 : value & 0xffff);
}

/** A number in network order, `length` bytes (up to 4) from `at`. */
export function readBigEndian(b: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = (value << 8) | (b[at + i] as number);
  return value >>> 0;
}

export function writeBigEndian(b: Uint8Array, at: number, length: number, value: number): void {
  for (let i = 0; i < length; i++) b[at + i] = value >>> (8 * (length - 1 - i));
}

/** A number of 32 bits read in network order, as it is in host order; and the reverse. */
export function swapped(value: number): number {
  if (!LITTLE_ENDIAN) return value;
  return (
    (((value & 0xff) << 24) |
      ((value & 0xff00) << 8) |
      ((value >>> 8) & 0xff00) |
      (value >>> 24)) >>>
    0
  );
}

/**
 * A value of a fixed number of bytes; longer payloads are accepted and their first bytes count, as
 * the kernel does.
 */
function fixed<T>(
  length: number,
  read: (b: Uint8Array, at: number) => T,
  write: (b: Uint8Array, at: number, value: T) => void,
): Codec<T> {
  return {
    least: length,
    write(bytes, at, value) {
      write(bytes, at, value);
      return at + length;
    },
    read(bytes, from, to) {
      if (to - from < length)
        throw new WireError(`attribute of ${to - from} bytes where ${length} are needed`);
      return read(bytes, from);
    },
  };
}

export const u8 = fixed<number>(
  1,
  (b, at) => b[at] as number,
  (b, at, value) => {
    b[at] = value;
  },
);
export const u16 = fixed<number>(2, readU16, writeU16);
export const u32 = fixed<number>(4, readU32, writeU32);
/** u16 in network order */
export const be16 = fixed<number>(
  2,
  (b, at) => readBigEndian(b, at, 2),
  (b, at, value) => writeBigEndian(b, at, 2, value),
);

const ZERO = 0n;

/** A counter of 64 bits. Most are zero or small, and only large ones need big arithmetic. */
export const u64 = fixed<bigint>(
  8,
  (b, at) => {
    const low = readU32(b, LITTLE_ENDIAN ? at : at + 4);
    const high = readU32(b, LITTLE_ENDIAN ? at + 4 : at);
    if (high === 0) return low === 0 ? ZERO : BigInt(low);
    return (BigInt(high) << 32n) | BigInt(low);
  },
  (b, at, value) => {
    writeU32(b, LITTLE_ENDIAN ? at : at + 4, Number(value & 0xffffffffn));
    writeU32(b, LITTLE_ENDIAN ? at + 4 : at, Number(value >> 32n));
  },
);

/** A counter of 32 bits, as the same type as the 64-bit ones. */
export const u32Counter: Codec<bigint> = fixed<bigint>(
  4,
  (b, at) => BigInt(readU32(b, at)),
  (b, at, value) => writeU32(b, at, Number(value & 0xffffffffn)),
);

/**
 * The 16 bytes of an address as four words in network order; shorter ones are filled up with zeros,
 * IPv4 is the first word.
 */
export type Words = readonly [number, number, number, number];

export const address128: Codec<Words> = {
  write(b, at, words) {
    for (let i = 0; i < 4; i++) writeBigEndian(b, at + 4 * i, 4, words[i] as number);
    return at + 16;
  },
  read: (b, from, to) => [
    wordAt(b, from, to),
    wordAt(b, from + 4, to),
    wordAt(b, from + 8, to),
    wordAt(b, from + 12, to),
  ],
};

/** An IPv4 address alone, in network order. */
export const be32 = fixed<number>(
  4,
  (b, at) => readBigEndian(b, at, 4),
  (b, at, value) => writeBigEndian(b, at, 4, value),
);

/** Flag bits, and a mask of all of them; of a reply only the bits count. */
export const flagBits: Codec<number> = {
  least: 4,
  write(b, at, bits) {
    writeU32(b, at, bits);
    writeU32(b, at + 4, 0xffffffff);
    return at + 8;
  },
  read: (b, from, to) => u32.read(b, from, to),
};

/** Text of one byte a character, ended by NUL. */
export const cstring: Codec<string> = {
  write(b, at, value) {
    for (let i = 0; i < value.length; i++) b[at + i] = value.charCodeAt(i);
    b[at + value.length] = 0;
    return at + value.length + 1;
  },
  read(b, from, to) {
    let text = '';
    for (let i = from; i < to && b[i] !== 0; i++) text += String.fromCharCode(b[i] as number);
    return text;
  },
};

/**
 * A table of attributes as a codec. Attributes it does not name are skipped when read; absent ones
 * are not written.
 */
export function attributes<T extends AttributeTable>(table: T): AttributesCodec<T> {
  let made: CodecParts | undefined;
  return {
    table,
    write(b, start, value) {
      made ??= partsOf(table);
      const { rows } = made;
      let at = start;
      let end = start;
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i] as AttributeRow;
        const field = value[row.name];
        if (field === undefined) continue;
        end = row.codec.write(b, at + HEADER, field);
        writeU16(b, at, end - at);
        writeU16(b, at + 2, row.type | row.nested);
        // the padding is part of the message, and the buffer may have been used before
        for (at = start + aligned(end - start); end < at; end++) b[end] = 0;
      }
      return end;
    },
    read(b, from, to) {
      made ??= partsOf(table);
      const { empty, byType } = made;
      // a copy of one object with all keys, so that every value has the same shape
      const value = { ...empty };
      let at = from;
      while (at + HEADER <= to) {
        const end = at + readU16(b, at);
        if (end < at + HEADER || end > to)
          throw new WireError(`attribute of ${end - at} bytes where ${to - at} are left`);
        const row = byType[readU16(b, at + 2) & TYPE_MASK];
        if (row !== undefined) value[row.name] = row.codec.read(b, at + HEADER, end);
        at = aligned(end - from) + from;
      }
      return value as Attributes<T>;
    },
  };
}

interface AttributeRow {
  readonly name: string;
  readonly type: number;
  readonly codec: Codec<any>;
  readonly nested: number;
}

/** What reading and writing need of a table; made when it is first used. */
interface CodecParts {
  readonly rows: readonly AttributeRow[];
  readonly empty: Readonly<Record<string, unknown>>;
  readonly byType: readonly (AttributeRow | undefined)[];
}

function partsOf(table: AttributeTable): CodecParts {
  const rows: AttributeRow[] = [];
  const empty: Record<string, unknown> = {};
  const byType: AttributeRow[] = [];
  for (const name in table) {
    const [type, codec] = table[name] as AttributeTable[string];
    const row = { name, type, codec, nested: 'table' in codec ? NESTED : 0 };
    rows.push(row);
    byType[type] = row;
    empty[name] = undefined;
  }
  return { rows, empty, byType };
}

function wordAt(b: Uint8Array, at: number, to: number): number {
  return at + 4 <= to ? readBigEndian(b, at, 4) : 0;
}
