// A short run of the fuzzer with a fixed seed; `npm run fuzz` plays long ones.
import { resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemNames } from '../../src/ipvsadm/hostnames.js';
import { type Bench, compare } from '../fuzz/compare.js';
import { isPossible, sequence } from '../fuzz/generate.js';
import { startReal } from '../fuzz/real.js';
import { kernel, prepareHost, REAL, reset } from './host.js';

let bench: Bench;
beforeAll(async () => {
  prepareHost();
  const backend = await kernel();
  bench = {
    real: startReal(REAL, resolve('test/fuzz/driver.c')),
    kernel: backend,
    names: systemNames,
    reset: () => reset(backend),
  };
});
afterAll(async () => {
  bench.real?.close();
  await bench.reset();
  await bench.kernel.close();
});

async function sequences(count: number, seed: number, tools: Bench): Promise<void> {
  let same = 0;
  const property = fc.asyncProperty(sequence.filter(isPossible), async (commands) => {
    const verdict = await compare(commands, tools);
    if (verdict === 'same') same++;
    else expect('skipped' in verdict ? verdict.skipped : verdict.difference).toBeTypeOf('string');
  });
  await fc.assert(property, { numRuns: count, seed });
  expect(same).toBeGreaterThan(count * 0.9);
}

test('200 sequences: the real tool, ours on the kernel, ours on memory', { timeout: 300_000 }, () =>
  sequences(200, 42, bench),
);
test('500 sequences: ours on the kernel, ours on memory', { timeout: 300_000 }, () =>
  sequences(500, 43, { ...bench, real: undefined }),
);
