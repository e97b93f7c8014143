import { defineConfig } from 'vitest/config';
import { generatedForTests } from '../src/fast/build/plugin.mjs';
import { define } from '../src/version.mjs';

export default defineConfig({
  define,
  plugins: [generatedForTests],
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/kernel/**'],
    // many tests wait for a process; vitest would leave one processor free
    maxWorkers: 3,
    // files share the modules of their worker: loading these for each of them takes half of the time
    isolate: false,
    // only what hangs takes so long; vitest's 5 s are too short on a busy machine
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
