import { defineConfig, type Plugin } from 'vitest/config';
import { generatedForTests } from '../src/fast/build/plugin.mjs';
import { define } from '../src/version.mjs';

/** What a module that is kept from an earlier run depends on, besides its own text. */
const keptModules: Plugin = {
  name: 'kept-modules',
  configureVitest({ experimental_defineCacheKeyGenerator: defineKey }) {
    // this one is made of other files
    defineKey(({ id }) => (id.endsWith('/generated.js') ? false : JSON.stringify(define)));
  },
};

export default defineConfig({
  define,
  plugins: [generatedForTests, keptModules],
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/kernel/**'],
    // many tests wait for a process; vitest would leave one processor free
    maxWorkers: 3,
    // files share the modules of their worker: loading these for each of them takes half of the time
    isolate: false,
    // in node_modules: a second run, and one on another Node, transforms only what has changed
    experimental: { fsModuleCache: true },
    // only what hangs takes so long; vitest's 5 s are too short on a busy machine
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
