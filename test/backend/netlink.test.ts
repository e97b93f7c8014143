// The conversation with the kernel over a socket that is a function: what the adapter does with
// every kind of answer.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Channel } from '../../src/backend/netlink.js';
import type { DirectSocket, RawSocket } from '../../src/backend/rawsocket.js';
import { BackendError } from '../../src/model/errors.js';
import { readU16, readU32, writeU16, writeU32 } from '../../src/wire/codec.js';
import { FLAG, MESSAGE, type Message, messagesIn, Requests } from '../../src/wire/genl.js';
import { TOP } from '../../src/wire/ipvs.js';

type Reply = Uint8Array;
/** whether sockets answer at once, without the event loop */
let isDirect = false;

interface Fake {
  readonly sent: Uint8Array[];
  readonly closed: () => number;
  readonly open: () => RawSocket;
}

/**
 * A socket that answers each send with what `answer` makes of its messages, some time later, as the
 * package does.
 */
function fake(
  answer: (
    messages: Message[],
    socket: { emit: (event: string, ...values: unknown[]) => void },
  ) => Reply[],
  bufferSize = 212992,
  { reported = 212992, actual = reported }: { reported?: number; actual?: number } = {},
): Fake {
  const sent: Uint8Array[] = [];
  let closed = 0;
  const listeners = new Map<string, (...values: never[]) => void>();
  const emit = (event: string, ...values: unknown[]) =>
    listeners.get(event)?.(...(values as never[]));
  const socket: RawSocket = {
    on: (event: string, listener: (...values: never[]) => void) => listeners.set(event, listener),
    send(bytes, _, done) {
      if (bytes.length > actual - 32) {
        setImmediate(() => done(Object.assign(new Error('too long'), { code: 'EMSGSIZE' })));
        return;
      }
      sent.push(bytes.slice());
      setImmediate(() => {
        done();
        for (const reply of answer([...messagesIn(bytes)], { emit }))
          if (closed === 0) emit('message', reply, { port: 0 });
      });
    },
    getRecvBufferSize: () => bufferSize,
    getSendBufferSize: () => reported,
    close() {
      closed++;
    },
    direct: isDirect ? direct() : undefined,
  };
  function direct(): DirectSocket {
    const waiting: Uint8Array[] = [];
    return {
      send(bytes) {
        if (bytes.length > actual - 32)
          throw Object.assign(new Error('too long'), { code: 'EMSGSIZE' });
        sent.push(bytes.slice());
        waiting.push(...answer([...messagesIn(bytes)], { emit }));
      },
      receive(into) {
        const next = waiting.shift();
        if (next === undefined) return 0;
        // what was there before is lost, as it is in a buffer that is used again
        into.fill(0xee).set(next);
        return next.length;
      },
    };
  }
  return { sent, closed: () => closed, open: () => socket };
}

function message(
  type: number,
  flags: number,
  sequence: number,
  payload: readonly number[] | Uint8Array = [],
): Uint8Array {
  const bytes = new Uint8Array(16 + payload.length);
  writeU32(bytes, 0, bytes.length);
  writeU16(bytes, 4, type);
  writeU16(bytes, 6, flags);
  writeU32(bytes, 8, sequence);
  bytes.set(payload, 16);
  return bytes;
}

function errno(sequence: number, code: number, type: number = MESSAGE.error): Uint8Array {
  const payload = new Uint8Array(4);
  writeU32(payload, 0, -code >>> 0);
  return message(type, 0, sequence, payload);
}

const none = (_: unknown): Uint8Array[] => [];
const request = (count = 1) => {
  const requests = new Requests();
  for (let i = 0; i < count; i++) requests.add(28, 1, 1, TOP, {});
  return requests;
};
const last = (messages: readonly Message[]) => (messages.at(-1) as Message).sequence;

describe.each([
  ['by the event loop', false],
  ['at once', true],
])('answers %s', (_, atOnce) => {
  beforeEach(() => {
    isDirect = atOnce;
  });
  describe('requests', () => {
    test('300 go out in three sends, the last of each asking for an acknowledgement; errors come back by place', async () => {
      const socket = fake((messages) => [
        ...messages
          .filter(({ sequence }) => sequence % 100 === 7)
          .map(({ sequence }) => errno(sequence, 17)),
        errno(last(messages), 0),
      ]);
      const channel = new Channel(socket);
      const errors = await channel.request(request(300));
      expect(errors.map((code, i) => (code ? i : -1)).filter((i) => i >= 0)).toEqual([6, 106, 206]);
      expect(channel.sends).toBe(3);
      expect(socket.sent.map((bytes) => [...messagesIn(bytes)].length)).toEqual([128, 128, 44]);
      const flags = [...messagesIn(socket.sent[0] as Uint8Array)].map((each) => each.flags);
      expect(flags.slice(0, -1).every((flag) => flag === FLAG.request)).toBe(true);
      expect(flags.at(-1)).toBe(FLAG.request | FLAG.ack);
    });

    test('the last one failing ends the batch too', async () => {
      const channel = new Channel(fake((messages) => [errno(last(messages), 3)]));
      expect(await channel.request(request(2))).toEqual([0, 3]);
    });

    const each = request().sizeOf(0, 1);
    const failing = (messages: readonly Message[]) => [
      ...messages.slice(0, -1).map(({ sequence }) => errno(sequence, sequence)),
      errno(last(messages), last(messages)),
    ];
    const inOrder = Array.from({ length: 50 }, (_, i) => i + 1);

    test('a small send buffer bounds what is sent at once', async () => {
      const socket = fake(failing, undefined, { reported: 32 + 10 * each });
      expect(await new Channel(socket).request(request(50))).toEqual(inOrder);
      expect(socket.sent.map((bytes) => [...messagesIn(bytes)].length)).toEqual([
        10, 10, 10, 10, 10,
      ]);
    });

    test('what the kernel takes nothing of is sent in halves, each request once and in order', async () => {
      const socket = fake(failing, undefined, { actual: 32 + 7 * each });
      const channel = new Channel(socket);
      const errors = await channel.request(request(50));
      // sequence numbers go on after an attempt, so only their order is known
      expect(errors).toHaveLength(50);
      expect(errors).toEqual([...errors].sort((a, b) => a - b));
      expect(socket.sent.flatMap((bytes) => [...messagesIn(bytes)]).length).toBe(50);
      expect(Math.max(...socket.sent.map((bytes) => bytes.length))).toBeLessThanOrEqual(7 * each);
      expect(await channel.request(request(3))).toHaveLength(3);
    });

    test('one request that is too much is an error', async () => {
      const channel = new Channel(fake(failing, undefined, { actual: 32 + each - 1 }));
      await expect(channel.request(request(4))).rejects.toThrow('netlink: too long');
    });

    test('a small receive queue bounds what is in flight', () => {
      expect(new Channel(fake(() => [], 16384)).batchSize).toBe(10);
      expect(new Channel(fake(() => [], 1)).batchSize).toBe(1);
    });
  });

  describe('queries', () => {
    test('the reply before its acknowledgement', async () => {
      const channel = new Channel(
        fake((messages) => [
          message(28, 0, last(messages), [1, 2, 3, 4]),
          errno(last(messages), 0),
        ]),
      );
      const reply = (await channel.query(request())) as Message;
      expect([...reply.bytes.slice(reply.from, reply.to)]).toEqual([1, 2, 3, 4]);
    });
    test('an errno in its place', async () => {
      expect(
        await new Channel(fake((messages) => [errno(last(messages), 1)])).query(request()),
      ).toBe(1);
    });
    test('an acknowledgement alone is an error', async () => {
      await expect(
        new Channel(fake((messages) => [errno(last(messages), 0)])).query(request()),
      ).rejects.toThrow('without an answer');
    });
  });

  describe('dumps', () => {
    const items = (messages: readonly Message[], flags: number = FLAG.multi) =>
      [1, 2, 3].map((n) => message(28, flags, last(messages), [n, 0, 0, 0]));
    const first = ({ bytes, from }: Message) => bytes[from];

    test('all parts up to the end', async () => {
      const channel = new Channel(
        fake((messages) => [...items(messages), errno(last(messages), 0, MESSAGE.done)]),
      );
      expect(await channel.dump(request(), first)).toEqual([1, 2, 3]);
    });
    test('several messages in one datagram', async () => {
      const channel = new Channel(
        fake((messages) => [
          Buffer.concat([...items(messages), errno(last(messages), 0, MESSAGE.done)]),
        ]),
      );
      expect(await channel.dump(request(), first)).toEqual([1, 2, 3]);
    });
    test('an error in the end message', async () => {
      const channel = new Channel(
        fake((messages) => [...items(messages), errno(last(messages), 16, MESSAGE.done)]),
      );
      expect(await channel.dump(request(), first)).toBe(16);
    });
    test('an error in its place', async () => {
      expect(
        await new Channel(fake((messages) => [errno(last(messages), 95)])).dump(request(), first),
      ).toBe(95);
    });
    test('one that changed meanwhile is read again, but not for ever', async () => {
      let dumps = 0;
      const changing = (until: number) =>
        fake((messages) => [
          ...items(messages, ++dumps < until ? FLAG.multi | FLAG.dumpInterrupted : FLAG.multi),
          errno(last(messages), 0, MESSAGE.done),
        ]);
      expect(await new Channel(changing(3)).dump(request(), first)).toEqual([1, 2, 3]);
      expect(dumps).toBe(3);
      dumps = -1000;
      await expect(new Channel(changing(1)).dump(request(), first)).rejects.toThrow(
        'changes faster',
      );
    });
    test('two at once take turns', async () => {
      let open = 0;
      const socket = fake((messages) => {
        expect(++open).toBe(1);
        open--;
        return [...items(messages), errno(last(messages), 0, MESSAGE.done)];
      });
      const channel = new Channel(socket);
      expect(
        await Promise.all([channel.dump(request(), first), channel.dump(request(), first)]),
      ).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]);
    });
  });

  describe('what does not belong here', () => {
    test('other senders and other sequence numbers are ignored', async () => {
      const socket = fake((messages, { emit }) => {
        emit('message', errno(last(messages), 1), { port: 4711 });
        return [
          errno(last(messages) + 5, 1),
          errno(last(messages) - 1, 1),
          errno(last(messages), 0),
        ];
      });
      expect(await new Channel(socket).request(request())).toEqual([0]);
    });
    test('an answer when nothing was asked', () => {
      const { open } = fake(() => []);
      const channel = new Channel({ open });
      expect(channel.sends).toBe(0);
      expect(() => open().on('message', () => {})).not.toThrow();
    });
  });

  describe('failures reject, once and for all, and close the socket', () => {
    const cases: [string, Parameters<typeof fake>[0], string][] = [
      [
        'a message longer than its datagram',
        (m) => [message(28, 0, last(m)).fill(255, 0, 4)],
        'netlink: message of',
      ],
      [
        'a message shorter than its header',
        (m) => [message(28, 0, last(m)).fill(0, 0, 4)],
        'netlink: message of 0 bytes',
      ],
      [
        'an error without a number',
        (m) => [message(MESSAGE.error, 0, last(m))],
        'netlink: error message without',
      ],
      [
        'an overrun',
        (m) => [message(MESSAGE.overrun, 0, last(m))],
        'netlink: the kernel lost answers',
      ],
      [
        'a truncated answer',
        (_, { emit }) => none(emit('truncatedMessage', new Uint8Array(), { port: 0 })),
        'netlink: answer cut off',
      ],
      [
        'an error of the socket',
        (_, { emit }) => none(emit('error', new Error('recvmsg: ENOBUFS'))),
        'netlink: recvmsg: ENOBUFS',
      ],
      ['silence', () => [], 'the kernel did not answer within 0.03 s'],
    ];
    test.each(cases)('%s', async (_, answer, text) => {
      const socket = fake(answer);
      const channel = new Channel({ ...socket, timeoutMs: 30 });
      await expect(channel.request(request())).rejects.toThrow(text);
      await expect(channel.query(request())).rejects.toThrow(text);
      expect(socket.closed()).toBe(1);
    });
    test('a listener that throws', async () => {
      const channel = new Channel(fake((m) => [message(28, FLAG.multi, last(m), [1])]));
      const bug = () => {
        throw new RangeError('a bug');
      };
      await expect(channel.dump(request(), bug)).rejects.toThrow(RangeError);
    });
    test('a send that throws', async () => {
      const { open } = fake(() => []);
      const send = () => {
        throw new Error('EMSGSIZE');
      };
      const broken = { ...open(), send, direct: isDirect ? { send, receive: () => 0 } : undefined };
      await expect(new Channel({ open: () => broken }).request(request())).rejects.toThrow(
        'EMSGSIZE',
      );
    });
    test('close while waiting', async () => {
      const channel = new Channel(fake(() => []));
      const waiting = channel.request(request());
      setImmediate(() => channel.close());
      await expect(waiting).rejects.toThrow('socket closed');
      channel.close();
    });
  });
});

describe('a socket that is read at once', () => {
  beforeEach(() => {
    isDirect = true;
  });
  afterEach(() => {
    isDirect = false;
  });
  const answered = (messages: readonly Message[], n: number) => [
    message(28, 0, last(messages), [n, 0, 0, 0]),
    errno(last(messages), 0),
  ];

  test('brings answers that come later by the event loop', async () => {
    const socket = fake((messages, { emit }) => {
      setImmediate(() => {
        for (const reply of answered(messages, 7)) emit('message', reply, { port: 0 });
      });
      return [];
    });
    const reply = (await new Channel(socket).query(request())) as Message;
    expect(reply.bytes[reply.from]).toBe(7);
  });
  test('keeps a reply when the next one is read', async () => {
    let n = 0;
    const channel = new Channel(fake((messages) => answered(messages, ++n)));
    const replies = (await Promise.all([
      channel.query(request()),
      channel.query(request()),
    ])) as Message[];
    expect(replies.map(({ bytes, from }) => bytes[from])).toEqual([1, 2]);
  });
  test('rejects when it cannot be read', async () => {
    const { open, closed } = fake(() => []);
    const socket = open();
    const broken = {
      ...socket,
      direct: {
        send: () => {},
        receive: () => {
          throw new Error('ENOBUFS: no buffer space available, read');
        },
      },
    };
    const channel = new Channel({ open: () => broken });
    const failure = new BackendError('netlink: ENOBUFS: no buffer space available, read');
    await expect(channel.request(request())).rejects.toThrow(failure);
    await expect(channel.request(request())).rejects.toBeInstanceOf(BackendError);
    expect(closed()).toBe(1);
  });
});

test('requests carry their length, type, flags and number', () => {
  const bytes = request().stamped(0, 1, 7, FLAG.request, FLAG.request | FLAG.ack);
  expect([
    readU32(bytes, 0),
    readU16(bytes, 4),
    readU16(bytes, 6),
    readU32(bytes, 8),
    bytes[16],
  ]).toEqual([20, 28, 5, 7, 1]);
});
