// A kernel that is a function: it has the family IPVS, accepts every change and answers lists with
// the messages it is given, hostile ones too.

import type { Backend } from '../../src/backend/backend.js';
import { openKernel } from '../../src/backend/kernel.js';
import type { DirectSocket, RawSocket } from '../../src/backend/rawsocket.js';
import { aligned, writeU16, writeU32 } from '../../src/wire/codec.js';
import { FLAG, MESSAGE, type Message, messagesIn } from '../../src/wire/genl.js';
import { COMMAND } from '../../src/wire/ipvs.js';

const FAMILY = 28;
/** attributes of a reply, as they are in a message */
export type Payload = Uint8Array;

export interface FakeTable {
  readonly services: readonly Payload[];
  /** those of the n-th question about servers, cyclically */
  readonly servers: readonly (readonly Payload[])[];
  /** so many lists, the first ones, changed before their last entry was read */
  readonly interrupted?: number;
}

/** A message of a length that ends where another one may begin. */
function message(type: number, flags: number, sequence: number, payload: Payload): Uint8Array {
  const length = 16 + payload.length;
  const bytes = new Uint8Array(aligned(length));
  writeU32(bytes, 0, length);
  writeU16(bytes, 4, type);
  writeU16(bytes, 6, flags);
  writeU32(bytes, 8, sequence);
  bytes.set(payload, 16);
  return bytes;
}

/** An attribute, padded. @param length what its header says, when that is not the truth */
export function attribute(type: number, payload: Uint8Array, length = 4 + payload.length): Payload {
  const bytes = new Uint8Array(4 + aligned(payload.length));
  writeU16(bytes, 0, length);
  writeU16(bytes, 2, type);
  bytes.set(payload, 4);
  return bytes;
}

/** Attributes one after the other. */
export function joined(parts: readonly Uint8Array[]): Payload {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The header of a generic-netlink reply is four bytes in front of its attributes. */
function withHeader(attributes: Payload): Payload {
  const bytes = new Uint8Array(4 + attributes.length);
  bytes.set(attributes, 4);
  return bytes;
}
const SUCCESS = new Uint8Array(4);

/** what a datagram of a list holds at most, unless a single message is larger */
const DATAGRAM = 16_384;

/** The messages of a list, as many in a datagram as there is room for. */
function datagrams(messages: readonly Uint8Array[]): Uint8Array[] {
  const parts: Uint8Array[][] = [[]];
  let length = 0;
  for (const each of messages) {
    length += each.length;
    if (length > DATAGRAM) {
      length = each.length;
      parts.push([]);
    }
    parts.at(-1)?.push(each);
  }
  return parts.map(joined);
}

/**
 * What a backend on such a kernel is, and every datagram that was sent to it.
 * @param atOnce whether answers are there when a send returns, and not by the event loop
 */
export async function fakeKernel(
  table: FakeTable,
  atOnce = false,
): Promise<{ readonly backend: Backend; readonly sent: Uint8Array[] }> {
  const sent: Uint8Array[] = [];
  let asked = 0;
  let lists = 0;
  const entriesFor = (command: number): readonly Payload[] => {
    if (command === COMMAND.getService) return table.services;
    return table.servers[asked++ % table.servers.length] ?? [];
  };
  const answers = ({ bytes, from, flags, sequence, type }: Message): Uint8Array[] => {
    const reply = (payload: Payload) => message(FAMILY, 0, sequence, withHeader(payload));
    const end = message(MESSAGE.error, 0, sequence, SUCCESS);
    const command = bytes[from] as number;
    if (type !== FAMILY) return [reply(attribute(1, new Uint8Array([FAMILY, 0]))), end];
    if (command === COMMAND.getInfo) {
      const version = attribute(1, new Uint8Array([1, 2, 1, 0]));
      return [reply(joined([version, attribute(2, new Uint8Array([0, 16, 0, 0]))])), end];
    }
    if ((flags & FLAG.dump) !== FLAG.dump) return flags & FLAG.ack ? [end] : [];
    const isInterrupted = lists++ < (table.interrupted ?? 0);
    const parts = entriesFor(command).map((payload, i, { length }) => {
      const flag = isInterrupted && i === length - 1 ? FLAG.dumpInterrupted : 0;
      return message(FAMILY, FLAG.multi | flag, sequence, withHeader(payload));
    });
    return [...datagrams(parts), message(MESSAGE.done, FLAG.multi, sequence, SUCCESS)];
  };
  const listeners = new Map<string, (...values: never[]) => void>();
  let closed = false;
  const waiting: Uint8Array[] = [];
  const direct: DirectSocket = {
    send(bytes) {
      sent.push(bytes.slice());
      waiting.push(...[...messagesIn(bytes)].flatMap(answers).filter(({ length }) => length > 0));
    },
    receive(into) {
      const next = waiting.shift() ?? new Uint8Array();
      into.set(next);
      return next.length;
    },
  };
  const socket: RawSocket = {
    direct: atOnce ? direct : undefined,
    on: (event, listener) => listeners.set(event, listener),
    send(bytes, _, done) {
      sent.push(bytes.slice());
      setImmediate(() => {
        done();
        for (const answer of [...messagesIn(bytes)].flatMap(answers))
          if (!closed && answer.length > 0)
            listeners.get('message')?.(...([answer, { port: 0 }] as never[]));
      });
    },
    getRecvBufferSize: () => 212_992,
    getSendBufferSize: () => 212_992,
    close: () => {
      closed = true;
    },
  };
  const host = { loadModule: async () => false, mayOpenRawSockets: () => true };
  return { backend: await openKernel(host, { open: () => socket }), sent };
}
