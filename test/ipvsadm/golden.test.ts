// Every recorded case, in this process, on the memory backend.
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { goldenTopics } from '../support/golden.js';
import { expected, play } from '../support/inprocess.js';

for (const { topic, cases } of goldenTopics()) {
  // Cases of another user are about the kernel's privileges, which the memory has none of;
  // test/kernel plays them.
  const here = cases.filter((item) => item.uid === undefined);
  describe.runIf(here.length > 0)(`golden ${topic}`, () => {
    test.each(here.map((item) => [item.name, item] as const))('%s', async (_, item) => {
      expect(await play(item, new MemoryBackend())).toEqual(expected(item));
    });
  });
}
