import { defineConfig } from 'vitest/config';
import { generatedForTests } from '../../src/fast/build/plugin.mjs';
import { define } from '../../src/version.mjs';

// Inside the lab: one process, one file after the other, since they share the kernel's one table
// and starting Node is slow there.
export default defineConfig({
  define,
  plugins: [generatedForTests],
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/kernel/**/*.test.ts'],
    pool: 'threads',
    maxWorkers: 1,
    isolate: false,
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
