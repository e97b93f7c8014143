// What `lvsctl explain` states of the table after random command lines is what the kernel then has.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { compareLines, randomLines } from '../support/explainedlines.js';
import { FULL } from '../support/full.js';
import { kernel, prepareHost, reset } from './host.js';

let backend: Backend;
beforeAll(async () => {
  prepareHost();
  backend = await kernel();
});
afterAll(async () => {
  await reset(backend);
  await backend.close();
});

test('random command lines', { timeout: 3_600_000 }, async () => {
  let legal = 0;
  for (const lines of randomLines(2, FULL ? 3_000 : 60)) {
    await reset(backend);
    const found = await compareLines(lines, backend);
    expect(found.difference).toBeUndefined();
    legal += found.legal;
  }
  expect(legal).toBeGreaterThanOrEqual(FULL ? 9_000 : 180);
});
