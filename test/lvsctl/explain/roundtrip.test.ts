// What `lvsctl explain` states of the table after random command lines is what memory then has.
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { compareLines, randomLines } from '../../support/explainedlines.js';
import { FULL } from '../../support/full.js';

const LEGAL = FULL ? 90_000 : 500;

test(`${LEGAL} legal commands and as many illegal ones`, { timeout: 600_000 }, async () => {
  let legal = 0;
  for (const lines of randomLines(1, FULL ? 30_000 : 160)) {
    const found = await compareLines(lines, new MemoryBackend());
    expect(found.difference).toBeUndefined();
    legal += found.legal;
  }
  expect(legal).toBeGreaterThanOrEqual(LEGAL);
});
