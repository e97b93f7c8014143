// The real servers of a service from the kernel's bytes to bytes of text: rows of numbers between
// them, without an object a server. What is out of the ordinary goes through the general decoder
// and printer, one server at a time.
import type { Detail, TakeReply } from '../backend/backend.js';
import type { Family } from '../model/address.js';
import { formatAddress } from '../model/address.js';
import type { DestinationEntry } from '../model/destination.js';
import { digits, dottedQuad, text } from './digits.js';
import { COLUMNS, readDestination, WIDTH } from './generated.js';
import { sortRows } from './sorting.js';

const FAMILY = { ipv4: 2, ipv6: 10 } as const;
const FIRST_ROWS = 64;
/** where a row has the place of its entry in `entries`, counted from 1; 0 = it has none */
const ENTRY = WIDTH - 1;
const {
  address: ADDRESS,
  family: OF,
  port: PORT,
  forwarding: FORWARDING,
  weight: WEIGHT,
} = COLUMNS;

/** Real servers in rows, filled again for each service. */
export class ServerRows {
  /** a bit for each method */
  readonly #forwarding: number;
  words: Int32Array = new Int32Array(FIRST_ROWS * WIDTH);
  /** rows that there are */
  count = 0;
  readonly #entries: DestinationEntry[] = [];
  #bytes: Uint8Array | undefined;
  #view: Int32Array = new Int32Array(0);

  /** @param forwarding the numbers of the methods that the printer of rows knows */
  constructor(forwarding: readonly number[]) {
    this.#forwarding = forwarding.reduce((bits, number) => bits | (1 << number), 0);
  }

  /** Where rows begin in `words`, in the order of the listing. */
  order(sorted: boolean): Int32Array {
    const order = new Int32Array(this.count);
    for (let i = 0; i < order.length; i++) order[i] = i * WIDTH;
    return sorted ? sortRows(order, this.words) : order;
  }

  /** What the general decoder made of a row; undefined of ordinary ones. */
  entryOf(row: number): DestinationEntry | undefined {
    return this.#entries[(this.words[row + ENTRY] as number) - 1];
  }

  begin(): void {
    this.count = 0;
    this.#entries.length = 0;
  }

  /** Takes the replies of a service of this family. */
  taker(serviceFamily: Family, detail: Detail): TakeReply<DestinationEntry> {
    const family = FAMILY[serviceFamily];
    const counted = detail === 'counters';
    return (bytes, from, to, entry) => {
      const row = this.#next();
      const plain =
        readDestination(this.#wordsOf(bytes), from, to, this.words, row, counted) &&
        isPlain(this.words, row, family) &&
        (this.#forwarding & (1 << (this.words[row + FORWARDING] as number))) !== 0;
      if (plain || this.#keep(entry(), row)) this.count++;
    };
  }

  #next(): number {
    const row = this.count * WIDTH;
    if (row + WIDTH > this.words.length) {
      const larger = new Int32Array(2 * this.words.length);
      larger.set(this.words);
      this.words = larger;
    } else this.words.fill(0, row, row + WIDTH);
    return row;
  }

  /** Keeps an entry and what rows are sorted by. @returns false when there is none */
  #keep(entry: DestinationEntry | undefined, row: number): boolean {
    if (entry === undefined) return false;
    const { address, port } = entry.destination;
    const words = address.family === 'ipv4' ? [address.value, 0, 0, 0] : address.words;
    this.words.set(words, row + ADDRESS);
    this.words[row + OF] = FAMILY[address.family];
    this.words[row + PORT] = port;
    this.words[row + ENTRY] = this.#entries.push(entry);
    return true;
  }

  /** The words of a datagram, which holds many replies. */
  #wordsOf(bytes: Uint8Array): Int32Array {
    if (bytes === this.#bytes) return this.#view;
    this.#bytes = bytes;
    if (((bytes.byteOffset | bytes.length) & 3) === 0)
      this.#view = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    else {
      this.#view = new Int32Array((bytes.length + 3) >> 2);
      new Uint8Array(this.#view.buffer).set(bytes);
    }
    return this.#view;
  }
}

/** Completes a row; false when only the general printer knows what to do with it. */
function isPlain(words: Int32Array, row: number, serviceFamily: number): boolean {
  const family = words[row + OF] || serviceFamily;
  words[row + OF] = family;
  words[row + FORWARDING] = (words[row + FORWARDING] as number) & 7;
  if (family === FAMILY.ipv4) words.fill(0, row + ADDRESS + 1, row + ADDRESS + 4);
  else if (family !== FAMILY.ipv6) return false;
  return (words[row + WEIGHT] as number) >= 0;
}

/** `10.0.0.1:80`, `[2001:db8::1]:80` of a row. */
export function endpoint(out: Uint8Array, at: number, words: Int32Array, row: number): number {
  let end = at;
  if (words[row + OF] === FAMILY.ipv4) end = dottedQuad(out, at, words[row + ADDRESS] as number);
  else end = text(out, at, `[${formatAddress({ family: 'ipv6', words: addressOf(words, row) })}]`);
  out[end] = COLON;
  return digits(out, end + 1, words[row + PORT] as number);
}

const COLON = 58;

function addressOf(words: Int32Array, row: number): [number, number, number, number] {
  const word = (i: number) => (words[row + ADDRESS + i] as number) >>> 0;
  return [word(0), word(1), word(2), word(3)];
}
