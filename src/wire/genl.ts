// Netlink and generic-netlink framing: message headers, the family look-up, errors. Numbers from <linux/netlink.h> and genetlink.h.
import { WireError } from '../model/errors.js';
import { aligned, attributes, type Codec, cstring, readU16, readU32, u16, writeU16, writeU32 } from './codec.js';

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

/** A request without its sequence number, which whoever sends it fills in (`stamp`). */
export function encodeRequest<T>(type: number, command: number, version: number, codec: Codec<T>, value: T): Uint8Array {
  const length = NLMSG_HEADER + GENL_HEADER + codec.size(value);
  const bytes = new Uint8Array(aligned(length));
  writeU32(bytes, 0, length);
  writeU16(bytes, 4, type);
  bytes[NLMSG_HEADER] = command;
  bytes[NLMSG_HEADER + 1] = version;
  codec.write(bytes, NLMSG_HEADER + GENL_HEADER, value);
  return bytes;
}

/** Fills in the flags and the sequence number of a request. */
export function stamp(request: Uint8Array, flags: number, sequence: number): void {
  writeU16(request, 6, flags);
  writeU32(request, 8, sequence);
}

/**
 * The messages of one datagram.
 * @throws WireError when a length does not fit
 */
export function* messagesIn(bytes: Uint8Array): Generator<Message> {
  let at = 0;
  while (at + NLMSG_HEADER <= bytes.length) {
    const length = readU32(bytes, at);
    if (length < NLMSG_HEADER || at + length > bytes.length)
      throw new WireError(`message of ${length} bytes where ${bytes.length - at} are left`);
    yield {
      type: readU16(bytes, at + 4),
      flags: readU16(bytes, at + 6),
      sequence: readU32(bytes, at + 8),
      bytes,
      from: at + NLMSG_HEADER,
      to: at + length,
    };
    at += aligned(length);
  }
}

/** The errno of an NLMSG_ERROR or NLMSG_DONE message, 0 = success; a DONE without one counts as success. */
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
