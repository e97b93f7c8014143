import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './loader/order.js';

// V8 optimizes what runs long, and most tests end before that has paid: 15 times its own limits.
// The option is another one in each V8, and Node ends at one that it does not have.
const LATER: Readonly<Record<string, string>> = {
  20: '--interrupt-budget=1000000',
  22: '--invocation-count-for-turbofan=30000',
  24: '--invocation-count-for-turbofan=30000',
};
const later = LATER[process.versions.node.split('.')[0] ?? ''];

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/kernel/**'],
    // many tests wait for a process; vitest would leave one processor free
    maxWorkers: 4,
    // files share the modules of their worker: loading these for each of them takes half of the time
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Node imports what is compiled before; tests replace no modules
    globalSetup: fileURLToPath(new URL('loader/compile.mjs', import.meta.url)),
    // vitest does not know what a test imports: while watching, each change runs all again
    forceRerunTriggers: ['**/src/**', '**/test/**'],
    runner: fileURLToPath(new URL('loader/runner.mjs', import.meta.url)),
    experimental: { viteModuleRunner: false, nodeLoader: false },
    execArgv: [
      '--import',
      new URL('loader/nohooks.mjs', import.meta.url).href,
      '--enable-source-maps',
      // most objects of a test die with it: less of them is copied
      ...['--min-semi-space-size=16', '--max-semi-space-size=32'],
      ...(later ? [later] : []),
    ],
    // only what hangs takes so long; vitest's 5 s are too short on a busy machine
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
