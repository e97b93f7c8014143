// Bundles the programs of test/ that run without vitest: node test/build.mjs ENTRY... ->
// dist/test-NAME.cjs
import { basename } from 'node:path';
import { build } from 'esbuild';
import { generated } from '../src/fast/build/plugin.mjs';
import { define } from '../src/version.mjs';

for (const entry of process.argv.slice(2)) {
  await build({
    entryPoints: [entry],
    outfile: `dist/test-${basename(entry).replace(/\.ts$/, '')}.mjs`,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    alias: { 'node-gyp-build': './src/backend/binding.cts' },
    // esbuild's ESM output has no require, __dirname and __filename of its own
    banner: {
      js: "import { createRequire } from 'node:module'; import { fileURLToPath } from 'node:url'; const require = createRequire(import.meta.url); const __filename = fileURLToPath(import.meta.url); const __dirname = fileURLToPath(new URL('.', import.meta.url));",
    },
    external: ['netlink/package.json'],
    plugins: [generated],
    define,
    logLevel: 'warning',
  });
}
