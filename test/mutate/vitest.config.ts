import { defineConfig } from 'vitest/config';
import { generatedForTests } from '../../src/fast/build/plugin.mjs';
import { define } from '../../src/version.mjs';

/** The tests of one folder, in one process; what starts processes runs dist, without faults. */
export default defineConfig({
  define,
  plugins: [generatedForTests],
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: process.env.MUTATE_TESTS?.split(' ') ?? [],
    exclude: ['test/lvsctl/monitor/histories.test.ts'],
    testTimeout: 60_000,
  },
});
