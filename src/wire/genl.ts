// Netlink and generic-netlink framing: message headers, the family look-up, errors. Numbers from
// <linux/netlink.h> and genetlink.h.
import { WireError } from '../model/errors.js';
import {
  aligned,
  attributes,
  type Codec,
  cstring,
  readU16,
  readU32,
  u16,
  writeU16,
  writeU32,
} from './codec.js';

export const NETLINK_GENERIC = 16;

/** Message types below 16 belong to netlink itself. */
export const MESSAGE = { error: 2, done: 3, overrun: 4 } as const;
export const FLAG = {
  request: 1,
  multi: 2,
  ack: 4,
  dumpInterrupted: 16,
  dump: 0x300,
} as const;

export const NLMSG_HEADER = 16;
export const GENL_HEADER = 4;

/** The controller family, whose id is fixed. */
export const CONTROLLER = { family: 16, version: 2, getFamily: 3 } as const;
export const FAMILY = attributes({ id: [1, u16], name: [2, cstring] });

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** where the payload (after the netlink header) starts and ends in `bytes` */
  readonly from: number;
  readonly to: number;
}

/** more than any request takes: names are of 16 characters at the most */
const LONGEST_REQUEST = 1024;

/**
 * Requests back to back in one buffer, without flags and sequence numbers, which the sender
 * fills in.
 */
export class Requests {
  #bytes: Uint8Array;
  readonly #ends: number[] = [];
  #length = 0;

  /** @param room bytes to begin with; it grows */
  constructor(room = 0) {
    this.#bytes = new Uint8Array(room + LONGEST_REQUEST);
  }

  /** Forgets the requests; their bytes are used again. */
  clear(): this {
    this.#ends.length = 0;
    this.#length = 0;
    return this;
  }

  get count(): number {
    return this.#ends.length;
  }

  add<T>(type: number, command: number, version: number, codec: Codec<T>, value: T): this {
    return this.addWith(type, command, version, (bytes, at) => codec.write(bytes, at, value));
  }

  /** @param write fills the attributes in from `at` on and returns where they end */
  addWith(
    type: number,
    command: number,
    version: number,
    write: (bytes: Uint8Array, at: number) => number,
  ): this {
    const from = this.#length;
    this.#reserve(from + LONGEST_REQUEST);
    const bytes = this.#bytes;
    bytes[from + NLMSG_HEADER] = command;
    bytes[from + NLMSG_HEADER + 1] = version;
    const end = write(bytes, from + NLMSG_HEADER + GENL_HEADER);
    writeU32(bytes, from, end - from);
    writeU16(bytes, from + 4, type);
    this.#length = aligned(end);
    this.#ends.push(this.#length);
    return this;
  }

  /**
   * The bytes of requests from..to-1, numbered from `sequence` on; the last one has flags of its
   * own.
   */
  stamped(
    from: number,
    to: number,
    sequence: number,
    flags: number,
    lastFlags: number,
  ): Uint8Array {
    const start = this.#ends[from - 1] ?? 0;
    for (let i = from; i < to; i++) {
      const at = this.#ends[i - 1] ?? 0;
      writeU16(this.#bytes, at + 6, i === to - 1 ? lastFlags : flags);
      writeU32(this.#bytes, at + 8, sequence + i - from);
    }
    return this.#bytes.subarray(start, this.#ends[to - 1] ?? start);
  }

  /** Bytes of the requests from..to-1. */
  sizeOf(from: number, to: number): number {
    return (this.#ends[to - 1] ?? 0) - (this.#ends[from - 1] ?? 0);
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/**
 * The message of a datagram that begins at a place; undefined where none does.
 * @throws WireError when a length does not fit
 */
export function messageAt(bytes: Uint8Array, at: number, end = bytes.length): Message | undefined {
  if (at + NLMSG_HEADER > end) return undefined;
  const length = readU32(bytes, at);
  if (length < NLMSG_HEADER || at + length > end)
    throw new WireError(`message of ${length} bytes where ${end - at} are left`);
  return {
    type: readU16(bytes, at + 4),
    flags: readU16(bytes, at + 6),
    sequence: readU32(bytes, at + 8),
    bytes,
    from: at + NLMSG_HEADER,
    to: at + length,
  };
}

/** Where the message behind this one would begin. */
export function behind(message: Message): number {
  const at = message.from - NLMSG_HEADER;
  return at + aligned(message.to - at);
}

/**
 * The messages of one datagram.
 * @throws WireError when a length does not fit
 */
export function* messagesIn(bytes: Uint8Array): Generator<Message> {
  let message = messageAt(bytes, 0);
  for (; message !== undefined; message = messageAt(bytes, behind(message))) yield message;
}

/**
 * The errno of an NLMSG_ERROR or NLMSG_DONE message, 0 = success; a DONE without one counts as
 * success.
 */
export function errnoOf(message: Message): number {
  if (message.to - message.from < 4) {
    if (message.type === MESSAGE.done) return 0;
    throw new WireError('error message without an error number');
  }
  return -(readU32(message.bytes, message.from) | 0) | 0;
}

/** The attributes of a generic-netlink reply. */
export function decodeReply<T>(message: Message, codec: Codec<T>): T {
  const from = message.from + GENL_HEADER;
  if (from > message.to) throw new WireError('reply shorter than its header');
  return codec.read(message.bytes, from, message.to);
}
