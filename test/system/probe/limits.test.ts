// What an answer may cost.
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { boundedStream, ExcessError } from '../../../src/system/probe/bounded.js';
import { createCounter, createStore } from '../../../src/system/probe/limits.js';
import { createTurns } from '../../../src/system/probe/turns.js';

test('bytes and pieces are counted, and the limit itself is allowed', () => {
  const bytes = createCounter({ bytes: 2048, pieces: 100 });
  expect([bytes(1024), bytes(1024), bytes(1)]).toEqual([undefined, undefined, 'more than 2 KiB']);
  const pieces = createCounter({ bytes: 2048, pieces: 2 });
  expect([pieces(0), pieces(1), pieces(1)]).toEqual([undefined, undefined, 'more than 2 pieces']);
});

test.each([1, 7, 4095, 4096, 4097, 70_000])(
  'pieces of %i bytes are copied up to the limit, and no further',
  (size) => {
    const store = createStore(200_000);
    const piece = Buffer.alloc(size);
    let sent = 0;
    for (let full = false; !full; sent += size) {
      for (let i = 0; i < size; i++) piece[i] = (sent + i) % 251;
      full = store.add(piece);
      if (full !== sent + size >= 200_000) expect(sent).toBe('the end');
    }
    piece.fill(255); // the sender's memory is its own
    expect(store.content).toHaveLength(200_000);
    expect(store.content.every((byte, i) => byte === i % 251)).toBe(true);
    expect(store.content.buffer.byteLength).toBeLessThanOrEqual(200_000);
  },
);

/** Everything that comes out of a stream, and the error it ends with. */
async function drained(stream: NodeJS.ReadableStream) {
  const pieces: Buffer[] = [];
  const error = await new Promise<Error | undefined>((resolve) =>
    stream
      .on('data', (piece) => pieces.push(piece))
      .on('end', () => resolve(undefined))
      .on('error', resolve),
  );
  return { pieces, error };
}
const LIMITS = { bytes: 100_000, pieces: 50 };

test('at most 4 KiB come in one turn of the loop', async () => {
  const source = new PassThrough({ highWaterMark: 1 << 20 });
  const stream = boundedStream(source, LIMITS, createTurns());
  source.end(Buffer.alloc(65_536, 'x'));
  let [turns, ended] = [0, false];
  const turn = () => {
    turns++;
    if (!ended) setImmediate(turn);
  };
  turn();
  const { pieces, error } = await drained(stream);
  ended = true;
  expect(error).toBeUndefined();
  expect(pieces.map((piece) => piece.length)).toEqual(Array(16).fill(4096));
  expect(turns).toBeGreaterThanOrEqual(16);
});

test('what came before an error comes out before it', async () => {
  const source = new PassThrough({ highWaterMark: 1 << 20 });
  const stream = boundedStream(source, LIMITS, createTurns());
  source.write(Buffer.alloc(20_000, 'x'));
  await new Promise((resolve) => setImmediate(resolve));
  source.destroy(new Error('reset'));
  const { pieces, error } = await drained(stream);
  expect(Buffer.concat(pieces)).toHaveLength(20_000);
  expect(error?.message).toBe('reset');
});

test('tiny pieces that lie ready come as one', async () => {
  const source = new PassThrough({ highWaterMark: 1 << 20 });
  for (let i = 0; i < 1000; i++) source.write('x');
  source.end();
  const { pieces } = await drained(boundedStream(source, LIMITS, createTurns()));
  expect(Buffer.concat(pieces).toString()).toBe('x'.repeat(1000));
  expect(pieces.length).toBeLessThan(5);
});

test('too much ends it, and the source with it', async () => {
  const source = new PassThrough({ highWaterMark: 1 << 20 });
  const stream = boundedStream(source, LIMITS, createTurns());
  source.write(Buffer.alloc(100_001));
  const { error } = await drained(stream);
  expect(error).toBeInstanceOf(ExcessError);
  expect(source.destroyed).toBe(true);
});

test('what is written goes to the source, and its end as well', async () => {
  const source = new PassThrough();
  const stream = boundedStream(source, LIMITS, createTurns());
  stream.end('question');
  const { pieces } = await drained(stream);
  expect(Buffer.concat(pieces).toString()).toBe('question');
});

test('a source that closes without an end closes the stream', async () => {
  const source = new PassThrough();
  const stream = boundedStream(source, LIMITS, createTurns());
  source.destroy();
  await once(stream, 'close');
  expect(stream.destroyed).toBe(true);
});

describe('turns', () => {
  const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
  /** Each piece of work takes `workMs` of a simulated clock. */
  function simulated(workMs: number) {
    let now = 0;
    const done: number[] = [];
    const turns = createTurns(() => now);
    const add = (n: number) =>
      turns.soon(() => {
        now += workMs;
        done.push(n);
      });
    return { add, done, turns };
  }

  test('no turn takes much longer than 5 ms, however much there is to do', async () => {
    const { add, done } = simulated(2);
    for (let n = 0; n < 8; n++) add(n);
    await nextTurn();
    expect(done).toEqual([0, 1, 2]);
    await nextTurn();
    expect(done).toEqual([0, 1, 2, 3, 4, 5]);
    await nextTurn();
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
  test('work that brings more work waits for the others', async () => {
    const { turns } = simulated(0);
    const done: string[] = [];
    const again = () => {
      done.push('again');
      turns.soon(again);
    };
    turns.soon(again);
    turns.soon(() => void done.push('other'));
    await nextTurn();
    expect(done).toEqual(['again', 'other']);
    await nextTurn();
    expect(done).toEqual(['again', 'other', 'again']);
  });
  test('what is cancelled is not done', async () => {
    const { add, done } = simulated(2);
    add(1);
    add(2)();
    await nextTurn();
    expect(done).toEqual([1]);
  });
});
