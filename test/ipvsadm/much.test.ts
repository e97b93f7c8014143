// A command says when it turns out to have much to do: V8 is told to optimize less then.
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { answer } from '../support/inprocess.js';

test.each([
  [10, 0],
  [1000, 1],
])('a restore of %i services', async (count, least) => {
  let said = 0;
  const stdin = Array.from({ length: count }, (_, i) => `-A -t 10.0.0.1:${i + 1}\n`).join('');
  const expectMuch = () => void said++;
  const done = await answer('ipvsadm', ['-R'], { backend: new MemoryBackend(), stdin, expectMuch });
  expect(done.status).toBe(0);
  expect(Math.min(said, 1)).toBe(least);
});
