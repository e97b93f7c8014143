import { defineConfig } from 'vitest/config';
import { define } from '../src/version.mjs';

export default defineConfig({
  define,
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/kernel/**'],
  },
});
