import { defineConfig } from 'vitest/config';
import { compile } from './loader/compile.mjs';
import { LongestFirst } from './loader/order.js';

await compile();

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/kernel/**'],
    // many tests wait for a process; vitest would leave one processor free
    maxWorkers: 3,
    // files share the modules of their worker: loading these for each of them takes half of the time
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Node imports what is compiled already; tests replace no modules
    experimental: { viteModuleRunner: false, nodeLoader: false },
    execArgv: [
      '--import',
      new URL('loader/register.mjs', import.meta.url).href,
      '--enable-source-maps',
    ],
    // only what hangs takes so long; vitest's 5 s are too short on a busy machine
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
